# When planned work overruns its window, the rest is downtime, from the very instant

## Proves
time/half-open
state/second-evaluation
component/latest

## Setting
watched from 10:00

## Services
web needs router/1

## Story
10:00 router/1 is up
10:00 window W on router/1 from 10:10 to 10:40
10:10 router/1 is down
10:39:59.999 believed
    web  10:00 to 10:10  up
         10:10 on        maintenance  router/1
10:40 believed
    web  10:00 to 10:10  up
         10:10 to 10:40  maintenance  router/1
         10:40 on        down         router/1
10:50 router/1 is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:40  maintenance  router/1
     10:40 to 10:50  down         router/1
     10:50 on        up
