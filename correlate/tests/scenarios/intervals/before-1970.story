# Instants before 1970 are instants like any other

## Proves
time/utc-ms

## Setting
on 1969-12-31
watched from 23:00

## Services
web needs a

## Story
23:00 a is up
23:59:59.999 a is down
on 1970-01-01
00:00 a is up
00:00:00.001 a is down
00:00:01 nothing happens

## Expected
web  1969-12-31 23:00 to 1969-12-31 23:59:59.999         up
     1969-12-31 23:59:59.999 to 1970-01-01 00:00         down  a
     1970-01-01 00:00 to 1970-01-01 00:00:00.001         up
     1970-01-01 00:00:00.001 on                          down  a
