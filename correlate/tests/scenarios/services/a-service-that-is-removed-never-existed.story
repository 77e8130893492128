# Removing a service takes back everything that was said of it

## Proves
pure/set-of-facts
service/gap

## Setting
watched from 10:00

## Services
web needs a
typo needs a

## Story
10:00 a is up
10:10 a is down
10:20 believed
    typo  10:00 to 10:10  up
          10:10 on        down  a
10:20 typo is removed
10:30 a is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:30  down  a
     10:30 on        up
typo never exists
