# Intervals are clipped to the period, at both of its edges

## Proves
avail/clip
time/half-open

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:30 a is down
11:30 a is up
12:00 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 to 11:30  down  a
     11:30 on        up

## Figures
web from 10:00 to 11:00
    up 30m
    down 30m
    availability 50.00
web from 11:00 to 12:00
    up 30m
    down 30m
    availability 50.00
web from 10:40 to 11:20
    down 40m
    availability 0.00
