# When the NMS itself says that it does not know, nobody knows

## Proves
sample/when-it-held
state/unknown

## Setting
watched from 10:00

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:10 ams1/device/1 is unknown
10:20 ams1/device/1 is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  unknown  ams1/device/1
     10:20 on        up
