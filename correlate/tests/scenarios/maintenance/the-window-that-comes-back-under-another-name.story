# A window that is withdrawn and entered again is the same to the figure

## Proves
window/afterwards
pure/set-of-facts

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:00 window CHG1 on a from 10:10 to 10:30
10:10 a is down
10:20 window CHG2 on a from 10:10 to 10:30
10:21 window CHG1 is withdrawn
10:40 a is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:30  maintenance  a
     10:30 to 10:40  down         a
     10:40 on        up
