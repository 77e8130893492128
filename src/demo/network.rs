//! The made-up ISP as the demo's director sees it: what a failure would do to
//! the services, and what things are called. Pure.

use std::collections::HashSet;
use std::sync::Arc;

use correlate::model::{ComponentId, ComponentState, PathExpr, Period, ServiceId, Timestamp};
use ingest::simulator::{
    DeviceIndex, Failure, FailureKind, FailureTarget, LinkIndex, LinkKind, PortUse, Role, Standing,
    Truth, World,
};

/// The world and the paths of its services.
pub(super) struct Network {
    world: Arc<World>,
    services: Vec<(ServiceId, PathExpr)>,
}

/// What a failure does to the services while it lasts.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Effect {
    /// Services that do not work.
    pub(super) down: Vec<ServiceId>,
    /// Services that work on a reserve.
    pub(super) degraded: Vec<ServiceId>,
}

impl Effect {
    /// What this does beyond `before`.
    pub(super) fn beyond(mut self, before: &Effect) -> Effect {
        self.down.retain(|service| !before.down.contains(service));
        self.degraded.retain(|service| !before.degraded.contains(service));
        self
    }
}

impl Network {
    /// The network of `world`.
    pub(super) fn new(world: &Arc<World>) -> Network {
        let services = world.service_list().iter();
        let services = services.map(|service| (service.id.clone(), world.path_of(service)));
        Network { services: services.collect(), world: Arc::clone(world) }
    }

    /// The world itself.
    pub(super) fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// How many services there are.
    pub(super) fn services(&self) -> usize {
        self.services.len()
    }

    /// What breaking `target` alone would do.
    pub(super) fn effect(&self, target: FailureTarget, kind: FailureKind) -> Effect {
        self.effect_of(&[(target, kind)])
    }

    /// What all of `broken` together does.
    pub(super) fn effect_of(&self, broken: &[(FailureTarget, FailureKind)]) -> Effect {
        let period = Period::new(Timestamp(0), Timestamp(1));
        let Period { from, until } = period;
        let failures: Vec<Failure> =
            broken.iter().map(|&(target, kind)| Failure { from, until, target, kind }).collect();
        let truth = Truth::of(&self.world, &failures, period);
        let down: HashSet<ComponentId> = truth
            .intervals()
            .filter(|interval| interval.state == ComponentState::Down)
            .map(|interval| interval.component)
            .collect();
        let mut effect = Effect::default();
        for (service, path) in &self.services {
            if !works(path, &down) {
                effect.down.push(service.clone());
            } else if path.components().into_iter().any(|component| down.contains(component)) {
                effect.degraded.push(service.clone());
            }
        }
        effect
    }

    /// Links of `kind`, by position.
    pub(super) fn links(&self, kind: LinkKind) -> Vec<LinkIndex> {
        let mut links: Vec<LinkIndex> = self
            .world
            .ports()
            .iter()
            .filter_map(|port| match port.used_for {
                PortUse::Link(link) => Some(link),
                PortUse::Local | PortUse::Spare | PortUse::Shut => None,
            })
            .filter(|link| self.world.links()[link.place()].kind == kind)
            .collect();
        links.sort();
        links.dedup();
        links
    }

    /// Devices of `role` that are polled as usual, by position.
    pub(super) fn devices(&self, role: Role) -> Vec<DeviceIndex> {
        let natives = 1..=u32::try_from(self.world.devices().len()).unwrap_or(u32::MAX);
        natives
            .filter_map(|native| self.world.device_with_id(native))
            .filter(|device| {
                let device = &self.world.devices()[device.place()];
                device.role == role && device.standing == Standing::Normal
            })
            .collect()
    }

    /// What to call it, such as `as1.zwolle` or `Utrecht – Zwolle`.
    pub(super) fn name(&self, target: FailureTarget) -> String {
        let device_name = |device: DeviceIndex| self.world.devices()[device.place()].sys_name();
        match target {
            FailureTarget::Site(site) => self.world.sites()[site.place()].label.clone(),
            FailureTarget::Device(device) => device_name(device).to_owned(),
            FailureTarget::Port(port) => {
                let device = self.world.ports()[port.place()].device;
                format!("{} {}", device_name(device), self.world.port_name(port))
            }
            FailureTarget::Link(link) => {
                let link = &self.world.links()[link.place()];
                let end = |port: ingest::simulator::PortIndex| {
                    let device = self.world.ports()[port.place()].device;
                    match link.kind {
                        LinkKind::Core => {
                            let site = self.world.devices()[device.place()].site;
                            self.world.sites()[site.place()].label.clone()
                        }
                        LinkKind::Metro | LinkKind::Tail => device_name(device).to_owned(),
                    }
                };
                format!("{} – {}", end(link.a), end(link.b))
            }
        }
    }
}

/// Whether a service of two-valued components works. The demo's services do
/// not refer to each other.
fn works(path: &PathExpr, down: &HashSet<ComponentId>) -> bool {
    let up = |paths: &[PathExpr]| paths.iter().filter(|path| works(path, down)).count();
    match path {
        PathExpr::Component(component) => !down.contains(component),
        PathExpr::All(paths) => up(paths) == paths.len(),
        PathExpr::Any(paths) => up(paths) > 0,
        PathExpr::AtLeast(k, paths) => up(paths) >= *k as usize,
        PathExpr::Service(_) => true,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ingest::simulator::{Topology, WorldOptions};

    use super::*;

    /// The demo's network as it is by default.
    pub(in crate::demo) fn surfnet() -> Network {
        surfnet_with(WorldOptions::default().services)
    }

    pub(in crate::demo) fn surfnet_with(services: usize) -> Network {
        let options = WorldOptions { services, ..WorldOptions::default() };
        let world = World::generate(&Topology::surfnet(), &options);
        Network::new(&Arc::new(world.expect("valid")))
    }

    #[test]
    fn a_cut_on_the_ring_takes_nobody_down() {
        let network = surfnet();
        let cuts = network.links(LinkKind::Core).into_iter().map(FailureTarget::Link);
        let effects: Vec<Effect> =
            cuts.map(|cut| network.effect(cut, FailureKind::FibreCut)).collect();
        assert!(effects.iter().any(|effect| effect.down.is_empty() && effect.degraded.len() > 3));
    }

    #[test]
    fn the_second_of_two_cuts_that_isolate_a_site_takes_its_customers_down() {
        let network = surfnet();
        let links = network.links(LinkKind::Core).into_iter().map(FailureTarget::Link);
        let of_site = links.filter(|link| network.name(*link).contains("Den Haag"));
        let cuts: Vec<_> = of_site.map(|link| (link, FailureKind::FibreCut)).collect();
        assert_eq!(cuts.len(), 2, "Den Haag is on one ring");
        let first = network.effect_of(&cuts[..1]);
        assert!(first.down.is_empty());
        let both = network.effect_of(&cuts);
        assert_eq!(both.clone().beyond(&first).down, both.down);
        assert!(!both.down.is_empty());
    }

    #[test]
    fn a_switch_without_power_takes_its_single_homed_customers_down() {
        let network = surfnet();
        let switch = network.devices(Role::Access)[0];
        let effect = network.effect(FailureTarget::Device(switch), FailureKind::Power);
        assert!(!effect.down.is_empty());
        assert!(effect.down.len() < 30, "{}", effect.down.len());
    }

    #[test]
    fn things_are_called_as_people_call_them() {
        let network = surfnet();
        let name = network.name(FailureTarget::Device(network.devices(Role::Access)[0]));
        assert!(name.starts_with("as1."), "{name}");
        let name = network.name(FailureTarget::Link(network.links(LinkKind::Core)[0]));
        assert!(name.contains(" – "), "{name}");
    }
}
