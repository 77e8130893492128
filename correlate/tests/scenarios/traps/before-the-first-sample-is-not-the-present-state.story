# The time before the first sample is unknown, not what we know now

Icinga takes the state after the first row, or even the present one.

## Proves
trap/before-first-is-unknown
component/unknown-before-first

## Setting
watched from 00:00

## Services
web needs a

## Story
18:00 a is up
24:00 nothing happens

## Expected
web  00:00 to 18:00  unknown  a
     18:00 on        up

## Figures
web from 00:00 to 24:00
    unknown 18h
    up 6h
    availability 100.00
    completeness 25.00
