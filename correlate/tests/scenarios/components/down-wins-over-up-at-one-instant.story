# Of two samples at one instant, down wins over up, whichever came first

Two pollers disagree at 10:10 and again at 10:20; they deliver in different orders.

## Proves
component/ties
interval/one-instant

## Setting
watched from 10:00

## Services
one needs ams1/device/1
two needs ams1/device/2

## Story
10:00 ams1/device/1, ams1/device/2 are up
10:10 ams1/device/1 is down
10:10 ams1/device/1 is up
10:10 ams1/device/2 is up
10:10 ams1/device/2 is down
10:20 ams1/device/1, ams1/device/2 are up

## Expected
one  10:00 to 10:10  up
     10:10 to 10:20  down  ams1/device/1
     10:20 on        up
two  10:00 to 10:10  up
     10:10 to 10:20  down  ams1/device/2
     10:20 on        up
