# The month in which the clock moves is an hour shorter, and the parts add up

Zabbix lays schedules out in weeks of 604,800 seconds, and Icinga's total changes with its
breakdown (issue 165). Days, weeks and months of four zones add up here.

## Proves
avail/partition
trap/dst
trap/breakdown

## Setting
on 2026-02-28
watched from 23:00

## Services
web needs a and b

## Story
23:00 a, b are up
on 2026-03-01
12:00 a is down
18:00 a is up
on 2026-03-28
22:00 b is down
on 2026-03-29
04:00 b is up
on 2026-03-31
21:00 a is down
on 2026-04-01
06:00 a is up
on 2026-04-30
22:00 nothing happens

## Expected
web  2026-02-28 23:00 to 2026-03-01 12:00  up
     2026-03-01 12:00 to 2026-03-01 18:00  down  a
     2026-03-01 18:00 to 2026-03-28 22:00  up
     2026-03-28 22:00 to 2026-03-29 04:00  down  b
     2026-03-29 04:00 to 2026-03-31 21:00  up
     2026-03-31 21:00 to 2026-04-01 06:00  down  a
     2026-04-01 06:00 on                   up

## Figures
web in 2026-03 of Europe/Amsterdam
    up 30d 10h
    down 13h
    availability 98.25
web in 2026-04 of Europe/Amsterdam
    up 29d 16h
    down 8h
    availability 98.88
web from 2026-02-28 23:00 to 2026-04-30 22:00
    up 60d 2h
    down 21h
    availability 98.56
