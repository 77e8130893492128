# Samples and windows of what no service needs change nothing

## Proves
component/anything
window/target

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a, stranger are up
10:00 window W on stranger from 10:00 to 11:00
10:00 window V on service nobody from 10:00 to 11:00
10:10 stranger is down
10:20 nothing happens

## Expected
web  10:00 on  up
