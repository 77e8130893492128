# The day on which the clock goes back has 25 hours, and 02:30 comes twice

The outage begins in the first 02:30 and ends in the second.

## Proves
calendar/dst
trap/dst

## Setting
on 2026-10-24
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
on 2026-10-25
00:30 a is down
01:30 a is up
on 2026-10-27
00:00 nothing happens

## Expected
web  2026-10-24 00:00 to 2026-10-25 00:30  up
     2026-10-25 00:30 to 2026-10-25 01:30  down  a
     2026-10-25 01:30 on                   up

## Figures
web on 2026-10-25 of Europe/Amsterdam
    up 24h
    down 1h
    availability 96.00
web on 2026-10-26 of Europe/Amsterdam
    up 24h
    availability 100.00
