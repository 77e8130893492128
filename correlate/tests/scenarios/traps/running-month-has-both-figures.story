# Early in the month one outage makes two figures, and both are shown

4me moved the running month to the denominator of the full month, so one of them was lost.

## Proves
trap/running-period
avail/running

## Setting
on 2026-04-01
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
06:00 a is down
12:00 a is up
on 2026-04-02
00:00 nothing happens

## Expected
web  2026-04-01 00:00 to 2026-04-01 06:00  up
     2026-04-01 06:00 to 2026-04-01 12:00  down  a
     2026-04-01 12:00 on                   up

## Figures
web from 2026-04-01 00:00 to now
    up 18h
    down 6h
    availability 75.00
web from 2026-04-01 00:00 to 2026-05-01 00:00 with the rest up
    up 29d 18h
    down 6h
    availability 99.16
