# Of three links of which two are needed, planned work must take two to explain it

## Proves
state/second-evaluation
state/at-least

## Setting
watched from 10:00

## Services
web needs 2 of (a, b, c)

## Story
10:00 a, b, c are up
10:00 window A on a from 10:00 to 12:00
10:00 window B on b from 10:30 to 12:00
10:10 a is down
10:20 c is down
10:40 b is down
10:50 c is up
11:00 a, b are up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  degraded     a
     10:20 to 10:40  down         a c
     10:40 to 11:00  maintenance  a b
     11:00 on        up
