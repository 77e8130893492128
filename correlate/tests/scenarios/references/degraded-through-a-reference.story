# A down component far behind references makes a service degraded

## Proves
state/degraded
cause/degraded
cause/references

## Setting
watched from 10:00

## Services
ring needs 3 of (hop/1, hop/2, hop/3, hop/4)
core needs service ring and router/1
web needs service core and port/7

## Story
10:00 hop/1, hop/2, hop/3, hop/4, router/1, port/7 are up
10:10 hop/3 is down
10:20 hop/1 is down

## Expected
core  10:00 to 10:10  up
      10:10 to 10:20  degraded  hop/3
      10:20 on        down      hop/1 hop/3
ring  10:00 to 10:10  up
      10:10 to 10:20  degraded  hop/3
      10:20 on        down      hop/1 hop/3
web   10:00 to 10:10  up
      10:10 to 10:20  degraded  hop/3
      10:20 on        down      hop/1 hop/3
