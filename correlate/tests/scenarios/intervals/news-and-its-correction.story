# What a late fact changed, a later one may change back

## Proves
interval/join
interval/split
interval/as-of

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:10 web is redefined
    needs a and b
10:10 believed
    web  10:00 on  unknown  b
10:20 b was down at 10:05
10:20 believed
    web  10:00 to 10:05  unknown  b
         10:05 on        down     b
10:30 web is redefined
    needs a
10:40 nothing happens

## Expected
web  10:00 on  up
