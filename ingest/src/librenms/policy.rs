//! What a row means: the one table of LibreNMS's states and ours.
//!
//! | device | state | known at |
//! | --- | --- | --- |
//! | disabled: not polled, its status is frozen | unknown | now |
//! | ignored: polled, but its alerts are off | as any other | |
//! | status 1 | up | its last poll or ping |
//! | status 1, never polled nor pinged | unknown | now |
//! | status 0, never polled | unknown: not an outage | now |
//! | status 0 because of ping (`icmp`, `icmp,snmp`) | down | its last ping |
//! | status 0 because of `snmp` alone, pinged lately | [`Policy::management_lost`] | its last ping |
//! | status 0 because of `snmp` alone, ping not in use | unknown | now |
//! | status 0 for no stated reason (old servers) | down | its last ping |
//! | no evidence within [`Policy::fresh_for_ms`] | no sample: the pollers stand still | |
//! | status unreadable, or times in the future | no sample | |
//!
//! | port | state | known at |
//! | --- | --- | --- |
//! | deleted | no sample | |
//! | disabled: not polled, its row is frozen | unknown | now |
//! | its device is down, unknown, or without SNMP: the row is frozen | unknown | as its device |
//! | never polled | unknown | now |
//! | not read in its device's last full poll, or too long ago | no sample | |
//! | administratively shut | [`Policy::admin_down`] | `poll_time` |
//! | operational status up | up | `poll_time` |
//! | down, lowerLayerDown, notPresent, dormant, testing | down | `poll_time` |
//! | unknown, null, or no word of RFC 2863 | unknown | `poll_time` |
//!
//! A frozen row gives no sample; but if its state has turned over since it was
//! last read it has not been frozen, and is believed as of now (fast ping,
//! discovery and traps change the state without touching the times). Pure.

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::decode::{OperStatus, PortRow};
use super::facts::{CLOCK_AHEAD_MS_MAX, DeviceFacts};

/// LibreNMS polls every 300 s by default; three missed polls are a standstill.
const FRESH_FOR_MS_DEFAULT: i64 = 3 * 300_000;

/// `poll_time` is when the ports of a device began to be read, `last_polled`
/// when its whole poll ended, and `last_polled_timetaken` is rounded; a
/// distributed poller's clock may be off by a little.
const POLL_START_SLACK_MS: i64 = 60_000;

/// The choices in the table that an account can make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// A device that answers to ping but not to SNMP. Default up: customers'
    /// traffic most likely passes; only the management plane is lost.
    pub management_lost: ComponentState,
    /// A port that is administratively shut. Default unknown: somebody wanted
    /// it so, and it is no outage.
    pub admin_down: ComponentState,
    /// How old the newest evidence on a component may be, in milliseconds.
    /// Default 15 minutes, three polls of LibreNMS.
    pub fresh_for_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { management_lost: Up, admin_down: Unknown, fresh_for_ms: FRESH_FOR_MS_DEFAULT }
    }
}

/// What a row says, before it is held against what was said earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Verdict {
    pub(super) state: ComponentState,
    /// When the row says that this was so; `None` if it gives no time for it.
    pub(super) at: Option<Timestamp>,
    /// Until when at least it was otherwise, if the row tells.
    pub(super) contrary: Option<Timestamp>,
    /// Nobody has looked lately: believe the row only if its state turned over.
    pub(super) frozen: bool,
}

impl Verdict {
    fn new(state: ComponentState, at: Option<Timestamp>) -> Verdict {
        Verdict { state, at, contrary: None, frozen: false }
    }
}

/// What its device says about a port's row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PortsOf {
    /// The device is polled: rows read since this instant are from its last poll.
    Polled {
        /// When that poll began, if it is known.
        since: Option<Timestamp>,
    },
    /// The device cannot be read, so its ports' rows stand still.
    Frozen,
}

impl Policy {
    /// What the row of a device means; `None` if nothing can be said.
    pub(super) fn device(&self, device: &DeviceFacts, now: Timestamp) -> Option<Verdict> {
        if device.disabled {
            return Some(Verdict::new(Unknown, Some(now)));
        }
        if device.ahead {
            return None;
        }
        let newest = device.last_polled.max(device.last_ping);
        let (Some(newest), false) = (newest, device.is_unborn()) else {
            return device.up.map(|_| Verdict::new(Unknown, Some(now)));
        };
        let frozen = self.is_stale(newest, now);
        if device.up? {
            return Some(Verdict { frozen, ..Verdict::new(Up, Some(newest)) });
        }
        let pinged = device.last_ping.filter(|&ping| device.last_polled < Some(ping));
        if device.failing.snmp && !device.failing.icmp {
            let answers = device.last_ping.filter(|&ping| !self.is_stale(ping, now));
            return Some(match answers {
                Some(ping) => Verdict {
                    contrary: device.last_polled.filter(|_| self.management_lost == Down),
                    ..Verdict::new(self.management_lost, Some(ping))
                },
                None => Verdict::new(Unknown, Some(now)),
            });
        }
        Some(Verdict { state: Down, at: pinged, contrary: device.last_polled, frozen })
    }

    /// Whether the rows of a device's ports can have moved.
    pub(super) fn ports_of(&self, device: &DeviceFacts) -> PortsOf {
        if device.disabled || device.is_unborn() || device.up == Some(false) {
            return PortsOf::Frozen;
        }
        let took_ms = device.poll_took_ms.unwrap_or(self.fresh_for_ms);
        let since = device.last_polled.map(|end| end.plus_millis(-took_ms - POLL_START_SLACK_MS));
        PortsOf::Polled { since }
    }

    /// What the row of a port means; `None` if nothing can be said. `device_at`
    /// is the instant of its device's own sample.
    pub(super) fn port(
        &self,
        port: &PortRow,
        ports_of: PortsOf,
        device_at: Timestamp,
        now: Timestamp,
    ) -> Option<Verdict> {
        if port.deleted == Some(true) {
            return None;
        }
        if port.disabled == Some(true) {
            return Some(Verdict::new(Unknown, Some(now)));
        }
        let PortsOf::Polled { since } = ports_of else {
            return Some(Verdict::new(Unknown, Some(device_at)));
        };
        let Some(polled) = port.polled_at() else {
            return Some(Verdict::new(Unknown, Some(now)));
        };
        if polled > now.plus_millis(CLOCK_AHEAD_MS_MAX) {
            return None;
        }
        let state = match port.oper {
            _ if port.shut => self.admin_down,
            OperStatus::Up => Up,
            OperStatus::NotUp => Down,
            OperStatus::Odd => Unknown,
        };
        let frozen = Some(polled) < since || self.is_stale(polled, now);
        Some(Verdict { frozen, ..Verdict::new(state, Some(polled)) })
    }

    /// Whether evidence of `at` is too old to say anything at `now`.
    pub(super) fn is_stale(&self, at: Timestamp, now: Timestamp) -> bool {
        at < now.plus_millis(-self.fresh_for_ms)
    }
}
