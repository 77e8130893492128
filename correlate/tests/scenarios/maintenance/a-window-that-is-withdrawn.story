# A window that is withdrawn leaves nothing of itself

## Proves
window/afterwards
interval/join

## Setting
watched from 10:00

## Services
web needs router/1

## Story
10:00 router/1 is up
10:00 window W on router/1 from 10:20 to 10:40
10:10 router/1 is down
11:00 window W is withdrawn
11:00 window never-there is withdrawn

## Expected
web  10:00 to 10:10  up
     10:10 on        down  router/1
