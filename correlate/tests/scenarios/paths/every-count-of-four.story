# Of four links, each count from one to four has its own threshold

One after the other turns unknown, then down.

## Proves
state/at-least
path/at-least

## Setting
watched from 10:00

## Services
one needs 1 of (a, b, c, d)
two needs 2 of (a, b, c, d)
three needs 3 of (a, b, c, d)
four needs 4 of (a, b, c, d)

## Story
10:00 a, b, c, d are up
10:10 a, b are unknown
10:20 a is down
10:30 c, d are down

## Expected
four   10:00 to 10:10  up
       10:10 to 10:20  unknown   a b
       10:20 on        down      a
       10:30           cause     a c d
one    10:00 to 10:20  up
       10:20 to 10:30  degraded  a
       10:30 on        unknown   b
three  10:00 to 10:10  up
       10:10 to 10:30  unknown   a b
       10:20           cause     b
       10:30 on        down      a c d
two    10:00 to 10:20  up
       10:20 to 10:30  degraded  a
       10:30 on        down      a c d
