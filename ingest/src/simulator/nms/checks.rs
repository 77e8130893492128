//! What polls, pings and discovery find, and what they write down.

use correlate::model::Timestamp;

use super::eventlog::What;
use super::schedule::{Cadence, DISCOVERY_CYCLE_MS, SERVICE_CYCLE_MS, poll_duration_ms};
use super::{Check, Failing, Nms, OperStatus, Outage, PortState};
use crate::simulator::random::keyed;
use crate::simulator::world::{Component, DeviceIndex, PortIndex, PortUse, Standing};

/// The dispatcher polls a device that is down again after so long
/// (`service_poller_down_retry`).
const DOWN_RETRY_MS: i64 = 60_000;

/// What a check writes beside the status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trace {
    /// Event and outage row.
    Whole,
    /// The event; the outage row waits for the poller.
    Event,
    /// Nothing: the bug of 26.7.
    Nothing,
}

impl Nms {
    pub(super) fn cadence(&self, check: Check, device: DeviceIndex) -> Cadence {
        let (cycle_ms, purpose) = match check {
            Check::Poll => (self.options.poll_cycle_ms, "poll"),
            Check::Ping => {
                (self.options.ping_cycle_ms.unwrap_or(self.options.poll_cycle_ms), "ping")
            }
            Check::Discovery => (DISCOVERY_CYCLE_MS, "discovery"),
            Check::Service => (SERVICE_CYCLE_MS, "service"),
        };
        // All pings leave together, as from `ping.php`.
        let key = if check == Check::Ping { 0 } else { u64::from(device.0) };
        Cadence::new(cycle_ms, keyed(self.world.seed(), purpose, key))
    }

    pub(super) fn poll_duration_ms(&self, device: DeviceIndex) -> i64 {
        let key = keyed(self.world.seed(), "taken", u64::from(device.0));
        poll_duration_ms(self.options.poll_cycle_ms, key)
    }

    pub(super) fn group(&self, device: DeviceIndex) -> usize {
        usize::from(self.world.device(device).poller_group)
    }

    pub(super) fn run(&mut self, check: Check, device: DeviceIndex, at: Timestamp) {
        let is_off = check == Check::Ping && self.options.ping_cycle_ms.is_none();
        if !self.has_device(device) || !self.is_polled(device) || is_off {
            return;
        }
        if self.stalls[self.group(device)].is_stalled(at) {
            self.parked.push((check, device));
            return;
        }
        match check {
            Check::Poll => self.poll(device, at),
            Check::Ping => self.ping(device, at),
            Check::Discovery => self.discover(device, at),
            Check::Service => self.check_service(device, at),
        }
    }

    /// Whether the service answers; not tried while its device does not answer to ping.
    fn check_service(&mut self, device: DeviceIndex, at: Timestamp) {
        if self.devices[device.place()].failing.icmp {
            return;
        }
        let ok = self.network.works(Component::Device(device));
        let was_ok = self.checked.get(&device).is_none_or(|(ok, _)| *ok);
        if ok != was_ok {
            self.checked.insert(device, (ok, at));
            self.events.push(at, device, What::Service { ok });
        }
    }

    /// What the checks of a full poll find.
    pub(super) fn probe(&self, device: DeviceIndex) -> Failing {
        let icmp = !self.network.works(Component::Device(device));
        let asks_snmp = self.standing(device) != Standing::PingOnly;
        let snmp = asks_snmp && (icmp || !self.network.answers_management(device));
        Failing { icmp, snmp: snmp && (self.options.release.tries_both() || !icmp) }
    }

    pub(super) fn poll(&mut self, device: DeviceIndex, at: Timestamp) {
        let failing = self.probe(device);
        if self.cadence(Check::Poll, device).last(at) != at {
            self.extra_polls.insert(device, at);
        }
        self.judge(device, at, failing, Trace::Whole);
        if !self.options.release.writes_transitions_only() {
            self.set_outages_right(device, at, failing.is_up());
        }
        if !failing.is_up() {
            if self.options.dispatcher && self.queued.insert((Check::Poll, device)) {
                let again = at.plus_millis(DOWN_RETRY_MS);
                self.queue.push(std::cmp::Reverse((again, Check::Poll, device)));
            }
            if self.bug_20310 && self.options.ping_cycle_ms.is_some() {
                self.enqueue(Check::Ping, device, at);
            }
            return;
        }
        let booted = self.network.booted_at(device);
        let before = self.devices[device.place()].booted;
        let mut unread = self.unread.remove(&device).unwrap_or_default();
        if booted != before {
            // Its uptime began anew, and with it the meaning of every ifLastChange.
            unread.extend(self.world.device(device).ports());
            let last = self.devices[device.place()].frozen.unwrap_or(before).max(before);
            let after_s = (last.millis() - before.millis()) / 1000;
            let up_s = (at.millis() - booted.millis()) / 1000;
            self.events.push(at, device, What::Rebooted { after_s, up_s });
            self.devices[device.place()].booted = booted;
        }
        if self.standing(device) != Standing::PingOnly {
            unread.into_iter().for_each(|port| self.read_port(device, port, at));
        }
    }

    fn read_port(&mut self, device: DeviceIndex, port: PortIndex, at: Timestamp) {
        let (row, mut seen) = (self.port_state(port), self.observed(port));
        if seen.shut != row.shut {
            seen.shut_before = row.shut;
            self.events.push(at, device, What::Admin { port, shut: seen.shut });
        } else {
            seen.shut_before = row.shut_before;
        }
        if seen.oper != row.oper {
            seen.oper_before = row.oper;
            let what = What::Oper { port, from: row.oper, to: seen.oper };
            self.events.push(at, device, what);
            self.alerts.port(at, device, port, seen.oper == OperStatus::Up);
        } else {
            seen.oper_before = row.oper_before;
        }
        if seen != row {
            self.ports.insert(port, seen);
        }
    }

    /// The port as a poll would read it now.
    pub(super) fn observed(&self, port: PortIndex) -> PortState {
        let shut = self.network.is_shut(port);
        let oper = match (self.forced.get(&port), self.world.port(port).used_for) {
            (Some(forced), _) => *forced,
            _ if self.network.works(Component::Port(port)) => OperStatus::Up,
            (None, PortUse::Spare) => OperStatus::LowerLayerDown,
            (None, PortUse::Link(_) | PortUse::Local | PortUse::Shut) => OperStatus::Down,
        };
        let booted = self.network.booted_at(self.world.port(port).device);
        let last_change = match self.network.port_changed_at(port) {
            Some(changed) => (((changed.millis() - booted.millis()) / 10) & 0xffff_ffff) as u32,
            None => self.first_last_change(port, booted),
        };
        PortState { oper, oper_before: oper, shut, shut_before: shut, last_change }
    }

    /// `ifLastChange` of a port that kept its state since its device started: shortly after
    /// the start for devices older than the simulation, 0 for the rest.
    fn first_last_change(&self, port: PortIndex, booted: Timestamp) -> u32 {
        if booted < self.began {
            (keyed(self.world.seed(), "lastchange", u64::from(port.0)) % 9_000 + 1_000) as u32
        } else {
            0
        }
    }

    /// The port's row.
    pub(super) fn port_state(&self, port: PortIndex) -> PortState {
        if let Some(row) = self.ports.get(&port) {
            return *row;
        }
        let (oper, shut) = match self.world.port(port).used_for {
            PortUse::Link(_) | PortUse::Local => (OperStatus::Up, false),
            PortUse::Spare => (OperStatus::LowerLayerDown, false),
            PortUse::Shut => (OperStatus::Down, true),
        };
        let last_change = self.first_last_change(port, Timestamp::MIN);
        PortState { oper, oper_before: oper, shut, shut_before: shut, last_change }
    }

    /// Fast ping: sees ICMP only and never clears an SNMP failure, except with bug 20310.
    fn ping(&mut self, device: DeviceIndex, at: Timestamp) {
        let icmp = !self.network.works(Component::Device(device));
        let before = self.devices[device.place()].failing;
        let clears = self.bug_20310 && before.snmp && !icmp;
        let failing = Failing { icmp, snmp: before.snmp && !clears };
        let writes = self.options.release.ping_writes_outages();
        let trace = if writes { Trace::Whole } else { Trace::Event };
        self.judge(device, at, failing, trace);
        if clears {
            self.enqueue(Check::Poll, device, at.plus_millis(1));
        }
    }

    /// Discovery renews links; with the bug of 26.7 it also saves the status where no outage row
    /// or event follows it.
    pub(super) fn discover(&mut self, device: DeviceIndex, at: Timestamp) {
        let failing = self.probe(device);
        if self.bug_26_7 {
            self.judge(device, at, failing, Trace::Nothing);
        }
        if !failing.is_up() {
            return;
        }
        for port in self.undiscovered.remove(&device).unwrap_or_default() {
            let PortUse::Link(index) = self.world.port(port).used_for else { continue };
            let link = self.world.link(index);
            let end = usize::from(link.b == port);
            let far = self.world.port(if end == 0 { link.b } else { link.a }).device;
            let seen = self.network.works(Component::Port(port)) && self.has_device(far);
            let id = &mut self.adjacencies[index.place()][end];
            match (seen, *id) {
                (true, None) => {
                    *id = Some(self.next_link_id);
                    self.next_link_id += 1;
                }
                (false, Some(_)) => *id = None,
                _ => {}
            }
        }
    }

    fn judge(&mut self, device: DeviceIndex, at: Timestamp, failing: Failing, trace: Trace) {
        let before = self.devices[device.place()].failing;
        if before == failing {
            return;
        }
        let last_good = self.last_run(Check::Poll, device, at.plus_millis(-1));
        if before.icmp && !failing.icmp && self.check_id(device).is_some() {
            self.enqueue(Check::Service, device, at);
        }
        let state = &mut self.devices[device.place()];
        state.failing = failing;
        if before.is_up() == failing.is_up() {
            if self.options.release.opens_outages_twice() && trace == Trace::Whole {
                self.outages.entry(device).or_default().push(Outage::begun(at));
            }
            return;
        }
        if failing.is_up() {
            state.recovered = at;
        } else if last_good >= state.recovered {
            state.frozen = Some(last_good);
        }
        if trace != Trace::Nothing {
            self.write_event(device, at, before, failing);
        }
        if trace == Trace::Whole {
            self.set_outages_right(device, at, failing.is_up());
        }
    }

    fn write_event(&mut self, device: DeviceIndex, at: Timestamp, was: Failing, is: Failing) {
        let what = if is.is_up() { What::Up(was) } else { What::Down(is) };
        self.events.push(at, device, what);
        self.alerts.device(at, device, is.is_up(), is.as_str());
    }

    /// Closes the newest outage of a device that is up, and sees to one for a device that is
    /// down.
    fn set_outages_right(&mut self, device: DeviceIndex, at: Timestamp, is_up: bool) {
        let outages = self.outages.entry(device).or_default();
        match outages.last_mut() {
            Some(open) if open.up_again.is_none() => {
                if is_up {
                    open.up_again = Some(at);
                }
            }
            _ if is_up => {}
            _ => outages.push(Outage::begun(at)),
        }
    }

    pub(super) fn last_run(&self, check: Check, device: DeviceIndex, at: Timestamp) -> Timestamp {
        let run = self.stalls[self.group(device)].last_run(self.cadence(check, device), at);
        match self.extra_polls.get(&device) {
            Some(extra) if check == Check::Poll && *extra <= at => run.max(*extra),
            _ => run,
        }
    }
}
