# A state that is not renewed within the limit turns unknown, exactly then

## Proves
stale/limit
stale/blindness

## Setting
watched from 10:00
stale after 15m

## Services
web needs ams1/device/1

## Story
10:00 ams1/device/1 is up
10:14:59.999 believed
    web  10:00 on  up
10:15 believed
    web  10:00 to 10:15  up
         10:15 on        unknown  ams1/device/1
10:40 ams1/device/1 is up
10:41 nothing happens

## Expected
web  10:00 to 10:15  up
     10:15 to 10:40  unknown  ams1/device/1
     10:40 on        up
