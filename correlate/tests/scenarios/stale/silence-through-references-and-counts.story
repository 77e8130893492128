# Silence travels through counts and references like any unknown

## Proves
stale/limit
state/at-least
cause/references

## Setting
watched from 10:00
stale after 20m

## Services
pool needs 2 of (a, b, c)
web needs service pool and d

## Story
10:00 a is up
10:10 b is up
10:15 c, d are up
10:22 d is up
11:00 nothing happens

## Expected
pool  10:00 to 10:10  unknown  b c
      10:10 to 10:30  up
      10:30 on        unknown  a b
      10:35           cause    a b c
web   10:00 to 10:15  unknown  b c d
      10:10           cause    d
      10:15 to 10:30  up
      10:30 on        unknown  a b
      10:35           cause    a b c
      10:42           cause    a b c d
