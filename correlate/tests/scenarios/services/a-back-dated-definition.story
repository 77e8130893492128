# A definition that is entered late and back-dated rewrites just what it says

The move of 10:00 is entered at 12:00.

## Proves
pure/set-of-facts
interval/relabel
service/versions

## Setting
watched from 09:00

## Services
web needs a

## Story
09:00 a, b are up
10:30 a is down
11:00 b is down
11:30 b is up
12:00 believed
    web  09:00 to 10:30  up
         10:30 on        down  a
12:00 web is redefined
    needs a to 10:00
    needs b from 10:00

## Expected
web  09:00 to 11:00  up
     11:00 to 11:30  down  b
     11:30 on        up
