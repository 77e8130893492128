# A window before, inside, over and after an outage: all thirteen ways

Every port is down from 10:20 to 10:40. The windows stand to it in the thirteen ways in
which two periods can (Allen, 1983). Just the part that both hold is maintenance.

## Proves
trap/thirteen-overlaps
time/half-open
state/second-evaluation

## Setting
watched from 10:00

## Services
s01-before needs p/01
s02-meets needs p/02
s03-overlaps needs p/03
s04-starts needs p/04
s05-during needs p/05
s06-finishes needs p/06
s07-equals needs p/07
s08-finished-by needs p/08
s09-contains needs p/09
s10-started-by needs p/10
s11-overlapped-by needs p/11
s12-met-by needs p/12
s13-after needs p/13

## Story
10:00 window W01 on p/01 from 10:00 to 10:10
10:00 window W02 on p/02 from 10:10 to 10:20
10:00 window W03 on p/03 from 10:10 to 10:30
10:00 window W04 on p/04 from 10:20 to 10:30
10:00 window W05 on p/05 from 10:25 to 10:35
10:00 window W06 on p/06 from 10:30 to 10:40
10:00 window W07 on p/07 from 10:20 to 10:40
10:00 window W08 on p/08 from 10:10 to 10:40
10:00 window W09 on p/09 from 10:10 to 10:50
10:00 window W10 on p/10 from 10:20 to 10:50
10:00 window W11 on p/11 from 10:30 to 10:50
10:00 window W12 on p/12 from 10:40 to 10:50
10:00 window W13 on p/13 from 10:45 to 10:55
10:00 p/01, p/02, p/03, p/04, p/05, p/06, p/07, p/08, p/09, p/10, p/11, p/12, p/13 are up
10:20 p/01, p/02, p/03, p/04, p/05, p/06, p/07, p/08, p/09, p/10, p/11, p/12, p/13 are down
10:40 p/01, p/02, p/03, p/04, p/05, p/06, p/07, p/08, p/09, p/10, p/11, p/12, p/13 are up
11:00 nothing happens

## Expected
s01-before         10:00 to 10:20  up
                   10:20 to 10:40  down         p/01
                   10:40 on        up
s02-meets          10:00 to 10:20  up
                   10:20 to 10:40  down         p/02
                   10:40 on        up
s03-overlaps       10:00 to 10:20  up
                   10:20 to 10:30  maintenance  p/03
                   10:30 to 10:40  down         p/03
                   10:40 on        up
s04-starts         10:00 to 10:20  up
                   10:20 to 10:30  maintenance  p/04
                   10:30 to 10:40  down         p/04
                   10:40 on        up
s05-during         10:00 to 10:20  up
                   10:20 to 10:25  down         p/05
                   10:25 to 10:35  maintenance  p/05
                   10:35 to 10:40  down         p/05
                   10:40 on        up
s06-finishes       10:00 to 10:20  up
                   10:20 to 10:30  down         p/06
                   10:30 to 10:40  maintenance  p/06
                   10:40 on        up
s07-equals         10:00 to 10:20  up
                   10:20 to 10:40  maintenance  p/07
                   10:40 on        up
s08-finished-by    10:00 to 10:20  up
                   10:20 to 10:40  maintenance  p/08
                   10:40 on        up
s09-contains       10:00 to 10:20  up
                   10:20 to 10:40  maintenance  p/09
                   10:40 on        up
s10-started-by     10:00 to 10:20  up
                   10:20 to 10:40  maintenance  p/10
                   10:40 on        up
s11-overlapped-by  10:00 to 10:20  up
                   10:20 to 10:30  down         p/11
                   10:30 to 10:40  maintenance  p/11
                   10:40 on        up
s12-met-by         10:00 to 10:20  up
                   10:20 to 10:40  down         p/12
                   10:40 on        up
s13-after          10:00 to 10:20  up
                   10:20 to 10:40  down         p/13
                   10:40 on        up

## Figures
s05-during from 10:00 to 11:00
    up 40m
    down 10m
    maintenance 10m
    availability 80.00
