# A window is on what it names, and not on all that a contract holds

An excluded downtime of Zabbix belongs to the SLA and so hits every service on it.

## Proves
trap/window-hits-only-its-target
window/target

## Setting
watched from 10:00

## Services
one needs router/1
two needs router/2
both needs router/1 and router/2

## Story
10:00 router/1, router/2 are up
10:00 window W on router/1 from 10:00 to 11:00
10:10 router/1, router/2 are down
10:20 router/1 is up
10:30 router/2 is up

## Expected
both  10:00 to 10:10  up
      10:10 to 10:20  maintenance  router/1
      10:20 to 10:30  down         router/2
      10:30 on        up
one   10:00 to 10:10  up
      10:10 to 10:20  maintenance  router/1
      10:20 on        up
two   10:00 to 10:10  up
      10:10 to 10:30  down         router/2
      10:30 on        up
