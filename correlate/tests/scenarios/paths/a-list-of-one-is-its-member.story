# Lists with one member are that member

## Proves
path/all
path/any
path/at-least

## Setting
watched from 10:00

## Services
chain needs all (a)
legs needs any (a)
count needs 1 of (a)

## Story
10:00 a is up
10:10 a is down
10:20 a is unknown

## Expected
chain  10:00 to 10:10  up
       10:10 to 10:20  down     a
       10:20 on        unknown  a
count  10:00 to 10:10  up
       10:10 to 10:20  down     a
       10:20 on        unknown  a
legs   10:00 to 10:10  up
       10:10 to 10:20  down     a
       10:20 on        unknown  a
