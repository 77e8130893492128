# One bad night: a core failure, planned work, a blind poller, an edit and late news

The west aggregation is worked on from 01:00 to 03:00. At 01:40 the east one fails. The
poller of the access network dies at 01:50 and comes back at 02:20 with what it kept. At 02:30
somebody notices that the line of customer b was moved to the ring at 01:30. In the morning the
window of a supplier is entered.

## Proves
pure/set-of-facts
state/no-hiding
interval/cause-moves
interval/as-of

## Setting
watched from 00:00
stale after 20m

## Services
agg needs agg/west or agg/east
a needs service agg and access/a
b needs service agg and access/b
ring needs 2 of (ring/1, ring/2, ring/3)

## Story
00:00 window WEST on agg/west from 01:00 to 03:00
04:00 agg/west was up every 10m from 00:00 through 01:00
04:00 agg/east was up every 10m from 00:00 through 01:30
04:00 ring/1, ring/2, ring/3 were up every 10m from 00:00 through 04:00
04:00 access/a, access/b were up every 10m from 00:00 through 01:50
04:00 agg/west was down every 10m from 01:10 through 02:00
04:00 agg/west was up every 10m from 02:10 through 04:00
04:00 agg/east was down every 10m from 01:40 through 02:20
04:00 agg/east was up every 10m from 02:30 through 04:00
04:00 access/a, access/b were up every 10m from 02:20 through 04:00
04:00 believed
    b  00:00 to 01:10  up
       01:10 to 01:40  degraded  agg/west
       01:40 to 02:10  down      agg/east agg/west
       02:10 to 02:20  unknown   access/b
       02:20 to 02:30  degraded  agg/east
       02:30 on        up
04:00 access/a was up at 02:00
04:00 access/a was down at 02:10
04:05 b is redefined
    needs service agg and access/b to 01:30
    needs service ring and access/b from 01:30
08:00 agg/west, agg/east, ring/1, ring/2, ring/3, access/a, access/b were up every 10m from 04:00 through 08:00
08:00 window SUPPLIER on agg/east from 01:45 to 02:00
08:10 nothing happens

## Expected
a     00:00 to 01:10  up
      01:10 to 01:40  degraded     agg/west
      01:40 to 01:45  down         agg/east agg/west
      01:45 to 02:00  maintenance  agg/east agg/west
      02:00 to 02:20  down         agg/east agg/west
      02:10           cause        access/a
      02:20 to 02:30  degraded     agg/east
      02:30 on        up
agg   00:00 to 01:10  up
      01:10 to 01:40  degraded     agg/west
      01:40 to 01:45  down         agg/east agg/west
      01:45 to 02:00  maintenance  agg/east agg/west
      02:00 to 02:10  down         agg/east agg/west
      02:10 to 02:30  degraded     agg/east
      02:30 on        up
b     00:00 to 01:10  up
      01:10 to 01:30  degraded     agg/west
      01:30 to 02:10  up
      02:10 to 02:20  unknown      access/b
      02:20 on        up
ring  00:00 on        up

## Figures
a from 00:00 to 08:00
    up 6h 40m
    degraded 40m
    down 25m
    maintenance 15m
    availability 94.62
    completeness 100.00
b from 00:00 to 08:00
    up 7h 30m
    degraded 20m
    unknown 10m
    availability 100.00
    completeness 97.91
