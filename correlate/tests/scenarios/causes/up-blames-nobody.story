# Who is unknown while a service is up is not to blame for anything

## Proves
cause/up
state/kleene

## Setting
watched from 10:00

## Services
web needs west or east

## Story
10:00 west is up
10:10 east is down
10:20 east is unknown

## Expected
web  10:00 to 10:10  up
     10:10 to 10:20  degraded  east
     10:20 on        up
