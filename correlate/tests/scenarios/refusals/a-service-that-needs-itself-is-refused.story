# A service that needs itself was never defined

## Proves
path/no-cycle

## Setting
watched from 10:00

## Services
self needs a or service self
    refused because service self, version 1: at path.any[1]: references form a cycle: self → self
web needs service self and a

## Story
10:00 a is up
10:10 a is down

## Expected
web  10:00 to 10:10  unknown  nobody
     10:10 on        down     a
