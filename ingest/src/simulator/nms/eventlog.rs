//! The event log: ids that only grow, local times, 30 days.

use std::collections::VecDeque;

use correlate::model::Timestamp;

use super::{Failing, OperStatus};
use crate::simulator::world::{DeviceIndex, PortIndex};

/// LibreNMS purges events after 30 days (`eventlog_purge`).
const KEPT_MS: i64 = 30 * 86_400_000;
/// And the simulator after this many, to hold its memory.
const MAX_EVENTS: usize = 1_000_000;
/// Where ids start: a server that has run for a while.
const FIRST_ID: u64 = 880_001;

/// One line.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Event {
    pub(in crate::simulator) id: u64,
    pub(in crate::simulator) at: Timestamp,
    pub(in crate::simulator) device: DeviceIndex,
    pub(in crate::simulator) what: What,
}

/// What the line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::simulator) enum What {
    Down(Failing),
    Up(Failing),
    Oper { port: PortIndex, from: OperStatus, to: OperStatus },
    Admin { port: PortIndex, shut: bool },
    Rebooted { after_s: i64, up_s: i64 },
    Service { ok: bool },
}

impl What {
    /// The column `message`; distributed pollers add their name.
    pub(in crate::simulator) fn message(self, node: Option<&str>) -> String {
        let by = node.map_or_else(String::new, |node| format!(" by {node}"));
        match self {
            What::Down(failing) => {
                format!("Device status changed to Down from {} check{by}.", failing.as_str())
            }
            What::Up(failing) => {
                format!("Device status changed to Up from {} check{by}.", failing.as_str())
            }
            What::Oper { from, to, .. } => {
                format!("ifOperStatus: {} -> {}", from.as_str(), to.as_str())
            }
            What::Admin { shut, .. } => {
                let (from, to) = if shut { ("up", "down") } else { ("down", "up") };
                format!("ifAdminStatus: {from} -> {to}")
            }
            What::Rebooted { after_s, up_s } => {
                format!("Device rebooted after {} -> {up_s}s", long_duration(after_s))
            }
            // The stray quote is LibreNMS's.
            What::Service { ok: true } => String::from(
                "Service ssh (ssh)' changed status from Critical to OK - SSH OK - OpenSSH_9.6",
            ),
            What::Service { ok: false } => String::from(
                "Service ssh (ssh)' changed status from OK to Critical - Socket timeout",
            ),
        }
    }

    /// The column `type`.
    pub(in crate::simulator) fn kind(self) -> &'static str {
        match self {
            What::Down(_) => "down",
            What::Up(_) => "up",
            What::Oper { .. } | What::Admin { .. } => "interface",
            What::Rebooted { .. } => "reboot",
            What::Service { .. } => "service",
        }
    }

    /// The port that it is about.
    pub(in crate::simulator) fn port(self) -> Option<PortIndex> {
        match self {
            What::Oper { port, .. } | What::Admin { port, .. } => Some(port),
            _ => None,
        }
    }

    /// The column `severity`: 1 ok, 2 info, 3 notice, 4 warning, 5 error.
    pub(in crate::simulator) fn severity(self) -> i64 {
        match self {
            What::Up(_) | What::Service { ok: true } => 1,
            What::Down(_) => 2,
            What::Service { ok: false } => 5,
            What::Oper { .. } | What::Admin { .. } => 3,
            What::Rebooted { .. } => 4,
        }
    }
}

fn long_duration(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60);
    format!("{days} days {hours}h {minutes}m {}s", seconds % 60)
}

/// The lines that are still kept, by id.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct EventLog {
    events: VecDeque<Event>,
    next_id: u64,
}

impl EventLog {
    pub(super) fn new() -> EventLog {
        EventLog { events: VecDeque::new(), next_id: FIRST_ID }
    }

    pub(super) fn push(&mut self, at: Timestamp, device: DeviceIndex, what: What) {
        self.events.push_back(Event { id: self.next_id, at, device, what });
        self.next_id += 1;
        if self.events.len() > MAX_EVENTS {
            self.events.pop_front();
        }
    }

    pub(super) fn purge(&mut self, now: Timestamp) {
        let oldest = now.plus_millis(-KEPT_MS);
        while self.events.front().is_some_and(|event| event.at < oldest) {
            self.events.pop_front();
        }
    }

    /// Drops the lines of a device that was deleted.
    pub(super) fn forget(&mut self, device: DeviceIndex) {
        self.events.retain(|event| event.device != device);
    }

    /// Events with an id of at least `from`, by id.
    pub(in crate::simulator) fn since(&self, from: u64) -> impl Iterator<Item = &Event> {
        let start = self.events.partition_point(|event| event.id < from);
        self.events.range(start..)
    }
}
