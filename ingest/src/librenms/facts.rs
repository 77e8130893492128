//! A device's row with its times in UTC: what [`policy`](super::policy) judges.

use correlate::model::Timestamp;

use super::decode::{DeviceRow, FailingChecks, PortStatus, RowTime};
use super::server_clock::ClockError;
use super::zone::{Before, ServerZone, Span};

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
    /// When its last full poll ended with the device up; the first of two
    /// meanings of a local time.
    pub(super) last_polled: Option<Timestamp>,
    /// When that poll began: then it was up.
    pub(super) poll_began: Option<Timestamp>,
    /// By so much later it may have been, where its local time has two meanings.
    pub(super) poll_unsure_ms: i64,
    /// How long that took, milliseconds.
    pub(super) poll_took_ms: Option<i64>,
    /// When it was last pinged, with whatever result; the first of two meanings.
    pub(super) last_ping: Option<Timestamp>,
    /// By so much later that may have been.
    pub(super) ping_unsure_ms: i64,
    /// This release notes the time of every ping, so the last one is that which
    /// the status follows from.
    pub(super) ping_is_last: bool,
    /// A time of the row lies more than [`CLOCK_AHEAD_MS_MAX`] after `now`.
    pub(super) ahead: bool,
}

/// What the times of a row were taken for, to understand the next ones; by the
/// server's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Times {
    polled: Option<Span>,
    pinged: Option<Span>,
    read_at: Option<Timestamp>,
}

impl Times {
    /// The instants of both columns, remembered for the next time.
    fn read(&mut self, row: &DeviceRow, zone: &ServerZone, now: Timestamp) -> [Option<Span>; 2] {
        let instant = |time: Option<RowTime>, known| {
            time.and_then(|time| zone.instant(time, Before { known, read_at: self.read_at }, now))
        };
        let found = [instant(row.last_polled, self.polled), instant(row.last_ping, self.pinged)];
        *self = Times { polled: found[0], pinged: found[1], read_at: Some(now) };
        found
    }
}

impl DeviceFacts {
    /// Reads the times of `row` by the server's clock, which is off by `error`,
    /// at `now` of ours.
    pub(super) fn of(
        row: &DeviceRow,
        times: &mut Times,
        zone: &ServerZone,
        error: ClockError,
        now: Timestamp,
    ) -> DeviceFacts {
        let ours = |span: Span| Span {
            earliest: error.ours(span.earliest),
            latest: error.ours(span.latest),
        };
        let [polled, pinged] = times.read(row, zone, error.theirs(now)).map(|span| span.map(ours));
        let limit = now.plus_millis(CLOCK_AHEAD_MS_MAX);
        let is_ahead = |span: Option<Span>| span.is_some_and(|span| span.earliest > limit);
        // `as` saturates.
        let poll_took_ms =
            row.last_polled_timetaken.map(|took_s| ((took_s * 1000.0) as i64).max(0));
        let took_ms = poll_took_ms.unwrap_or(POLL_TOOK_MS_DEFAULT);
        // LibreNMS writes whole seconds, cut, in its own time.
        let began = |end: Timestamp| {
            let theirs = next_second(error.theirs(end.min(now)).plus_millis(-took_ms));
            error.ours(theirs).min(now)
        };
        DeviceFacts {
            device_id: row.device_id,
            up: row.status,
            failing: row.status_reason,
            disabled: row.disabled == Some(true),
            ignored: row.ignore == Some(true),
            status_ignored: row.ignore_status == Some(true),
            last_polled: polled.map(|polled| polled.earliest.min(now)),
            poll_began: polled.map(|polled| began(polled.earliest)),
            poll_unsure_ms: polled.map_or(0, Span::length_ms),
            poll_took_ms,
            last_ping: pinged.map(|pinged| pinged.earliest.min(now)),
            ping_unsure_ms: pinged.map_or(0, Span::length_ms),
            ping_is_last: false,
            ahead: is_ahead(polled) || is_ahead(pinged),
        }
    }

    /// Whether it is known when it was last polled: its local time has one meaning.
    pub(super) fn poll_is_sure(&self) -> bool {
        self.poll_unsure_ms == 0
    }

    /// Never yet polled with success: being down is no outage.
    pub(super) fn is_unborn(&self) -> bool {
        self.last_polled.is_none() && self.up != Some(true)
    }

    /// The newest evidence on it.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.last_polled.max(self.last_ping)
    }

    /// The newest evidence on it, by the last meanings of its times: whoever says
    /// that nobody has looked at it must be sure.
    pub(super) fn newest_latest(&self) -> Option<Timestamp> {
        let polled = self.last_polled.map(|at| at.plus_millis(self.poll_unsure_ms));
        polled.max(self.last_ping.map(|at| at.plus_millis(self.ping_unsure_ms)))
    }

    /// Its last ping, once the verdict that follows from it must be in the row.
    pub(super) fn settled_ping(&self, now: Timestamp) -> Option<Timestamp> {
        let sure = self.last_ping.filter(|_| self.ping_unsure_ms == 0);
        sure.filter(|ping| ping.plus_millis(PING_SETTLES_MS) <= now)
    }

    /// A ping after which no poll ended well, though one must have ended since:
    /// so it failed. A younger one may belong to a poll that still goes on.
    ///
    /// Where fast pings leave no time behind, from 26.7 on, the last one that is
    /// noted may have been answered at the start of a poll in which the device
    /// died: then no ping is known to have failed.
    pub(super) fn failed_ping(&self, now: Timestamp) -> Option<Timestamp> {
        let took_ms = self.poll_took_ms.unwrap_or(POLL_TOOK_MS_DEFAULT);
        let over_ms = took_ms.saturating_mul(2).saturating_add(POLL_END_SLACK_MS);
        let is_over =
            |&ping: &Timestamp| self.last_polled < Some(ping) && ping.plus_millis(over_ms) <= now;
        let is_sure = self.ping_unsure_ms == 0 && self.poll_is_sure();
        self.last_ping.filter(|_| self.ping_is_last && is_sure).filter(is_over)
    }

    /// Whether ping is answered, and SNMP is not.
    pub(super) fn is_management_lost(&self) -> bool {
        self.up == Some(false) && self.failing.snmp && !self.failing.icmp
    }

    /// The last ping that is noted of a device that is not up, where a later one
    /// that left no time behind may have found otherwise.
    pub(super) fn loose_ping(&self, now: Timestamp) -> Option<Timestamp> {
        let is_loose = self.up == Some(false) && !self.ping_is_last;
        self.settled_ping(now).filter(|_| is_loose)
    }
}

/// LibreNMS writes whole seconds, cut: the end of a poll less its length is up
/// to a second early.
fn next_second(at: Timestamp) -> Timestamp {
    Timestamp(at.millis().saturating_add(999).div_euclid(1000).saturating_mul(1000))
}

impl PortStatus {
    /// When its device's ports were last read.
    #[inline]
    pub(super) fn polled_at(&self) -> Option<Timestamp> {
        self.poll_time.map(|since_1970| Timestamp(i64::from(since_1970.get()) * 1000))
    }
}
