# A path with an empty list is refused, with its place, and nothing changes

## Proves
path/no-empty-list
path/refusal-names-place
path/last-good-stays

## Setting
watched from 10:00

## Services
web needs a and b

## Story
10:00 a, b, c are up
10:10 web is redefined
    needs a and (c or any ())
    refused because service web, version 1: at path.all[1].any[1].any: the list must not be empty
10:20 b is down

## Expected
web  10:00 to 10:20  up
     10:20 on        down  b
