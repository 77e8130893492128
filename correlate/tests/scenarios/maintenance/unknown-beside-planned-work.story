# What is unknown stays unknown in the second evaluation

The planned leg is down and the other unknown: nobody can say, so it is unknown. When
the other is found down without a plan, it is down.

## Proves
state/second-evaluation
state/unknown

## Setting
watched from 10:00

## Services
web needs west or east
sum needs 2 of (west, east, south)

## Story
10:00 west, east, south are up
10:00 window W on west from 10:00 to 12:00
10:10 west is down
10:20 east is unknown
10:30 east is down
10:40 east is unknown
10:50 south is down

## Expected
sum  10:00 to 10:10  up
     10:10 to 10:20  degraded  west
     10:20 to 10:30  unknown   east
     10:30 to 10:40  down      east west
     10:40 to 10:50  unknown   east
     10:50 on        down      south west
web  10:00 to 10:10  up
     10:10 to 10:20  degraded  west
     10:20 to 10:30  unknown   east
     10:30 to 10:40  down      east west
     10:40 on        unknown   east
