# Planned work that takes one leg of two leaves the service degraded

Redundancy is lost, whoever planned it.

## Proves
state/degraded
cause/degraded

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west, east are up
10:00 window W on west from 10:10 to 11:00
10:10 west is down
10:50 west is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:50  degraded  west
     10:50 on        up
