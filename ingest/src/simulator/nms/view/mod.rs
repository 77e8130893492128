//! The rows that the API shows, as they are at the NMS's present instant.

mod device;
mod monitors;
mod other;
mod port;

use correlate::model::Timestamp;
use jiff::tz::TimeZone;

use super::Nms;
use crate::simulator::json::Row;

pub(in crate::simulator) use device::Shape;
pub(in crate::simulator) use port::{PORT_COLUMNS, SEARCH_COLUMNS};

impl Nms {
    /// The row in the types of the release.
    fn typed(&self, row: Row) -> Row {
        if !self.options.release.has_strings_only() {
            return row;
        }
        row.into_iter().map(|(key, value)| (key, value.into_string_value())).collect()
    }
}

/// `YYYY-MM-DD HH:MM:SS` in the server's zone, as raw rows have it.
pub(in crate::simulator) fn local(at: Timestamp, zone: &TimeZone) -> String {
    instant(at).to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// ISO 8601 in UTC with microseconds, as model rows have it. LibreNMS keeps whole seconds.
pub(in crate::simulator) fn iso(at: Timestamp) -> String {
    instant(at).strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// The same instant for jiff, held at the ends of its range.
pub(in crate::simulator) fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(if at.millis() < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

/// Whole seconds since 1970.
pub(in crate::simulator) fn epoch_s(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_that_comes_twice_reads_the_same_twice() {
        let zone = TimeZone::get("Europe/Amsterdam").expect("a system with time zones");
        // 2026-10-25 00:30 UTC is 02:30 summer time; an hour later it is 02:30 winter time.
        let first = Timestamp(1_792_888_200_000);
        let second = first.plus_millis(3_600_000);
        assert_eq!(local(first, &zone), "2026-10-25 02:30:00");
        assert_eq!(local(second, &zone), "2026-10-25 02:30:00");
        assert_eq!(iso(second), "2026-10-25T01:30:00.000000Z");
    }
}
