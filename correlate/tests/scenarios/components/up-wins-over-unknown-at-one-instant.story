# Of two samples at one instant, up wins over unknown, and down over both

## Proves
component/ties

## Setting
watched from 10:00

## Services
one needs ams1/device/1
two needs ams1/device/2

## Story
10:00 ams1/device/1 is unknown
10:00 ams1/device/1 is up
10:00 ams1/device/2 is up
10:00 ams1/device/2 is unknown
10:10 ams1/device/1, ams1/device/2 are unknown
10:10 ams1/device/1, ams1/device/2 are down
10:10 ams1/device/1, ams1/device/2 are up
10:20 nothing happens

## Expected
one  10:00 to 10:10  up
     10:10 on        down  ams1/device/1
two  10:00 to 10:10  up
     10:10 on        down  ams1/device/2
