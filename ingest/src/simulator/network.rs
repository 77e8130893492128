//! The network itself: what has power, what is joined, what the NMS can reach.
//!
//! Fed with failures, moved forward in time, it says at each step what
//! changed. A device works when it has power and can be reached from the NMS's
//! site through working ports; a port works when its device has power, nobody
//! shut it, and the same holds for the other end of an uncut link.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use correlate::model::Timestamp;

use super::failures::{Failure, FailureKind, FailureTarget};
use super::random::keyed;
use super::world::{
    Component, DeviceIndex, LinkIndex, PortIndex, PortUse, Role, SiteIndex, Standing, World,
};

/// Devices have run for up to this long when the world begins.
const LONGEST_FIRST_UPTIME_MS: u64 = 400 * 86_400_000;
/// And at least for this long.
const SHORTEST_FIRST_UPTIME_MS: u64 = 3 * 86_400_000;

/// The number of a failure, for taking it back.
pub(super) type FailureId = u64;

/// Something changed at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// It works from now on, or no longer does.
    Works(Component, bool),
    /// The device answers SNMP from now on, or no longer does (pings apart).
    Management(DeviceIndex, bool),
    /// The port was shut, or opened again.
    Admin(PortIndex, bool),
}

/// The network at an instant, and the failures to come.
#[derive(Clone, Debug)]
pub(super) struct Network {
    world: Arc<World>,
    /// What strikes (`true`) or relents, by instant.
    strokes: BTreeMap<Timestamp, Vec<(FailureId, Failure, bool)>>,
    active: HashMap<FailureId, Failure>,
    next_id: FailureId,
    /// How many failures hold each thing down; absent means none.
    held: HashMap<(FailureTarget, FailureKind), u32>,
    device_works: Vec<bool>,
    port_works: Vec<bool>,
    /// When each device got power last, if since the beginning.
    booted: HashMap<DeviceIndex, Timestamp>,
    /// When each port went up or down last, if since the beginning.
    port_changed: HashMap<PortIndex, Timestamp>,
    began: Timestamp,
    devices_of_site: Vec<Vec<DeviceIndex>>,
    /// The devices that traffic to others passes through.
    transit: Vec<DeviceIndex>,
    /// For each device, the ports that lead to a transit device, and which.
    ways_on: Vec<Vec<(PortIndex, DeviceIndex)>>,
}

impl Network {
    /// The network at `began`, before any failure.
    pub(super) fn new(world: Arc<World>, began: Timestamp) -> Network {
        let mut devices_of_site = vec![Vec::new(); world.sites().len()];
        for (place, device) in world.devices().iter().enumerate() {
            devices_of_site[device.site.place()].push(DeviceIndex::at(place));
        }
        let mut network = Network {
            strokes: BTreeMap::new(),
            active: HashMap::new(),
            next_id: 1,
            held: HashMap::new(),
            device_works: vec![true; world.devices().len()],
            port_works: vec![true; world.ports().len()],
            booted: HashMap::new(),
            port_changed: HashMap::new(),
            began,
            devices_of_site,
            transit: Vec::new(),
            ways_on: vec![Vec::new(); world.devices().len()],
            world,
        };
        network.survey();
        for port in 0..network.port_works.len() {
            network.port_works[port] = network.port_should_work(PortIndex::at(port));
        }
        network.device_works = network.reached_transit();
        for device in 0..network.device_works.len() {
            network.device_works[device] = network.reachable(DeviceIndex::at(device));
        }
        network
    }

    /// Notes what the search for reachable devices needs.
    fn survey(&mut self) {
        for place in 0..self.ways_on.len() {
            let device = DeviceIndex::at(place);
            if self.is_transit(device) {
                self.transit.push(device);
            }
            for port in self.world.device(device).ports() {
                let peer = self.world.peer(port).map(|peer| self.world.port(peer).device);
                if let Some(next) = peer.filter(|next| self.is_transit(*next)) {
                    self.ways_on[place].push((port, next));
                }
            }
        }
    }

    /// Adds a failure; what of it lies before `now` is left out.
    pub(super) fn add(&mut self, failure: &Failure, now: Timestamp) -> FailureId {
        let id = self.next_id;
        self.next_id += 1;
        for (at, strikes) in failure.strokes() {
            if at == Timestamp::MAX {
                continue;
            }
            if at >= now {
                self.strokes.entry(at).or_default().push((id, failure.clone(), strikes));
            } else if strikes && failure.until > now && failure.kind != FailureKind::PortFlap {
                self.strokes.entry(now).or_default().push((id, failure.clone(), true));
            }
        }
        id
    }

    /// Takes a failure back at `now`: what it holds down comes back then. False when there is
    /// no such failure, or it is over.
    pub(super) fn clear(&mut self, id: FailureId, now: Timestamp) -> bool {
        let mut found = false;
        self.strokes.retain(|_, strokes| {
            let before = strokes.len();
            strokes.retain(|(stroke, ..)| *stroke != id);
            found |= strokes.len() < before;
            !strokes.is_empty()
        });
        if let Some(failure) = self.active.get(&id).cloned() {
            self.strokes.entry(now).or_default().push((id, failure, false));
            found = true;
        }
        found
    }

    /// When something happens next.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.strokes.first_key_value().map(|(at, _)| *at)
    }

    /// Moves to the next instant at which something happens and says what changed.
    pub(super) fn step(&mut self) -> Option<(Timestamp, Vec<Change>)> {
        let (at, strokes) = self.strokes.pop_first()?;
        let mut changes = Vec::new();
        let mut touched = Touched::default();
        for (id, failure, strikes) in strokes {
            if strikes {
                self.active.insert(id, failure.clone());
            } else if self.active.remove(&id).is_none() {
                continue;
            }
            self.hold(&failure, strikes, at, &mut touched, &mut changes);
        }
        self.settle(at, touched, &mut changes);
        Some((at, changes))
    }

    fn hold(
        &mut self,
        failure: &Failure,
        strikes: bool,
        at: Timestamp,
        touched: &mut Touched,
        changes: &mut Vec<Change>,
    ) {
        let count = self.held.entry((failure.target, failure.kind)).or_insert(0);
        *count = if strikes { *count + 1 } else { count.saturating_sub(1) };
        let edge = *count == u32::from(strikes);
        match failure.target {
            _ if !edge => {}
            FailureTarget::Device(device) if failure.kind == FailureKind::ManagementLost => {
                changes.push(Change::Management(device, !strikes));
            }
            FailureTarget::Device(device) => self.touch_device(device, at, touched),
            FailureTarget::Site(site) => {
                for place in 0..self.devices_of_site[site.place()].len() {
                    let device = self.devices_of_site[site.place()][place];
                    self.touch_device(device, at, touched);
                }
            }
            FailureTarget::Link(link) => {
                let link = self.world.link(link);
                touched.ports.extend([link.a, link.b]);
            }
            FailureTarget::Port(port) => {
                if failure.kind == FailureKind::AdminDown {
                    changes.push(Change::Admin(port, strikes));
                }
                touched.ports.insert(port);
                touched.ports.extend(self.world.peer(port));
            }
        }
    }

    fn touch_device(&mut self, device: DeviceIndex, at: Timestamp, touched: &mut Touched) {
        if self.has_power(device) {
            self.booted.insert(device, at);
        }
        touched.devices.insert(device);
        for port in self.world.device(device).ports() {
            touched.ports.insert(port);
            touched.ports.extend(self.world.peer(port));
        }
    }

    /// Works out ports, then who can still be reached.
    fn settle(&mut self, at: Timestamp, mut touched: Touched, changes: &mut Vec<Change>) {
        let mut transit = touched.devices.iter().any(|device| self.is_transit(*device));
        let mut ports: Vec<PortIndex> = touched.ports.into_iter().collect();
        ports.sort_unstable();
        for port in ports {
            let works = self.port_should_work(port);
            if works != self.port_works[port.place()] {
                self.port_works[port.place()] = works;
                self.port_changed.insert(port, at);
                changes.push(Change::Works(Component::Port(port), works));
                let device = self.world.port(port).device;
                touched.devices.insert(device);
                transit |= self.is_transit(device)
                    && self
                        .world
                        .peer(port)
                        .is_some_and(|peer| self.is_transit(self.world.port(peer).device));
            }
        }
        if transit {
            self.settle_transit(&mut touched.devices, changes);
        }
        let mut devices: Vec<DeviceIndex> = touched.devices.into_iter().collect();
        devices.sort_unstable();
        for device in devices {
            let works = self.reachable(device);
            if works != self.device_works[device.place()] {
                self.device_works[device.place()] = works;
                changes.push(Change::Works(Component::Device(device), works));
            }
        }
    }

    /// Works out which transit devices are reached; what hangs on those that changed is touched.
    fn settle_transit(&mut self, touched: &mut HashSet<DeviceIndex>, changes: &mut Vec<Change>) {
        let reached = self.reached_transit();
        for &device in &self.transit {
            let works = reached[device.place()];
            if works != self.device_works[device.place()] {
                self.device_works[device.place()] = works;
                changes.push(Change::Works(Component::Device(device), works));
                let peers = self.world.device(device).ports().filter_map(|p| self.world.peer(p));
                touched.extend(peers.map(|peer| self.world.port(peer).device));
            }
        }
    }

    fn is_held(&self, target: FailureTarget, kind: FailureKind) -> bool {
        self.held.get(&(target, kind)).is_some_and(|count| *count > 0)
    }

    fn has_power(&self, device: DeviceIndex) -> bool {
        let Standing::Ignored = self.world.device(device).standing else {
            let site: SiteIndex = self.world.device(device).site;
            return !self.is_held(FailureTarget::Device(device), FailureKind::Power)
                && !self.is_held(FailureTarget::Site(site), FailureKind::Power);
        };
        false
    }

    fn port_is_open(&self, port: PortIndex) -> bool {
        let target = FailureTarget::Port(port);
        self.has_power(self.world.port(port).device)
            && !self.is_held(target, FailureKind::PortFlap)
            && !self.is_held(target, FailureKind::AdminDown)
    }

    fn port_should_work(&self, port: PortIndex) -> bool {
        let link = match self.world.port(port).used_for {
            PortUse::Link(link) => link,
            PortUse::Local => return self.port_is_open(port),
            PortUse::Spare | PortUse::Shut => return false,
        };
        let cut = self.is_held(FailureTarget::Link(link), FailureKind::FibreCut);
        let ends: [PortIndex; 2] = self.ends(link);
        !cut && ends.into_iter().all(|end| self.port_is_open(end))
    }

    fn ends(&self, link: LinkIndex) -> [PortIndex; 2] {
        let link = self.world.link(link);
        [link.a, link.b]
    }

    /// Whether traffic to others passes through this device.
    fn is_transit(&self, device: DeviceIndex) -> bool {
        matches!(self.world.device(device).role, Role::Core | Role::Access)
    }

    /// For each transit device, whether the NMS reaches it; the rest is left false.
    fn reached_transit(&self) -> Vec<bool> {
        let mut reached = vec![false; self.device_works.len()];
        let vantage = self.world.vantage();
        if !self.has_power(vantage) {
            return reached;
        }
        reached[vantage.place()] = true;
        let mut queue = VecDeque::from([vantage]);
        while let Some(device) = queue.pop_front() {
            for &(port, next) in &self.ways_on[device.place()] {
                if self.port_works[port.place()] && !reached[next.place()] {
                    reached[next.place()] = true;
                    queue.push_back(next);
                }
            }
        }
        reached
    }

    /// Whether the NMS reaches the device, given which transit devices it reaches.
    fn reachable(&self, device: DeviceIndex) -> bool {
        if self.is_transit(device) {
            return self.device_works[device.place()];
        }
        self.has_power(device)
            && self.ways_on[device.place()].iter().any(|(port, next)| {
                self.port_works[port.place()] && self.device_works[next.place()]
            })
    }

    /// Whether it works now.
    pub(super) fn works(&self, component: Component) -> bool {
        match component {
            Component::Device(device) => self.device_works[device.place()],
            Component::Port(port) => self.port_works[port.place()],
        }
    }

    /// Whether the device would answer SNMP if it can be reached.
    pub(super) fn answers_management(&self, device: DeviceIndex) -> bool {
        !self.is_held(FailureTarget::Device(device), FailureKind::ManagementLost)
    }

    /// Whether somebody shut the port.
    pub(super) fn is_shut(&self, port: PortIndex) -> bool {
        self.world.port(port).used_for == PortUse::Shut
            || self.is_held(FailureTarget::Port(port), FailureKind::AdminDown)
    }

    /// When the device started last.
    pub(super) fn booted_at(&self, device: DeviceIndex) -> Timestamp {
        self.booted.get(&device).copied().unwrap_or_else(|| {
            let span = LONGEST_FIRST_UPTIME_MS - SHORTEST_FIRST_UPTIME_MS;
            let ago = keyed(self.world.seed(), "uptime", u64::from(device.0)) % span;
            self.began.plus_millis(-((ago + SHORTEST_FIRST_UPTIME_MS) as i64))
        })
    }

    /// When the port went up or down last, if it did since the device started.
    pub(super) fn port_changed_at(&self, port: PortIndex) -> Option<Timestamp> {
        let booted = self.booted_at(self.world.port(port).device);
        self.port_changed.get(&port).copied().filter(|changed| *changed > booted)
    }
}

#[derive(Default)]
struct Touched {
    devices: HashSet<DeviceIndex>,
    ports: HashSet<PortIndex>,
}
