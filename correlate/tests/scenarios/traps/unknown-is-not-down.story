# Unknown is neither down nor up in the figure

Icinga counts UNKNOWN as a problem; others as fine.

## Proves
trap/unknown-is-not-down
avail/formula
avail/completeness

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:30 a is unknown
10:40 a is down
10:50 a is up
11:00 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 to 10:40  unknown  a
     10:40 to 10:50  down     a
     10:50 on        up

## Figures
web from 10:00 to 11:00
    up 40m
    down 10m
    unknown 10m
    availability 80.00
    completeness 83.33
