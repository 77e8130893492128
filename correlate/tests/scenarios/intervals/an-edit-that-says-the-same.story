# An edit that says what was said before changes nothing

Every story fails when a revision says what is known already, so none is written here.

## Proves
interval/identity
pure/set-of-facts

## Setting
watched from 10:00

## Services
web needs a or b

## Story
10:00 a, b are up
10:00 window W on a from 10:05 to 10:15
10:10 a is down
10:20 web is redefined
    needs a or b
10:20 window W on a from 10:05 to 10:15
10:30 web is redefined
    needs a or b to 10:25
    needs a or b from 10:25
10:40 web is redefined
    needs b or a

## Expected
web  10:00 to 10:10  up
     10:10 on        degraded  a
