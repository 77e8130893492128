# A sample that arrives late for an instant that is known already may win there

## Proves
component/ties
interval/relabel

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:10 a is unknown
10:20 a is up
10:20 believed
    web  10:00 to 10:10  up
         10:10 to 10:20  unknown  a
         10:20 on        up
10:30 a was up at 10:10
10:30 believed
    web  10:00 on  up
10:40 a was down at 10:10
10:40 believed
    web  10:00 to 10:10  up
         10:10 to 10:20  down  a
         10:20 on        up
10:50 a was unknown at 10:10
10:50 a was down at 10:00

## Expected
web  10:00 to 10:20  down  a
     10:20 on        up
