//! What really was up and down: the reference that tests compare with.
//!
//! A device is down while it has no power or cannot be reached from the NMS's
//! site; a port is down while its link does not work. A device that only lost
//! its management plane is up. A BGP session shares the fate of the port that it
//! runs over, and a service check that of its device.

use std::collections::BTreeMap;
use std::sync::Arc;

use correlate::model::{ComponentId, ComponentState, Period, Timestamp};

use super::failures::Failure;
use super::network::{Change, Network};
use super::world::{Component, DeviceIndex, PortIndex, PortUse, World};

/// A time during which a component had one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrueInterval {
    /// Which component.
    pub component: ComponentId,
    /// When.
    pub period: Period,
    /// `Up` or `Down`; truth is never unknown.
    pub state: ComponentState,
}

/// What really was up and down during a period.
#[derive(Clone, Debug)]
pub struct Truth {
    world: Arc<World>,
    period: Period,
    /// For each component that changed: what it was at first, and each change.
    flips: BTreeMap<Component, Flips>,
    management: BTreeMap<DeviceIndex, Vec<Timestamp>>,
    /// When each port was shut and opened again, by turns.
    shut: BTreeMap<PortIndex, Vec<Timestamp>>,
    /// What never works: unused ports and devices without power.
    never: Vec<Component>,
}

#[derive(Clone, Debug)]
struct Flips {
    first: bool,
    /// Ascending; each turns the state over.
    at: Vec<Timestamp>,
}

/// How one component fared over the period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    first: bool,
    flips: &'a [Timestamp],
}

impl Course<'_> {
    /// The instants at which it changed, ascending.
    #[cfg(test)]
    pub(super) fn changes(&self) -> &[Timestamp] {
        self.flips
    }

    pub(super) fn works_at(self, at: Timestamp) -> bool {
        let flips = self.flips.partition_point(|flip| *flip <= at);
        self.first ^ (flips % 2 == 1)
    }
}

impl Truth {
    /// What `failures` do to `world` during `period`. The network is whole at its start, save
    /// for failures that began before and still last.
    pub fn of(world: &Arc<World>, failures: &[Failure], period: Period) -> Truth {
        let mut network = Network::new(Arc::clone(world), period.from);
        let mut truth = Truth::starting(&network, world, period.from);
        for failure in failures {
            network.add(failure, period.from);
        }
        while network.next_at().is_some_and(|at| at < period.until) {
            if let Some((at, changes)) = network.step() {
                truth.record(at, &changes);
            }
        }
        truth.period.until = period.until;
        truth
    }

    /// A record that begins with the network as it is.
    pub(super) fn starting(network: &Network, world: &Arc<World>, at: Timestamp) -> Truth {
        let devices = (0..world.devices().len()).map(|d| Component::Device(DeviceIndex::at(d)));
        let ports = (0..world.ports().len()).map(|p| Component::Port(PortIndex::at(p)));
        let never = devices.chain(ports).filter(|component| !network.works(*component)).collect();
        Truth {
            world: Arc::clone(world),
            period: Period::new(at, at),
            flips: BTreeMap::new(),
            management: BTreeMap::new(),
            shut: BTreeMap::new(),
            never,
        }
    }

    /// Adds what the network says changed at `at`.
    pub(super) fn record(&mut self, at: Timestamp, changes: &[Change]) {
        for change in changes {
            match *change {
                Change::Works(component, works) => {
                    let entry = self.flips.entry(component);
                    let flips = entry.or_insert(Flips { first: !works, at: Vec::new() });
                    // There and back in one instant is no change.
                    if flips.at.last() == Some(&at) {
                        flips.at.pop();
                    } else {
                        flips.at.push(at);
                    }
                }
                Change::Management(device, _) => {
                    self.management.entry(device).or_default().push(at);
                }
                Change::Admin(port, _) => self.shut.entry(port).or_default().push(at),
            }
        }
        self.extend_to(at);
    }

    /// Says that nothing else changed before `until`.
    pub(super) fn extend_to(&mut self, until: Timestamp) {
        self.period.until = self.period.until.max(until);
    }

    /// The period it covers.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The state of a component at `at`; `Unknown` outside the period and for a component that
    /// the world does not have.
    pub fn state_at(&self, component: &ComponentId, at: Timestamp) -> ComponentState {
        match self.world.subject(component) {
            Some(known) if self.period.contains(at) => state(self.works_at(known, at)),
            _ => ComponentState::Unknown,
        }
    }

    fn works_at(&self, component: Component, at: Timestamp) -> bool {
        self.course(component).works_at(at)
    }

    /// How a component fared, for asking many times.
    pub(super) fn course(&self, component: Component) -> Course<'_> {
        match self.flips.get(&component) {
            Some(flips) => Course { first: flips.first, flips: &flips.at },
            None => Course { first: self.never.binary_search(&component).is_err(), flips: &[] },
        }
    }

    /// Whether the device would have answered SNMP at `at` had it been reached.
    pub(super) fn answers_management_at(&self, device: DeviceIndex, at: Timestamp) -> bool {
        let lost = self.management.get(&device);
        lost.is_none_or(|turns| turns.partition_point(|turn| *turn <= at) % 2 == 0)
    }

    /// Whether somebody had shut the port at `at`.
    pub(super) fn is_shut_at(&self, port: PortIndex, at: Timestamp) -> bool {
        let turns = self.shut.get(&port).map_or(&[][..], Vec::as_slice);
        self.world.port(port).used_for == PortUse::Shut
            || turns.partition_point(|turn| *turn <= at) % 2 == 1
    }

    /// The states of one component, gapless over the period; none for an unknown component.
    pub fn intervals_of(&self, component: &ComponentId) -> Vec<TrueInterval> {
        match self.world.subject(component) {
            Some(known) if !self.period.is_empty() => self.tile(component, known),
            _ => Vec::new(),
        }
    }

    /// The states of every device and port that changed at least once, by component; the rest
    /// was up (or, unused ports, down) throughout.
    pub fn intervals(&self) -> impl Iterator<Item = TrueInterval> + '_ {
        let known = self.flips.keys();
        known.flat_map(|component| self.tile(&self.world.id_of(*component), *component))
    }

    fn tile(&self, id: &ComponentId, component: Component) -> Vec<TrueInterval> {
        let flips = self.flips.get(&component).map_or(&[][..], |flips| &flips.at);
        let mut edges = vec![self.period.from];
        edges.extend(flips.iter().filter(|at| **at > self.period.from));
        edges.push(self.period.until);
        edges
            .windows(2)
            .filter(|edge| edge[0] < edge[1])
            .map(|edge| TrueInterval {
                component: id.clone(),
                period: Period::new(edge[0], edge[1]),
                state: state(self.works_at(component, edge[0])),
            })
            .collect()
    }

    /// CSV with header `component,from,to,state`, as [`Truth::intervals`] gives them.
    pub fn to_csv(&self) -> String {
        let mut text = String::from("component,from,to,state\n");
        for interval in self.intervals() {
            let Period { from, until } = interval.period;
            text.push_str(&format!("{},{from},{until},{}\n", interval.component, interval.state));
        }
        text
    }
}

fn state(works: bool) -> ComponentState {
    if works { ComponentState::Up } else { ComponentState::Down }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{FailureKind, FailureRates, Topology, WorldOptions};

    fn world() -> Arc<World> {
        let world = World::generate(&Topology::surfnet(), &WorldOptions::default());
        Arc::new(world.expect("valid"))
    }

    fn failure(world: &World, name: &str, kind: FailureKind, from: i64, until: i64) -> Failure {
        Failure::named(world, name, kind, Timestamp(from), Timestamp(until)).expect("valid")
    }

    const PERIOD: Period = Period::new(Timestamp(0), Timestamp(1_000_000));

    #[test]
    fn a_cut_fibre_takes_both_ports_and_no_device_on_a_ring() {
        let world = world();
        let cut = failure(&world, "link:L72", FailureKind::FibreCut, 100, 200);
        let truth = Truth::of(&world, &[cut], PERIOD);
        let link = world.links().iter().find(|link| link.id == "L72").expect("known");
        let down: Vec<_> =
            truth.intervals().filter(|interval| interval.state == ComponentState::Down).collect();
        let ids: Vec<_> = down.iter().map(|interval| interval.component.clone()).collect();
        let mut ends = [link.a, link.b].map(Component::Port);
        ends.sort();
        assert_eq!(ids, ends.map(|end| world.id_of(end)));
        assert!(down.iter().all(|d| d.period == Period::new(Timestamp(100), Timestamp(200))));
    }

    #[test]
    fn a_dark_site_takes_its_devices_and_the_ports_that_look_at_it() {
        let world = world();
        let dark = failure(&world, "site:Zwolle", FailureKind::Power, 100, 200);
        let truth = Truth::of(&world, &[dark], PERIOD);
        let site = world.sites().iter().position(|site| site.label == "Zwolle").expect("known");
        for (place, device) in world.devices().iter().enumerate() {
            if device.site.place() == site {
                let id = world.id_of(Component::Device(DeviceIndex::at(place)));
                assert_eq!(truth.state_at(&id, Timestamp(99)), ComponentState::Up);
                assert_eq!(truth.state_at(&id, Timestamp(100)), ComponentState::Down);
                assert_eq!(truth.state_at(&id, Timestamp(200)), ComponentState::Up);
                for port in device.ports() {
                    if let Some(peer) = world.peer(port) {
                        let id = world.id_of(Component::Port(peer));
                        assert_eq!(truth.state_at(&id, Timestamp(150)), ComponentState::Down);
                    }
                }
            }
        }
    }

    #[test]
    fn overlapping_failures_end_with_the_last() {
        let world = world();
        let cuts = [
            failure(&world, "link:L5", FailureKind::FibreCut, 100, 300),
            failure(&world, "link:L5", FailureKind::FibreCut, 200, 400),
        ];
        let truth = Truth::of(&world, &cuts, PERIOD);
        let down: Vec<Period> = truth
            .intervals()
            .filter(|interval| interval.state == ComponentState::Down)
            .map(|interval| interval.period)
            .collect();
        assert_eq!(down, [Period::new(Timestamp(100), Timestamp(400)); 2]);
    }

    #[test]
    fn a_lost_management_plane_is_not_down() {
        let world = world();
        let lost = failure(&world, "librenms/device/9", FailureKind::ManagementLost, 100, 200);
        let truth = Truth::of(&world, &[lost], PERIOD);
        assert_eq!(truth.intervals().count(), 0);
        let device = world.device_with_id(9).expect("known");
        assert!(!truth.answers_management_at(device, Timestamp(150)));
        assert!(truth.answers_management_at(device, Timestamp(200)));
    }

    #[test]
    fn sessions_share_the_fate_of_their_port_and_checks_that_of_their_device() {
        let world = world();
        let cut = failure(&world, "link:L72", FailureKind::FibreCut, 100, 200);
        let dark = failure(&world, "site:Zwolle", FailureKind::Power, 300, 400);
        let truth = Truth::of(&world, &[cut, dark], PERIOD);
        let place = world.links().iter().position(|link| link.id == "L72").expect("known");
        for (second, port) in [(false, world.links()[place].a), (true, world.links()[place].b)] {
            let peer = World::peer_id(crate::simulator::world::LinkIndex::at(place), second);
            let session = ComponentId::of("librenms", "bgp", peer);
            let of = |id: &ComponentId| -> Vec<_> {
                let all = truth.intervals_of(id).into_iter();
                all.map(|interval| (interval.period, interval.state)).collect()
            };
            assert_eq!(of(&session), of(&world.id_of(Component::Port(port))));
            assert_eq!(truth.state_at(&session, Timestamp(150)), ComponentState::Down);
            assert_eq!(truth.intervals_of(&session)[1].component, session);
        }
        let core = world.device_named("cr1.zwolle.example.net").expect("known");
        let check = ComponentId::of("librenms", "check", world.check_id(core).expect("a core"));
        assert_eq!(truth.state_at(&check, Timestamp(299)), ComponentState::Up);
        assert_eq!(truth.state_at(&check, Timestamp(300)), ComponentState::Down);
        for other in ["librenms/bgp/1", "librenms/check/99999", "else/check/1"] {
            assert_eq!(truth.intervals_of(&other.into()), []);
        }
    }

    #[test]
    fn intervals_of_random_failures_tile_the_period_and_alternate() {
        let world = world();
        let period = Period::new(Timestamp(0), Timestamp(30 * 86_400_000));
        let failures = Failure::random(&world, 9, period, &FailureRates::realistic());
        let truth = Truth::of(&world, &failures, period);
        let mut seen = 0;
        for component in truth.flips.keys() {
            let intervals = truth.intervals_of(&world.id_of(*component));
            assert_eq!(intervals.first().map(|i| i.period.from), Some(period.from));
            assert_eq!(intervals.last().map(|i| i.period.until), Some(period.until));
            for pair in intervals.windows(2) {
                assert_eq!(pair[0].period.until, pair[1].period.from);
                assert_ne!(pair[0].state, pair[1].state);
            }
            seen += intervals.len();
        }
        assert!(seen > 100, "a month of 600 devices has failures");
    }
}
