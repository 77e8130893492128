# Between two versions there is no service and no interval, whatever fails

## Proves
service/gap
interval/maximal

## Setting
watched from 09:00

## Services
web needs a from 09:00 to 10:00
web needs b from 11:00

## Story
09:00 a, b are up
09:30 a is down
10:30 b is down
11:30 b is up
12:00 nothing happens

## Expected
web  09:00 to 09:30  up
     09:30 to 10:00  down  a
     11:00 to 11:30  down  b
     11:30 on        up

## Figures
web from 09:00 to 12:00
    up 1h
    down 1h
    not-existing 1h
    availability 50.00
