# Planned work on both legs at once explains an outage only while both are covered

## Proves
state/second-evaluation
state/no-hiding

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west, east are up
10:00 window W on west from 10:10 to 11:00
10:00 window E on east from 10:30 to 11:30
10:15 west, east are down
11:40 west, east are up

## Expected
web  10:00 to 10:15  up
     10:15 to 10:30  down         east west
     10:30 to 11:00  maintenance  east west
     11:00 to 11:40  down         east west
     11:40 on        up
