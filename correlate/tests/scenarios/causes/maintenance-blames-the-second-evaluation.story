# For maintenance the second evaluation says who is to blame, if it is down

While both planned legs are down, the unplanned hop beside them is not named; when only
the window on the service explains the outage, all that is down is.

## Proves
cause/maintenance

## Setting
watched from 10:00

## Services
web needs hop/1 and (west or east)

## Story
10:00 hop/1, west, east are up
10:00 window W on west from 10:00 to 10:40
10:00 window E on east from 10:00 to 10:40
10:00 window S on service web from 10:40 to 11:00
10:10 west, east, hop/1 are down
11:10 nothing happens

## Expected
web  10:00 to 10:10  up
     10:10 to 11:00  maintenance  east west
     10:40           cause        east hop/1 west
     11:00 on        down         east hop/1 west
