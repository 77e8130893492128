# Two windows on a service that touch make one stretch of maintenance

## Proves
state/service-window
time/half-open
interval/maximal

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:00 window ONE on service web from 10:10 to 10:20
10:00 window TWO on service web from 10:20 to 10:30
10:05 a is down
10:40 nothing happens

## Expected
web  10:00 to 10:05  up
     10:05 to 10:10  down         a
     10:10 to 10:30  maintenance  a
     10:30 on        down         a
