# Planned work far behind references explains an outage in front of them

## Proves
state/second-evaluation
cause/maintenance
cause/references

## Setting
watched from 10:00

## Services
ring needs 2 of (hop/1, hop/2, hop/3)
core needs service ring and router/1
web needs service core or backup/1

## Story
10:00 hop/1, hop/2, hop/3, router/1, backup/1 are up
10:00 window A on hop/1 from 10:00 to 11:00
10:00 window B on hop/2 from 10:00 to 11:00
10:00 window C on backup/1 from 10:20 to 10:50
10:10 hop/1, hop/2, backup/1 are down
10:30 router/1 is down
11:10 nothing happens

## Expected
core  10:00 to 10:10  up
      10:10 to 11:00  maintenance  hop/1 hop/2
      11:00 on        down         hop/1 hop/2 router/1
ring  10:00 to 10:10  up
      10:10 to 11:00  maintenance  hop/1 hop/2
      11:00 on        down         hop/1 hop/2
web   10:00 to 10:10  up
      10:10 to 10:20  down         backup/1 hop/1 hop/2
      10:20 to 10:50  maintenance  backup/1 hop/1 hop/2
      10:50 on        down         backup/1 hop/1 hop/2 router/1
