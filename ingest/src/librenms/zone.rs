//! The zone of the server's clock, which no endpoint tells.
//!
//! Lists give local times without an offset. Either the settings name the
//! zone, or it is calibrated: one device is read both ways, as a row of the
//! list (local) and alone (UTC), and the difference is the offset at that
//! instant. The present offset reads present times; after a change of the
//! clock both offsets hold for a while. All offsets found are collected, and
//! once they tell summer from winter they name a zone, which then reads the
//! times of long ago.
//!
//! A local time may mean two instants. What was read before tells them apart;
//! where it does not, the earlier one counts, which makes evidence older and
//! never newer than it is. Pure.

use std::collections::BTreeMap;

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

/// A time older than this may be of before the last change of the clock.
const LONG_AGO_MS: i64 = 86_400_000;

/// By how much clocks change.
const CHANGE_S: i32 = 3600;

/// Offsets in use are multiples of a quarter of an hour.
const OFFSET_STEP_S: i64 = 15 * 60;

/// UTC-12 to UTC+14 are in use.
const OFFSET_S_MAX: i64 = 14 * 3600;

/// Offsets are kept per month of the year: a dozen tell any rule of summer time.
const MONTH_MS: i64 = 30 * 86_400_000;
/// And for so many months.
const MONTHS_MAX: usize = 48;

/// A row that was written after the last reading may carry the time of a
/// clock, or of a poll, that is this much behind.
const WRITTEN_BEHIND_MS_MAX: i64 = 600_000;

/// Names that are tried first, as most zones have several that agree.
const LIKELY: [&str; 7] = [
    "UTC",
    "Europe/Amsterdam",
    "Europe/London",
    "Europe/Helsinki",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
];

/// What is known of the server's clock.
#[derive(Clone, Debug)]
pub(super) enum ServerZone {
    /// As the settings say.
    Named(TimeZone),
    /// As found out; `None` before the first calibration.
    Calibrated(Option<Calibration>),
}

/// What was found out of the server's clock.
#[derive(Clone, Debug)]
pub(super) struct Calibration {
    offset: Offset,
    /// The last instant at which it is known to have held.
    found_at: Timestamp,
    /// The offset before this one, and when it was replaced.
    former: Option<(Offset, Timestamp)>,
    /// One instant of each month with its offset.
    pairs: BTreeMap<i64, (Timestamp, Offset)>,
    /// The zone that has all those offsets.
    zone: Option<TimeZone>,
}

/// What was known of a column before it was read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Before {
    /// What the column meant then.
    pub(super) known: Option<Timestamp>,
    /// When that was read.
    pub(super) read_at: Option<Timestamp>,
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
                // A changed clock shows in the first device polled after a quarter of an hour.
                let quarter = |at: Timestamp| at.millis().div_euclid(CALIBRATION_MS_MAX);
                quarter(known.found_at) != quarter(now)
            }
        }
    }

    /// Whether times can be read at all.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, ServerZone::Calibrated(None))
    }

    /// Notes what reading devices in both ways gave at `now`; the first of
    /// `pairs` is the newest and tells the present offset. Says whether that is
    /// news.
    pub(super) fn calibrate(&mut self, pairs: &[(Timestamp, Offset)], now: Timestamp) -> bool {
        let ServerZone::Calibrated(known) = self else { return false };
        let Some(&(found_at, offset)) = pairs.first() else { return false };
        let before = known.take();
        let former = match &before {
            Some(old) if old.offset != offset => Some((old.offset, now)),
            Some(old) => old.former,
            None => None,
        };
        let changed = before.as_ref().is_none_or(|old| old.offset != offset);
        let (mut all, zone) = before.map(|old| (old.pairs, old.zone)).unwrap_or_default();
        for &(at, offset) in pairs {
            all.insert(at.millis().div_euclid(MONTH_MS), (at, offset));
        }
        while all.len() > MONTHS_MAX {
            all.pop_first();
        }
        let zone = zone.filter(|zone| agrees(zone, &all)).or_else(|| identify(&all));
        *known = Some(Calibration { offset, found_at, former, pairs: all, zone });
        changed
    }

    /// The present offset and the zone, as found out or set, for people.
    pub(super) fn describe(&self) -> Option<(String, String)> {
        match self {
            ServerZone::Named(zone) => {
                Some((zone.iana_name().unwrap_or("?").to_owned(), "set".to_owned()))
            }
            ServerZone::Calibrated(None) => None,
            ServerZone::Calibrated(Some(known)) => {
                let how = format!(
                    "devices read both in its local time and in UTC, over {} months",
                    known.pairs.len()
                );
                let name = known.zone.as_ref().and_then(TimeZone::iana_name);
                let value = match name {
                    Some(name) => format!("{name} (now {})", known.offset),
                    None => {
                        format!("offset {} now; its summer time is not known yet", known.offset)
                    }
                };
                Some((value, how))
            }
        }
    }

    /// The instant that `time` means, read at `now`. Of several that are not in
    /// the future the one that was known before counts, then what can have been
    /// written since the last reading, then the earliest.
    pub(super) fn instant(
        &self,
        time: RowTime,
        before: Before,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let local = match time {
            RowTime::Utc(instant) => return Some(Timestamp(instant.as_millisecond())),
            RowTime::Local(local) => local,
        };
        if let Some(known) = before.known.filter(|&known| self.could_mean(local, known)) {
            return Some(known);
        }
        let meanings = self.meanings(local, now);
        let written = before.read_at.map(|read_at| read_at.plus_millis(-WRITTEN_BEHIND_MS_MAX));
        let fresh = meanings.iter().copied().filter(|&at| Some(at) >= written);
        match written {
            // It cannot be that old: the clock has changed, and that is not known yet.
            Some(_) => fresh.min().or(before.known).or_else(|| meanings.last().copied()),
            None => meanings.first().copied(),
        }
    }

    /// Whether the clock showed `local` at `at`, as far as is known.
    fn could_mean(&self, local: DateTime, at: Timestamp) -> bool {
        let Some(utc) = jiff::Timestamp::from_millisecond(at.millis()).ok() else { return false };
        let shows = |offset: Offset| offset.to_datetime(utc) == local;
        match self {
            ServerZone::Named(zone) => shows(zone.to_offset(utc)),
            ServerZone::Calibrated(None) => false,
            ServerZone::Calibrated(Some(known)) => {
                let former = known.former.map(|(offset, _)| offset);
                let then = known.zone.as_ref().map(|zone| zone.to_offset(utc));
                [Some(known.offset), former, then].into_iter().flatten().any(shows)
            }
        }
    }

    /// All instants that a local time can mean at `now`, ascending: those not
    /// in the future, or else the earliest.
    pub(super) fn meanings(&self, local: DateTime, now: Timestamp) -> Vec<Timestamp> {
        let mut instants: Vec<_> = self
            .offsets(local, now)
            .into_iter()
            .filter_map(|offset| offset.to_timestamp(local).ok())
            .map(|instant| Timestamp(instant.as_millisecond()))
            .collect();
        instants.sort_unstable();
        instants.dedup();
        let limit = now.plus_millis(CLOCK_AHEAD_MS_MAX);
        let past = instants.partition_point(|&at| at <= limit);
        instants.truncate(past.max(1));
        instants
    }

    fn offsets(&self, local: DateTime, now: Timestamp) -> Vec<Offset> {
        let known = match self {
            ServerZone::Named(zone) => return offsets_in(zone, local),
            ServerZone::Calibrated(None) => return Vec::new(),
            ServerZone::Calibrated(Some(known)) => known,
        };
        let is_old = known
            .offset
            .to_timestamp(local)
            .is_ok_and(|at| at.as_millisecond() < now.millis().saturating_sub(LONG_AGO_MS));
        if is_old {
            return match &known.zone {
                Some(zone) => offsets_in(zone, local),
                None => {
                    let seconds = known.offset.seconds();
                    let near = [seconds + CHANGE_S, seconds, seconds - CHANGE_S];
                    near.into_iter().filter_map(|s| Offset::from_seconds(s).ok()).collect()
                }
            };
        }
        let still =
            |&(_, until): &(Offset, Timestamp)| now < until.plus_millis(FORMER_OFFSET_MS_MAX);
        let former = known.former.filter(still).map(|(offset, _)| offset);
        [Some(known.offset), former].into_iter().flatten().collect()
    }

    /// The local time of the server at `at`, if its zone is known.
    pub(super) fn local(&self, at: Timestamp) -> Option<DateTime> {
        let instant = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
        match self {
            ServerZone::Named(zone) => Some(zone.to_datetime(instant)),
            ServerZone::Calibrated(known) => Some(known.as_ref()?.offset.to_datetime(instant)),
        }
    }
}

fn offsets_in(zone: &TimeZone, local: DateTime) -> Vec<Offset> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![offset],
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            vec![before, after]
        }
    }
}

/// Whether the zone had every one of the offsets.
fn agrees(zone: &TimeZone, pairs: &BTreeMap<i64, (Timestamp, Offset)>) -> bool {
    pairs.values().all(|&(at, offset)| {
        let instant = jiff::Timestamp::from_millisecond(at.millis());
        instant.is_ok_and(|instant| zone.to_offset(instant) == offset)
    })
}

/// The zone that had all the offsets, if they come from half a year at least:
/// one season fits too many.
fn identify(pairs: &BTreeMap<i64, (Timestamp, Offset)>) -> Option<TimeZone> {
    let (first, last) = (pairs.keys().next()?, pairs.keys().next_back()?);
    if last - first < 5 {
        return None;
    }
    let likely = LIKELY.into_iter().map(str::to_owned);
    let others = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    likely
        .chain(others.filter(|name| name.contains('/') && !name.starts_with("posix")))
        .filter_map(|name| TimeZone::get(&name).ok())
        .find(|zone| agrees(zone, pairs))
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

/// Instants with the offset of the server's clock at each, from the same device
/// read both ways; the newest first.
///
/// A poll may have come between the two readings; then the difference is no
/// quarter of an hour, and the pair is passed over.
pub(super) fn offsets_between(row: &DeviceRow, alone: &DeviceRow) -> Vec<(Timestamp, Offset)> {
    let columns = [
        (row.last_polled, alone.last_polled),
        (row.last_ping, alone.last_ping),
        (row.last_discovered, alone.last_discovered),
        (row.inserted, alone.inserted),
    ];
    let mut pairs: Vec<_> = columns
        .into_iter()
        .filter_map(|column| match column {
            (Some(RowTime::Local(local)), Some(RowTime::Utc(utc))) => {
                Some((Timestamp(utc.as_millisecond()), difference(local, utc)?))
            }
            _ => None,
        })
        .collect();
    pairs.sort_unstable_by_key(|&(at, _)| std::cmp::Reverse(at));
    pairs
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

    /// What a time means that is read for the first time.
    #[track_caller]
    fn check(zone: &ServerZone, text: &str, now: &str, expected: &str) {
        let found = zone.instant(local(text), Before::default(), utc(now));
        assert_eq!(found, Some(utc(expected)), "{text} at {now}");
    }

    /// What a time means that was not there at an earlier reading.
    #[track_caller]
    fn check_after(zone: &ServerZone, read_at: &str, text: &str, now: &str, expected: &str) {
        let before = Before { known: None, read_at: Some(utc(read_at)) };
        let found = zone.instant(local(text), before, utc(now));
        assert_eq!(found, Some(utc(expected)), "{text} at {now}");
    }

    fn pair(at: &str, offset: Offset) -> [(Timestamp, Offset); 1] {
        [(utc(at), offset)]
    }

    #[test]
    fn a_named_zone_knows_summer_and_winter() {
        check(&amsterdam(), "2026-08-20 12:00:00", "2026-08-20T10:01:00Z", "2026-08-20T10:00:00Z");
        check(&amsterdam(), "2026-12-20 12:00:00", "2026-12-20T11:01:00Z", "2026-12-20T11:00:00Z");
    }

    #[test]
    fn in_the_hour_that_comes_twice_what_was_read_before_decides() {
        let zone = amsterdam();
        check(&zone, "2026-10-25 02:30:00", "2026-10-25T00:31:00Z", "2026-10-25T00:30:00Z");
        check(&zone, "2026-10-25 02:59:00", "2026-10-25T01:10:00Z", "2026-10-25T00:59:00Z");
        check_after(
            &zone,
            "2026-10-25T01:25:00Z",
            "2026-10-25 02:30:00",
            "2026-10-25T01:31:00Z",
            "2026-10-25T01:30:00Z",
        );
        // The row of a device that went down in the first of the two hours.
        let before = Before {
            known: Some(utc("2026-10-25T00:30:00Z")),
            read_at: Some(utc("2026-10-25T01:30:00Z")),
        };
        let found = zone.instant(local("2026-10-25 02:30:00"), before, utc("2026-10-25T01:31:00Z"));
        assert_eq!(found, before.known);
    }

    #[test]
    fn in_the_hour_that_comes_twice_a_first_reading_takes_the_earlier() {
        let now = "2026-10-25T01:31:00Z";
        check(&amsterdam(), "2026-10-25 02:30:00", now, "2026-10-25T00:30:00Z");
    }

    #[test]
    fn after_a_change_of_the_clock_both_offsets_hold_for_a_while() {
        let mut zone = ServerZone::new(None);
        assert!(
            zone.calibrate(&pair("2026-10-25T00:49:00Z", hours(2)), utc("2026-10-25T00:50:00Z"))
        );
        assert!(
            zone.calibrate(&pair("2026-10-25T01:00:30Z", hours(1)), utc("2026-10-25T01:01:00Z"))
        );
        assert!(
            !zone.calibrate(&pair("2026-10-25T01:14:00Z", hours(1)), utc("2026-10-25T01:15:00Z"))
        );
        check(&zone, "2026-10-25 02:59:00", "2026-10-25T01:02:00Z", "2026-10-25T00:59:00Z");
        check_after(
            &zone,
            "2026-10-25T01:20:00Z",
            "2026-10-25 02:21:00",
            "2026-10-25T01:22:00Z",
            "2026-10-25T01:21:00Z",
        );
        // Long after, only the new one does.
        check(&zone, "2026-10-25 11:00:00", "2026-10-25T10:30:00Z", "2026-10-25T10:00:00Z");
    }

    #[test]
    fn offsets_of_two_seasons_name_the_zone_and_it_reads_the_past() {
        let mut zone = ServerZone::new(None);
        let now = utc("2026-12-01T10:00:00Z");
        zone.calibrate(&pair("2026-12-01T09:58:00Z", hours(1)), now);
        // Summer or winter then: the earlier of all that it may have been.
        check(&zone, "2026-07-01 12:00:00", "2026-12-01T10:00:00Z", "2026-07-01T10:00:00Z");
        let pairs = [
            (utc("2026-12-01T09:59:00Z"), hours(1)),
            (utc("2026-06-10T09:00:00Z"), hours(2)),
            (utc("2024-01-10T09:00:00Z"), hours(1)),
        ];
        zone.calibrate(&pairs, now);
        let (value, how) = zone.describe().unwrap();
        assert_eq!(value, "Europe/Amsterdam (now +01)");
        assert!(how.contains("3 months"), "{how}");
        check(&zone, "2026-07-01 12:00:00", "2026-12-01T10:00:00Z", "2026-07-01T10:00:00Z");
        check(&zone, "2026-03-01 12:00:00", "2026-12-01T10:00:00Z", "2026-03-01T11:00:00Z");
    }

    #[test]
    fn nothing_is_read_before_the_first_calibration() {
        let zone = ServerZone::new(None);
        let now = utc("2026-08-20T10:00:00Z");
        assert!(zone.needs_calibration(now));
        assert_eq!(zone.instant(local("2026-08-20 12:00:00"), Before::default(), now), None);
        let exact = RowTime::Utc("2026-08-20T09:00:00Z".parse().unwrap());
        assert_eq!(zone.instant(exact, Before::default(), now), Some(utc("2026-08-20T09:00:00Z")));
    }

    #[test]
    fn the_first_poll_of_every_quarter_of_an_hour_calibrates() {
        let mut zone = ServerZone::new(None);
        zone.calibrate(&pair("2026-08-20T10:00:00Z", hours(0)), utc("2026-08-20T10:01:00Z"));
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
