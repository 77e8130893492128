# Hoe het begin van een toestand bekend was
known-poll = Bekend uit een uitlezing
known-event-log = Bekend uit het gebeurtenissenlogboek
known-push = Bekend uit een push
known-outage = Bekend uit de storingslijst
known-other = Op een andere manier bekend
known-between = begonnen tussen { $from } en { $to }
