# What happens at one instant happens together: a swap of legs is no outage

At 10:10 west goes down and east comes up at the same instant.

## Proves
interval/one-instant
interval/maximal

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west is up
10:00 east is down
10:10 west is down
10:10 believed
    web  10:00 to 10:10  degraded  east
         10:10 on        down      east west
10:10 east is up
10:20 nothing happens

## Expected
web  10:00 on  degraded  east
     10:10     cause     west
