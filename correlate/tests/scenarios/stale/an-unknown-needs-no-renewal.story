# What the NMS called unknown stays unknown through its silence, as one interval

## Proves
stale/limit
interval/maximal

## Setting
watched from 10:00
stale after 15m

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:05 ams1/device/1 is unknown
11:00 ams1/device/1 is up

## Expected
web  10:00 to 10:05  up
     10:05 to 11:00  unknown  ams1/device/1
     11:00 on        up
