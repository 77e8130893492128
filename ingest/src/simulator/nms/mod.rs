//! LibreNMS as it sees the network: late, in cycles, frozen where it cannot look.
//!
//! The state moves only in [`Nms::advance`], and it does not matter in how
//! many steps one gets to an instant. Only devices that something happened to
//! are looked at again; for the rest, the time of the last poll is arithmetic.
//! So a network of 100,000 devices that work costs nothing to keep.

mod alerts;
mod checks;
mod controls;
mod eventlog;
mod identity;
mod release;
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
use super::truth::Truth;
use super::world::{Component, DeviceIndex, LinkIndex, PortIndex, PortUse, Role, Standing, World};
use alerts::Alerts;
use identity::Identities;
use schedule::Stalls;

pub(super) use alerts::Push;
pub(super) use eventlog::{Event, EventLog};
pub use release::Release;
pub(super) use schedule::Cadence;
pub(super) use view::{PORT_COLUMNS, SEARCH_COLUMNS, Shape, instant};

/// How many poller groups a world has.
pub(super) const POLLER_GROUPS: usize = 2;
/// The ignored device was lost, and the disabled one last polled, so long before the beginning.
const LONG_AGO_MS: i64 = 20 * 86_400_000;
/// Where ids of links start.
const FIRST_LINK_ID: u32 = 301;

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
    NotPresent,
    Dormant,
    Testing,
    Unknown,
    /// No word of the standard: `-1` and the like, which becomes null.
    Null,
}

impl OperStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            OperStatus::Up => "up",
            OperStatus::Down => "down",
            OperStatus::LowerLayerDown => "lowerLayerDown",
            OperStatus::NotPresent => "notPresent",
            OperStatus::Dormant => "dormant",
            OperStatus::Testing => "testing",
            OperStatus::Unknown => "unknown",
            OperStatus::Null => "NULL",
        }
    }

    /// The column; `as_str` is how the log puts it.
    pub(super) fn word(self) -> Option<&'static str> {
        (self != OperStatus::Null).then(|| self.as_str())
    }

    /// The status of this word; `null` for none.
    pub(super) fn named(word: &str) -> Option<OperStatus> {
        [
            OperStatus::Up,
            OperStatus::Down,
            OperStatus::LowerLayerDown,
            OperStatus::NotPresent,
            OperStatus::Dormant,
            OperStatus::Testing,
            OperStatus::Unknown,
            OperStatus::Null,
        ]
        .into_iter()
        .find(|status| status.as_str() == word || (word == "null" && status.word().is_none()))
    }
}

/// A row of the outage table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Outage {
    pub(super) going_down: Timestamp,
    pub(super) up_again: Option<Timestamp>,
}

impl Outage {
    fn begun(at: Timestamp) -> Outage {
        Outage { going_down: at, up_again: None }
    }
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
    /// Its service check, which has a cron job of its own.
    Service,
}

/// How the NMS is set up.
#[derive(Clone, Debug)]
pub(super) struct NmsOptions {
    pub(super) poll_cycle_ms: i64,
    pub(super) ping_cycle_ms: Option<i64>,
    pub(super) zone: jiff::tz::TimeZone,
    pub(super) release: Release,
    /// The dispatcher service runs the pollers, and not cron.
    pub(super) dispatcher: bool,
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
    ids: Identities,
    /// When devices were added again.
    added: HashMap<DeviceIndex, Timestamp>,
    /// The last poll that was not in its cycle: by hand, or of a device that is down.
    extra_polls: HashMap<DeviceIndex, Timestamp>,
    /// The service check of a core router, if it changed: whether it is well, and since when.
    checked: HashMap<DeviceIndex, (bool, Timestamp)>,
    alerts: Alerts,
    /// Since when the server's clock is how far ahead, ascending; milliseconds.
    clock: Vec<(Timestamp, i64)>,
    bug_26_7: bool,
    bug_20310: bool,
    /// What LibreNMS was told about devices since the beginning.
    standings: HashMap<DeviceIndex, Standing>,
    /// Devices with `ignore_status`.
    status_ignored: HashSet<DeviceIndex>,
    /// What agents answer of ports, whatever these are.
    forced: HashMap<PortIndex, OperStatus>,
    /// How much later than written every second line of the log is seen.
    late_events_ms: i64,
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
            ids: Identities::new(world),
            added: HashMap::new(),
            extra_polls: HashMap::new(),
            checked: HashMap::new(),
            alerts: Alerts::new(),
            clock: Vec::new(),
            bug_26_7: false,
            bug_20310: false,
            standings: HashMap::new(),
            status_ignored: HashSet::new(),
            forced: HashMap::new(),
            late_events_ms: 0,
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
                    self.outages.insert(device, vec![Outage::begun(long_ago)]);
                    Failing { icmp: true, snmp: self.options.release.tries_both() }
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
        self.enqueue_all(device, at);
    }

    fn enqueue_all(&mut self, device: DeviceIndex, at: Timestamp) {
        if self.is_polled(device) {
            self.enqueue(Check::Poll, device, at);
            self.enqueue(Check::Discovery, device, at);
            if self.world.device(device).role == Role::Core {
                self.enqueue(Check::Service, device, at);
            }
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

    /// Switches issue 20310 on or off: fast ping clears failures of SNMP.
    pub(super) fn set_bug_20310(&mut self, on: bool) {
        if on && !self.bug_20310 && self.options.ping_cycle_ms.is_some() {
            let lost = |device: &DeviceIndex| {
                let failing = self.devices[device.place()].failing;
                failing.snmp && !failing.icmp
            };
            let devices = (0..self.devices.len()).map(DeviceIndex::at);
            for device in devices.filter(lost).collect::<Vec<_>>() {
                self.enqueue(Check::Ping, device, self.now);
            }
        }
        self.bug_20310 = on;
    }

    /// Polls a device at once, as an operator can by hand; stalled pollers do not matter. False
    /// for a device that is not polled at all.
    pub(super) fn poll_now(&mut self, device: DeviceIndex) -> bool {
        let is_polled = self.is_polled(device);
        if is_polled {
            self.poll(device, self.now);
        }
        is_polled
    }

    /// Discovers a device at once, as an operator can by hand. False for a device that is not
    /// polled at all.
    pub(super) fn discover_now(&mut self, device: DeviceIndex) -> bool {
        let is_polled = self.is_polled(device);
        if is_polled {
            self.discover(device, self.now);
        }
        is_polled
    }

    fn is_polled(&self, device: DeviceIndex) -> bool {
        let standing = self.standing(device);
        !matches!(standing, Standing::Disabled | Standing::NeverPolled) && self.has_device(device)
    }

    /// Deletes a device with its ports, outages, events and links. False when it is not there.
    pub(super) fn delete_device(&mut self, device: DeviceIndex) -> bool {
        if !self.ids.delete(&self.world, device) {
            return false;
        }
        self.outages.remove(&device);
        self.events.forget(device);
        self.alerts.forget(device);
        self.unread.remove(&device);
        self.checked.remove(&device);
        for port in self.world.device(device).ports() {
            self.ports.remove(&port);
            if let PortUse::Link(link) = self.world.port(port).used_for {
                self.adjacencies[link.place()] = [None, None];
            }
        }
        true
    }

    /// Adds a deleted device again and gives its new id; its ports have new ids too. `None` when
    /// it was not deleted.
    pub(super) fn add_device_again(&mut self, device: DeviceIndex) -> Option<u32> {
        let id = self.ids.add_again(&self.world, device)?;
        self.added.insert(device, self.now);
        self.devices[device.place()] = DeviceState {
            failing: Failing::default(),
            frozen: None,
            recovered: self.now,
            booted: self.network.booted_at(device),
        };
        for port in self.world.device(device).ports() {
            self.ports.insert(port, self.observed(port));
            self.undiscovered.entry(device).or_default().insert(port);
            if let Some(peer) = self.world.peer(port) {
                let far = self.world.port(peer).device;
                self.undiscovered.entry(far).or_default().insert(peer);
                self.enqueue_all(far, self.now);
            }
        }
        self.enqueue_all(device, self.now);
        Some(id)
    }

    /// How often alerts are sent: `Some(0)` at once, `None` never.
    pub(super) fn set_alerts(&mut self, every_ms: Option<i64>) {
        self.alerts.set_every(every_ms);
    }

    /// The notifications that are due and were not taken yet.
    pub(super) fn take_pushes(&mut self) -> Vec<Push> {
        self.alerts.take_due(self.now)
    }

    /// The `device_id` in force; `None` for a device that was deleted.
    pub(super) fn device_id(&self, device: DeviceIndex) -> Option<u32> {
        self.ids.device_id(device)
    }

    /// The `port_id` in force; `None` for a port of a device that was deleted.
    pub(super) fn port_id(&self, port: PortIndex) -> Option<u32> {
        self.ids.port_id(&self.world, port)
    }

    /// Whether LibreNMS has the device: it was not deleted.
    pub(super) fn has_device(&self, device: DeviceIndex) -> bool {
        self.ids.device_id(device).is_some()
    }

    /// The device that a path names: digits are an id, anything else a host name.
    pub(super) fn find(&self, name: &str) -> Option<DeviceIndex> {
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            name.parse().ok().and_then(|id| self.ids.device_with_id(&self.world, id))
        } else {
            self.world.device_named(name).filter(|device| self.has_device(*device))
        }
    }

    /// The port with this `port_id`.
    pub(super) fn find_port(&self, id: u32) -> Option<PortIndex> {
        self.ids.port_with_id(&self.world, id)
    }

    /// Upgrades or downgrades the server: bodies and rules change, rows stay.
    pub(super) fn set_release(&mut self, release: Release) {
        self.options.release = release;
        // The next poll of what is down gives its reason by the new rules.
        let devices = (0..self.devices.len()).map(DeviceIndex::at);
        let down = devices.filter(|device| !self.devices[device.place()].failing.is_up());
        for device in down.collect::<Vec<_>>() {
            if self.standing(device) == Standing::Normal && self.has_device(device) {
                self.enqueue(Check::Poll, device, self.now);
            }
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Sets the server's clock so far ahead of the true time, or behind, from now on.
    pub(super) fn set_clock_ahead(&mut self, ahead_ms: i64) {
        self.clock.push((self.now, ahead_ms));
    }

    /// What the server's clock shows at `at`, or showed: what was written then stays.
    pub(in crate::simulator) fn shown(&self, at: Timestamp) -> Timestamp {
        let place = self.clock.partition_point(|(since, _)| *since <= at);
        let ahead_ms = place.checked_sub(1).map_or(0, |place| self.clock[place].1);
        at.plus_millis(ahead_ms)
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
