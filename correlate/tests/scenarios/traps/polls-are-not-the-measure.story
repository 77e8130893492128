# The figure is over time, not over the number of polls

SolarWinds and Uptime Kuma average samples; a poller that hurries during trouble makes
the figure worse than the outage was.

## Proves
trap/share-of-polls

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:30 a is up
10:40 a was down every 1s from 10:30:01 through 10:39:59
10:40 a is up
11:00 nothing happens

## Expected
web  10:00 to 10:30:01  up
     10:30:01 to 10:40  down  a
     10:40 on           up

## Figures
web from 10:00 to 11:00
    up 50m 1s
    down 9m 59s
    availability 83.36
