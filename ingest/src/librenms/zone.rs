//! The zone of the server's clock, which no endpoint tells.
//!
//! Lists give local times without an offset. Either the settings name the
//! zone, or it is calibrated: one device is read both ways, as a row of the
//! list (local) and alone (UTC), and the difference is the offset at that
//! instant. All offsets found are collected, and a local time means whatever
//! it means in any zone that had them all.
//!
//! So a local time may mean several instants. What was read before tells them
//! apart; where it does not, all of them count, from the earliest to the
//! latest, until the row moves on. Everything here is in the server's own
//! time. Pure.

mod evidence;

use correlate::model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::decode::{DeviceRow, RowTime};
use super::facts::CLOCK_AHEAD_MS_MAX;
use crate::source::{Basis, Found};
use evidence::Evidence;

/// How long a calibration is used. Clocks change at a quarter of an hour in
/// every zone, so no change stays unnoticed for longer than this.
const CALIBRATION_MS_MAX: i64 = 15 * 60_000;

/// Offsets in use are multiples of a quarter of an hour.
const OFFSET_STEP_S: i64 = 15 * 60;

/// UTC-12 to UTC+14 are in use.
const OFFSET_S_MAX: i64 = 14 * 3600;

/// A row that was written after the last reading may carry the time of a
/// clock, or of a poll, that is this much behind.
const WRITTEN_BEHIND_MS_MAX: i64 = 600_000;

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
    /// The last instant at which the offset is known to have held.
    found_at: Timestamp,
    evidence: Evidence,
}

/// The first and the last instant that a local time can mean: mostly the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) earliest: Timestamp,
    pub(super) latest: Timestamp,
}

impl Span {
    /// It means this instant and no other.
    pub(super) fn at(at: Timestamp) -> Span {
        Span { earliest: at, latest: at }
    }

    fn of(instants: &[Timestamp]) -> Option<Span> {
        Some(Span { earliest: *instants.first()?, latest: *instants.last()? })
    }

    /// How far apart the two are, milliseconds; 0 for one meaning.
    pub(super) fn length_ms(self) -> i64 {
        self.latest.millis().saturating_sub(self.earliest.millis())
    }
}

/// What was known of a column before it was read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Before {
    /// What the column meant then.
    pub(super) known: Option<Span>,
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

    /// Notes what reading devices in both ways gave; the first of `pairs` is
    /// the newest and tells the present offset. Says whether that is news.
    pub(super) fn calibrate(&mut self, pairs: &[(Timestamp, Offset)], now: Timestamp) -> bool {
        let ServerZone::Calibrated(known) = self else { return false };
        let Some(&(found_at, offset)) = pairs.first() else { return false };
        let mut evidence = known.take().map(|known| known.evidence).unwrap_or_default();
        let changed = evidence.offset() != Some(offset);
        evidence.add(pairs, now);
        *known = Some(Calibration { found_at, evidence });
        changed
    }

    /// The present offset and the zone, as found out or set.
    pub(super) fn describe(&self) -> Option<(Found, Basis)> {
        match self {
            ServerZone::Named(zone) => {
                Some((Found::Name(zone.iana_name().unwrap_or("?").to_owned()), Basis::Set))
            }
            ServerZone::Calibrated(known) => {
                let evidence = &known.as_ref()?.evidence;
                let offset = evidence.offset()?.to_string();
                let months = u32::try_from(evidence.months()).unwrap_or(u32::MAX);
                let value = Found::Clock { zone: evidence.name(), offset };
                Some((value, Basis::BothClocks { months }))
            }
        }
    }

    /// What `time` means, read at `now`. Of several instants that are not in
    /// the future those count that were known before, else those that can have
    /// been written since the last reading, else all.
    pub(super) fn instant(&self, time: RowTime, before: Before, now: Timestamp) -> Option<Span> {
        let local = match time {
            RowTime::Utc(instant) => return Some(Span::at(Timestamp(instant.as_millisecond()))),
            RowTime::Local(local) => local,
        };
        let written = before.read_at.map(|read_at| read_at.plus_millis(-WRITTEN_BEHIND_MS_MAX));
        // Mostly there is one meaning, and no list of them is needed.
        if let Some(only) = self.only_meaning(local).map(Span::at) {
            let is_old = written.is_some_and(|written| only.earliest < written);
            return before.known.filter(|_| is_old).or(Some(only));
        }
        if let Some(known) = before.known.filter(|&known| self.could_mean(local, known)) {
            return Some(known);
        }
        let meanings = self.meanings(local, now);
        match written {
            Some(written) => {
                let fresh: Vec<_> = meanings.iter().copied().filter(|&at| at >= written).collect();
                // It cannot be that old: the clock has changed, and that is not known yet.
                let unheard = || before.known.or_else(|| meanings.last().copied().map(Span::at));
                Span::of(&fresh).or_else(unheard)
            }
            None => Span::of(&meanings),
        }
    }

    /// Whether the clock may have shown `local` at both ends of `known`.
    fn could_mean(&self, local: DateTime, known: Span) -> bool {
        let offsets = self.offsets(local);
        let is_meant = |at: Timestamp| {
            let mut instants = offsets.iter().filter_map(|offset| offset.to_timestamp(local).ok());
            instants.any(|instant| instant.as_millisecond() == at.millis())
        };
        is_meant(known.earliest) && (known.latest == known.earliest || is_meant(known.latest))
    }

    /// All instants that a local time can mean at `now`, ascending: those not
    /// in the future, or else the earliest.
    pub(super) fn meanings(&self, local: DateTime, now: Timestamp) -> Vec<Timestamp> {
        let mut instants: Vec<_> = self
            .offsets(local)
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

    /// The instant that a local time means, where it is seen at once that there is
    /// no other.
    fn only_meaning(&self, local: DateTime) -> Option<Timestamp> {
        let offset = match self {
            ServerZone::Named(zone) => match zone.to_ambiguous_timestamp(local).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Gap { .. } | AmbiguousOffset::Fold { .. } => return None,
            },
            ServerZone::Calibrated(known) => known.as_ref()?.evidence.calm_offset(local)?,
        };
        Some(Timestamp(offset.to_timestamp(local).ok()?.as_millisecond()))
    }

    fn offsets(&self, local: DateTime) -> Vec<Offset> {
        match self {
            ServerZone::Named(zone) => offsets_in(zone, local),
            ServerZone::Calibrated(None) => Vec::new(),
            ServerZone::Calibrated(Some(known)) => known.evidence.offsets(local),
        }
    }

    /// The earliest time that the server's clock may have shown from `since` to
    /// `now`, if its zone is known: where it was set back between them, that is
    /// not what it showed at `since`. Lines of the log are asked for by it,
    /// because the server compares texts.
    pub(super) fn earliest_local(&self, since: Timestamp, now: Timestamp) -> Option<DateTime> {
        match self {
            ServerZone::Named(zone) => evidence::earliest_in(zone, since, now),
            ServerZone::Calibrated(known) => known.as_ref()?.evidence.earliest_local(since, now),
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

/// The devices that were added nearest to the middle of January and of July.
pub(super) fn of_both_seasons(rows: &[DeviceRow]) -> impl Iterator<Item = &DeviceRow> {
    let day_of_year = |row: &DeviceRow| match row.inserted {
        Some(RowTime::Local(local)) => Some(i32::from(local.day_of_year())),
        _ => None,
    };
    [15, 197].into_iter().filter_map(move |middle: i32| {
        let apart = |row: &DeviceRow| {
            let days = (day_of_year(row)? - middle).abs();
            Some(days.min(365 - days))
        };
        let dated = rows.iter().filter_map(|row| Some((apart(row)?, row)));
        dated.min_by_key(|&(days, _)| days).map(|(_, row)| row)
    })
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
        check_both(zone, text, now, [expected, expected]);
    }

    /// The earliest and the latest that it can mean.
    #[track_caller]
    fn check_both(zone: &ServerZone, text: &str, now: &str, expected: [&str; 2]) {
        let found = zone.instant(local(text), Before::default(), utc(now));
        let [earliest, latest] = expected.map(utc);
        assert_eq!(found, Some(Span { earliest, latest }), "{text} at {now}");
    }

    /// What a time means that was not there at an earlier reading.
    #[track_caller]
    fn check_after(zone: &ServerZone, read_at: &str, text: &str, now: &str, expected: &str) {
        let before = Before { known: None, read_at: Some(utc(read_at)) };
        let found = zone.instant(local(text), before, utc(now));
        assert_eq!(found, Some(Span::at(utc(expected))), "{text} at {now}");
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
            known: Some(Span::at(utc("2026-10-25T00:30:00Z"))),
            read_at: Some(utc("2026-10-25T01:30:00Z")),
        };
        let found = zone.instant(local("2026-10-25 02:30:00"), before, utc("2026-10-25T01:31:00Z"));
        assert_eq!(found, before.known);
    }

    #[test]
    fn in_the_hour_that_comes_twice_a_first_reading_leaves_both_open() {
        let now = "2026-10-25T01:31:00Z";
        let both = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
        check_both(&amsterdam(), "2026-10-25 02:30:00", now, both);
        // The same row again tells no more; the next one does.
        let zone = amsterdam();
        let first = zone.instant(local("2026-10-25 02:30:00"), Before::default(), utc(now));
        let before = Before { known: first, read_at: Some(utc(now)) };
        let later = utc("2026-10-25T01:36:00Z");
        assert_eq!(zone.instant(local("2026-10-25 02:30:00"), before, later), first);
        let next = zone.instant(local("2026-10-25 02:35:00"), before, later);
        assert_eq!(next, Some(Span::at(utc("2026-10-25T01:35:00Z"))));
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

    /// A zone of which it was found out at `now` what offsets it had.
    fn found(pairs: &[(&str, i8)], now: &str) -> ServerZone {
        let mut zone = ServerZone::new(None);
        let pairs: Vec<_> = pairs.iter().map(|&(at, offset)| (utc(at), hours(offset))).collect();
        zone.calibrate(&pairs, utc(now));
        zone
    }

    /// What the page shows: the zone, and over how many months it was found.
    #[track_caller]
    fn check_shown(zone: &ServerZone, name: Option<&str>, offset: &str, months: u32) {
        let value = Found::Clock { zone: name.map(str::to_owned), offset: offset.to_owned() };
        assert_eq!(zone.describe(), Some((value, Basis::BothClocks { months })));
    }

    const WINTER: &str = "2026-12-01T10:00:00Z";

    #[test]
    fn offsets_of_two_seasons_name_the_zone_and_it_reads_the_past() {
        let summer = "2026-07-01 12:00:00";
        let one = found(&[("2026-12-01T09:58:00Z", 1)], WINTER);
        check_shown(&one, None, "+01", 1);
        check_both(&one, summer, WINTER, ["2026-07-01T10:00:00Z", "2026-07-01T11:00:00Z"]);
        let pairs =
            [("2026-12-01T09:59:00Z", 1), ("2026-06-10T09:00:00Z", 2), ("2024-01-10T09:00:00Z", 1)];
        let both = found(&pairs, WINTER);
        check_shown(&both, Some("Europe/Amsterdam"), "+01", 3);
        check(&both, summer, WINTER, "2026-07-01T10:00:00Z");
        check(&both, "2026-03-01 12:00:00", WINTER, "2026-03-01T11:00:00Z");
        check(&both, "2026-12-01 10:00:00", WINTER, "2026-12-01T09:00:00Z");
    }

    #[test]
    fn winters_alone_do_not_make_london_another_place() {
        let london = found(&[("2026-12-01T09:59:00Z", 0), ("2024-01-10T09:00:00Z", 0)], WINTER);
        check_shown(&london, None, "+00", 2);
        let both = ["2026-07-01T11:00:00Z", "2026-07-01T12:00:00Z"];
        check_both(&london, "2026-07-01 12:00:00", WINTER, both);
        check(&london, "2026-11-30 12:00:00", WINTER, "2026-11-30T12:00:00Z");
    }

    #[test]
    fn a_clock_that_never_changes_is_known_by_its_offset() {
        let winters = [("2026-12-01T09:59:00Z", 1), ("2024-01-10T09:00:00Z", 1)];
        check_shown(&found(&winters, WINTER), None, "+01", 2);
        // Summers rule out Europe, and leave Morocco, whose clock is back in Ramadan.
        let year = [winters[0], winters[1], ("2026-07-10T09:00:00Z", 1)];
        let lagos = found(&year, WINTER);
        check_shown(&lagos, None, "+01", 3);
        check(&lagos, "2026-07-01 12:00:00", WINTER, "2026-07-01T11:00:00Z");
        let ramadan = ["2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"];
        check_both(&lagos, "2026-03-01 12:00:00", WINTER, ramadan);
        let all = [year[0], year[1], year[2], ("2026-03-01T09:00:00Z", 1)];
        let lagos = found(&all, WINTER);
        check_shown(&lagos, Some("UTC+01:00"), "+01", 4);
        check(&lagos, "2026-03-01 12:00:00", WINTER, "2026-03-01T11:00:00Z");
    }

    #[test]
    fn summer_is_in_december_in_the_south() {
        let pairs = [("2026-12-01T09:59:00Z", 11), ("2026-06-10T09:00:00Z", 10)];
        let sydney = found(&pairs, WINTER);
        check_shown(&sydney, Some("Australia/Sydney"), "+11", 2);
        check(&sydney, "2026-07-01 12:00:00", WINTER, "2026-07-01T02:00:00Z");
        let summers = [("2026-12-01T09:59:00Z", 11), ("2026-01-10T09:00:00Z", 11)];
        let unsure = found(&summers, WINTER);
        check_shown(&unsure, None, "+11", 2);
        let both = ["2026-07-01T01:00:00Z", "2026-07-01T02:00:00Z"];
        check_both(&unsure, "2026-07-01 12:00:00", WINTER, both);
    }

    #[test]
    fn offsets_that_no_zone_had_leave_an_hour_of_doubt_before_they_were_seen() {
        let pairs = [
            ("2026-12-01T09:59:00Z", 1),
            ("2026-12-01T06:00:00Z", 1),
            ("2026-11-01T09:00:00Z", -5),
        ];
        let odd = found(&pairs, WINTER);
        check_shown(&odd, None, "+01", 2);
        check(&odd, "2026-12-01 07:30:00", WINTER, "2026-12-01T06:30:00Z");
        let doubtful = ["2026-12-01T02:00:00Z", "2026-12-01T04:00:00Z"];
        check_both(&odd, "2026-12-01 04:00:00", WINTER, doubtful);
    }

    #[test]
    fn a_new_process_beside_a_change_keeps_both_meanings_until_it_knows_the_zone() {
        // Down since 23:35, which the clock showed as 01:35; it was set back at 01:00.
        let now = "2026-10-25T03:00:00Z";
        let fresh = found(&[("2026-10-25T02:58:00Z", 1)], now);
        let both = ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"];
        check_both(&fresh, "2026-10-25 01:30:00", now, both);
        let known = found(&[("2026-10-25T02:58:00Z", 1), ("2026-07-10T09:00:00Z", 2)], now);
        check(&known, "2026-10-25 01:30:00", now, "2026-10-24T23:30:00Z");
        check(&known, "2026-10-25 03:30:00", now, "2026-10-25T02:30:00Z");
        // And in spring, when it is set forward at 01:00.
        let now = "2026-03-29T03:00:00Z";
        let fresh = found(&[("2026-03-29T02:58:00Z", 2)], now);
        let both = ["2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z"];
        check_both(&fresh, "2026-03-29 01:30:00", now, both);
        let known = found(&[("2026-03-29T02:58:00Z", 2), ("2026-01-10T09:00:00Z", 1)], now);
        check(&known, "2026-03-29 01:30:00", now, "2026-03-29T00:30:00Z");
    }

    #[test]
    fn the_log_is_asked_from_the_earliest_time_that_the_clock_showed() {
        let asked = |zone: &ServerZone, since: &str, now: &str| {
            zone.earliest_local(utc(since), utc(now)).unwrap().to_string()
        };
        let (since, now) = ("2026-10-25T00:50:00Z", "2026-10-25T01:05:00Z");
        let pairs = [("2026-10-25T01:02:00Z", 1), ("2026-10-25T00:45:00Z", 2)];
        for zone in [amsterdam(), found(&pairs, now)] {
            assert_eq!(asked(&zone, since, now), "2026-10-25T02:00:00");
            assert_eq!(asked(&zone, since, "2026-10-25T00:59:00Z"), "2026-10-25T02:50:00");
            assert_eq!(asked(&zone, "2026-10-25T02:00:00Z", now), "2026-10-25T03:00:00");
        }
    }

    #[test]
    fn nothing_is_read_before_the_first_calibration() {
        let zone = ServerZone::new(None);
        let now = utc("2026-08-20T10:00:00Z");
        assert!(zone.needs_calibration(now));
        assert_eq!(zone.instant(local("2026-08-20 12:00:00"), Before::default(), now), None);
        let exact = RowTime::Utc("2026-08-20T09:00:00Z".parse().unwrap());
        let expected = Some(Span::at(utc("2026-08-20T09:00:00Z")));
        assert_eq!(zone.instant(exact, Before::default(), now), expected);
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
