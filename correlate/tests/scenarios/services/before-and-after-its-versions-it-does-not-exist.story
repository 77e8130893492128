# A service exists only where a version holds

## Proves
service/gap
service/versions
time/half-open

## Setting
watched from 08:00

## Services
web needs a from 10:00 to 11:00

## Story
08:00 a is up
10:30 a is down
11:00 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 to 11:00  down  a

## Figures
web from 09:00 to 11:00
    not-existing 1h
    up 30m
    down 30m
    availability 50.00
    completeness 100.00
