# A window that is moved takes its maintenance along

## Proves
window/afterwards
interval/move

## Setting
watched from 10:00

## Services
web needs router/1

## Story
10:00 router/1 is up
10:00 window W on router/1 from 10:20 to 10:40
10:10 router/1 is down
11:00 believed
    web  10:00 to 10:10  up
         10:10 to 10:20  down         router/1
         10:20 to 10:40  maintenance  router/1
         10:40 on        down         router/1
11:00 window W on router/1 from 10:30 to 10:50
11:10 believed
    web  10:00 to 10:10  up
         10:10 to 10:30  down         router/1
         10:30 to 10:50  maintenance  router/1
         10:50 on        down         router/1
11:20 window W on service web from 10:05 to 10:15

## Expected
web  10:00 to 10:10  up
     10:10 to 10:15  maintenance  router/1
     10:15 on        down         router/1
