# Moving the end of a version gives back, or takes, what lies between

## Proves
service/versions
service/gap

## Setting
watched from 10:00

## Services
web needs a to 11:00

## Story
10:00 a is up
10:30 a is down
11:10 believed
    web  10:00 to 10:30  up
         10:30 to 11:00  down  a
11:10 web is redefined
    needs a to 10:20
11:20 believed
    web  10:00 to 10:20  up
11:20 web is redefined
    needs a from 10:10

## Expected
web  10:10 to 10:30  up
     10:30 on        down  a
