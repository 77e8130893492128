# Who is down behind a leg that works is not to blame

The chain's first hop fails while the spare router is down inside a pair that works.

## Proves
cause/down

## Setting
watched from 10:00

## Services
web needs hop/1 and (router/a or router/b)

## Story
10:00 hop/1, router/a, router/b are up
10:10 router/b is down
10:20 hop/1 is down
10:30 router/a is down
10:40 hop/1 is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  degraded  router/b
     10:20 on        down      hop/1
     10:30           cause     hop/1 router/a router/b
     10:40           cause     router/a router/b
