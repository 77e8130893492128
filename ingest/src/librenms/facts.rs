//! A device's row with its times in UTC: what [`policy`](super::policy) judges.

use correlate::model::Timestamp;

use super::decode::{DeviceRow, FailingChecks, PortRow};
use super::zone::ServerZone;

/// Clocks that are set by NTP agree much better; more than this is an error
/// of one of them, or of the time zone.
pub(super) const CLOCK_AHEAD_MS_MAX: i64 = 120_000;

/// What a row says of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct DeviceFacts {
    pub(super) device_id: u64,
    /// Whether LibreNMS says that it is up; `None` if the row does not tell.
    pub(super) up: Option<bool>,
    pub(super) failing: FailingChecks,
    pub(super) disabled: bool,
    /// When a full poll last ended with the device up.
    pub(super) last_polled: Option<Timestamp>,
    /// How long that took, milliseconds.
    pub(super) poll_took_ms: Option<i64>,
    /// When it was last pinged, with whatever result.
    pub(super) last_ping: Option<Timestamp>,
    /// A time of the row lies more than [`CLOCK_AHEAD_MS_MAX`] after `now`.
    pub(super) ahead: bool,
}

impl DeviceFacts {
    /// Reads the times of `row` by the server's clock.
    pub(super) fn of(row: &DeviceRow, zone: &ServerZone, now: Timestamp) -> DeviceFacts {
        let instant = |time| zone.instant(time, now);
        let last_polled = row.last_polled.and_then(instant);
        let last_ping = row.last_ping.and_then(instant);
        let limit = now.plus_millis(CLOCK_AHEAD_MS_MAX);
        DeviceFacts {
            device_id: row.device_id,
            up: row.status,
            failing: row.status_reason,
            disabled: row.disabled == Some(true),
            last_polled: last_polled.map(|at| at.min(now)),
            // `as` saturates.
            poll_took_ms: row.last_polled_timetaken.map(|took_s| (took_s * 1000.0) as i64),
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
}

impl PortRow {
    /// When its device's ports were last read.
    pub(super) fn polled_at(&self) -> Option<Timestamp> {
        self.poll_time.filter(|&s| s > 0).map(|s| Timestamp(s.saturating_mul(1000)))
    }
}
