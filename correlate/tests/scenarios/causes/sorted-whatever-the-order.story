# A cause is sorted by id, in whatever order things fail or are written

## Proves
cause/sorted

## Setting
watched from 10:00

## Services
web needs z or m or (B and a) or 10 or 9

## Story
10:00 z, m, B, a, 10, 9 are up
10:10 z is down
10:10 m is down
10:10 a is down
10:10 9 is down
10:10 B is down
10:10 10 is down

## Expected
web  10:00 to 10:10  up
     10:10 on        down  10 9 B a m z
