# Needing three of two, or none of two, is refused

## Proves
path/k-in-range
path/refusal-names-place
path/last-good-stays

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a, b are up
10:10 web is redefined
    needs 3 of (a, b)
    refused because service web, version 1: at path: at_least must be a whole number from 1 to 2, found 3
10:15 web is redefined
    needs a to 10:30
    needs a and 0 of (a, b) from 10:30
    refused because service web, version 2: at path.all[1]: at_least must be a whole number from 1 to 2, found 0
10:20 b is down
10:40 nothing happens

## Expected
web  10:00 on  up
