# Versions that overlap, or are empty, are refused

## Proves
service/versions
path/last-good-stays

## Setting
watched from 1970-01-01 00:00

## Services
web needs a

## Story
1970-01-01 00:00 a, b are up
1970-01-01 00:01 web is redefined
    needs a to 1970-01-01 00:30
    needs b from 1970-01-01 00:20
    refused because service web: versions overlap: one from -9223372036854775808 is still valid when another starts at 1200000
1970-01-01 00:02 web is redefined
    needs b from 1970-01-01 00:20 to 1970-01-01 00:20
    refused because service web: a version must end after it starts, found from 1200000 to 1200000
1970-01-01 00:03 b is down

## Expected
web  1970-01-01 00:00 on  up
