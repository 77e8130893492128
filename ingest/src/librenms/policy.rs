//! What a row means: the one table of LibreNMS's states and ours.
//!
//! | device | state | known at |
//! | --- | --- | --- |
//! | gone from the list: deleted, or not ours to see any more | [`Policy::deleted`] | now |
//! | added again: a new id, so another component | as any other | |
//! | disabled: not polled, its status is frozen | [`Policy::disabled`] | now |
//! | ignored: polled, but its alerts are off | [`Policy::ignored`] | |
//! | `ignore_status`: shown as up, though its status is real | [`Policy::status_ignored`] | |
//! | status 1 | up | the start of its last full poll |
//! | status 1, pinged but never polled | up | its last ping |
//! | status 1, never polled nor pinged | [`Policy::never_polled`] | now |
//! | status 0, never polled | [`Policy::never_polled`]: by default not an outage | now |
//! | status 0 because of ping (`icmp`, `icmp,snmp`) | down | its last ping |
//! | status 0 because of `snmp` alone, pinged lately | [`Policy::management_lost`] | its last ping |
//! | status 0 because of `snmp` alone, ping not in use | [`Policy::snmp_without_ping`] | now |
//! | status 0 for no stated reason (old servers) | down | its last ping |
//! | no evidence within [`Policy::fresh_for_ms`] | no sample: its poller stands still, and it turns unknown | |
//! | status unreadable, or times in the future | no sample | |
//!
//! | port | state | known at |
//! | --- | --- | --- |
//! | gone from the list, or deleted | [`Policy::deleted`] | now |
//! | disabled: not polled, its row is frozen | unknown | now |
//! | its device is down, unknown, or without SNMP: the row is frozen | [`Policy::frozen_ports`] | as its device |
//! | never polled | unknown | now |
//! | not read in its device's last full poll, or too long ago | no sample | |
//! | administratively shut | [`Policy::admin_down`] | `poll_time` |
//! | operational status up | up | `poll_time` |
//! | down, lowerLayerDown | down | `poll_time` |
//! | dormant | [`Policy::dormant`] | `poll_time` |
//! | testing | [`Policy::testing`] | `poll_time` |
//! | notPresent | [`Policy::not_present`] | `poll_time` |
//! | unknown, null, or no word of RFC 2863 | unknown | `poll_time` |
//!
//! "Known at" is when a state that lasts is known to have held again. A state
//! that turned over is placed there only if the row proves that it was so at
//! that instant; else at the reading that saw it (fast ping, discovery and
//! traps change the state without touching the times). A frozen row gives no
//! sample; but if its state has turned over since it was last read it has not
//! been frozen, and is believed as of now. Pure.

mod sessions;

pub(super) use sessions::{Backdrop, Belief, Finding, Judged, Looked};

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::decode::{FailingChecks, OperStatus, PortStatus};
use super::facts::{CLOCK_AHEAD_MS_MAX, DeviceFacts};
use crate::source::Reason;

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

/// What to make of the ports of a device that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FrozenPorts {
    /// Nobody can say.
    #[default]
    Unknown,
    /// They are down while their device is down; else nobody can say.
    AsDevice,
}

/// What to make of a device or port that LibreNMS has deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Deleted {
    /// Nobody can say any more, at once.
    #[default]
    Unknown,
    /// Nothing is said: it is as it was until that is too old to be believed.
    Stale,
}

/// The choices in the table that an account can make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// A device that answers to ping but not to SNMP. Default up: customers'
    /// traffic most likely passes; only the management plane is lost.
    pub management_lost: ComponentState,
    /// A port or BGP session that is administratively shut. Default unknown:
    /// somebody wanted it so, and it is no outage.
    pub admin_down: ComponentState,
    /// A device or check whose alerts are off. Default real: it is polled as any other.
    pub ignored: SetAside,
    /// A device that LibreNMS is told to show as up. Default real: its status
    /// is polled, only not shown.
    pub status_ignored: SetAside,
    /// A device that is not polled, or a check that is not run, on purpose. Default
    /// unknown.
    pub disabled: ComponentState,
    /// A device that was never polled with success. Default unknown: that it
    /// does not answer yet is no outage.
    pub never_polled: ComponentState,
    /// A device that does not answer to SNMP, and is not pinged. Default unknown:
    /// there is no telling whether traffic passes.
    pub snmp_without_ping: ComponentState,
    /// What belongs to a device that cannot be read. Default unknown.
    pub frozen_ports: FrozenPorts,
    /// What LibreNMS has deleted. Default unknown.
    pub deleted: Deleted,
    /// A port whose status is `dormant`. Default down: traffic does not pass.
    pub dormant: ComponentState,
    /// A port whose status is `testing`. Default down, for the same reason.
    pub testing: ComponentState,
    /// A port whose status is `notPresent`. Default down, for the same reason.
    pub not_present: ComponentState,
    /// A check that gives a warning. Default up: what it looks at works.
    pub check_warning: ComponentState,
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
            disabled: Unknown,
            never_polled: Unknown,
            snmp_without_ping: Unknown,
            frozen_ports: FrozenPorts::Unknown,
            deleted: Deleted::Unknown,
            dormant: Down,
            testing: Down,
            not_present: Down,
            check_warning: Up,
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
    /// The row of the table that decided, where the state is not a measured one.
    pub(super) reason: Option<Reason>,
}

impl Verdict {
    /// The same by a clock that is this much ahead.
    pub(super) fn ahead(self, ms: i64) -> Verdict {
        let moved = |at: Option<Timestamp>| at.map(|at| at.plus_millis(ms));
        let (proven, renewed) = (moved(self.proven), moved(self.renewed));
        Verdict { proven, renewed, contrary: moved(self.contrary), ..self }
    }

    fn new(state: ComponentState) -> Verdict {
        let (proven, renewed, contrary, reason) = (None, None, None, None);
        Verdict { state, proven, renewed, contrary, frozen: false, reason }
    }

    /// Nobody can say, from `at` on, and why.
    pub(super) fn unknown(at: Timestamp, reason: Reason) -> Verdict {
        Verdict { proven: Some(at), reason: Some(reason), ..Verdict::new(Unknown) }
    }

    /// What an account has chosen that it is while nobody looks; an unknown has its
    /// reason.
    fn chosen(state: ComponentState, at: Timestamp, reason: Reason) -> Verdict {
        match state {
            Unknown => Verdict::unknown(at, reason),
            state => Verdict { renewed: Some(at), ..Verdict::new(state) },
        }
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
    /// The device cannot be read, for this reason, so its ports' rows stand still.
    Frozen(Reason),
}

impl Policy {
    /// What the row of a device means; `None` if nothing can be said.
    pub(super) fn device(&self, device: &DeviceFacts, now: Timestamp) -> Option<Verdict> {
        if device.disabled {
            return Some(Verdict::chosen(self.disabled, now, Reason::Disabled));
        }
        if self.sets_aside(device) {
            return Some(Verdict::unknown(now, Reason::Ignored));
        }
        if device.ahead {
            return None;
        }
        let newest = device.newest();
        let (Some(newest), false) = (newest, device.is_unborn()) else {
            return device.up.map(|_| Verdict::chosen(self.never_polled, now, Reason::NeverPolled));
        };
        let frozen = self.is_stale(newest, now);
        let pinged = device.settled_ping(now);
        if device.up? {
            let renewed = match device.poll_began {
                Some(began) => Some(began),
                None => pinged.or(device.last_ping),
            };
            let proven = device.poll_began;
            // Of two meanings of its time neither proves anything.
            let frozen = frozen || !device.poll_is_sure();
            return Some(Verdict { frozen, proven, renewed, ..Verdict::new(Up) });
        }
        if device.failing.snmp && !device.failing.icmp {
            let answers = device.last_ping.is_some_and(|ping| !self.is_stale(ping, now));
            return Some(match answers {
                true => Verdict {
                    renewed: pinged,
                    contrary: device.poll_began.filter(|_| self.management_lost == Down),
                    reason: Some(Reason::ManagementLost),
                    ..Verdict::new(self.management_lost)
                },
                false => Verdict::chosen(self.snmp_without_ping, now, Reason::ManagementLost),
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

    /// Why a device is what it is that fails these checks, where the policy decides.
    pub(super) fn failing_reason(failing: FailingChecks) -> Option<Reason> {
        (failing.snmp && !failing.icmp).then_some(Reason::ManagementLost)
    }

    /// What a port is that was read with these.
    #[inline]
    pub(super) fn port_state(&self, oper: OperStatus, shut: bool) -> ComponentState {
        match oper {
            _ if shut => self.admin_down,
            OperStatus::Up => Up,
            OperStatus::NotUp => Down,
            OperStatus::Dormant => self.dormant,
            OperStatus::Testing => self.testing,
            OperStatus::NotPresent => self.not_present,
            OperStatus::Odd => Unknown,
        }
    }

    /// Why a port is so that was read with these, where that is not measured.
    pub(super) fn port_reason(oper: OperStatus, shut: bool) -> Option<Reason> {
        match oper {
            _ if shut => Some(Reason::AdminShut),
            OperStatus::Odd => Some(Reason::OddStatus),
            _ => None,
        }
    }

    /// Whether the operators have set the device aside, and that counts here.
    pub(super) fn sets_aside(&self, device: &DeviceFacts) -> bool {
        (device.ignored && self.ignored == SetAside::Unknown)
            || (device.status_ignored && self.status_ignored == SetAside::Unknown)
    }

    /// Whether the rows of a device's ports can have moved.
    pub(super) fn ports_of(&self, device: &DeviceFacts) -> PortsOf {
        let is_frozen = [
            (device.disabled, Reason::Disabled),
            (self.sets_aside(device), Reason::Ignored),
            (device.is_unborn(), Reason::NeverPolled),
            (device.up == Some(false), Reason::DeviceDown),
        ];
        if let Some(&(_, reason)) = is_frozen.iter().find(|(is_so, _)| *is_so) {
            let lost = Policy::failing_reason(device.failing);
            let reason = lost.filter(|_| reason == Reason::DeviceDown).unwrap_or(reason);
            return PortsOf::Frozen(reason);
        }
        let since = device.poll_began.map(|began| began.plus_millis(-POLL_START_SLACK_MS));
        PortsOf::Polled { since }
    }

    /// What a device or port that is gone from the lists is at `now`; `None` if
    /// nothing is said of it any more.
    pub(super) fn gone(&self, now: Timestamp) -> Option<Verdict> {
        (self.deleted == Deleted::Unknown).then(|| Verdict::unknown(now, Reason::Gone))
    }

    /// What the row of a port means; `None` if nothing can be said. `device_at`
    /// is the instant of its device's own sample, and `device` its state, if it
    /// has one now.
    #[inline]
    pub(super) fn port(
        &self,
        port: &PortStatus,
        ports_of: PortsOf,
        device_at: Timestamp,
        device: Option<ComponentState>,
        now: Timestamp,
    ) -> Option<Verdict> {
        if port.deleted == Some(true) {
            return self.gone(now);
        }
        if port.disabled == Some(true) {
            return Some(Verdict::unknown(now, Reason::Disabled));
        }
        let since = match ports_of {
            PortsOf::Polled { since } => since,
            PortsOf::Frozen(reason) => {
                let state = match (self.frozen_ports, device) {
                    (FrozenPorts::AsDevice, Some(Down)) => Down,
                    _ => Unknown,
                };
                return Some(Verdict::chosen(state, device_at, reason));
            }
        };
        let Some(polled) = port.polled_at() else {
            return Some(Verdict::unknown(now, Reason::NeverPolled));
        };
        if polled > now.plus_millis(CLOCK_AHEAD_MS_MAX) {
            return None;
        }
        let state = self.port_state(port.oper, port.shut);
        let frozen = Some(polled) < since || self.is_stale(polled, now);
        let reason = Policy::port_reason(port.oper, port.shut);
        Some(Verdict { frozen, renewed: Some(polled), reason, ..Verdict::new(state) })
    }

    /// Whether evidence of `at` is too old to say anything at `now`.
    pub(super) fn is_stale(&self, at: Timestamp, now: Timestamp) -> bool {
        at < now.plus_millis(-self.fresh_for_ms)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

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
            poll_unsure_ms: 0,
            poll_took_ms: Some(10_000),
            last_ping: Some(ago(70)),
            ping_unsure_ms: 0,
            ping_is_last: true,
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
    fn a_ping_proves_nothing_where_later_ones_leave_no_time_behind() {
        let late =
            DeviceFacts { last_ping: Some(ago(81)), ping_is_last: false, ..failing(true, false) };
        assert_eq!(Policy::default().device(&late, NOW).unwrap().proven, None);
        assert_eq!(late.loose_ping(NOW), Some(ago(81)));
        assert_eq!(DeviceFacts { ping_is_last: true, ..late }.loose_ping(NOW), None);
        assert_eq!(healthy().loose_ping(NOW), None);
    }

    #[test]
    fn a_local_time_of_two_meanings_proves_nothing() {
        let polled = DeviceFacts { poll_unsure_ms: 3_600_000, ..healthy() };
        check_device(polled, Some((Up, Some(ago(70)), true)));
        let last_ping = Some(ago(3_681));
        let pinged = DeviceFacts { last_ping, ping_unsure_ms: 3_600_000, ..failing(true, false) };
        let verdict = Policy::default().device(&pinged, NOW).unwrap();
        assert_eq!((verdict.proven, verdict.renewed), (None, None));
        assert_eq!(pinged.newest_latest(), Some(ago(81)), "nobody calls it stale");
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

    /// As a column gives it.
    fn polled_ago(seconds: i64) -> Option<NonZeroU32> {
        NonZeroU32::new(u32::try_from(ago(seconds).millis() / 1000).unwrap())
    }

    fn port() -> PortStatus {
        PortStatus {
            oper: OperStatus::Up,
            oper_before: None,
            shut: false,
            disabled: Some(false),
            deleted: Some(false),
            poll_time: polled_ago(65),
        }
    }

    #[track_caller]
    fn check_port(port: PortStatus, device: DeviceFacts, expected: Expected) {
        let policy = Policy::default();
        let state = policy.device(&device, NOW).map(|verdict| verdict.state);
        let found = policy.port(&port, policy.ports_of(&device), ago(30), state, NOW);
        assert_eq!(short(found), expected);
    }

    #[test]
    fn only_up_is_up_and_what_cannot_be_told_is_unknown() {
        let with = |oper| PortStatus { oper, ..port() };
        check_port(with(OperStatus::Up), healthy(), Some((Up, Some(ago(65)), false)));
        check_port(with(OperStatus::NotUp), healthy(), Some((Down, Some(ago(65)), false)));
        check_port(with(OperStatus::Odd), healthy(), Some((Unknown, Some(ago(65)), false)));
    }

    #[test]
    fn a_port_that_is_shut_has_no_outage_by_default() {
        let shut = PortStatus { shut: true, oper: OperStatus::NotUp, ..port() };
        check_port(shut, healthy(), Some((Unknown, Some(ago(65)), false)));
        let strict = Policy { admin_down: Down, ..Policy::default() };
        let verdict = strict.port(&shut, strict.ports_of(&healthy()), NOW, None, NOW).unwrap();
        assert_eq!(verdict.state, Down);
    }

    #[test]
    fn a_disabled_or_deleted_port_is_unknown() {
        let disabled = PortStatus { disabled: Some(true), ..port() };
        check_port(disabled, healthy(), Some((Unknown, Some(NOW), false)));
        let deleted = PortStatus { deleted: Some(true), ..port() };
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
        let new = PortStatus { poll_time: None, ..port() };
        check_port(new, healthy(), Some((Unknown, Some(NOW), false)));
    }

    #[test]
    fn a_port_that_its_devices_last_poll_passed_over_is_frozen() {
        let of = |seconds| PortStatus { poll_time: polled_ago(seconds), ..port() };
        // That poll ended 60 s ago and took 10 s; 60 s more are allowed.
        check_port(of(130), healthy(), Some((Up, Some(ago(130)), false)));
        check_port(of(131), healthy(), Some((Up, Some(ago(131)), true)));
        check_port(
            of(1000),
            DeviceFacts { last_polled: None, poll_began: None, ..healthy() },
            Some((Up, Some(ago(1000)), true)),
        );
    }

    /// State and when it is known to have held, by a policy.
    #[track_caller]
    fn check_by(policy: Policy, device: DeviceFacts, expected: (ComponentState, Timestamp)) {
        let found = short(policy.device(&device, NOW));
        assert_eq!(found, Some((expected.0, Some(expected.1), false)));
    }

    #[test]
    fn an_account_may_say_what_a_disabled_device_is() {
        let device = DeviceFacts { disabled: true, ..healthy() };
        for disabled in [Down, Up] {
            check_by(Policy { disabled, ..Policy::default() }, device, (disabled, NOW));
        }
    }

    #[test]
    fn an_account_may_say_what_a_device_is_that_was_never_polled() {
        let new = DeviceFacts { last_polled: None, poll_began: None, ..failing(true, false) };
        let blank =
            DeviceFacts { last_polled: None, poll_began: None, last_ping: None, ..healthy() };
        let policy = Policy { never_polled: Down, ..Policy::default() };
        check_by(policy, new, (Down, NOW));
        check_by(policy, blank, (Down, NOW));
        check_by(policy, healthy(), (Up, ago(70)));
    }

    #[test]
    fn an_account_may_say_what_a_device_is_without_snmp_and_ping() {
        let device = DeviceFacts { last_ping: None, ..failing(false, true) };
        let policy = Policy { snmp_without_ping: Down, ..Policy::default() };
        check_by(policy, device, (Down, NOW));
        check_by(policy, failing(false, true), (Up, ago(30)));
    }

    #[test]
    fn an_account_may_believe_evidence_for_longer() {
        let (last_polled, last_ping) = (Some(ago(2_000)), Some(ago(2_010)));
        let device = DeviceFacts { last_polled, poll_began: last_ping, last_ping, ..healthy() };
        check_device(device, Some((Up, last_ping, true)));
        let patient = Policy { fresh_for_ms: 3_600_000, ..Policy::default() };
        check_by(patient, device, (Up, ago(2_010)));
    }

    #[test]
    fn an_account_may_have_ports_go_down_with_their_device() {
        let policy = Policy { frozen_ports: FrozenPorts::AsDevice, ..Policy::default() };
        let of = |device: DeviceFacts| {
            let state = policy.device(&device, NOW).map(|verdict| verdict.state);
            let found = policy.port(&port(), policy.ports_of(&device), ago(30), state, NOW);
            short(found)
        };
        assert_eq!(of(failing(true, false)), Some((Down, Some(ago(30)), false)));
        // Of the ports of these there is no telling.
        assert_eq!(of(failing(false, true)), Some((Unknown, Some(ago(30)), false)));
        assert_eq!(
            of(DeviceFacts { disabled: true, ..healthy() }),
            Some((Unknown, Some(ago(30)), false))
        );
        assert_eq!(of(healthy()), Some((Up, Some(ago(65)), false)));
    }

    #[test]
    fn an_account_may_say_nothing_of_what_was_deleted() {
        let deleted = PortStatus { deleted: Some(true), ..port() };
        let silent = Policy { deleted: Deleted::Stale, ..Policy::default() };
        let found = silent.port(&deleted, silent.ports_of(&healthy()), NOW, Some(Up), NOW);
        assert_eq!((found, silent.gone(NOW)), (None, None));
        assert_eq!(short(Policy::default().gone(NOW)), Some((Unknown, Some(NOW), false)));
    }

    #[test]
    fn an_account_may_say_what_ports_are_that_are_neither_up_nor_down() {
        use OperStatus::{Dormant, NotPresent, Testing};
        let states =
            |policy: Policy| [Dormant, Testing, NotPresent].map(|o| policy.port_state(o, false));
        assert_eq!(states(Policy::default()), [Down; 3]);
        let own =
            Policy { dormant: Up, testing: Unknown, not_present: Unknown, ..Policy::default() };
        assert_eq!(states(own), [Up, Unknown, Unknown]);
    }

    #[track_caller]
    fn check_reason(verdict: Option<Verdict>, reason: Option<Reason>) {
        assert_eq!(verdict.map(|verdict| verdict.reason), Some(reason));
    }

    #[test]
    fn a_verdict_names_the_row_of_the_table_that_no_measurement_decided() {
        let policy = Policy { ignored: SetAside::Unknown, ..Policy::default() };
        let of = |device: DeviceFacts| policy.device(&device, NOW);
        check_reason(of(DeviceFacts { disabled: true, ..healthy() }), Some(Reason::Disabled));
        check_reason(of(DeviceFacts { ignored: true, ..healthy() }), Some(Reason::Ignored));
        let new = DeviceFacts { last_polled: None, poll_began: None, ..failing(true, false) };
        check_reason(of(new), Some(Reason::NeverPolled));
        check_reason(of(failing(false, true)), Some(Reason::ManagementLost));
        let unpinged = DeviceFacts { last_ping: None, ..failing(false, true) };
        check_reason(of(unpinged), Some(Reason::ManagementLost));
        check_reason(of(failing(true, false)), None);
        check_reason(of(healthy()), None);
    }

    #[test]
    fn a_port_that_cannot_be_read_says_what_its_device_is() {
        let policy = Policy { ignored: SetAside::Unknown, ..Policy::default() };
        let of = |port: &PortStatus, device: &DeviceFacts| {
            policy.port(port, policy.ports_of(device), ago(30), None, NOW)
        };
        let under = |device: DeviceFacts| of(&port(), &device);
        check_reason(under(failing(true, true)), Some(Reason::DeviceDown));
        check_reason(under(failing(false, true)), Some(Reason::ManagementLost));
        let disabled = DeviceFacts { disabled: true, ..failing(true, true) };
        check_reason(under(disabled), Some(Reason::Disabled));
        check_reason(under(DeviceFacts { ignored: true, ..healthy() }), Some(Reason::Ignored));
        let own = |port: PortStatus| of(&port, &healthy());
        check_reason(own(port()), None);
        check_reason(own(PortStatus { oper: OperStatus::NotUp, ..port() }), None);
        check_reason(own(PortStatus { oper: OperStatus::Odd, ..port() }), Some(Reason::OddStatus));
        check_reason(own(PortStatus { shut: true, ..port() }), Some(Reason::AdminShut));
        check_reason(own(PortStatus { disabled: Some(true), ..port() }), Some(Reason::Disabled));
        check_reason(own(PortStatus { deleted: Some(true), ..port() }), Some(Reason::Gone));
        check_reason(own(PortStatus { poll_time: None, ..port() }), Some(Reason::NeverPolled));
    }

    #[test]
    fn a_port_from_the_future_says_nothing() {
        check_port(PortStatus { poll_time: polled_ago(-121), ..port() }, healthy(), None);
    }
}
