# A core that is reached by two ways counts in each, and is blamed once

## Proves
cause/references
path/service

## Setting
watched from 10:00

## Services
core needs router/1 or router/2
left needs service core and port/1
right needs service core and port/2
web needs service left or service right

## Story
10:00 router/1, router/2, port/1, port/2 are up
10:10 router/1 is down
10:20 router/2 is down
10:30 port/1 is down
10:40 router/2 is up

## Expected
core   10:00 to 10:10  up
       10:10 to 10:20  degraded  router/1
       10:20 to 10:40  down      router/1 router/2
       10:40 on        degraded  router/1
left   10:00 to 10:10  up
       10:10 to 10:20  degraded  router/1
       10:20 on        down      router/1 router/2
       10:30           cause     port/1 router/1 router/2
       10:40           cause     port/1
right  10:00 to 10:10  up
       10:10 to 10:20  degraded  router/1
       10:20 to 10:40  down      router/1 router/2
       10:40 on        degraded  router/1
web    10:00 to 10:10  up
       10:10 to 10:20  degraded  router/1
       10:20 to 10:40  down      router/1 router/2
       10:30           cause     port/1 router/1 router/2
       10:40 on        degraded  port/1 router/1
