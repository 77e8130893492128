//! What reading devices in both formats tells of the zone of a server's clock,
//! and which zones that leaves.
//!
//! Offsets of one season fit many zones: in winter Amsterdam is as Lagos. So
//! none is picked; all that had every offset that was found are kept, one for
//! each behaviour, and a local time means what it means in any of them. A zone
//! has a name only once one behaviour is left. Does no IO but for the database
//! of zones, which is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use correlate::model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::offsets_in;

/// Offsets are kept per month of the year: a dozen tell any rule of summer time.
const MONTH_MS: i64 = 30 * 86_400_000;
/// And for so many months.
const MONTHS_MAX: usize = 48;

/// Zones that did the same in this time behave alike.
const BACK_MS: i64 = 3 * 366 * 86_400_000;
const AHEAD_MS: i64 = 40 * 86_400_000;

/// They are held against each other anew after so long.
const WEIGHED_MS: i64 = 86_400_000;

/// More behaviours than ever fit one offset.
const LEFT_MAX: usize = 64;

/// Around the present offset local times need no search, where no zone changed so near.
const CALM_MS: i64 = 24 * 3_600_000;
const CALM_MARGIN_MS: i64 = 3 * 3_600_000;

/// By how much clocks change, where no zone tells.
const CHANGE_S: i32 = 3600;

/// Names that are tried first, as most zones have several that agree.
const LIKELY: [&str; 11] = [
    "UTC",
    "Europe/Amsterdam",
    "Europe/London",
    "Europe/Helsinki",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Santiago",
    "Asia/Jerusalem",
    "Australia/Sydney",
    "Pacific/Auckland",
];

/// Every zone of the database, the likely ones first.
static ZONES: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
    let likely = LIKELY.into_iter().map(str::to_owned);
    let others = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    // A station that moves its clock by two hours would double everybody's doubt.
    let is_other = |name: &String| {
        ["posix", "right", "Antarctica/"].iter().any(|start| name.starts_with(start))
    };
    let is_zone = |name: &String| name.contains('/') && !is_other(name);
    likely.chain(others.filter(is_zone)).filter_map(|name| TimeZone::get(&name).ok()).collect()
});

/// The offsets that were found, and the zones that had them all.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// By month and offset, the first and the last instant at which it held.
    seen: BTreeMap<(i64, i32), (Timestamp, Timestamp)>,
    /// The newest of them: the present offset.
    newest: Option<(Timestamp, Offset)>,
    /// One zone for each behaviour that is left; empty if none fits.
    left: Vec<TimeZone>,
    weighed_at: Option<Timestamp>,
    /// Local times between which all of those have the present offset.
    calm: Option<(DateTime, DateTime)>,
}

impl Evidence {
    /// Takes in that the clock had these offsets at these instants.
    pub(super) fn add(&mut self, pairs: &[(Timestamp, Offset)], now: Timestamp) {
        let mut is_news = false;
        for &(at, offset) in pairs {
            let key = (at.millis().div_euclid(MONTH_MS), offset.seconds());
            let span = self.seen.entry(key).or_insert_with(|| {
                is_news = true;
                (at, at)
            });
            *span = (span.0.min(at), span.1.max(at));
            if self.newest.is_none_or(|(newest, _)| at >= newest) {
                self.newest = Some((at, offset));
            }
        }
        while self.seen.len() > MONTHS_MAX {
            self.seen.pop_first();
        }
        let is_old = self.weighed_at.is_none_or(|at| at.plus_millis(WEIGHED_MS) <= now);
        if is_news || is_old || !self.left.iter().all(|zone| self.fits(zone)) {
            self.weigh(now);
        }
        self.calm = self.newest.and_then(|(at, offset)| self.calm_around(at, offset));
    }

    fn calm_around(&self, at: Timestamp, offset: Offset) -> Option<(DateTime, DateTime)> {
        let margin_ms = CALM_MS + CALM_MARGIN_MS;
        let (from, until) =
            (instant(at.plus_millis(-margin_ms))?, instant(at.plus_millis(margin_ms))?);
        let is_calm = |zone: &TimeZone| {
            zone.following(from).next().is_none_or(|change| change.timestamp() > until)
        };
        let is_calm = !self.left.is_empty() && self.left.iter().all(is_calm);
        let local = |ms| Some(offset.to_datetime(instant(at.plus_millis(ms))?));
        if is_calm { local(-CALM_MS).zip(local(CALM_MS)) } else { None }
    }

    /// The present offset.
    pub(super) fn offset(&self) -> Option<Offset> {
        self.newest.map(|(_, offset)| offset)
    }

    /// Over how many months offsets were found.
    pub(super) fn months(&self) -> usize {
        self.seen.keys().map(|(month, _)| month).collect::<BTreeSet<_>>().len()
    }

    /// The zone, if all that are left behave alike; one without summer time by its offset.
    pub(super) fn name(&self) -> Option<String> {
        let ([zone], Some((at, offset))) = (&self.left[..], self.newest) else { return None };
        if course(zone, at).1.is_empty() {
            return Some(match offset.seconds() {
                0 => "UTC".to_owned(),
                seconds => {
                    let sign = if seconds < 0 { '-' } else { '+' };
                    let minutes = seconds.abs() / 60;
                    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
                }
            });
        }
        zone.iana_name().map(str::to_owned)
    }

    /// The present offset, if `local` is so near that the clock had no other.
    pub(super) fn calm_offset(&self, local: DateTime) -> Option<Offset> {
        let ((from, until), (_, offset)) = (self.calm?, self.newest?);
        (from..=until).contains(&local).then_some(offset)
    }

    /// The offsets with which the clock may have shown `local`.
    pub(super) fn offsets(&self, local: DateTime) -> Vec<Offset> {
        if let Some(offset) = self.calm_offset(local) {
            return vec![offset];
        }
        if !self.left.is_empty() {
            return self.left.iter().flat_map(|zone| offsets_in(zone, local)).collect();
        }
        let Some((_, offset)) = self.newest else { return Vec::new() };
        let shown = offset.to_timestamp(local).ok().map(|at| Timestamp(at.as_millisecond()));
        if shown >= Some(self.held_since()) {
            return vec![offset];
        }
        let seconds = offset.seconds();
        let near = [seconds + CHANGE_S, seconds, seconds - CHANGE_S];
        near.into_iter().filter_map(|s| Offset::from_seconds(s).ok()).collect()
    }

    /// The earliest time that the clock may have shown between `since` and `now`.
    pub(super) fn earliest_local(&self, since: Timestamp, now: Timestamp) -> Option<DateTime> {
        if !self.left.is_empty() {
            return self.left.iter().filter_map(|zone| earliest_in(zone, since, now)).min();
        }
        let (_, offset) = self.newest?;
        let change_s = if since >= self.held_since() { 0 } else { CHANGE_S };
        let offset = Offset::from_seconds(offset.seconds() - change_s).unwrap_or(offset);
        Some(offset.to_datetime(instant(since)?))
    }

    /// Since when the present offset is sure to have held without a break.
    fn held_since(&self) -> Timestamp {
        let Some((newest, offset)) = self.newest else { return Timestamp::MAX };
        let is_present = |seen: &(i64, i32)| seen.1 == offset.seconds();
        let others = self.seen.iter().filter(|(key, _)| !is_present(key));
        let other_until = others.map(|(_, span)| span.1).max();
        let own = self.seen.iter().filter(|(key, _)| is_present(key)).map(|(_, span)| span.0);
        // Two instants of one offset a season apart do not say what was between.
        let near = newest.plus_millis(-MONTH_MS / 2);
        own.filter(|&at| Some(at) > other_until && at >= near).min().unwrap_or(newest)
    }

    /// Whether the zone had every one of the offsets.
    fn fits(&self, zone: &TimeZone) -> bool {
        self.seen.iter().all(|((_, seconds), span)| {
            let had = |at| instant(at).is_some_and(|at| zone.to_offset(at).seconds() == *seconds);
            had(span.0) && had(span.1)
        })
    }

    fn weigh(&mut self, now: Timestamp) {
        let mut courses = BTreeSet::new();
        let mut left = Vec::new();
        for zone in ZONES.iter().filter(|zone| self.fits(zone)) {
            if courses.insert(course(zone, now)) && left.len() < LEFT_MAX {
                left.push(zone.clone());
            }
        }
        (self.left, self.weighed_at) = (left, Some(now));
    }
}

/// What a zone does around `now`: its offset at first, and its changes.
fn course(zone: &TimeZone, now: Timestamp) -> (i32, Vec<(i64, i32)>) {
    let (Some(from), Some(until)) =
        (instant(now.plus_millis(-BACK_MS)), instant(now.plus_millis(AHEAD_MS)))
    else {
        return (0, Vec::new());
    };
    let mut offset = zone.to_offset(from).seconds();
    let first = offset;
    let mut changes = Vec::new();
    for change in zone.following(from).take_while(|change| change.timestamp() <= until) {
        // Some changes are of the name only.
        if change.offset().seconds() != offset {
            offset = change.offset().seconds();
            changes.push((change.timestamp().as_second(), offset));
        }
    }
    (first, changes)
}

/// The earliest time that a clock of the zone shows between `since` and `now`.
pub(super) fn earliest_in(zone: &TimeZone, since: Timestamp, now: Timestamp) -> Option<DateTime> {
    let (since, now) = (instant(since)?, instant(now)?);
    let changes = zone.following(since).take_while(|change| change.timestamp() <= now);
    let after = changes.map(|change| change.offset().to_datetime(change.timestamp()));
    after.chain([zone.to_datetime(since)]).min()
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(at.millis()).ok()
}
