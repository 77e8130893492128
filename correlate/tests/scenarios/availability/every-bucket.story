# A period is split into its buckets to the millisecond

## Proves
avail/clip
avail/not-existing
avail/adds-up
avail/formula

## Setting
watched from 10:00

## Services
web needs west or east from 10:05

## Story
10:00 window W on west from 11:00 to 12:00
10:00 window E on east from 11:00 to 12:00
10:10 west, east are up
10:20:00.005 west is down
10:30 east is down
10:45 east is up
11:15 east is down
11:30 east, west are up
12:00 nothing happens

## Expected
web  10:05 to 10:10         unknown      east west
     10:10 to 10:20:00.005  up
     10:20:00.005 to 10:30  degraded     west
     10:30 to 10:45         down         east west
     10:45 to 11:15         degraded     west
     11:15 to 11:30         maintenance  east west
     11:30 on               up

## Figures
web from 10:00 to 12:00
    not-existing 5m
    unknown 5m
    up 40m 5ms
    degraded 39m 59s 995ms
    down 15m
    maintenance 15m
    availability 84.21
    completeness 95.00
web from 10:06 to 10:21
    unknown 4m
    up 10m 5ms
    degraded 59s 995ms
    availability 100.00
    completeness 73.33
web from 10:30 to 10:30
    availability none
    completeness none
