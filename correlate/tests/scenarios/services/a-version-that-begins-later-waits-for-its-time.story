# A path planned for later takes over when its time comes, without any fact

## Proves
service/versions
component/latest

## Setting
watched from 10:00

## Services
web needs a to 10:30
web needs b from 10:30

## Story
10:00 a is up
10:00 b is down
10:29 believed
    web  10:00 on  up
10:30 believed
    web  10:00 to 10:30  up
         10:30 on        down  b
10:40 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 on        down  b
