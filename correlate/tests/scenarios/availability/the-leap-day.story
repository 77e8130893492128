# February of a leap year has 29 days, and an outage on the last of them counts

## Proves
avail/partition
avail/clip

## Setting
on 2028-02-01
watched from 00:00

## Services
web needs a

## Story
00:00 a is up
on 2028-02-29
18:00 a is down
on 2028-03-01
06:00 a is up
on 2028-03-02
00:00 nothing happens

## Expected
web  2028-02-01 00:00 to 2028-02-29 18:00  up
     2028-02-29 18:00 to 2028-03-01 06:00  down  a
     2028-03-01 06:00 on                   up

## Figures
web in 2028-02 of UTC
    up 28d 18h
    down 6h
    availability 99.13
web in 2028-02 of Europe/Amsterdam
    not-existing 1h
    up 28d 18h
    down 5h
    availability 99.28
