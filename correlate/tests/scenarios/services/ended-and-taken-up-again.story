# A contract that ends and is taken up again a week later has a gap, not a fault

## Proves
service/gap
avail/not-existing

## Setting
on 2026-03-02
watched from 00:00

## Services
web needs a from 2026-03-02 00:00 to 2026-03-04 00:00
web needs a from 2026-03-11 00:00

## Story
00:00 a is up
on 2026-03-05
00:00 a is down
on 2026-03-10
12:00 a is up
on 2026-03-12
00:00 nothing happens

## Expected
web  2026-03-02 00:00 to 2026-03-04 00:00  up
     2026-03-11 00:00 on                   up

## Figures
web from 2026-03-02 00:00 to 2026-03-12 00:00
    up 3d
    not-existing 7d
    availability 100.00
