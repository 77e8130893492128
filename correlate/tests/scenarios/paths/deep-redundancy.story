# Redundancy within redundancy is right when a grandparent fails

Icinga's redundancy groups went wrong here (issues 10014 and 10377): a customer behind
two access switches, each dual-homed to two routers of which one serves both.

## Proves
path/all
path/any
trap/nested-redundancy
cause/down

## Setting
watched from 10:00

## Services
web needs (switch/1 and (router/a or router/b)) or (switch/2 and (router/b or router/c))

## Story
10:00 switch/1, switch/2, router/a, router/b, router/c are up
10:10 router/b is down
10:20 router/a is down
10:30 switch/2 is down
10:40 router/a is up
10:50 router/b, switch/2 are up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:30  degraded  router/b
     10:20           cause     router/a router/b
     10:30 to 10:40  down      router/a router/b switch/2
     10:40 to 10:50  degraded  router/b switch/2
     10:50 on        up
