# Before the first sample nobody can say what a component is

## Proves
component/unknown-before-first
state/unknown
cause/unknown

## Services
web needs ams1/device/1

## Story
10:00 nothing happens
10:05 ams1/device/1 is up
10:10 nothing happens

## Expected
web  00:00 to 10:05  unknown  ams1/device/1
     10:05 on        up
