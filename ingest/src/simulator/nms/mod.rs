//! LibreNMS as it sees the network: late, in cycles, frozen where it cannot look.
//!
//! The state moves only in [`Nms::advance`], and it does not matter in how
//! many steps one gets to an instant. Only devices that something happened to
//! are looked at again; for the rest, the time of the last poll is arithmetic.
//! So a network of 100,000 devices that work costs nothing to keep.

mod eventlog;
mod schedule;
#[cfg(test)]
mod tests;
mod view;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use correlate::model::{Period, Timestamp};

use super::failures::Failure;
use super::network::{Change, FailureId, Network};
use super::random::keyed;
use super::truth::Truth;
use super::world::{Component, DeviceIndex, LinkIndex, PortIndex, PortUse, Standing, World};
use schedule::{DISCOVERY_CYCLE_MS, Stalls, poll_duration_ms};

pub(super) use eventlog::{Event, EventLog};
pub(super) use schedule::Cadence;
pub(super) use view::{PORT_COLUMNS, SEARCH_COLUMNS, Shape, instant};

/// How many poller groups a world has.
pub(super) const POLLER_GROUPS: usize = 2;
/// The ignored device was lost, and the disabled one last polled, so long before the beginning.
const LONG_AGO_MS: i64 = 20 * 86_400_000;
/// Where ids of links start.
const FIRST_LINK_ID: u32 = 301;

/// Which version's bodies and rules are shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Release {
    /// Before August 2018: every value in raw rows is a string.
    Strings,
    /// 25.5: flat location, integers for flags of a single device, `display` null.
    V25_5,
    /// 26.4: a single device without location.
    V26_4,
    /// 26.7: reasons such as `icmp,snmp`; location as an object.
    #[default]
    V26_7,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Release; 4] =
        [Release::Strings, Release::V25_5, Release::V26_4, Release::V26_7];

    /// The name in the control API.
    pub fn as_str(self) -> &'static str {
        match self {
            Release::Strings => "strings",
            Release::V25_5 => "25.5",
            Release::V26_4 => "26.4",
            Release::V26_7 => "26.7",
        }
    }
}

/// Which checks of a device fail; none: it is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Failing {
    icmp: bool,
    snmp: bool,
}

impl Failing {
    pub(super) fn is_up(self) -> bool {
        !self.icmp && !self.snmp
    }

    /// The column `status_reason`.
    pub(super) fn as_str(self) -> &'static str {
        match (self.icmp, self.snmp) {
            (false, false) => "",
            (true, false) => "icmp",
            (false, true) => "snmp",
            (true, true) => "icmp,snmp",
        }
    }
}

/// A port's `ifOperStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OperStatus {
    Up,
    Down,
    LowerLayerDown,
}

impl OperStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            OperStatus::Up => "up",
            OperStatus::Down => "down",
            OperStatus::LowerLayerDown => "lowerLayerDown",
        }
    }
}

/// A row of the outage table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Outage {
    pub(super) going_down: Timestamp,
    pub(super) up_again: Option<Timestamp>,
}

/// What the device's row holds that is not arithmetic.
#[derive(Clone, Copy, Debug)]
struct DeviceState {
    failing: Failing,
    /// The last good poll before it was last found down.
    frozen: Option<Timestamp>,
    /// When it was last found up again.
    recovered: Timestamp,
    /// When it had started, as the last good poll saw it.
    booted: Timestamp,
}

/// A port's row, as the last good poll of its device left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct PortState {
    oper: OperStatus,
    oper_before: OperStatus,
    shut: bool,
    shut_before: bool,
    /// Hundredths of a second of the device's uptime; wraps at 2^32.
    last_change: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Check {
    Poll,
    Ping,
    Discovery,
}

/// How the NMS is set up.
#[derive(Clone, Debug)]
pub(super) struct NmsOptions {
    pub(super) poll_cycle_ms: i64,
    pub(super) ping_cycle_ms: Option<i64>,
    pub(super) zone: jiff::tz::TimeZone,
    pub(super) release: Release,
}

/// LibreNMS's database, and the network behind it.
#[derive(Debug)]
pub(super) struct Nms {
    world: Arc<World>,
    options: NmsOptions,
    network: Network,
    truth: Truth,
    began: Timestamp,
    now: Timestamp,
    devices: Vec<DeviceState>,
    /// Rows that differ from what they were at the beginning.
    ports: HashMap<PortIndex, PortState>,
    /// Ports that changed since the last good poll of their device, and since its discovery.
    unread: HashMap<DeviceIndex, BTreeSet<PortIndex>>,
    undiscovered: HashMap<DeviceIndex, BTreeSet<PortIndex>>,
    queue: BinaryHeap<Reverse<(Timestamp, Check, DeviceIndex)>>,
    queued: HashSet<(Check, DeviceIndex)>,
    /// Checks that a stalled poller group missed.
    parked: Vec<(Check, DeviceIndex)>,
    stalls: [Stalls; POLLER_GROUPS],
    events: EventLog,
    outages: HashMap<DeviceIndex, Vec<Outage>>,
    /// For each link the id of its row at either end, if discovery saw it.
    adjacencies: Vec<[Option<u32>; 2]>,
    next_link_id: u32,
    bug_26_7: bool,
}

impl Nms {
    /// An NMS that has watched the whole, unbroken network until `began`; `failures` come later.
    pub(super) fn new(
        world: &Arc<World>,
        failures: &[Failure],
        began: Timestamp,
        options: NmsOptions,
    ) -> Nms {
        let mut network = Network::new(Arc::clone(world), began);
        let truth = Truth::starting(&network, world, began);
        let devices = (0..world.devices().len()).map(|place| {
            let device = DeviceIndex::at(place);
            DeviceState {
                failing: Failing::default(),
                frozen: None,
                recovered: Timestamp::MIN,
                booted: network.booted_at(device),
            }
        });
        let mut nms = Nms {
            devices: devices.collect(),
            world: Arc::clone(world),
            options,
            began,
            now: began,
            ports: HashMap::new(),
            unread: HashMap::new(),
            undiscovered: HashMap::new(),
            queue: BinaryHeap::new(),
            queued: HashSet::new(),
            parked: Vec::new(),
            stalls: Default::default(),
            events: EventLog::new(),
            outages: HashMap::new(),
            adjacencies: Vec::with_capacity(world.links().len()),
            next_link_id: FIRST_LINK_ID,
            bug_26_7: false,
            truth,
            network: network.clone(),
        };
        for failure in failures {
            network.add(failure, began);
        }
        nms.network = network;
        nms.set_up();
        nms
    }

    /// Rows that are special from the beginning.
    fn set_up(&mut self) {
        let long_ago = self.began.plus_millis(-LONG_AGO_MS);
        for place in 0..self.devices.len() {
            let device = DeviceIndex::at(place);
            let failing = match self.world.device(device).standing {
                Standing::Ignored => {
                    let outage = Outage { going_down: long_ago, up_again: None };
                    self.outages.insert(device, vec![outage]);
                    Failing { icmp: true, snmp: self.options.release >= Release::V26_7 }
                }
                Standing::NeverPolled => Failing { icmp: true, snmp: false },
                Standing::Disabled => Failing::default(),
                Standing::Normal | Standing::PingOnly => continue,
            };
            let state = &mut self.devices[place];
            (state.failing, state.frozen) = (failing, Some(long_ago));
        }
        for place in 0..self.world.ports().len() {
            let port = PortIndex::at(place);
            let seen = self.observed(port);
            if matches!(self.world.port(port).used_for, PortUse::Link(_))
                && self.network.works(Component::Device(self.world.port(port).device))
                && seen != self.port_state(port)
            {
                self.ports.insert(port, PortState { oper_before: seen.oper, ..seen });
            }
        }
        for place in 0..self.world.links().len() {
            let link = self.world.link(LinkIndex::at(place));
            let works = self.network.works(Component::Port(link.a));
            let mut ids = [None, None];
            if works {
                ids = [Some(self.next_link_id), Some(self.next_link_id + 1)];
                self.next_link_id += 2;
            }
            self.adjacencies.push(ids);
        }
    }

    /// Moves to `to`; earlier instants change nothing.
    pub(super) fn advance(&mut self, to: Timestamp) {
        loop {
            let check = self.queue.peek().map(|Reverse((at, ..))| *at);
            let change = self.network.next_at();
            // What changes at the instant of a poll is seen by it.
            let next_is_change = match (change, check) {
                (Some(change), Some(check)) => change <= check,
                (change, _) => change.is_some(),
            };
            let next = if next_is_change { change } else { check };
            if next.is_none_or(|at| at > to) {
                break;
            }
            if next_is_change {
                if let Some((at, changes)) = self.network.step() {
                    self.truth.record(at, &changes);
                    changes.iter().for_each(|change| self.plan(*change, at));
                }
            } else if let Some(Reverse((at, check, device))) = self.queue.pop() {
                self.queued.remove(&(check, device));
                self.run(check, device, at);
            }
        }
        self.now = self.now.max(to);
        self.truth.extend_to(self.now);
        self.events.purge(self.now);
    }

    /// Has the device looked at when its turn comes.
    fn plan(&mut self, change: Change, at: Timestamp) {
        let device = match change {
            Change::Works(Component::Device(device), _) | Change::Management(device, _) => device,
            Change::Works(Component::Port(port), _) | Change::Admin(port, _) => {
                let device = self.world.port(port).device;
                self.unread.entry(device).or_default().insert(port);
                self.undiscovered.entry(device).or_default().insert(port);
                device
            }
        };
        let standing = self.world.device(device).standing;
        if !matches!(standing, Standing::Disabled | Standing::NeverPolled) {
            self.enqueue(Check::Poll, device, at);
            self.enqueue(Check::Discovery, device, at);
            if self.options.ping_cycle_ms.is_some() {
                self.enqueue(Check::Ping, device, at);
            }
        }
    }

    fn enqueue(&mut self, check: Check, device: DeviceIndex, at: Timestamp) {
        if self.queued.insert((check, device)) {
            self.queue.push(Reverse((self.cadence(check, device).next(at), check, device)));
        }
    }

    fn cadence(&self, check: Check, device: DeviceIndex) -> Cadence {
        let (cycle_ms, purpose) = match check {
            Check::Poll => (self.options.poll_cycle_ms, "poll"),
            Check::Ping => {
                (self.options.ping_cycle_ms.unwrap_or(self.options.poll_cycle_ms), "ping")
            }
            Check::Discovery => (DISCOVERY_CYCLE_MS, "discovery"),
        };
        // All pings leave together, as from `ping.php`.
        let key = if check == Check::Ping { 0 } else { u64::from(device.0) };
        Cadence::new(cycle_ms, keyed(self.world.seed(), purpose, key))
    }

    fn poll_duration_ms(&self, device: DeviceIndex) -> i64 {
        let key = keyed(self.world.seed(), "taken", u64::from(device.0));
        poll_duration_ms(self.options.poll_cycle_ms, key)
    }

    fn group(&self, device: DeviceIndex) -> usize {
        usize::from(self.world.device(device).poller_group)
    }

    fn run(&mut self, check: Check, device: DeviceIndex, at: Timestamp) {
        if self.stalls[self.group(device)].is_stalled(at) {
            self.parked.push((check, device));
            return;
        }
        match check {
            Check::Poll => self.poll(device, at),
            Check::Ping => self.ping(device, at),
            Check::Discovery => self.discover(device, at),
        }
    }

    /// What the checks of a full poll find.
    fn probe(&self, device: DeviceIndex) -> Failing {
        let icmp = !self.network.works(Component::Device(device));
        let asks_snmp = self.world.device(device).standing != Standing::PingOnly;
        let snmp = asks_snmp && (icmp || !self.network.answers_management(device));
        // Up to 26.6, SNMP is tried only when ICMP passed.
        let both = self.options.release >= Release::V26_7;
        Failing { icmp, snmp: snmp && (both || !icmp) }
    }

    fn poll(&mut self, device: DeviceIndex, at: Timestamp) {
        let failing = self.probe(device);
        self.judge(device, at, failing, false);
        if !failing.is_up() {
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
            self.events.push(at, device, eventlog::What::Rebooted { after_s, up_s });
            self.devices[device.place()].booted = booted;
        }
        if self.world.device(device).standing != Standing::PingOnly {
            unread.into_iter().for_each(|port| self.read_port(device, port, at));
        }
    }

    fn read_port(&mut self, device: DeviceIndex, port: PortIndex, at: Timestamp) {
        let (row, mut seen) = (self.port_state(port), self.observed(port));
        if seen.shut != row.shut {
            seen.shut_before = row.shut;
            self.events.push(at, device, eventlog::What::Admin { port, shut: seen.shut });
        } else {
            seen.shut_before = row.shut_before;
        }
        if seen.oper != row.oper {
            seen.oper_before = row.oper;
            let what = eventlog::What::Oper { port, from: row.oper, to: seen.oper };
            self.events.push(at, device, what);
        } else {
            seen.oper_before = row.oper_before;
        }
        if seen != row {
            self.ports.insert(port, seen);
        }
    }

    /// The port as a poll would read it now.
    fn observed(&self, port: PortIndex) -> PortState {
        let shut = self.network.is_shut(port);
        let oper = match self.world.port(port).used_for {
            _ if self.network.works(Component::Port(port)) => OperStatus::Up,
            PortUse::Spare => OperStatus::LowerLayerDown,
            PortUse::Link(_) | PortUse::Shut => OperStatus::Down,
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
    fn port_state(&self, port: PortIndex) -> PortState {
        if let Some(row) = self.ports.get(&port) {
            return *row;
        }
        let (oper, shut) = match self.world.port(port).used_for {
            PortUse::Link(_) => (OperStatus::Up, false),
            PortUse::Spare => (OperStatus::LowerLayerDown, false),
            PortUse::Shut => (OperStatus::Down, true),
        };
        let last_change = self.first_last_change(port, Timestamp::MIN);
        PortState { oper, oper_before: oper, shut, shut_before: shut, last_change }
    }

    /// Fast ping: sees ICMP only and never clears an SNMP failure.
    fn ping(&mut self, device: DeviceIndex, at: Timestamp) {
        let icmp = !self.network.works(Component::Device(device));
        let before = self.devices[device.place()].failing;
        self.judge(device, at, Failing { icmp, ..before }, false);
    }

    /// Discovery renews links; with the bug of 26.7 it also saves the status where no outage row
    /// or event follows it.
    fn discover(&mut self, device: DeviceIndex, at: Timestamp) {
        let failing = self.probe(device);
        if self.bug_26_7 {
            self.judge(device, at, failing, true);
        }
        if !failing.is_up() {
            return;
        }
        for port in self.undiscovered.remove(&device).unwrap_or_default() {
            let PortUse::Link(index) = self.world.port(port).used_for else { continue };
            let link = self.world.link(index);
            let end = usize::from(link.b == port);
            let works = self.network.works(Component::Port(port));
            let id = &mut self.adjacencies[index.place()][end];
            match (works, *id) {
                (true, None) => {
                    *id = Some(self.next_link_id);
                    self.next_link_id += 1;
                }
                (false, Some(_)) => *id = None,
                _ => {}
            }
        }
    }

    fn judge(&mut self, device: DeviceIndex, at: Timestamp, failing: Failing, quietly: bool) {
        let before = self.devices[device.place()].failing;
        if before == failing {
            return;
        }
        let last_good = self.last_run(Check::Poll, device, at.plus_millis(-1));
        let state = &mut self.devices[device.place()];
        state.failing = failing;
        if before.is_up() == failing.is_up() {
            return;
        }
        if failing.is_up() {
            state.recovered = at;
        } else if last_good >= state.recovered {
            state.frozen = Some(last_good);
        }
        if !quietly {
            self.write_status(device, at, before, failing);
        }
    }

    fn write_status(&mut self, device: DeviceIndex, at: Timestamp, was: Failing, is: Failing) {
        let what = if is.is_up() { eventlog::What::Up(was) } else { eventlog::What::Down(is) };
        self.events.push(at, device, what);
        let outages = self.outages.entry(device).or_default();
        match outages.last_mut() {
            Some(open) if open.up_again.is_none() => {
                if is.is_up() {
                    open.up_again = Some(at);
                }
            }
            _ if is.is_up() => {}
            _ => outages.push(Outage { going_down: at, up_again: None }),
        }
    }

    fn last_run(&self, check: Check, device: DeviceIndex, at: Timestamp) -> Timestamp {
        self.stalls[self.group(device)].last_run(self.cadence(check, device), at)
    }

    /// Starts a failure; what of it lies before now is left out.
    pub(super) fn fail(&mut self, failure: &Failure) -> FailureId {
        self.network.add(failure, self.now)
    }

    /// Ends a failure now. False when it is unknown or over.
    pub(super) fn clear(&mut self, id: FailureId) -> bool {
        self.network.clear(id, self.now)
    }

    /// Stops or starts a poller group. False when there is no such group.
    pub(super) fn set_stalled(&mut self, group: usize, stalled: bool) -> bool {
        let Some(stalls) = self.stalls.get_mut(group) else { return false };
        if stalled {
            stalls.begin(self.now);
            return true;
        }
        stalls.end(self.now);
        let parked = std::mem::take(&mut self.parked);
        for (check, device) in parked {
            if self.group(device) == group {
                self.enqueue(check, device, self.now);
            } else {
                self.parked.push((check, device));
            }
        }
        true
    }

    /// Switches the discovery bug of 26.7 on or off.
    pub(super) fn set_bug_26_7(&mut self, on: bool) {
        self.bug_26_7 = on;
    }

    /// Upgrades or downgrades the server: bodies and rules change, rows stay.
    pub(super) fn set_release(&mut self, release: Release) {
        self.options.release = release;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn world(&self) -> &Arc<World> {
        &self.world
    }

    pub(super) fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The period that the NMS has watched.
    pub(super) fn watched(&self) -> Period {
        Period::new(self.began, self.now)
    }
}
