# A group of redundant members is not down because one of them is

Uptime Kuma's groups are (issue 6011).

## Proves
trap/group-not-down

## Setting
watched from 10:00

## Services
resolvers needs 1 of (ns/1, ns/2, ns/3)
customers needs service resolvers and access/1

## Story
10:00 ns/1, ns/2, ns/3, access/1 are up
10:10 ns/1 is down
10:20 ns/2 is down
10:30 ns/3 is down
10:40 ns/2 is up

## Expected
customers  10:00 to 10:10  up
           10:10 to 10:30  degraded  ns/1
           10:20           cause     ns/1 ns/2
           10:30 to 10:40  down      ns/1 ns/2 ns/3
           10:40 on        degraded  ns/1 ns/3
resolvers  10:00 to 10:10  up
           10:10 to 10:30  degraded  ns/1
           10:20           cause     ns/1 ns/2
           10:30 to 10:40  down      ns/1 ns/2 ns/3
           10:40 on        degraded  ns/1 ns/3
