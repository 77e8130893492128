# A sample that is delivered three times changes nothing the second time

Kafka delivers at least once. A reader sees no revision for a repetition.

## Proves
pure/set-of-facts

## Setting
watched from 10:00

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:10 ams1/device/1 is down
10:11 ams1/device/1 was down at 10:10
10:12 ams1/device/1 was up at 10:00
10:20 ams1/device/1 is up
10:30 ams1/device/1 was down at 10:10
10:30 ams1/device/1 was up at 10:20

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  down  ams1/device/1
     10:20 on        up
