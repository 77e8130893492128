# The thirteen ways on one leg, while the other leg is covered throughout

Both legs are down from 10:20 to 10:40. East is under planned work all the time; west is
covered in thirteen ways. Where west is not covered, its failure is nobody's plan.

## Proves
trap/thirteen-overlaps
trap/partial-window
state/no-hiding

## Setting
watched from 10:00

## Services
s01-before needs w/01 or east
s02-meets needs w/02 or east
s03-overlaps needs w/03 or east
s04-starts needs w/04 or east
s05-during needs w/05 or east
s06-finishes needs w/06 or east
s07-equals needs w/07 or east
s08-finished-by needs w/08 or east
s09-contains needs w/09 or east
s10-started-by needs w/10 or east
s11-overlapped-by needs w/11 or east
s12-met-by needs w/12 or east
s13-after needs w/13 or east

## Story
10:00 window E on east from 10:15 to 10:45
10:00 window W01 on w/01 from 10:00 to 10:10
10:00 window W02 on w/02 from 10:10 to 10:20
10:00 window W03 on w/03 from 10:10 to 10:30
10:00 window W04 on w/04 from 10:20 to 10:30
10:00 window W05 on w/05 from 10:25 to 10:35
10:00 window W06 on w/06 from 10:30 to 10:40
10:00 window W07 on w/07 from 10:20 to 10:40
10:00 window W08 on w/08 from 10:10 to 10:40
10:00 window W09 on w/09 from 10:10 to 10:50
10:00 window W10 on w/10 from 10:20 to 10:50
10:00 window W11 on w/11 from 10:30 to 10:50
10:00 window W12 on w/12 from 10:40 to 10:50
10:00 window W13 on w/13 from 10:45 to 10:55
10:00 east, w/01, w/02, w/03, w/04, w/05, w/06, w/07, w/08, w/09, w/10, w/11, w/12, w/13 are up
10:20 east, w/01, w/02, w/03, w/04, w/05, w/06, w/07, w/08, w/09, w/10, w/11, w/12, w/13 are down
10:40 east, w/01, w/02, w/03, w/04, w/05, w/06, w/07, w/08, w/09, w/10, w/11, w/12, w/13 are up

## Expected
s01-before         10:00 to 10:20  up
                   10:20 to 10:40  down         east w/01
                   10:40 on        up
s02-meets          10:00 to 10:20  up
                   10:20 to 10:40  down         east w/02
                   10:40 on        up
s03-overlaps       10:00 to 10:20  up
                   10:20 to 10:30  maintenance  east w/03
                   10:30 to 10:40  down         east w/03
                   10:40 on        up
s04-starts         10:00 to 10:20  up
                   10:20 to 10:30  maintenance  east w/04
                   10:30 to 10:40  down         east w/04
                   10:40 on        up
s05-during         10:00 to 10:20  up
                   10:20 to 10:25  down         east w/05
                   10:25 to 10:35  maintenance  east w/05
                   10:35 to 10:40  down         east w/05
                   10:40 on        up
s06-finishes       10:00 to 10:20  up
                   10:20 to 10:30  down         east w/06
                   10:30 to 10:40  maintenance  east w/06
                   10:40 on        up
s07-equals         10:00 to 10:20  up
                   10:20 to 10:40  maintenance  east w/07
                   10:40 on        up
s08-finished-by    10:00 to 10:20  up
                   10:20 to 10:40  maintenance  east w/08
                   10:40 on        up
s09-contains       10:00 to 10:20  up
                   10:20 to 10:40  maintenance  east w/09
                   10:40 on        up
s10-started-by     10:00 to 10:20  up
                   10:20 to 10:40  maintenance  east w/10
                   10:40 on        up
s11-overlapped-by  10:00 to 10:20  up
                   10:20 to 10:30  down         east w/11
                   10:30 to 10:40  maintenance  east w/11
                   10:40 on        up
s12-met-by         10:00 to 10:20  up
                   10:20 to 10:40  down         east w/12
                   10:40 on        up
s13-after          10:00 to 10:20  up
                   10:20 to 10:40  down         east w/13
                   10:40 on        up
