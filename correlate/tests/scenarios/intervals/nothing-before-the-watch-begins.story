# No interval starts before the watch begins, whatever is known of earlier

## Proves
interval/maximal
component/latest

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a was up at 08:00
10:00 a was down at 09:00
10:10 a is up

## Expected
web  10:00 to 10:10  down  a
     10:10 on        up
