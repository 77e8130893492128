# An interval of one state goes on across a new version; only its cause moves

## Proves
interval/maximal
interval/cause-moves
service/versions

## Setting
watched from 10:00

## Services
web needs a to 10:30
web needs b from 10:30

## Story
10:00 a, b are up
10:10 a is down
10:15 b is down
10:40 b is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:40  down   a
     10:30           cause  b
     10:40 on        up
