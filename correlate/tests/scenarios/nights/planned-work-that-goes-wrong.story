# Work on the west leg takes the east one down, is announced late and runs over

The change on the west router is announced as it begins, its configuration slips and takes the
east router down for seven minutes, and the work ends half an hour late. Only the seven minutes in
which both were down, one of them unplanned, are downtime, and nothing of the rest is.

## Proves
state/no-hiding
window/afterwards
state/degraded
trap/composite-figure

## Setting
watched from 00:00
stale after 10m

## Services
agg needs router/west or router/east
shop needs service agg and access/1

## Story
00:00 router/west, router/east, access/1 are up
01:00 router/west, router/east, access/1 were up every 5m from 00:05 through 01:00
01:02 router/west is down
01:03 window CHG on router/west from 01:00 to 01:30
01:20 router/west was down every 5m from 01:05 through 01:20
01:20 router/east, access/1 were up every 5m from 01:05 through 01:20
01:22 router/east is down
01:22 believed
    shop  00:00 to 01:02  up
          01:02 to 01:22  degraded  router/west
          01:22 on        down      router/east router/west
01:29 router/east is up
02:00 router/west was down every 5m from 01:25 through 01:55
02:00 router/east was up every 5m from 01:30 through 02:00
02:00 access/1 was up every 5m from 01:25 through 02:00
02:00 router/west is up
02:05 nothing happens

## Expected
agg   00:00 to 01:02  up
      01:02 to 01:22  degraded  router/west
      01:22 to 01:29  down      router/east router/west
      01:29 to 02:00  degraded  router/west
      02:00 on        up
shop  00:00 to 01:02  up
      01:02 to 01:22  degraded  router/west
      01:22 to 01:29  down      router/east router/west
      01:29 to 02:00  degraded  router/west
      02:00 on        up

## Figures
shop from 00:00 to 02:00
    up 1h 2m
    degraded 51m
    down 7m
    availability 94.16
