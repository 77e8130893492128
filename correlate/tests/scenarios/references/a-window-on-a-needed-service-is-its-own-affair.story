# A window on a service says nothing of the services that need it

Windows on components travel along paths; a window on a service is on that one alone.

## Proves
state/service-window
cause/references

## Setting
watched from 10:00

## Services
core needs router/1
web needs service core

## Story
10:00 router/1 is up
10:00 window W on service core from 10:00 to 12:00
10:10 router/1 is down
10:20 router/1 is up

## Expected
core  10:00 to 10:10  up
      10:10 to 10:20  maintenance  router/1
      10:20 on        up
web   10:00 to 10:10  up
      10:10 to 10:20  down         router/1
      10:20 on        up
