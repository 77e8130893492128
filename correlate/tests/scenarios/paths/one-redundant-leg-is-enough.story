# One leg of two is enough, whatever is unknown beside it

## Proves
path/any
state/kleene
state/degraded
cause/unknown

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west, east are up
10:10 west is unknown
10:20 west is down
10:30 east is unknown
10:40 east is down
10:50 west is unknown

## Expected
web  10:00 to 10:20  up
     10:20 to 10:30  degraded  west
     10:30 to 10:40  unknown   east
     10:40 to 10:50  down      east west
     10:50 on        unknown   west
