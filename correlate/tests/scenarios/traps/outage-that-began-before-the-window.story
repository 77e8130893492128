# An outage that began before its window stops counting when the window begins

LibreNMS goes on counting an outage that was opened before the window.

## Proves
trap/outage-before-window

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:10 a is down
10:20 window W on a from 10:30 to 11:00
10:50 a is up
11:10 nothing happens

## Expected
web  10:00 to 10:10  up
     10:10 to 10:30  down         a
     10:30 to 10:50  maintenance  a
     10:50 on        up

## Figures
web from 10:00 to 11:00
    up 20m
    down 20m
    maintenance 20m
    availability 50.00
