# A sample, a window's edge and a version's edge at one instant make one change

At 10:30 the window ends, the path moves to b, b goes down and a comes up.

## Proves
interval/one-instant
time/half-open

## Setting
watched from 10:00

## Services
web needs a to 10:30
web needs b from 10:30

## Story
10:00 a, b are up
10:00 window W on a from 10:10 to 10:30
10:00 window V on b from 10:30 to 10:40
10:10 a is down
10:30 a is up
10:30 b is down
10:50 b is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:40  maintenance  a
     10:30           cause        b
     10:40 to 10:50  down         b
     10:50 on        up
