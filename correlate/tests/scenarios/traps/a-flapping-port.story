# A port that flaps is down when it was down, and up when it was up

Checkmk calls flapping a state of its own, and it falls out of the figure.

## Proves
trap/flapping
trap/soft-states
interval/maximal

## Setting
watched from 10:00

## Services
web needs port/7

## Story
10:00 port/7 is up
10:10:00 port/7 is down
10:10:10 port/7 is up
10:10:20 port/7 is down
10:10:30 port/7 is up
10:10:40 port/7 is down
10:10:50 port/7 is up
11:00 nothing happens

## Expected
web  10:00 to 10:10            up
     10:10 to 10:10:10         down  port/7
     10:10:10 to 10:10:20      up
     10:10:20 to 10:10:30      down  port/7
     10:10:30 to 10:10:40      up
     10:10:40 to 10:10:50      down  port/7
     10:10:50 on               up

## Figures
web from 10:00 to 11:00
    up 59m 30s
    down 30s
    availability 99.16
