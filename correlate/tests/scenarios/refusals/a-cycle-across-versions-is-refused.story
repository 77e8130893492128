# A circle is one even when its versions never hold at the same instant

What is refused must not depend on the instant, or an edit could become wrong by itself.

## Proves
path/no-cycle
service/versions

## Setting
watched from 10:00

## Services
core needs a to 11:00
core needs service web from 11:00
web needs service core to 11:00
web needs b from 11:00
    refused because service web, version 1: at path: references form a cycle: web → core → web

## Story
10:00 a, b are up
11:30 nothing happens

## Expected
core  10:00 to 11:00  up
      11:00 on        unknown  nobody
