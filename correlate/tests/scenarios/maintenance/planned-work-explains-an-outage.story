# An outage inside a window on its component is maintenance, not downtime

## Proves
state/second-evaluation
window/target
cause/maintenance

## Setting
watched from 10:00

## Services
web needs router/1 and port/7

## Story
10:00 router/1, port/7 are up
10:00 window W on router/1 from 10:30 to 11:30
10:40 router/1 is down
11:10 router/1 is up
12:00 nothing happens

## Expected
web  10:00 to 10:40  up
     10:40 to 11:10  maintenance  router/1
     11:10 on        up

## Figures
web from 10:00 to 12:00
    up 1h 30m
    maintenance 30m
    availability 100.00
    completeness 100.00
