# An outage that begins inside a window and stays begins to count when that ends

LibreNMS opens an outage on a change only, so such a device may never be counted; and a
recovery inside a window once left an outage open for ever.

## Proves
trap/outage-in-window-stays

## Setting
watched from 10:00

## Services
stays needs a
recovers needs b

## Story
10:00 a, b are up
10:00 window A on a from 10:10 to 10:40
10:00 window B on b from 10:10 to 10:40
10:05 b is down
10:20 a is down
10:30 b is up
11:00 nothing happens

## Expected
recovers  10:00 to 10:05  up
          10:05 to 10:10  down         b
          10:10 to 10:30  maintenance  b
          10:30 on        up
stays     10:00 to 10:20  up
          10:20 to 10:40  maintenance  a
          10:40 on        down         a
