# An edit in the middle of an outage counts from where it says, at once

Most peers want a reload, a new configuration or a full computation.

## Proves
trap/edit-needs-no-reload
service/versions

## Setting
watched from 10:00

## Services
web needs west

## Story
10:00 west, east are up
10:10 west is down
10:20 web is redefined
    needs west to 10:15
    needs west or east from 10:15
10:20 believed
    web  10:00 to 10:10  up
         10:10 to 10:15  down      west
         10:15 on        degraded  west
10:30 west is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:15  down      west
     10:15 to 10:30  degraded  west
     10:30 on        up
