# A recovery that is heard before its problem does not hide it

Zabbix drops both, and clamps an end before a start to nothing.

## Proves
trap/recovery-before-problem
interval/split

## Setting
watched from 10:00

## Services
web needs a

## Story
10:00 a is up
10:40 a is up
10:40 believed
    web  10:00 on  up
10:41 a was down at 10:30
10:42 nothing happens

## Expected
web  10:00 to 10:30  up
     10:30 to 10:40  down  a
     10:40 on        up
