# An outage that still goes on counts up to now, and takes nothing else along

LibreNMS leaves an open outage out: 0 % for the year one minute after going down, or the
running outage ignored when an earlier one is on record.

## Proves
avail/open-outage
trap/open-outage

## Setting
on 2026-03-02
watched from 00:00

## Services
fresh needs a
again needs b

## Story
00:00 a, b are up
12:00 b is down
13:00 b is up
on 2026-03-03
23:00 a, b are down
on 2026-03-04
00:00 nothing happens

## Expected
again  2026-03-02 00:00 to 2026-03-02 12:00  up
       2026-03-02 12:00 to 2026-03-02 13:00  down  b
       2026-03-02 13:00 to 2026-03-03 23:00  up
       2026-03-03 23:00 on                   down  b
fresh  2026-03-02 00:00 to 2026-03-03 23:00  up
       2026-03-03 23:00 on                   down  a

## Figures
fresh from 2026-03-02 00:00 to now
    up 47h
    down 1h
    availability 97.91
again from 2026-03-02 00:00 to now
    up 46h
    down 2h
    availability 95.83
