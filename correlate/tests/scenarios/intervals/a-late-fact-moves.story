# An earlier sign of the same outage moves its beginning

The trap of 10:28 arrives after the poll of 10:30; the interval from 10:30 is no more.

## Proves
interval/move
interval/identity

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:30 a is down
10:31 believed
    web  10:00 to 10:30  up
         10:30 on        down  a
10:32 a was down at 10:28
10:40 a is up

## Expected
web  10:00 to 10:28  up
     10:28 to 10:40  down  a
     10:40 on        up
