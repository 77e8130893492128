# Where the clock moves by half an hour the parts add up just as well

On Lord Howe the clock goes back by half an hour: 5 April 2026 has 24 hours and a half.

## Proves
avail/partition
calendar/zone

## Setting
on 2026-04-04
watched from 13:00

## Services
web needs a

## Story
13:00 a is up
20:00 a is down
22:30 a is up
on 2026-04-05
13:30 nothing happens

## Expected
web  2026-04-04 13:00 to 2026-04-04 20:00  up
     2026-04-04 20:00 to 2026-04-04 22:30  down  a
     2026-04-04 22:30 on                   up

## Figures
web on 2026-04-05 of Australia/Lord_Howe
    up 22h
    down 2h 30m
    availability 89.79
