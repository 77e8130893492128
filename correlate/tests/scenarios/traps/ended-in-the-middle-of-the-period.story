# A service that ends during its outage is not down any longer than it existed

## Proves
trap/created-mid-period
service/gap

## Setting
watched from 00:00

## Services
web needs a to 18:00

## Story
00:00 a is up
12:00 a is down
24:00 nothing happens

## Expected
web  00:00 to 12:00  up
     12:00 to 18:00  down  a

## Figures
web from 00:00 to 24:00
    up 12h
    down 6h
    not-existing 6h
    availability 66.66
