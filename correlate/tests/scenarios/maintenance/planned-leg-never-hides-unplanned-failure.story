# Planned work on one leg never hides an unplanned failure on the other

The west leg is worked on from 10:00 to 12:00 and goes down, as planned. At 11:00
the east leg fails, which nobody planned: from then on the service is down. (Checkmk
hid this until werk 19950, and still does unless asked not to.)

## Proves
state/no-hiding
state/down
trap/partial-window

## Services
web needs ams1/device/1 and (ams1/port/west or ams1/port/east)

## Story
09:00 window W1 on ams1/port/west from 10:00 to 12:00
09:00 ams1/device/1, ams1/port/west, ams1/port/east are up
10:00 ams1/port/west is down
11:00 ams1/port/east is down
11:15 believed
    web  00:00 to 09:00  unknown   ams1/device/1 ams1/port/east ams1/port/west
         09:00 to 10:00  up
         10:00 to 11:00  degraded  ams1/port/west
         11:00 on        down      ams1/port/east ams1/port/west
11:30 ams1/port/east is up
11:40 ams1/port/west is up
12:30 nothing happens

## Expected
web  00:00 to 09:00  unknown   ams1/device/1 ams1/port/east ams1/port/west
     09:00 to 10:00  up
     10:00 to 11:00  degraded  ams1/port/west
     11:00 to 11:30  down      ams1/port/east ams1/port/west
     11:30 to 11:40  degraded  ams1/port/west
     11:40 on        up

## Figures
web from 09:00 to 12:00
    up 1h 20m
    degraded 1h 10m
    down 30m
    availability 83.33
    completeness 100.00
