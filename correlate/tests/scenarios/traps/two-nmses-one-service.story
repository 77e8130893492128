# One line over the components of three NMSes has one figure

## Proves
trap/several-sources
component/anything

## Setting
watched from 10:00

## Services
line needs ams1/port/7 and (zbx/bgp/10.0.0.1 or nsp/lsp/44)

## Story
10:00 ams1/port/7, zbx/bgp/10.0.0.1, nsp/lsp/44 are up
10:15 zbx/bgp/10.0.0.1 is down
10:30 ams1/port/7 is down
10:45 ams1/port/7, zbx/bgp/10.0.0.1 are up
11:00 nothing happens

## Expected
line  10:00 to 10:15  up
      10:15 to 10:30  degraded  zbx/bgp/10.0.0.1
      10:30 to 10:45  down      ams1/port/7
      10:45 on        up

## Figures
line from 10:00 to 11:00
    up 30m
    degraded 15m
    down 15m
    availability 75.00
