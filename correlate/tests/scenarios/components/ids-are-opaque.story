# An id is a text and nothing more, whatever stands in it

Blanks, commas, quotes of another alphabet, and another NMS: all the same.

## Proves
component/anything
component/opaque

## Setting
watched from 10:00

## Services
web needs "ams1/port/Gi 0,1 (uplink)" and zbx/bgp/10.0.0.1 and ünïcode

## Story
10:00 "ams1/port/Gi 0,1 (uplink)", zbx/bgp/10.0.0.1, ünïcode are up
10:10 ünïcode is down
10:20 "ams1/port/Gi 0,1 (uplink)" is down
10:30 zbx/bgp/10.0.0.1 is down

## Expected
web  10:00 to 10:10  up
     10:10 on        down   ünïcode
     10:20           cause  "ams1/port/Gi 0,1 (uplink)" ünïcode
     10:30           cause  "ams1/port/Gi 0,1 (uplink)" zbx/bgp/10.0.0.1 ünïcode
