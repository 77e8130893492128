# A reader can ask what was believed at any earlier moment

One day, four beliefs about the same hour.

## Proves
interval/as-of
pure/set-of-facts

## Setting
watched from 10:00
stale after 30m

## Services
web needs a

## Story
10:00 a is up
10:45 believed
    web  10:00 to 10:30  up
         10:30 on        unknown  a
10:49 a was down at 10:20
10:49 believed
    web  10:00 to 10:20  up
         10:20 on        down  a
11:00 believed
    web  10:00 to 10:20  up
         10:20 to 10:50  down     a
         10:50 on        unknown  a
11:00 a was up every 5m from 10:25 through 11:00
11:00 believed
    web  10:00 to 10:20  up
         10:20 to 10:25  down  a
         10:25 on        up
11:20 window W on a from 10:15 to 10:22
11:20 believed
    web  10:00 to 10:20  up
         10:20 to 10:22  maintenance  a
         10:22 to 10:25  down         a
         10:25 on        up
11:25 window W is withdrawn

## Expected
web  10:00 to 10:20  up
     10:20 to 10:25  down  a
     10:25 on        up
