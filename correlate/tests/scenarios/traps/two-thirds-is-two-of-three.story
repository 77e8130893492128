# Two of three is two of three, and not 66 percent of them

Zabbix rounds percentages of members down to whole ones, so a rule at 67 % fails with two
of three up. A count has no such edge.

## Proves
trap/integer-percent
state/at-least

## Setting
watched from 10:00

## Services
three needs 2 of (a, b, c)
seven needs 5 of (a, b, c, d, e, f, g)

## Story
10:00 a, b, c, d, e, f, g are up
10:10 a is down
10:20 b is down
10:30 c is down

## Expected
seven  10:00 to 10:10  up
       10:10 to 10:30  degraded  a
       10:20           cause     a b
       10:30 on        down      a b c
three  10:00 to 10:10  up
       10:10 to 10:20  degraded  a
       10:20 on        down      a b
       10:30           cause     a b c
