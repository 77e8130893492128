# How the beginning of a state was known
known-poll = Known from a poll
known-event-log = Known from the event log
known-push = Known from a push
known-outage = Known from the list of outages
known-other = Known otherwise
known-between = began between { $from } and { $to }
