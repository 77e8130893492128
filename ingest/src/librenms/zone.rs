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
