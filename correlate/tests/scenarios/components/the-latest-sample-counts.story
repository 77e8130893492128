# A component is what its latest sample says, until the next one

Samples that repeat what is known change nothing.

## Proves
component/latest
path/component
interval/maximal

## Setting
watched from 10:00

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:05 ams1/device/1 is up
10:10 ams1/device/1 is down
10:15 ams1/device/1 is down
10:20 ams1/device/1 is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  down  ams1/device/1
     10:20 on        up
