# Planned downtime leaves the denominator; it is not counted as up

Icinga, Uptime Kuma and OpenNMS count it as up, which makes the figure too good: here 66
instead of 50.

## Proves
trap/maintenance-is-not-up
avail/formula

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:00 window W on a from 10:20 to 10:40
10:20 a is down
11:00 nothing happens

## Expected
web  10:00 to 10:20  up
     10:20 to 10:40  maintenance  a
     10:40 on        down         a

## Figures
web from 10:00 to 11:00
    up 20m
    maintenance 20m
    down 20m
    availability 50.00
