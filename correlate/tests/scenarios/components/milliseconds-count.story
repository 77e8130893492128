# An outage of one millisecond is an outage

## Proves
time/utc-ms
time/half-open

## Setting
watched from 10:00

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:10:00.001 ams1/device/1 is down
10:10:00.002 ams1/device/1 is up
11:00 nothing happens

## Expected
web  10:00 to 10:10:00.001         up
     10:10:00.001 to 10:10:00.002  down  ams1/device/1
     10:10:00.002 on               up

## Figures
web from 10:00 to 11:00
    up 59m 59s 999ms
    down 1ms
    availability 99.99
