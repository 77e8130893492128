# A correction of two years ago is as good as one of today

Nobl9 stops at 30 days back, Checkmk keeps two years.

## Proves
trap/far-back
window/afterwards
interval/relabel

## Setting
on 2024-02-29
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
12:00 a is down
13:00 a is up
on 2026-06-01
00:00 believed
    web  2024-02-29 00:00 to 2024-02-29 12:00  up
         2024-02-29 12:00 to 2024-02-29 13:00  down  a
         2024-02-29 13:00 on                   up
00:00 window W on service web from 2024-02-29 12:30 to 2024-02-29 14:00
00:00 a was up at 2024-02-29 12:50

## Expected
web  00:00 to 12:00  up
     12:00 to 12:30  down         a
     12:30 to 12:50  maintenance  a
     12:50 on        up
