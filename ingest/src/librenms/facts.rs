//! A device's row with its times in UTC: what [`policy`](super::policy) judges.

use correlate::model::Timestamp;

use super::decode::{DeviceRow, FailingChecks, PortRow, RowTime};
use super::zone::{Before, ServerZone};

/// Clocks that are set by NTP agree much better; more than this is an error
/// of one of them, or of the time zone.
pub(super) const CLOCK_AHEAD_MS_MAX: i64 = 120_000;

/// How long a poll takes where the row does not say.
const POLL_TOOK_MS_DEFAULT: i64 = 60_000;

/// LibreNMS saves the time of a ping before the verdict that follows from it,
/// up to some seconds later. In between, a row has a new time and an old state.
const PING_SETTLES_MS: i64 = 15_000;

/// Writing at the end of a poll, and the clock of a distributed poller.
const POLL_END_SLACK_MS: i64 = 60_000;

/// What a row says of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct DeviceFacts {
    pub(super) device_id: u64,
    /// Whether LibreNMS says that it is up; `None` if the row does not tell.
    pub(super) up: Option<bool>,
    pub(super) failing: FailingChecks,
    pub(super) disabled: bool,
    /// Its alerts are off.
    pub(super) ignored: bool,
    /// LibreNMS shows it as up, whatever it is.
    pub(super) status_ignored: bool,
    /// When its last full poll ended with the device up.
    pub(super) last_polled: Option<Timestamp>,
    /// When that poll began: then it was up.
    pub(super) poll_began: Option<Timestamp>,
    /// How long that took, milliseconds.
    pub(super) poll_took_ms: Option<i64>,
    /// When it was last pinged, with whatever result.
    pub(super) last_ping: Option<Timestamp>,
    /// A time of the row lies more than [`CLOCK_AHEAD_MS_MAX`] after `now`.
    pub(super) ahead: bool,
}

/// What the times of a row were taken for, to understand the next ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Times {
    polled: Option<Timestamp>,
    pinged: Option<Timestamp>,
    read_at: Option<Timestamp>,
}

impl Times {
    /// The instants of both columns, remembered for the next time.
    fn read(
        &mut self,
        row: &DeviceRow,
        zone: &ServerZone,
        now: Timestamp,
    ) -> [Option<Timestamp>; 2] {
        let instant = |time: Option<RowTime>, known| {
            time.and_then(|time| zone.instant(time, Before { known, read_at: self.read_at }, now))
        };
        let found = [instant(row.last_polled, self.polled), instant(row.last_ping, self.pinged)];
        *self = Times { polled: found[0], pinged: found[1], read_at: Some(now) };
        found
    }
}

impl DeviceFacts {
    /// Reads the times of `row` by the server's clock.
    pub(super) fn of(
        row: &DeviceRow,
        times: &mut Times,
        zone: &ServerZone,
        now: Timestamp,
    ) -> DeviceFacts {
        let [last_polled, last_ping] = times.read(row, zone, now);
        let limit = now.plus_millis(CLOCK_AHEAD_MS_MAX);
        // `as` saturates.
        let poll_took_ms =
            row.last_polled_timetaken.map(|took_s| ((took_s * 1000.0) as i64).max(0));
        let polled = last_polled.map(|at| at.min(now));
        let took_ms = poll_took_ms.unwrap_or(POLL_TOOK_MS_DEFAULT);
        DeviceFacts {
            device_id: row.device_id,
            up: row.status,
            failing: row.status_reason,
            disabled: row.disabled == Some(true),
            ignored: row.ignore == Some(true),
            status_ignored: row.ignore_status == Some(true),
            last_polled: polled,
            poll_began: polled.map(|end| next_second(end.plus_millis(-took_ms)).min(now)),
            poll_took_ms,
            last_ping: last_ping.map(|at| at.min(now)),
            ahead: last_polled.max(last_ping) > Some(limit),
        }
    }

    /// Never yet polled with success: being down is no outage.
    pub(super) fn is_unborn(&self) -> bool {
        self.last_polled.is_none() && self.up != Some(true)
    }

    /// The newest evidence on it.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.last_polled.max(self.last_ping)
    }

    /// Its last ping, once the verdict that follows from it must be in the row.
    pub(super) fn settled_ping(&self, now: Timestamp) -> Option<Timestamp> {
        self.last_ping.filter(|ping| ping.plus_millis(PING_SETTLES_MS) <= now)
    }

    /// A ping after which no poll ended well, though one must have ended since:
    /// so it failed. A younger one may belong to a poll that still goes on.
    pub(super) fn failed_ping(&self, now: Timestamp) -> Option<Timestamp> {
        let took_ms = self.poll_took_ms.unwrap_or(POLL_TOOK_MS_DEFAULT);
        let over_ms = took_ms.saturating_mul(2).saturating_add(POLL_END_SLACK_MS);
        self.last_ping
            .filter(|&ping| self.last_polled < Some(ping) && ping.plus_millis(over_ms) <= now)
    }
}

/// LibreNMS writes whole seconds, cut: the end of a poll less its length is up
/// to a second early.
fn next_second(at: Timestamp) -> Timestamp {
    Timestamp(at.millis().saturating_add(999).div_euclid(1000).saturating_mul(1000))
}

impl PortRow {
    /// When its device's ports were last read.
    pub(super) fn polled_at(&self) -> Option<Timestamp> {
        self.poll_time.filter(|&s| s > 0).map(|s| Timestamp(s.saturating_mul(1000)))
    }
}
