# A restart in an outage neither ends it nor begins another one

OpenNMS has had wrong states after a restart, until the next event.

## Proves
trap/restart
pure/set-of-facts

## Setting
watched from 10:00

## Services
core needs router/1 or router/2
web needs service core

## Story
10:00 router/1, router/2 are up
10:10 router/1, router/2 are down
10:20 the engine restarts
10:20 believed
    web  10:00 to 10:10  up
         10:10 on        down  router/1 router/2
10:30 the engine restarts
10:40 router/2 is up
10:50 the engine restarts
10:50 window W on router/1 from 10:00 to 11:00

## Expected
core  10:00 to 10:10  up
      10:10 to 10:40  down      router/1 router/2
      10:40 on        degraded  router/1
web   10:00 to 10:10  up
      10:10 to 10:40  down      router/1 router/2
      10:40 on        degraded  router/1
