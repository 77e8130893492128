# A sample at exactly the limit still renews; one millisecond later is too late

## Proves
stale/exactly

## Setting
watched from 10:00
stale after 15m

## Services
exact needs ams1/device/1
late needs ams1/device/2

## Story
10:00 ams1/device/1, ams1/device/2 are up
10:15 ams1/device/1 is up
10:15:00.001 ams1/device/2 is up
10:20 nothing happens

## Expected
exact  10:00 on                  up
late   10:00 to 10:15            up
       10:15 to 10:15:00.001     unknown  ams1/device/2
       10:15:00.001 on           up
