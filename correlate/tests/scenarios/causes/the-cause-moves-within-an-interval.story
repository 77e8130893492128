# One outage whose cause moves stays one interval

The line is cut, then its router fails, then the line is mended while the router is not.

## Proves
interval/cause-moves
interval/maximal

## Setting
watched from 10:00

## Services
web needs line/1 and router/1

## Story
10:00 line/1, router/1 are up
10:10 line/1 is down
10:20 router/1 is down
10:30 line/1 is up
10:40 router/1 is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:40  down   line/1
     10:20           cause  line/1 router/1
     10:30           cause  router/1
     10:40 on        up
