//! What a row means: the one table of LibreNMS's states and ours.
//!
//! | device | state | known at |
//! | --- | --- | --- |
//! | gone from the list: deleted, or not ours to see any more | unknown | now |
//! | added again: a new id, so another component | as any other | |
//! | disabled: not polled, its status is frozen | unknown | now |
//! | ignored: polled, but its alerts are off | [`Policy::ignored`] | |
//! | `ignore_status`: shown as up, though its status is real | [`Policy::status_ignored`] | |
//! | status 1 | up | the start of its last full poll |
//! | status 1, pinged but never polled | up | its last ping |
//! | status 1, never polled nor pinged | unknown | now |
//! | status 0, never polled | unknown: not an outage | now |
//! | status 0 because of ping (`icmp`, `icmp,snmp`) | down | its last ping |
//! | status 0 because of `snmp` alone, pinged lately | [`Policy::management_lost`] | its last ping |
//! | status 0 because of `snmp` alone, ping not in use | unknown | now |
//! | status 0 for no stated reason (old servers) | down | its last ping |
//! | no evidence within [`Policy::fresh_for_ms`] | no sample: its poller stands still, and it turns unknown | |
//! | status unreadable, or times in the future | no sample | |
//!
//! | port | state | known at |
//! | --- | --- | --- |
//! | gone from the list, or deleted | unknown | now |
//! | disabled: not polled, its row is frozen | unknown | now |
//! | its device is down, unknown, or without SNMP: the row is frozen | unknown | as its device |
//! | never polled | unknown | now |
//! | not read in its device's last full poll, or too long ago | no sample | |
//! | administratively shut | [`Policy::admin_down`] | `poll_time` |
//! | operational status up | up | `poll_time` |
//! | down, lowerLayerDown, notPresent, dormant, testing | down | `poll_time` |
//! | unknown, null, or no word of RFC 2863 | unknown | `poll_time` |
//!
//! "Known at" is when a state that lasts is known to have held again. A state
//! that turned over is placed there only if the row proves that it was so at
//! that instant; else at the reading that saw it (fast ping, discovery and
//! traps change the state without touching the times). A frozen row gives no
//! sample; but if its state has turned over since it was last read it has not
//! been frozen, and is believed as of now. Pure.

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::decode::{FailingChecks, OperStatus, PortRow};
use super::facts::{CLOCK_AHEAD_MS_MAX, DeviceFacts};

/// LibreNMS polls every 300 s by default; three missed polls are a standstill.
const FRESH_FOR_MS_DEFAULT: i64 = 3 * 300_000;

/// `poll_time` is when the ports of a device began to be read, `last_polled`
/// when its whole poll ended, and `last_polled_timetaken` is rounded; a
/// distributed poller's clock may be off by a little.
const POLL_START_SLACK_MS: i64 = 60_000;

/// What to make of the status of a device that its operators have set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SetAside {
    /// It is as real as any other.
    #[default]
    Real,
    /// Nobody vouches for it.
    Unknown,
}

/// The choices in the table that an account can make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// A device that answers to ping but not to SNMP. Default up: customers'
    /// traffic most likely passes; only the management plane is lost.
    pub management_lost: ComponentState,
    /// A port that is administratively shut. Default unknown: somebody wanted
    /// it so, and it is no outage.
    pub admin_down: ComponentState,
    /// A device whose alerts are off. Default real: it is polled as any other.
    pub ignored: SetAside,
    /// A device that LibreNMS is told to show as up. Default real: its status
    /// is polled, only not shown.
    pub status_ignored: SetAside,
    /// How old the newest evidence on a component may be, in milliseconds.
    /// Default 15 minutes, three polls of LibreNMS.
    pub fresh_for_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            management_lost: Up,
            admin_down: Unknown,
            ignored: SetAside::Real,
            status_ignored: SetAside::Real,
            fresh_for_ms: FRESH_FOR_MS_DEFAULT,
        }
    }
}

/// What a row says, before it is held against what was said earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Verdict {
    pub(super) state: ComponentState,
    /// When the state held for certain, whatever it was before.
    pub(super) proven: Option<Timestamp>,
    /// When it held, if it had not turned over since it was last known.
    pub(super) renewed: Option<Timestamp>,
    /// Until when at least it was otherwise, if the row tells.
    pub(super) contrary: Option<Timestamp>,
    /// Nobody has looked lately: believe the row only if its state turned over.
    pub(super) frozen: bool,
}

impl Verdict {
    fn new(state: ComponentState) -> Verdict {
        Verdict { state, proven: None, renewed: None, contrary: None, frozen: false }
    }

    /// Nobody can say, from `at` on.
    pub(super) fn unknown(at: Timestamp) -> Verdict {
        Verdict { proven: Some(at), ..Verdict::new(Unknown) }
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
        if device.disabled || self.sets_aside(device) {
            return Some(Verdict::unknown(now));
        }
        if device.ahead {
            return None;
        }
        let newest = device.newest();
        let (Some(newest), false) = (newest, device.is_unborn()) else {
            return device.up.map(|_| Verdict::unknown(now));
        };
        let frozen = self.is_stale(newest, now);
        let pinged = device.settled_ping(now);
        if device.up? {
            let renewed = match device.poll_began {
                Some(began) => Some(began),
                None => pinged.or(device.last_ping),
            };
            let proven = device.poll_began;
            return Some(Verdict { frozen, proven, renewed, ..Verdict::new(Up) });
        }
        if device.failing.snmp && !device.failing.icmp {
            let answers = device.last_ping.is_some_and(|ping| !self.is_stale(ping, now));
            return Some(match answers {
                true => Verdict {
                    renewed: pinged,
                    contrary: device.poll_began.filter(|_| self.management_lost == Down),
                    ..Verdict::new(self.management_lost)
                },
                false => Verdict::unknown(now),
            });
        }
        Some(Verdict {
            proven: device.failed_ping(now),
            renewed: pinged.filter(|&ping| device.last_polled < Some(ping)),
            contrary: device.poll_began,
            frozen,
            ..Verdict::new(Down)
        })
    }

    /// What a device is that fails these checks.
    pub(super) fn failing(&self, failing: FailingChecks) -> ComponentState {
        if failing.snmp && !failing.icmp { self.management_lost } else { Down }
    }

    /// What a port is that was read with these.
    pub(super) fn port_state(&self, oper: OperStatus, shut: bool) -> ComponentState {
        match oper {
            _ if shut => self.admin_down,
            OperStatus::Up => Up,
            OperStatus::NotUp => Down,
            OperStatus::Odd => Unknown,
        }
    }

    /// Whether the operators have set the device aside, and that counts here.
    pub(super) fn sets_aside(&self, device: &DeviceFacts) -> bool {
        (device.ignored && self.ignored == SetAside::Unknown)
            || (device.status_ignored && self.status_ignored == SetAside::Unknown)
    }

    /// Whether the rows of a device's ports can have moved.
    pub(super) fn ports_of(&self, device: &DeviceFacts) -> PortsOf {
        let is_seen = !device.disabled && !self.sets_aside(device);
        if !is_seen || device.is_unborn() || device.up == Some(false) {
            return PortsOf::Frozen;
        }
        let since = device.poll_began.map(|began| began.plus_millis(-POLL_START_SLACK_MS));
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
        if port.deleted == Some(true) || port.disabled == Some(true) {
            return Some(Verdict::unknown(now));
        }
        let PortsOf::Polled { since } = ports_of else {
            return Some(Verdict::unknown(device_at));
        };
        let Some(polled) = port.polled_at() else {
            return Some(Verdict::unknown(now));
        };
        if polled > now.plus_millis(CLOCK_AHEAD_MS_MAX) {
            return None;
        }
        let state = self.port_state(port.oper, port.shut);
        let frozen = Some(polled) < since || self.is_stale(polled, now);
        Some(Verdict { frozen, renewed: Some(polled), ..Verdict::new(state) })
    }

    /// Whether evidence of `at` is too old to say anything at `now`.
    pub(super) fn is_stale(&self, at: Timestamp, now: Timestamp) -> bool {
        at < now.plus_millis(-self.fresh_for_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::librenms::decode::FailingChecks;

    const NOW: Timestamp = Timestamp(10_000_000);

    fn ago(seconds: i64) -> Timestamp {
        NOW.plus_millis(-seconds * 1000)
    }

    /// Up, polled 60 s ago and pinged 70 s ago.
    fn healthy() -> DeviceFacts {
        DeviceFacts {
            device_id: 1,
            up: Some(true),
            failing: FailingChecks::default(),
            disabled: false,
            ignored: false,
            status_ignored: false,
            last_polled: Some(ago(60)),
            poll_began: Some(ago(70)),
            poll_took_ms: Some(10_000),
            last_ping: Some(ago(70)),
            ahead: false,
        }
    }

    fn failing(icmp: bool, snmp: bool) -> DeviceFacts {
        let failing = FailingChecks { icmp, snmp };
        DeviceFacts {
            up: Some(false),
            failing,
            last_polled: Some(ago(400)),
            poll_began: Some(ago(410)),
            last_ping: Some(ago(30)),
            ..healthy()
        }
    }

    /// State, when it is known to have held again, and whether the row is frozen.
    type Expected = Option<(ComponentState, Option<Timestamp>, bool)>;

    fn short(verdict: Option<Verdict>) -> Expected {
        verdict.map(|v| (v.state, v.renewed.or(v.proven), v.frozen))
    }

    #[track_caller]
    fn check_device(device: DeviceFacts, expected: Expected) {
        assert_eq!(short(Policy::default().device(&device, NOW)), expected);
    }

    #[test]
    fn a_disabled_device_is_unknown_whatever_its_frozen_status() {
        check_device(
            DeviceFacts { disabled: true, ..healthy() },
            Some((Unknown, Some(NOW), false)),
        );
        check_device(
            DeviceFacts { disabled: true, ..failing(true, true) },
            Some((Unknown, Some(NOW), false)),
        );
    }

    #[test]
    fn a_device_that_is_up_was_so_when_its_last_poll_began() {
        check_device(healthy(), Some((Up, Some(ago(70)), false)));
        // A ping may have failed without the status knowing it yet.
        check_device(
            DeviceFacts { last_ping: Some(ago(5)), ..healthy() },
            Some((Up, Some(ago(70)), false)),
        );
        check_device(
            DeviceFacts { last_polled: None, poll_began: None, ..healthy() },
            Some((Up, Some(ago(70)), false)),
        );
    }

    #[test]
    fn a_device_without_any_evidence_is_unknown() {
        let blank =
            DeviceFacts { last_polled: None, poll_began: None, last_ping: None, ..healthy() };
        check_device(blank, Some((Unknown, Some(NOW), false)));
    }

    #[test]
    fn a_device_that_was_never_polled_has_no_outage() {
        let new = DeviceFacts { last_polled: None, poll_began: None, ..failing(true, false) };
        check_device(new, Some((Unknown, Some(NOW), false)));
        check_device(DeviceFacts { last_ping: None, ..new }, Some((Unknown, Some(NOW), false)));
    }

    #[test]
    fn a_device_that_does_not_answer_to_ping_is_down_since_its_last_poll_at_most() {
        for device in [failing(true, false), failing(true, true)] {
            check_device(device, Some((Down, Some(ago(30)), false)));
            let verdict = Policy::default().device(&device, NOW).unwrap();
            assert_eq!((verdict.contrary, verdict.proven), (Some(ago(410)), None));
        }
    }

    #[test]
    fn a_ping_proves_down_once_no_poll_can_still_be_going_on() {
        let device = DeviceFacts { last_ping: Some(ago(81)), ..failing(true, false) };
        let verdict = Policy::default().device(&device, NOW).unwrap();
        assert_eq!(verdict.proven, Some(ago(81)));
        let young = DeviceFacts { last_ping: Some(ago(79)), ..device };
        assert_eq!(Policy::default().device(&young, NOW).unwrap().proven, None);
    }

    #[test]
    fn the_state_may_follow_its_ping_by_some_seconds() {
        let device = DeviceFacts { last_ping: Some(ago(14)), ..failing(true, false) };
        check_device(device, Some((Down, None, false)));
    }

    #[test]
    fn devices_that_are_set_aside_are_real_unless_the_account_says_otherwise() {
        let ignored = DeviceFacts { ignored: true, ..failing(true, false) };
        let hidden = DeviceFacts { status_ignored: true, ..failing(true, false) };
        check_device(ignored, Some((Down, Some(ago(30)), false)));
        check_device(hidden, Some((Down, Some(ago(30)), false)));
        let strict = |ignored, status_ignored| {
            let policy = Policy { ignored, status_ignored, ..Policy::default() };
            move |device: &DeviceFacts| policy.device(device, NOW).map(|verdict| verdict.state)
        };
        let no_ignored = strict(SetAside::Unknown, SetAside::Real);
        assert_eq!((no_ignored(&ignored), no_ignored(&hidden)), (Some(Unknown), Some(Down)));
        let no_hidden = strict(SetAside::Real, SetAside::Unknown);
        assert_eq!((no_hidden(&ignored), no_hidden(&hidden)), (Some(Down), Some(Unknown)));
    }

    #[test]
    fn a_device_that_is_down_by_a_check_that_left_no_time_has_none() {
        let flipped = DeviceFacts { up: Some(false), ..healthy() };
        check_device(
            DeviceFacts { failing: FailingChecks { icmp: true, snmp: false }, ..flipped },
            Some((Down, None, false)),
        );
        check_device(flipped, Some((Down, None, false)));
    }

    #[test]
    fn a_device_that_lost_snmp_alone_is_up_by_default() {
        check_device(failing(false, true), Some((Up, Some(ago(30)), false)));
    }

    #[test]
    fn an_account_may_count_lost_management_as_down() {
        let strict = Policy { management_lost: Down, ..Policy::default() };
        let verdict = strict.device(&failing(false, true), NOW).unwrap();
        assert_eq!((verdict.state, verdict.contrary), (Down, Some(ago(410))));
    }

    #[test]
    fn a_device_that_lost_snmp_and_is_not_pinged_is_unknown() {
        for last_ping in [None, Some(ago(100_000))] {
            check_device(
                DeviceFacts { last_ping, ..failing(false, true) },
                Some((Unknown, Some(NOW), false)),
            );
        }
    }

    #[test]
    fn a_device_at_which_nobody_looks_is_frozen() {
        let (last_polled, last_ping) = (Some(ago(901)), Some(ago(950)));
        let poll_began = Some(ago(911));
        let stale = DeviceFacts { last_polled, poll_began, last_ping, ..healthy() };
        check_device(stale, Some((Up, poll_began, true)));
        let edge = DeviceFacts { last_polled: Some(ago(900)), ..stale };
        check_device(edge, Some((Up, poll_began, false)));
    }

    #[test]
    fn a_row_that_cannot_be_read_says_nothing() {
        check_device(DeviceFacts { up: None, ..healthy() }, None);
        check_device(DeviceFacts { ahead: true, ..healthy() }, None);
    }

    fn port() -> PortRow {
        PortRow {
            port_id: 7,
            device_id: 1,
            oper: OperStatus::Up,
            oper_before: None,
            shut: false,
            disabled: Some(false),
            deleted: Some(false),
            poll_time: Some(ago(65).millis() / 1000),
        }
    }

    #[track_caller]
    fn check_port(port: PortRow, device: DeviceFacts, expected: Expected) {
        let policy = Policy::default();
        let found = policy.port(&port, policy.ports_of(&device), ago(30), NOW);
        assert_eq!(short(found), expected);
    }

    #[test]
    fn only_up_is_up_and_what_cannot_be_told_is_unknown() {
        let with = |oper| PortRow { oper, ..port() };
        check_port(with(OperStatus::Up), healthy(), Some((Up, Some(ago(65)), false)));
        check_port(with(OperStatus::NotUp), healthy(), Some((Down, Some(ago(65)), false)));
        check_port(with(OperStatus::Odd), healthy(), Some((Unknown, Some(ago(65)), false)));
    }

    #[test]
    fn a_port_that_is_shut_has_no_outage_by_default() {
        let shut = PortRow { shut: true, oper: OperStatus::NotUp, ..port() };
        check_port(shut.clone(), healthy(), Some((Unknown, Some(ago(65)), false)));
        let strict = Policy { admin_down: Down, ..Policy::default() };
        let verdict = strict.port(&shut, strict.ports_of(&healthy()), NOW, NOW).unwrap();
        assert_eq!(verdict.state, Down);
    }

    #[test]
    fn a_disabled_or_deleted_port_is_unknown() {
        let disabled = PortRow { disabled: Some(true), ..port() };
        check_port(disabled, healthy(), Some((Unknown, Some(NOW), false)));
        let deleted = PortRow { deleted: Some(true), ..port() };
        check_port(deleted, healthy(), Some((Unknown, Some(NOW), false)));
    }

    #[test]
    fn a_port_of_a_device_that_cannot_be_read_is_unknown_as_of_the_device() {
        let unknown = Some((Unknown, Some(ago(30)), false));
        check_port(port(), failing(true, false), unknown);
        check_port(port(), failing(false, true), unknown);
        check_port(port(), DeviceFacts { disabled: true, ..healthy() }, unknown);
    }

    #[test]
    fn a_port_that_was_never_polled_is_unknown() {
        for poll_time in [None, Some(0), Some(-5)] {
            let new = PortRow { poll_time, ..port() };
            check_port(new, healthy(), Some((Unknown, Some(NOW), false)));
        }
    }

    #[test]
    fn a_port_that_its_devices_last_poll_passed_over_is_frozen() {
        let of = |seconds| PortRow { poll_time: Some(ago(seconds).millis() / 1000), ..port() };
        // That poll ended 60 s ago and took 10 s; 60 s more are allowed.
        check_port(of(130), healthy(), Some((Up, Some(ago(130)), false)));
        check_port(of(131), healthy(), Some((Up, Some(ago(131)), true)));
        check_port(
            of(1000),
            DeviceFacts { last_polled: None, poll_began: None, ..healthy() },
            Some((Up, Some(ago(1000)), true)),
        );
    }

    #[test]
    fn a_port_from_the_future_says_nothing() {
        check_port(
            PortRow { poll_time: Some(ago(-121).millis() / 1000), ..port() },
            healthy(),
            None,
        );
    }
}
