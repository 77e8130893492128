# A short outage that is heard of late splits an interval in three

## Proves
interval/split
interval/identity

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
11:00 a was up at 10:31
11:00 believed
    web  10:00 on  up
11:10 a was down at 10:30
11:20 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 to 10:31  down  a
     10:31 on        up
