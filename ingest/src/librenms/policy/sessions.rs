//! What the rows of BGP sessions and of service checks mean: the other table
//! of [`Policy`].
//!
//! | BGP session | state | known at |
//! | --- | --- | --- |
//! | gone from the list | [`Policy::deleted`] | now |
//! | its device is disabled, set aside, never polled, down, or without SNMP: the row is frozen | [`Policy::frozen_ports`] | as its device |
//! | its device was not polled within [`Policy::fresh_for_ms`] | no sample | |
//! | administratively stopped | [`Policy::admin_down`] | the reading |
//! | established | up | some instant from its device's last poll to the reading |
//! | idle, connect, active, opensent, openconfirm | down | the same |
//! | no word of the standard | unknown | the reading |
//!
//! | service check | state | known at |
//! | --- | --- | --- |
//! | gone from the list | [`Policy::deleted`] | now |
//! | disabled: not run, its row is frozen | [`Policy::disabled`] | now |
//! | ignored: run, but its alerts are off | [`Policy::ignored`] | |
//! | status 3, and never changed: not run yet | unknown | now |
//! | times in the future | no sample | |
//! | status 0, ok | up | `service_changed`, then some instant of the last two rounds |
//! | status 1, warning | [`Policy::check_warning`] | the same |
//! | status 2, critical | down | the same |
//! | status 3, unknown | unknown | the same |
//! | its device is disabled, set aside, never polled or down: not run | [`Policy::frozen_ports`] | as its device |
//! | nobody has looked at its device within [`Policy::fresh_for_ms`] | no sample but that of a change | |
//!
//! The row of a session has no time of its own: it is as old as its device's last
//! poll, or younger if that poll is not known yet. So a state is only known to have
//! held at some instant between that poll and the reading, and lasts only while
//! polls of the device go on; `bgpPeerFsmEstablishedTime` was counted at an instant
//! that the row does not tell, and is not used.
//!
//! The row of a check tells when its status last changed, and not when it was last
//! run: nothing shows that checks are run at all. They are taken to be run every
//! 300 s, or as often as devices are polled if that is more seldom, while their own
//! device is looked at; so two such intervals hold a round. A server that polls, but
//! has stopped running checks, cannot be told from one whose checks find nothing new:
//! then a state lasts for as long as its device is looked at. Where the device does
//! not answer to ping LibreNMS skips its checks; one of another address, which it goes
//! on with, cannot be told from those. Pure.

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::{Deleted, FrozenPorts, Policy, PortsOf, SetAside};
use crate::librenms::decode::{CheckRow, CheckStatus, PeerRow, PeerState};
use crate::librenms::facts::{CLOCK_AHEAD_MS_MAX, DeviceFacts};
use crate::librenms::memory::ReadAt;
use crate::librenms::server_clock::ClockError;
use crate::source::Reason;

/// LibreNMS runs its checks by a cron job of their own, every 300 s.
const ROUND_MS_MIN: i64 = 300_000;

/// Two rounds of checks begin one interval apart, and a check has its turn anywhere
/// in them.
const ROUNDS: i64 = 2;

/// `service_changed` is a whole second, cut.
const SECOND_MS: i64 = 999;

/// What was changed before this is not told when it is first heard of: that it holds
/// is.
const CHANGE_TOLD_MS: i64 = 86_400_000;

/// Whether a finding counts, given what was said before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) enum Belief {
    /// Whatever was said.
    Proven,
    /// If the state turned over, or somebody has looked anew: last at this instant.
    Looked(Timestamp),
    /// Only if the state turned over: nobody is known to have looked lately.
    IfTurned,
}

/// What a row says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) struct Finding {
    pub(in crate::librenms) state: ComponentState,
    /// The row of the table that decided, where the state is not a measured one.
    pub(in crate::librenms) reason: Option<Reason>,
    /// The state held at some instant from here on.
    pub(in crate::librenms) from: Timestamp,
    /// And up to here.
    pub(in crate::librenms) to: Timestamp,
    pub(in crate::librenms) belief: Belief,
}

impl Finding {
    fn at(state: ComponentState, at: Timestamp, reason: Reason) -> Finding {
        Finding { state, reason: Some(reason), from: at, to: at, belief: Belief::Proven }
    }
}

/// Whether somebody looks at what belongs to a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) enum Looked {
    /// Yes, last at this instant, if it is known.
    Last(Option<Timestamp>),
    /// No, for this reason.
    Never(Reason),
}

/// What was known of a device before rows of what belongs to it were asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) struct Backdrop {
    pub(in crate::librenms) looked: Looked,
    /// What was last said of the device itself, and of which instant.
    pub(in crate::librenms) said: Option<(Timestamp, ComponentState)>,
}

/// When a row was read, and by which clock and pace it is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) struct Judged {
    pub(in crate::librenms) read: ReadAt,
    pub(in crate::librenms) error: ClockError,
    /// How often devices are polled.
    pub(in crate::librenms) interval_ms: i64,
}

impl CheckRow {
    /// The second in which its status last changed, by our clock.
    pub(in crate::librenms) fn changed(&self, error: ClockError) -> Option<Timestamp> {
        let theirs = self.changed_s?.get().checked_mul(1000)?;
        Some(error.ours(Timestamp(theirs)))
    }
}

impl Policy {
    /// Whether somebody looks at the sessions of a device: with each of its polls.
    pub(in crate::librenms) fn sessions_of(&self, device: &DeviceFacts) -> Looked {
        match self.ports_of(device) {
            PortsOf::Frozen(reason) => Looked::Never(reason),
            PortsOf::Polled { .. } => {
                Looked::Last(device.poll_began.filter(|_| device.poll_is_sure()))
            }
        }
    }

    /// Whether somebody looks at the checks of a device: while it answers to ping.
    pub(in crate::librenms) fn checks_of(&self, device: &DeviceFacts, now: Timestamp) -> Looked {
        match self.sessions_of(device) {
            Looked::Never(Reason::ManagementLost) => Looked::Last(device.settled_ping(now)),
            looked => looked,
        }
    }

    /// What the row of a session means; `None` if nothing can be said.
    pub(in crate::librenms) fn session(
        &self,
        row: &PeerRow,
        device: &Backdrop,
        judged: &Judged,
    ) -> Option<Finding> {
        let now = judged.read.received;
        let polled = match device.looked {
            Looked::Last(polled) => polled,
            Looked::Never(reason) => return Some(self.frozen(reason, device, now)),
        };
        let (state, reason) = match row.state {
            _ if row.stopped => (self.admin_down, Some(Reason::AdminShut)),
            PeerState::Established => (Up, None),
            PeerState::Trying => (Down, None),
            PeerState::Odd => (Unknown, Some(Reason::OddStatus)),
        };
        let from = polled.filter(|_| state != Unknown).unwrap_or(now);
        Some(Finding { state, reason, from, to: now, belief: self.belief(polled, now) })
    }

    /// What the row of a check means: that its status changed, unless that was `told`
    /// of this instant, and that it lasts.
    pub(in crate::librenms) fn check(
        &self,
        row: &CheckRow,
        told: Option<Timestamp>,
        device: &Backdrop,
        judged: &Judged,
    ) -> [Option<Finding>; 2] {
        let now = judged.read.received;
        if row.disabled == Some(true) {
            return [None, Some(Finding::at(self.disabled, now, Reason::Disabled))];
        }
        if row.ignored == Some(true) && self.ignored == SetAside::Unknown {
            return [None, Some(Finding::at(Unknown, now, Reason::Ignored))];
        }
        let changed = row.changed(judged.error);
        if changed.is_some_and(|at| at > now.plus_millis(CLOCK_AHEAD_MS_MAX)) {
            return [None, None];
        }
        let state = match row.status {
            CheckStatus::Unknown if changed.is_none() => {
                return [None, Some(Finding::at(Unknown, now, Reason::NeverPolled))];
            }
            CheckStatus::Ok => Up,
            CheckStatus::Warning => self.check_warning,
            CheckStatus::Critical => Down,
            CheckStatus::Unknown => Unknown,
        };
        let reason = (state == Unknown).then_some(Reason::OddStatus);
        let is_new = |at: &Timestamp| match told {
            Some(told) => *at > told,
            None => *at >= now.plus_millis(-CHANGE_TOLD_MS),
        };
        let edge = changed.filter(is_new).map(|at| {
            let to = at.plus_millis(SECOND_MS).min(now);
            Finding { state, reason, from: at.min(to), to, belief: Belief::Proven }
        });
        let lasts = match device.looked {
            Looked::Never(reason) => self.frozen(reason, device, now),
            Looked::Last(looked) => {
                let rounds_ms = judged.interval_ms.max(ROUND_MS_MIN).saturating_mul(ROUNDS);
                let round = judged.read.sent.plus_millis(-rounds_ms);
                let from = changed.map_or(round, |at| at.max(round)).min(now);
                let from = if state == Unknown { now } else { from };
                Finding { state, reason, from, to: now, belief: self.belief(looked, now) }
            }
        };
        [edge, Some(lasts)]
    }

    /// What a session or check that is gone from its list is; `None` if nothing is
    /// said of it any more.
    pub(in crate::librenms) fn gone_from_list(&self, now: Timestamp) -> Option<Finding> {
        (self.deleted == Deleted::Unknown).then(|| Finding::at(Unknown, now, Reason::Gone))
    }

    fn belief(&self, looked: Option<Timestamp>, now: Timestamp) -> Belief {
        match looked.filter(|&at| !self.is_stale(at, now)) {
            Some(at) => Belief::Looked(at),
            None => Belief::IfTurned,
        }
    }

    /// What belongs to a device that nobody looks at: since the device was found so,
    /// or now if more was said since.
    fn frozen(&self, reason: Reason, device: &Backdrop, now: Timestamp) -> Finding {
        let state = match (self.frozen_ports, device.said) {
            (FrozenPorts::AsDevice, Some((_, Down))) => Down,
            _ => Unknown,
        };
        let since = device.said.map_or(now, |(at, _)| at.min(now));
        let to = if state == Unknown { now } else { since };
        Finding { state, reason: Some(reason), from: since, to, belief: Belief::Proven }
    }
}

#[cfg(test)]
mod tests;
