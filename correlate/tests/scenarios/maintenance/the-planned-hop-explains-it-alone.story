# When a planned hop and an unplanned one are down in one chain, the plan explains it

The router that is worked on would have stopped the service anyway. Only it is blamed.

## Proves
state/second-evaluation
cause/maintenance

## Setting
watched from 10:00

## Services
web needs router/1 and port/7

## Story
10:00 router/1, port/7 are up
10:00 window W on router/1 from 10:10 to 11:00
10:05 port/7 is down
10:15 router/1 is down
10:30 router/1 is up
10:40 port/7 is up

## Expected
web  10:00 to 10:05  up
     10:05 to 10:15  down         port/7
     10:15 to 10:30  maintenance  router/1
     10:30 to 10:40  down         port/7
     10:40 on        up
