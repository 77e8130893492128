# An outage that is reported three times is one outage

LibreNMS has had several open rows for one device; OpenNMS adds overlapping rows up.

## Proves
trap/duplicate-open-rows
interval/maximal
pure/set-of-facts

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:20 a is down
10:20 a was down at 10:20
10:30 a is down
10:40 a was down at 10:25
10:50 a is up
11:00 a was down at 10:20
11:00 a was up at 10:50

## Expected
web  10:00 to 10:20  up
     10:20 to 10:50  down  a
     10:50 on        up

## Figures
web from 10:00 to 11:00
    up 30m
    down 30m
    availability 50.00
