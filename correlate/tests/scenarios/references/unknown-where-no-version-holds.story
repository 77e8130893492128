# A reference to a service that does not exist is unknown, and blames nobody

## Proves
path/service-none
cause/unknown

## Setting
watched from 10:00

## Services
core needs router/1 from 10:20 to 10:40
web needs service core and port/7

## Story
10:00 router/1, port/7 are up
10:10 port/7 is unknown
10:15 port/7 is up
10:50 port/7 is down

## Expected
core  10:20 to 10:40  up
web   10:00 to 10:20  unknown  nobody
      10:10           cause    port/7
      10:15           cause    nobody
      10:20 to 10:40  up
      10:40 to 10:50  unknown  nobody
      10:50 on        down     port/7
