# When a recovery is lost, the next sign of life ends the outage there, and a late one earlier

In Icinga reports a missing recovery has left months of downtime.

## Proves
trap/lost-recovery
interval/move

## Setting
watched from 10:00
stale after 10m

## Services
web needs a

## Story
10:00 a is up
10:05 a is down
(the recovery of 10:08 is lost, and so are some polls)
10:14 a is up
10:14 believed
    web  10:00 to 10:05  up
         10:05 to 10:14  down  a
         10:14 on        up
10:20 a was up at 10:08
10:22 nothing happens

## Expected
web  10:00 to 10:05  up
     10:05 to 10:08  down  a
     10:08 on        up
