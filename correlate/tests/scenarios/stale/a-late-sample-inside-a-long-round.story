# One odd sample inside hours of regular polls is found, and later outvoted

## Proves
component/latest
interval/split
pure/set-of-facts

## Setting
watched from 10:00
stale after 10m

## Services
web needs a

## Story
14:00 a was up every 5m from 10:00 through 14:00
14:00 believed
    web  10:00 on  up
14:01 a was down at 12:03
14:01 believed
    web  10:00 to 12:03  up
         12:03 to 12:05  down  a
         12:05 on        up
14:02 a was unknown at 12:04
14:03 a was down at 12:35
14:04 nothing happens

## Expected
web  10:00 to 12:03  up
     12:03 to 12:04  down     a
     12:04 to 12:05  unknown  a
     12:05 to 12:35  up
     12:35 to 12:40  down     a
     12:40 on        up
