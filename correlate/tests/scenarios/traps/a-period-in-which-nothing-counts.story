# Where nothing counts there is no figure: neither 0 nor 100

Icinga shows NULL or 100, Nokia documents 0 % without any outage.

## Proves
avail/no-figure
trap/no-denominator

## Setting
watched from 00:00

## Services
asleep needs a
worked-on needs b
later needs c from 23:00

## Story
00:00 b, c are up
00:00 window W on b from 00:00 to 24:00
00:00 b is down
24:00 nothing happens

## Expected
asleep     00:00 on  unknown      a
later      23:00 on  up
worked-on  00:00 to 24:00  maintenance  b
           24:00 on        down         b

## Figures
asleep from 00:00 to 24:00
    unknown 24h
    availability none
    completeness 0.00
worked-on from 00:00 to 24:00
    maintenance 24h
    availability none
    completeness none
later from 00:00 to 12:00
    not-existing 12h
    availability none
    completeness none
