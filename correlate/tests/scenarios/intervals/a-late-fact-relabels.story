# A late sample of another component turns downtime into unknown

## Proves
interval/relabel

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west, east are up
10:30 west, east are down
10:50 west is up
11:00 believed
    web  10:00 to 10:30  up
         10:30 to 10:50  down      east west
         10:50 on        degraded  east
11:00 east was unknown at 10:31
11:10 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 to 10:31  down     east west
     10:31 to 10:50  unknown  east
     10:50 on        up
