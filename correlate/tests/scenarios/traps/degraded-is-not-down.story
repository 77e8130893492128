# Lost redundancy is not an outage, and not nothing either

Zabbix knows only OK and problem; Icinga hides a warning.

## Proves
trap/degraded-is-not-down
avail/formula
state/degraded

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west, east are up
10:15 west is down
10:45 east is down
11:00 nothing happens

## Expected
web  10:00 to 10:15  up
     10:15 to 10:45  degraded  west
     10:45 on        down      east west

## Figures
web from 10:00 to 11:00
    up 15m
    degraded 30m
    down 15m
    availability 75.00
