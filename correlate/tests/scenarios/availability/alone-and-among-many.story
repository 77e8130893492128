# A service has the same figures alone, beside others, and when others fail

Icinga's report over several hosts has said 100 where each alone said 96.9. (Every story is
also played alone and among a hundred others.)

## Proves
avail/company
trap/alone-or-among-many

## Setting
watched from 10:00

## Services
one needs core/1 and port/1
two needs core/1 and port/2
three needs core/1

## Story
10:00 core/1, port/1, port/2 are up
10:15 port/1 is down
10:30 core/1 is down
10:45 core/1 is up
11:00 nothing happens

## Expected
one    10:00 to 10:15  up
       10:15 on        down   port/1
       10:30           cause  core/1 port/1
       10:45           cause  port/1
three  10:00 to 10:30  up
       10:30 to 10:45  down   core/1
       10:45 on        up
two    10:00 to 10:30  up
       10:30 to 10:45  down   core/1
       10:45 on        up

## Figures
one from 10:00 to 11:00
    up 15m
    down 45m
    availability 25.00
two from 10:00 to 11:00
    up 45m
    down 15m
    availability 75.00
