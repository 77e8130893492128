//! The zone of the server's clock, which no endpoint tells.
//!
//! Lists give local times without an offset. Either the settings name the
//! zone, or it is calibrated: one device is read both ways, as a row of the
//! list (local) and alone (UTC), and the difference is the offset now. After a
//! change of the clock both offsets hold for a while, and a time means the
//! latest instant that is not in the future. Pure.

use correlate::model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::decode::{DeviceRow, RowTime};
use super::facts::CLOCK_AHEAD_MS_MAX;

/// How long a calibration is used. Clocks change at a quarter of an hour in
/// every zone, so no change stays unnoticed for longer than this.
const CALIBRATION_MS_MAX: i64 = 15 * 60_000;

/// After a change of the clock, rows of before it are around for this long.
const FORMER_OFFSET_MS_MAX: i64 = 2 * 3_600_000;

/// Offsets in use are multiples of a quarter of an hour.
const OFFSET_STEP_S: i64 = 15 * 60;

/// UTC-12 to UTC+14 are in use.
const OFFSET_S_MAX: i64 = 14 * 3600;

/// What is known of the server's clock.
#[derive(Clone, Debug)]
pub(super) enum ServerZone {
    /// As the settings say.
    Named(TimeZone),
    /// As found out; `None` before the first calibration.
    Calibrated(Option<Calibration>),
}

/// The offset of the server's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Calibration {
    offset: Offset,
    found_at: Timestamp,
    /// The offset before this one, and when it was replaced.
    former: Option<(Offset, Timestamp)>,
}

impl ServerZone {
    /// The zone of the settings, or one yet to be calibrated.
    pub(super) fn new(setting: Option<TimeZone>) -> ServerZone {
        setting.map_or(ServerZone::Calibrated(None), ServerZone::Named)
    }

    /// Whether the offset should be found out (again).
    pub(super) fn needs_calibration(&self, now: Timestamp) -> bool {
        match self {
            ServerZone::Named(_) => false,
            ServerZone::Calibrated(None) => true,
            ServerZone::Calibrated(Some(known)) => {
                // A changed clock shows in the first poll after a quarter of an hour.
                let quarter = |at: Timestamp| at.millis().div_euclid(CALIBRATION_MS_MAX);
                quarter(known.found_at) != quarter(now)
            }
        }
    }

    /// Whether times can be read at all.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, ServerZone::Calibrated(None))
    }

    /// Notes that the offset is `offset` at `now`. Says whether it is news.
    pub(super) fn calibrate(&mut self, offset: Offset, now: Timestamp) -> bool {
        let ServerZone::Calibrated(known) = self else { return false };
        let former = match *known {
            Some(old) if old.offset != offset => Some((old.offset, now)),
            Some(old) => old.former,
            None => None,
        };
        let changed = known.is_none_or(|old| old.offset != offset);
        *known = Some(Calibration { offset, found_at: now, former });
        changed
    }

    /// The instant that `time` means, read at `now`: the latest one that is not
    /// in the future, or else the earliest.
    pub(super) fn instant(&self, time: RowTime, now: Timestamp) -> Option<Timestamp> {
        let local = match time {
            RowTime::Utc(instant) => return Some(Timestamp(instant.as_millisecond())),
            RowTime::Local(local) => local,
        };
        let offsets = self.offsets(local, now);
        let instants = offsets.into_iter().flatten().filter_map(|offset| {
            let instant = offset.to_timestamp(local).ok()?;
            Some(Timestamp(instant.as_millisecond()))
        });
        let limit = now.plus_millis(CLOCK_AHEAD_MS_MAX);
        let past = instants.clone().filter(|&at| at <= limit).max();
        past.or_else(|| instants.min())
    }

    fn offsets(&self, local: DateTime, now: Timestamp) -> [Option<Offset>; 2] {
        match self {
            ServerZone::Named(zone) => match zone.to_ambiguous_timestamp(local).offset() {
                AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
                AmbiguousOffset::Gap { before, after }
                | AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
            },
            ServerZone::Calibrated(None) => [None, None],
            ServerZone::Calibrated(Some(known)) => {
                let still = |&(_, until): &(Offset, Timestamp)| {
                    now < until.plus_millis(FORMER_OFFSET_MS_MAX)
                };
                [Some(known.offset), known.former.filter(still).map(|(offset, _)| offset)]
            }
        }
    }
}

/// Whether the row gives a time without its offset.
pub(super) fn has_local_times(row: &DeviceRow) -> bool {
    newest_local(row).is_some()
}

/// The newest evidence in the row, by the server's clock.
pub(super) fn newest_local(row: &DeviceRow) -> Option<DateTime> {
    [row.last_polled, row.last_ping]
        .into_iter()
        .filter_map(|time| match time {
            Some(RowTime::Local(local)) => Some(local),
            _ => None,
        })
        .max()
}

/// The offset of the server's clock, from the same device read both ways.
///
/// A poll may have come between the two readings; then the difference is no
/// quarter of an hour, and the pair is passed over.
pub(super) fn offset_between(row: &DeviceRow, alone: &DeviceRow) -> Option<Offset> {
    let pairs = [
        (row.last_polled, alone.last_polled),
        (row.last_ping, alone.last_ping),
        (row.last_discovered, alone.last_discovered),
    ];
    pairs.into_iter().find_map(|pair| match pair {
        (Some(RowTime::Local(local)), Some(RowTime::Utc(utc))) => difference(local, utc),
        _ => None,
    })
}

fn difference(local: DateTime, utc: jiff::Timestamp) -> Option<Offset> {
    let as_utc = Offset::UTC.to_timestamp(local).ok()?;
    let seconds = as_utc.as_second().checked_sub(utc.as_second())?;
    if seconds % OFFSET_STEP_S != 0 || seconds.abs() > OFFSET_S_MAX {
        return None;
    }
    Offset::from_seconds(i32::try_from(seconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> RowTime {
        RowTime::Local(text.parse().unwrap())
    }

    fn utc(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn hours(hours: i8) -> Offset {
        Offset::constant(hours)
    }

    fn amsterdam() -> ServerZone {
        ServerZone::new(Some(TimeZone::get("Europe/Amsterdam").unwrap()))
    }

    #[track_caller]
    fn check(zone: &ServerZone, text: &str, now: &str, expected: &str) {
        assert_eq!(zone.instant(local(text), utc(now)), Some(utc(expected)), "{text} at {now}");
    }

    #[test]
    fn a_named_zone_knows_summer_and_winter() {
        check(&amsterdam(), "2026-08-20 12:00:00", "2026-08-20T10:01:00Z", "2026-08-20T10:00:00Z");
        check(&amsterdam(), "2026-12-20 12:00:00", "2026-12-20T11:01:00Z", "2026-12-20T11:00:00Z");
    }

    #[test]
    fn in_the_hour_that_comes_twice_the_latest_instant_that_is_past_counts() {
        let zone = amsterdam();
        check(&zone, "2026-10-25 02:30:00", "2026-10-25T00:31:00Z", "2026-10-25T00:30:00Z");
        check(&zone, "2026-10-25 02:59:00", "2026-10-25T01:10:00Z", "2026-10-25T00:59:00Z");
        check(&zone, "2026-10-25 02:30:00", "2026-10-25T01:31:00Z", "2026-10-25T01:30:00Z");
    }

    #[test]
    fn after_a_change_of_the_clock_both_offsets_hold_for_a_while() {
        let mut zone = ServerZone::new(None);
        assert!(zone.calibrate(hours(2), utc("2026-10-25T00:50:00Z")));
        assert!(zone.calibrate(hours(1), utc("2026-10-25T01:01:00Z")));
        assert!(!zone.calibrate(hours(1), utc("2026-10-25T01:15:00Z")));
        check(&zone, "2026-10-25 02:59:00", "2026-10-25T01:02:00Z", "2026-10-25T00:59:00Z");
        check(&zone, "2026-10-25 02:01:00", "2026-10-25T01:02:00Z", "2026-10-25T01:01:00Z");
        // Long after, only the new one does.
        check(&zone, "2026-10-25 12:00:00", "2026-10-25T10:30:00Z", "2026-10-25T11:00:00Z");
    }

    #[test]
    fn nothing_is_read_before_the_first_calibration() {
        let zone = ServerZone::new(None);
        let now = utc("2026-08-20T10:00:00Z");
        assert!(zone.needs_calibration(now));
        assert_eq!(zone.instant(local("2026-08-20 12:00:00"), now), None);
        let exact = RowTime::Utc("2026-08-20T09:00:00Z".parse().unwrap());
        assert_eq!(zone.instant(exact, now), Some(utc("2026-08-20T09:00:00Z")));
    }

    #[test]
    fn the_first_poll_of_every_quarter_of_an_hour_calibrates() {
        let mut zone = ServerZone::new(None);
        zone.calibrate(hours(0), utc("2026-08-20T10:01:00Z"));
        assert!(!zone.needs_calibration(utc("2026-08-20T10:14:59Z")));
        assert!(zone.needs_calibration(utc("2026-08-20T10:15:00Z")));
        assert!(!amsterdam().needs_calibration(utc("2026-08-20T10:15:00Z")));
    }

    #[test]
    fn the_offset_is_the_difference_of_both_readings() {
        let of = |local: &str, instant: &str| {
            difference(local.parse().unwrap(), instant.parse().unwrap())
        };
        assert_eq!(of("2023-09-23 19:45:29", "2023-09-23T17:45:29.000000Z"), Some(hours(2)));
        assert_eq!(
            of("2026-01-01 00:00:01", "2026-01-01T09:30:01Z"),
            Offset::from_seconds(-34_200).ok()
        );
        // A poll came in between, or the two are not of one device.
        assert_eq!(of("2026-01-01 00:00:01", "2026-01-01T00:05:01Z"), None);
        assert_eq!(of("2026-01-01 00:00:00", "2026-01-05T00:00:00Z"), None);
    }
}
