# When one of two NMSes falls silent, only what it alone watches turns unknown

The transport NMS dies at 10:20. The access NMS goes on.

## Proves
stale/blindness
trap/blind-source
state/kleene

## Setting
watched from 10:00
stale after 10m

## Services
leased-line needs access/port/1 and transport/port/9
office needs access/port/2

## Story
11:00 access/port/1, access/port/2 were up every 5m from 10:00 through 11:00
11:00 transport/port/9 was up every 5m from 10:00 through 10:20
11:05 nothing happens

## Expected
leased-line  10:00 to 10:30  up
             10:30 on        unknown  transport/port/9
office       10:00 on        up
