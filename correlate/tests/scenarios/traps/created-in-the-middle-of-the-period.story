# A service that begins in the middle of the period is judged by its own half

OpenNMS does not cut the window at creation, so an outage seems half as bad.

## Proves
trap/created-mid-period
avail/not-existing

## Setting
watched from 00:00

## Services
web needs a from 12:00

## Story
00:00 a is up
18:00 a is down
24:00 nothing happens

## Expected
web  12:00 to 18:00  up
     18:00 on        down  a

## Figures
web from 00:00 to 24:00
    not-existing 12h
    up 6h
    down 6h
    availability 50.00
    completeness 100.00
