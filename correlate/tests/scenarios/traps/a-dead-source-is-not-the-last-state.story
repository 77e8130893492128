# When the source dies the last state does not live on, be it up or down

Zabbix and Icinga carry the last state on: a dead poller has shown 100 % for days, and
others count it as downtime.

## Proves
trap/blind-source
stale/blindness
avail/completeness

## Setting
on 2026-03-02
watched from 00:00
stale after 15m

## Services
good needs a
bad needs b

## Story
00:00 a was up every 15m from 00:00 through 12:00
00:00 b was down every 15m from 00:00 through 12:00
on 2026-03-03
00:00 nothing happens

## Expected
bad   00:00 to 12:15  down     b
      12:15 on        unknown  b
good  00:00 to 12:15  up
      12:15 on        unknown  a

## Figures
good from 00:00 to 24:00
    up 12h 15m
    unknown 11h 45m
    availability 100.00
    completeness 51.04
bad from 00:00 to 24:00
    down 12h 15m
    unknown 11h 45m
    availability 0.00
    completeness 51.04
