//! What LibreNMS would push: alerts of two rules, due at the next run of `alerts.php`.
//!
//! A trigger for the reader and no source of truth, as in LIBRENMS-API, section 10.

use std::collections::{BTreeSet, HashMap, VecDeque};

use correlate::model::Timestamp;

use crate::simulator::world::{DeviceIndex, PortIndex};

/// Pushes that nobody fetches are dropped, the oldest first.
const MAX_WAITING: usize = 100_000;
/// Where ids start: a server that has run for a while.
const FIRST_UID: u64 = 66_101;

/// The rule that an alert is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::simulator) enum Rule {
    Device,
    Port,
}

impl Rule {
    pub(in crate::simulator) fn id(self) -> u32 {
        match self {
            Rule::Device => 1,
            Rule::Port => 3,
        }
    }

    pub(in crate::simulator) fn name(self) -> &'static str {
        match self {
            Rule::Device => "Device Down! Due to no ICMP response.",
            Rule::Port => "Port status up/down",
        }
    }
}

/// One notification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::simulator) struct Push {
    /// When the transport sends it.
    pub(in crate::simulator) due: Timestamp,
    /// When the state of the alert changed.
    pub(in crate::simulator) at: Timestamp,
    pub(in crate::simulator) uid: u64,
    pub(in crate::simulator) rule: Rule,
    pub(in crate::simulator) device: DeviceIndex,
    /// 0 recovered, 1 active, 3 worse, 4 better.
    pub(in crate::simulator) state: u8,
    pub(in crate::simulator) reason: &'static str,
}

/// Alerts that are open, and notifications that wait.
#[derive(Debug)]
pub(super) struct Alerts {
    /// How often `alerts.php` runs; 0: at once. `None`: there is no transport.
    every_ms: Option<i64>,
    next_uid: u64,
    ports_down: HashMap<DeviceIndex, BTreeSet<PortIndex>>,
    waiting: VecDeque<Push>,
}

impl Alerts {
    pub(super) fn new() -> Alerts {
        Alerts {
            every_ms: None,
            next_uid: FIRST_UID,
            ports_down: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Sends every `every_ms`, on whole multiples of it, 0 for at once; or not at all.
    pub(super) fn set_every(&mut self, every_ms: Option<i64>) {
        self.every_ms = every_ms.map(|every| every.max(0));
        self.waiting.clear();
    }

    pub(super) fn device(
        &mut self,
        at: Timestamp,
        device: DeviceIndex,
        is_up: bool,
        reason: &'static str,
    ) {
        self.push(at, Rule::Device, device, u8::from(!is_up), reason);
    }

    /// LibreNMS keeps one alert per rule and device, whatever the number of its ports.
    pub(super) fn port(&mut self, at: Timestamp, device: DeviceIndex, port: PortIndex, up: bool) {
        let down = self.ports_down.entry(device).or_default();
        let was_clear = down.is_empty();
        let moved = if up { down.remove(&port) } else { down.insert(port) };
        let state = match (up, down.is_empty()) {
            (true, true) => 0,
            (true, false) => 4,
            (false, _) => 1 + 2 * u8::from(!was_clear),
        };
        if moved {
            self.push(at, Rule::Port, device, state, "");
        }
    }

    fn push(
        &mut self,
        at: Timestamp,
        rule: Rule,
        device: DeviceIndex,
        state: u8,
        reason: &'static str,
    ) {
        let late_ms = match self.every_ms {
            None => return,
            Some(0) => 0,
            Some(every) => (-at.millis()).rem_euclid(every),
        };
        let due = at.plus_millis(late_ms);
        self.waiting.push_back(Push { due, at, uid: self.next_uid, rule, device, state, reason });
        self.next_uid += 1;
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
        }
    }

    /// Forgets a device that was deleted.
    pub(super) fn forget(&mut self, device: DeviceIndex) {
        self.ports_down.remove(&device);
        self.waiting.retain(|push| push.device != device);
    }

    /// What is due at `now`, in order, and no longer waits.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Push> {
        let due = self.waiting.iter().take_while(|push| push.due <= now).count();
        self.waiting.drain(..due).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_waits_for_the_whole_minute_and_ports_of_a_device_share_one() {
        let (device, ports) = (DeviceIndex::at(4), [PortIndex::at(7), PortIndex::at(8)]);
        let mut alerts = Alerts::new();
        alerts.set_every(Some(60_000));
        alerts.port(Timestamp(60_001), device, ports[0], false);
        alerts.port(Timestamp(61_000), device, ports[1], false);
        alerts.port(Timestamp(62_000), device, ports[1], false);
        alerts.port(Timestamp(130_000), device, ports[0], true);
        alerts.port(Timestamp(180_000), device, ports[1], true);
        assert!(alerts.take_due(Timestamp(119_999)).is_empty());
        let states = |pushes: Vec<Push>| pushes.iter().map(|p| p.state).collect::<Vec<_>>();
        assert_eq!(states(alerts.take_due(Timestamp(120_000))), [1, 3]);
        assert_eq!(states(alerts.take_due(Timestamp(180_000))), [4, 0]);
    }
}
