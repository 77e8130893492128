# A window on a service that shrinks, moves and goes gives back what it held

## Proves
window/afterwards
state/service-window
interval/relabel

## Setting
watched from 10:00

## Services
web needs a
mail needs a

## Story
10:00 a is up
10:00 window W on service web from 10:10 to 10:40
10:00 a is down
11:00 believed
    web  10:00 to 10:10  down         a
         10:10 to 10:40  maintenance  a
         10:40 on        down         a
11:00 window W on service web from 10:20 to 10:30
11:10 believed
    web  10:00 to 10:20  down         a
         10:20 to 10:30  maintenance  a
         10:30 on        down         a
11:10 window W on service mail from 10:20 to 10:30
11:20 believed
    web   10:00 on        down         a
    mail  10:00 to 10:20  down         a
          10:20 to 10:30  maintenance  a
          10:30 on        down         a
11:20 window W is withdrawn

## Expected
mail  10:00 on  down  a
web   10:00 on  down  a
