# A service that another one needs lends it its value

## Proves
path/service
cause/references

## Setting
watched from 10:00

## Services
core needs router/1 or router/2
web needs service core and port/7

## Story
10:00 router/1, router/2, port/7 are up
10:10 router/1 is down
10:20 router/2 is down
10:30 port/7 is down
10:40 router/1, router/2 are up
10:50 port/7 is up

## Expected
core  10:00 to 10:10  up
      10:10 to 10:20  degraded  router/1
      10:20 to 10:40  down      router/1 router/2
      10:40 on        up
web   10:00 to 10:10  up
      10:10 to 10:20  degraded  router/1
      10:20 to 10:50  down      router/1 router/2
      10:30           cause     port/7 router/1 router/2
      10:40           cause     port/7
      10:50 on        up
