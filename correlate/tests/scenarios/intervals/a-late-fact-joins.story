# A redundant leg that is heard of late joins what was cut in three

## Proves
interval/join
interval/identity

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:30 a is down
10:40 a is up
11:00 believed
    web  10:00 to 10:30  up
         10:30 to 10:40  down  a
         10:40 on        up
11:00 web is redefined
    needs a to 10:20
    needs b from 10:20
11:00 b was up at 10:00
11:10 nothing happens

## Expected
web  10:00 on  up
