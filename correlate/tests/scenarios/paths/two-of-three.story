# Two of three: up with two, down when not even the unknown could make two

## Proves
path/at-least
state/at-least

## Setting
watched from 10:00

## Services
web needs 2 of (a, b, c)

## Story
10:00 a, b, c are up
10:10 a is down
10:20 b is unknown
10:30 b is down
10:40 a is unknown
10:50 a is up
10:55 b is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  degraded  a
     10:20 to 10:30  unknown   b
     10:30 to 10:40  down      a b
     10:40 to 10:50  unknown   a
     10:50 to 10:55  degraded  b
     10:55 on        up
