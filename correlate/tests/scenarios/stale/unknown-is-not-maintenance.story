# What is silent inside a window is unknown, and not maintenance

Nobody saw it go down. Where somebody did, it is maintenance until that sighting is stale.

## Proves
stale/blindness
state/unknown
state/second-evaluation

## Setting
watched from 10:00
stale after 10m

## Services
silent needs a
seen needs b

## Story
10:00 a, b are up
10:00 window A on a from 10:00 to 11:00
10:00 window B on b from 10:00 to 11:00
10:05 b is down
10:30 nothing happens

## Expected
seen    10:00 to 10:05  up
        10:05 to 10:15  maintenance  b
        10:15 on        unknown      b
silent  10:00 to 10:10  up
        10:10 on        unknown      a
