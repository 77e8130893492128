# A reference means the version that holds at the same instant

## Proves
path/service
service/versions

## Setting
watched from 10:00

## Services
core needs router/1 to 10:30
core needs router/2 from 10:30
web needs service core

## Story
10:00 router/1, router/2 are up
10:20 router/1 is down
10:40 router/2 is down

## Expected
core  10:00 to 10:20  up
      10:20 to 10:30  down  router/1
      10:30 to 10:40  up
      10:40 on        down  router/2
web   10:00 to 10:20  up
      10:20 to 10:30  down  router/1
      10:30 to 10:40  up
      10:40 on        down  router/2
