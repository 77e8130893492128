# The day on which the clock goes forward has 23 hours

At Amsterdam's 02:00 of 29 March it is 03:00. The outage from 01:30 to 03:30 by the clock
on the wall lasts one hour.

## Proves
calendar/dst
calendar/zone
trap/dst

## Setting
on 2026-03-28
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
on 2026-03-29
00:30 a is down
01:30 a is up
on 2026-03-31
00:00 nothing happens

## Expected
web  2026-03-28 00:00 to 2026-03-29 00:30  up
     2026-03-29 00:30 to 2026-03-29 01:30  down  a
     2026-03-29 01:30 on                   up

## Figures
web on 2026-03-28 of Europe/Amsterdam
    not-existing 1h
    up 23h
web on 2026-03-29 of Europe/Amsterdam
    up 22h
    down 1h
    availability 95.65
web on 2026-03-30 of Europe/Amsterdam
    up 24h
    availability 100.00
web on 2026-03-29 of UTC
    up 23h
    down 1h
    availability 95.83
