# A window of no length holds nothing

Files refuse one; an edit may make one for a moment.

## Proves
time/half-open
window/target

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:00 window W on a from 10:20 to 10:20
10:10 a is down
10:30 window V on service web from 10:25 to 10:15
10:40 nothing happens

## Expected
web  10:00 to 10:10  up
     10:10 on        down  a
