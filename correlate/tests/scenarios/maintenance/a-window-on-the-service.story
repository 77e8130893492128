# A window on a service covers whatever takes it down, planned elsewhere or not

## Proves
state/service-window
window/target
cause/maintenance

## Setting
watched from 10:00

## Services
web needs router/1 and port/7
mail needs router/1

## Story
10:00 router/1, port/7 are up
10:00 window W on service web from 10:30 to 11:00
10:20 router/1 is down
10:40 port/7 is down
10:50 router/1 is up
11:10 port/7 is up

## Expected
mail  10:00 to 10:20  up
      10:20 to 10:50  down         router/1
      10:50 on        up
web   10:00 to 10:20  up
      10:20 to 10:30  down         router/1
      10:30 to 11:00  maintenance  router/1
      10:40           cause        port/7 router/1
      10:50           cause        port/7
      11:00 to 11:10  down         port/7
      11:10 on        up
