# The engine is stopped and started in the middle of an outage, and nobody notices

## Proves
pure/set-of-facts

## Setting
watched from 10:00
stale after 20m

## Services
core needs router/1 or router/2
web needs service core and port/7

## Story
10:00 router/1, router/2, port/7 are up
10:00 window W on router/1 from 10:00 to 11:00
10:10 router/1, router/2, port/7 are down
10:15 the engine restarts
10:16 router/1 was up at 10:12
10:20 the engine restarts
10:20 the engine restarts
10:25 port/7 is up
10:35 nothing happens

## Expected
core  10:00 to 10:10  up
      10:10 to 10:12  down      router/1 router/2
      10:12 to 10:30  degraded  router/2
      10:30 to 10:32  up
      10:32 on        unknown   router/1 router/2
web   10:00 to 10:10  up
      10:10 to 10:25  down      port/7 router/1 router/2
      10:12           cause     port/7
      10:25 to 10:30  degraded  router/2
      10:30 to 10:32  up
      10:32 on        unknown   router/1 router/2
