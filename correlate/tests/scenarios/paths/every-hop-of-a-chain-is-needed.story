# A chain is down when one hop is down, whatever is unknown beside it

## Proves
path/all
state/kleene
cause/down

## Setting
watched from 10:00

## Services
web needs a and b and c

## Story
10:00 a, b, c are up
10:10 b is unknown
10:20 c is down
10:30 b is up
10:40 c is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  unknown  b
     10:20 to 10:40  down     c
     10:40 on        up
