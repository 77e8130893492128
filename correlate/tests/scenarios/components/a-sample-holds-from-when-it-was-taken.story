# What counts is when a state held in the network, not when we heard of it

The collector is cut off from 10:10 to 10:40 and then delivers what it saw.

## Proves
sample/when-it-held
pure/set-of-facts

## Setting
watched from 10:00

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:40 believed
    web  10:00 on  up
10:40 ams1/device/1 was down at 10:12
10:40 ams1/device/1 was up at 10:31
10:41 nothing happens

## Expected
web  10:00 to 10:12  up
     10:12 to 10:31  down  ams1/device/1
     10:31 on        up
