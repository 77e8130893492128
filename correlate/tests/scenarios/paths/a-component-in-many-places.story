# A component that stands in several places of a path counts in each

Both legs of this line run through one duct: redundancy on paper only.

## Proves
path/any
cause/down
state/down
trap/shared-children

## Setting
watched from 10:00

## Services
web needs (duct and west) or (duct and east)

## Story
10:00 duct, west, east are up
10:10 west is down
10:20 duct is down
10:30 west is up
10:40 duct is up

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  degraded  west
     10:20 to 10:40  down      duct west
     10:30           cause     duct
     10:40 on        up
