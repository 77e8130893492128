# Redefining a service that others need redraws them too, and no one else

## Proves
path/service
pure/set-of-facts

## Setting
watched from 10:00

## Services
core needs router/1
web needs service core
mail needs service core and port/2
other needs router/1

## Story
10:00 router/1, router/2, port/2 are up
10:10 router/1 is down
10:20 believed
    web  10:00 to 10:10  up
         10:10 on        down  router/1
10:20 core is redefined
    needs router/1 or router/2
10:30 nothing happens

## Expected
core   10:00 to 10:10  up
       10:10 on        degraded  router/1
mail   10:00 to 10:10  up
       10:10 on        degraded  router/1
other  10:00 to 10:10  up
       10:10 on        down      router/1
web    10:00 to 10:10  up
       10:10 on        degraded  router/1
