# Two hops that are down at once are one outage of the service, counted once

OpenNMS adds the outages of the parts up.

## Proves
trap/overlaps-count-once

## Setting
watched from 10:00

## Services
web needs a and b

## Story
10:00 a, b are up
10:10 a is down
10:20 b is down
10:30 a is up
10:40 b is up
11:00 nothing happens

## Expected
web  10:00 to 10:10  up
     10:10 to 10:40  down   a
     10:20           cause  a b
     10:30           cause  b
     10:40 on        up

## Figures
web from 10:00 to 11:00
    up 30m
    down 30m
    availability 50.00
