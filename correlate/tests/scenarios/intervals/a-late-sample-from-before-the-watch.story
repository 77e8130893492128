# A late sample from before the watch decides what it began with

## Proves
component/latest
interval/relabel

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 nothing happens
10:30 a is up
10:40 believed
    web  10:00 to 10:30  unknown  a
         10:30 on        up
10:40 a was down at 09:00
10:40 believed
    web  10:00 to 10:30  down  a
         10:30 on        up
10:50 a was up at 09:59:59.999

## Expected
web  10:00 on  up
