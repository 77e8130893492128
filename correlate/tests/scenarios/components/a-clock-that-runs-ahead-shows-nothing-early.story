# A sample from a clock that runs ahead shows only when its time has come

## Proves
component/latest
sample/when-it-held

## Setting
watched from 10:00

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:10 ams1/device/1 was down at 10:15
10:14 believed
    web  10:00 on  up
10:15 believed
    web  10:00 to 10:15  up
         10:15 on        down  ams1/device/1
10:20 ams1/device/1 is up

## Expected
web  10:00 to 10:15  up
     10:15 to 10:20  down  ams1/device/1
     10:20 on        up
