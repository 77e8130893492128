# A dead NMS turns what is down unknown as well: blindness is no downtime

## Proves
stale/blindness
stale/limit

## Setting
watched from 10:00
stale after 15m

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:10 ams1/device/1 is down
11:00 nothing happens

## Expected
web  10:00 to 10:10  up
     10:10 to 10:25  down     ams1/device/1
     10:25 on        unknown  ams1/device/1

## Figures
web from 10:00 to 11:00
    up 10m
    down 15m
    unknown 35m
    availability 40.00
    completeness 41.66
