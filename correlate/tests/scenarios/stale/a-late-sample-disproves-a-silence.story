# A sample that arrives late takes back the unknown that its absence made

## Proves
stale/limit
interval/join
pure/set-of-facts

## Setting
watched from 10:00
stale after 15m

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:20 believed
    web  10:00 to 10:15  up
         10:15 on        unknown  ams1/device/1
10:22 ams1/device/1 is up
10:22 believed
    web  10:00 to 10:15  up
         10:15 to 10:22  unknown  ams1/device/1
         10:22 on        up
10:25 ams1/device/1 was up at 10:10
10:30 nothing happens

## Expected
web  10:00 on  up
