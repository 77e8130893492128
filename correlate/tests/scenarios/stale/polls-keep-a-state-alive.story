# A poller that keeps coming round keeps a state alive without a revision

## Proves
stale/limit

## Setting
watched from 10:00
stale after 15m

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
11:00 ams1/device/1 was up every 5m from 10:05 through 11:00
12:00 ams1/device/1 was down every 15m from 11:05 through 11:50
12:10 nothing happens

## Expected
web  10:00 to 11:05  up
     11:05 to 12:05  down     ams1/device/1
     12:05 on        unknown  ams1/device/1
