# A reference may come before the service that it means

## Proves
path/service-none
pure/set-of-facts

## Setting
watched from 10:00

## Services
web needs port/7 or service spare

## Story
10:00 port/7, router/9 are up
10:10 port/7 is down
10:20 believed
    web  10:00 to 10:10  up
         10:10 on        unknown  nobody
10:20 spare is defined
    needs router/9
10:30 nothing happens

## Expected
spare  10:00 on        up
web    10:00 to 10:10  up
       10:10 on        degraded  port/7
