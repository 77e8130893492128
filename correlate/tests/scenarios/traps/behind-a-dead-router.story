# What lies behind a dead router is unknown, and the router alone is blamed

The access switch cannot be polled while the only router before it is down, so its ports
go unknown, and nobody counts them as failures of their own. (OpenNMS's path outages mute the
notification and count the outage.)

## Proves
trap/behind-a-dead-router
cause/down
stale/blindness

## Setting
watched from 10:00
stale after 10m

## Services
web needs router/1 and port/7
neighbour needs port/7

## Story
10:00 router/1, port/7 are up
10:30 router/1 was up every 5m from 10:00 through 10:10
10:30 port/7 was up every 5m from 10:00 through 10:10
10:30 router/1 was down every 5m from 10:15 through 10:30
10:35 router/1, port/7 are up
10:40 nothing happens

## Expected
neighbour  10:00 to 10:20  up
           10:20 to 10:35  unknown  port/7
           10:35 on        up
web        10:00 to 10:15  up
           10:15 to 10:35  down     router/1
           10:35 on        up
