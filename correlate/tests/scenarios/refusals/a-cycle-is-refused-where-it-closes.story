# References in a circle are refused where the circle closes; the rest lives on

## Proves
path/no-cycle
path/refusal-names-place
path/last-good-stays

## Setting
watched from 10:00

## Services
core needs router/1
ring needs service core and hop/1
web needs service ring

## Story
10:00 router/1, hop/1, port/7 are up
10:10 core is redefined
    needs router/1 or (port/7 and service web)
    refused because service core, version 1: at path.any[1].all[1]: references form a cycle: core → web → ring → core
10:20 router/1 is down
10:30 core is redefined
    needs router/1 or port/7
10:40 nothing happens

## Expected
core  10:00 to 10:20  up
      10:20 on        degraded  router/1
ring  10:00 to 10:20  up
      10:20 on        degraded  router/1
web   10:00 to 10:20  up
      10:20 on        degraded  router/1
