# A window alone changes nothing: what is up stays up, what is unknown unknown

## Proves
state/second-evaluation
state/service-window
state/unknown

## Setting
watched from 10:00

## Services
web needs router/1

## Story
10:00 router/1 is up
10:00 window W on router/1 from 10:00 to 12:00
10:00 window V on service web from 10:00 to 12:00
10:30 router/1 is unknown
11:00 router/1 is up

## Expected
web  10:00 to 10:30  up
     10:30 to 11:00  unknown  router/1
     11:00 on        up
