# Four seconds of downtime in a month are not 100 percent, at any number of digits

(NetIQ warns that its rounding shows 100 for less.)

## Proves
avail/rounding
trap/never-rounds-up

## Setting
on 2026-04-01
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
on 2026-04-15
03:00:00 a is down
03:00:04 a is up
on 2026-05-01
00:00 nothing happens

## Expected
web  2026-04-01 00:00 to 2026-04-15 03:00:00     up
     2026-04-15 03:00:00 to 2026-04-15 03:00:04  down  a
     2026-04-15 03:00:04 on                      up

## Figures
web from 2026-04-01 00:00 to 2026-05-01 00:00
    up 29d 23h 59m 56s
    down 4s
    availability 99.99
web from 2026-04-01 00:00 to 2026-05-01 00:00
    up 29d 23h 59m 56s
    down 4s
    availability 99
web from 2026-04-01 00:00 to 2026-05-01 00:00
    up 29d 23h 59m 56s
    down 4s
    availability 99.999845
