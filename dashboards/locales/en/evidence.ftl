# How the beginning of a state was known
known-poll = Known from a poll
known-event-log = Known from the event log
known-push = Known from a push
known-outage = Known from the list of outages
known-other = Known otherwise
known-between = began between { $from } and { $to }

# Why a component has a state that nobody measured
because-silent = Nothing believable was heard of it for longer than the staleness limit: its source was silent, suspect or standing still
because-disabled = It, or its device, is switched off (disabled) in the NMS, which does not look at it
because-ignored = It is ignored in the NMS, and this source passes over what is ignored
because-never-polled = The NMS has never polled it: that is no outage
because-admin-shut = Somebody has shut this port (administratively down)
because-device-down = Its device is down and cannot be read, so what was last seen of it stands still
because-management-lost = The device answers to ping but not to SNMP: only its management is lost
because-gone = The NMS does not list it any more: deleted, added again under another number, or hidden from our token
because-odd-status = The NMS gives a status that means neither up nor down
because-check-unknown = An outage was recorded, and not which check failed
because-other = For a reason that another version of padwacht knows

# Components that services name and that their NMS does not watch
unwatched = Named by services, and not watched
unwatched-note = These are, or become, unknown. Mend it in the NMS, or in the path of the service.
unwatched-lead = The newest path of every service, held against the newest inventories. They are read by themselves now and then, or at once.
unwatched-read = Read all inventories now
unwatched-waits = Being read:
unwatched-none = Everything that services name is watched.
unwatched-component = Component
unwatched-why = Why
unwatched-seen = last in the list of the NMS
unwatched-disabled = Its device is switched off (disabled) in the NMS
unwatched-ignored = Its device is ignored in the NMS: it is polled, and nobody is alerted
unwatched-gone = The NMS does not list it any more
unwatched-replaced = It was deleted and added again under another number; name the new component in the service:
