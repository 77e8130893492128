# A running month has two figures: to date, and with the rest taken as up

## Proves
avail/running
avail/open-outage

## Setting
on 2026-04-01
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
on 2026-04-10
00:00 a is down
on 2026-04-11
00:00 nothing happens

## Expected
web  2026-04-01 00:00 to 2026-04-10 00:00  up
     2026-04-10 00:00 on                   down  a

## Figures
web from 2026-04-01 00:00 to now
    up 9d
    down 1d
    availability 90.00
web from 2026-04-01 00:00 to 2026-05-01 00:00 with the rest up
    up 29d
    down 1d
    availability 96.66
