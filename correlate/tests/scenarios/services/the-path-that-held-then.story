# History is judged by the path that held then, not by the current one

The line moves from router a to router b at 10:30. Router a's later failures are no
longer its own, and its earlier ones stay. (Checkmk's BI replays history through the
current tree.)

## Proves
service/versions
trap/current-tree

## Setting
watched from 10:00

## Services
web needs router/a to 10:30
web needs router/b from 10:30

## Story
10:00 router/a, router/b are up
10:10 router/a is down
10:20 router/a is up
10:25 router/b is down
10:40 router/a is down
10:50 router/b is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  down  router/a
     10:20 to 10:30  up
     10:30 to 10:50  down  router/b
     10:50 on        up
