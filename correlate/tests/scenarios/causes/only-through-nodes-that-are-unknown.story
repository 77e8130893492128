# For an unknown service, only the unknown that matters is named

## Proves
cause/unknown

## Setting
watched from 10:00

## Services
web needs hop/1 and (router/a or router/b)

## Story
10:00 hop/1, router/a, router/b are up
10:10 router/b is unknown
10:20 hop/1 is unknown
10:30 router/a is down
10:40 hop/1 is up

## Expected
web  10:00 to 10:20  up
     10:20 on        unknown  hop/1
     10:30           cause    hop/1 router/b
     10:40           cause    router/b
