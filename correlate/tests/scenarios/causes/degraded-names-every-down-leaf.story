# For degraded every component that is down is named, wherever it stands

## Proves
cause/degraded

## Setting
watched from 10:00

## Services
web needs (a and b) or (c and d) or e

## Story
10:00 a, b, c, d, e are up
10:10 a is down
10:20 d is down
10:30 b is down
10:40 c is unknown

## Expected
web  10:00 to 10:10  up
     10:10 on        degraded  a
     10:20           cause     a d
     10:30           cause     a b d
