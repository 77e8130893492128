# Windows that overlap, touch or repeat on one component are as one

(OpenNMS sums overlapping rows twice; Centreon summed downtime wrongly.)

## Proves
window/target
interval/maximal
trap/overlaps-count-once

## Setting
watched from 10:00

## Services
web needs router/1

## Story
10:00 router/1 is up
10:00 window A on router/1 from 10:10 to 10:30
10:00 window B on router/1 from 10:20 to 10:40
10:00 window C on router/1 from 10:40 to 10:50
10:00 window D on router/1 from 10:10 to 10:50
10:05 router/1 is down
11:00 nothing happens

## Expected
web  10:00 to 10:05  up
     10:05 to 10:10  down         router/1
     10:10 to 10:50  maintenance  router/1
     10:50 on        down         router/1

## Figures
web from 10:00 to 11:00
    up 5m
    down 15m
    maintenance 40m
    availability 25.00
