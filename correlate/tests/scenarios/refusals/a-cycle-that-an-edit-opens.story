# When an edit opens the circle, what was refused before is taken

## Proves
path/no-cycle
pure/set-of-facts

## Setting
watched from 10:00

## Services
core needs service web
web needs service core
    refused because service web, version 1: at path: references form a cycle: web → core → web

## Story
10:00 a is up
10:10 core is redefined
    needs a
10:10 web is defined
    needs service core
10:20 a is down

## Expected
core  10:00 to 10:20  up
      10:20 on        down  a
web   10:00 to 10:20  up
      10:20 on        down  a
