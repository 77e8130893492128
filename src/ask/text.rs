//! Instants, periods and lengths as people read them in a terminal.

use correlate::model::{Period, Timestamp};
use jiff::tz::TimeZone;

/// Writes times in one zone.
pub(super) struct Times(TimeZone);

impl Times {
    pub(super) fn new(zone: TimeZone) -> Times {
        Times(zone)
    }

    /// `2026-11-22 13:00:00 CET`, with milliseconds where there are any.
    pub(super) fn instant(&self, at: Timestamp) -> String {
        let Ok(instant) = jiff::Timestamp::from_millisecond(at.millis()) else {
            return if at < Timestamp(0) { "always before" } else { "for ever" }.to_owned();
        };
        let form = if at.millis() % 1_000 == 0 { "%F %T %Z" } else { "%F %T%.3f %Z" };
        instant.to_zoned(self.0.clone()).strftime(form).to_string()
    }

    /// `since A until B`; what has no start or no end is left out.
    pub(super) fn period(&self, period: &Period) -> String {
        let from = (period.from > Timestamp::MIN).then(|| self.instant(period.from));
        let until = (period.until < Timestamp::MAX).then(|| self.instant(period.until));
        match (from, until) {
            (Some(from), Some(until)) => format!("since {from} until {until}"),
            (Some(from), None) => format!("since {from}"),
            (None, Some(until)) => format!("until {until}"),
            (None, None) => "as long as is known".to_owned(),
        }
    }
}

/// A length in its two largest units: `1 d 3 h`, `12 min 5 s`, `250 ms`.
pub(super) fn length(millis: i64) -> String {
    const UNITS: [(&str, i64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
    let millis = millis.max(0);
    let first = UNITS.iter().position(|unit| millis >= unit.1).unwrap_or(UNITS.len() - 1);
    let mut text = format!("{} {}", millis / UNITS[first].1, UNITS[first].0);
    if let Some((name, size)) = UNITS.get(first + 1) {
        let rest = millis % UNITS[first].1 / size;
        if rest > 0 {
            text.push_str(&format!(" {rest} {name}"));
        }
    }
    text
}

/// `name (id)`, or the id alone where nobody named it.
pub(super) fn named(name: &str, id: &str) -> String {
    if name == id { id.to_owned() } else { format!("{name} ({id})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_units_at_most() {
        for (millis, expected) in [
            (0, "0 ms"),
            (250, "250 ms"),
            (1_250, "1 s 250 ms"),
            (725_000, "12 min 5 s"),
            (7_200_000, "2 h"),
            (97_200_000, "1 d 3 h"),
        ] {
            assert_eq!(length(millis), expected);
        }
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let times = Times::new(TimeZone::get("Europe/Amsterdam").unwrap());
        assert_eq!(times.instant(Timestamp(1_795_348_800_000)), "2026-11-22 13:00:00 CET");
        assert_eq!(times.instant(Timestamp(1_795_348_800_007)), "2026-11-22 13:00:00.007 CET");
        let open = Period::new(Timestamp(1_795_348_800_000), Timestamp::MAX);
        assert_eq!(times.period(&open), "since 2026-11-22 13:00:00 CET");
        let always = Period::new(Timestamp::MIN, Timestamp::MAX);
        assert_eq!(times.period(&always), "as long as is known");
    }
}
