# A window that is entered the next day turns yesterday's outage into maintenance

(Grafana SLO cannot: its maintenance has no backfill.)

## Proves
window/afterwards
interval/relabel
trap/maintenance-afterwards

## Setting
on 2026-03-02
watched from 10:00

## Services
web needs router/1

## Story
10:00 router/1 is up
22:00 router/1 is down
23:00 router/1 is up
on 2026-03-03
09:00 believed
    web  2026-03-02 10:00 to 2026-03-02 22:00  up
         2026-03-02 22:00 to 2026-03-02 23:00  down  router/1
         2026-03-02 23:00 on                   up
09:00 window forgotten on router/1 from 2026-03-02 22:00 to 2026-03-03 02:00

## Expected
web  10:00 to 22:00  up
     22:00 to 23:00  maintenance  router/1
     23:00 on        up
