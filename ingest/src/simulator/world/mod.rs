//! A made-up ISP on a real map: pure, and the same for the same seed.
//!
//! Every site of the topology that can reach the hub gets a core router
//! `cr1.<site>`; sites with customers get access switches `as1.<site>`, and
//! each service gets equipment at the customer's and an access port, or two.
//! Nothing here knows about time or failures.

mod build;
mod model;
mod names;
mod paths;
mod services;

use std::collections::HashMap;

use correlate::model::{ComponentId, PathExpr};
use serde_json::{Value, json};

use super::{SimulatorError, Topology};

pub(super) use model::FIRST_PORT_ID;
pub use model::{
    Component, Customer, Device, DeviceIndex, Link, LinkIndex, LinkKind, Port, PortIndex, PortUse,
    Role, Service, ServiceKind, Site, SiteIndex, Standing,
};

/// The domain of every host name; reserved for examples (RFC 2606).
pub(super) const DOMAIN: &str = ".example.net";

/// The ids of service checks start here, in order of devices; and those of BGP peers,
/// two for each link.
const FIRST_CHECK_ID: u32 = 1;
const FIRST_PEER_ID: u32 = 1_260;

/// How to fill a topology with customers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorldOptions {
    /// The same seed gives the same world, in every release.
    pub seed: u64,
    /// How many services, from 1 to [`World::MAX_SERVICES`].
    pub services: usize,
    /// The NMS account: the first part of every component id. No slash, not empty.
    pub account: String,
    /// Label of the site where the NMS and the way out to the internet are; `None`
    /// takes Amsterdam, or the site with most links where there is no Amsterdam.
    pub hub: Option<String>,
    /// Unused ports per access switch and core router, to make lists as long as real ones.
    pub spare_ports: u32,
    /// Ports per customer's equipment that lead to what LibreNMS does not know.
    pub local_ports: u32,
}

impl Default for WorldOptions {
    fn default() -> WorldOptions {
        WorldOptions {
            seed: 1,
            services: 300,
            account: String::from("librenms"),
            hub: None,
            spare_ports: 2,
            local_ports: 0,
        }
    }
}

/// A made-up ISP.
#[derive(Clone, PartialEq, Debug)]
pub struct World {
    account: String,
    seed: u64,
    name: String,
    sites: Vec<Site>,
    devices: Vec<Device>,
    ports: Vec<Port>,
    links: Vec<Link>,
    customers: Vec<Customer>,
    services: Vec<Service>,
    hubs: [SiteIndex; 2],
    by_hostname: HashMap<String, DeviceIndex>,
    /// The order of LibreNMS's lists.
    hostname_order: Vec<u32>,
}

impl World {
    /// The most services a world can have.
    pub const MAX_SERVICES: usize = 1_000_000;

    /// Builds the world of `options` on `topology`. Sites that cannot reach the hub are left out.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for an option outside its range or a hub that the topology
    /// does not have.
    pub fn generate(topology: &Topology, options: &WorldOptions) -> Result<World, SimulatorError> {
        build::generate(topology, options)
    }

    /// The NMS account, the first part of every component id.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The topology's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seed it was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Every site.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// Every device, in order of `device_id`.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Every port, in order of `port_id`.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// Every link.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Every customer.
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// Where the NMS is, and the second core site of redundant services. Both are the same
    /// site when there is only one.
    pub fn hubs(&self) -> [SiteIndex; 2] {
        self.hubs
    }

    /// The services with their kinds.
    pub fn service_list(&self) -> &[Service] {
        &self.services
    }

    /// The services in the JSON format of SEMANTICS: `id`, `path`, and for people `name`,
    /// `customer` and `kind` (`access`, `redundant`, `point_to_point`).
    pub fn services(&self) -> Vec<Value> {
        self.services
            .iter()
            .map(|service| {
                json!({
                    "id": service.id.as_str(),
                    "name": service.name,
                    "customer": self.customers[service.customer as usize].name,
                    "kind": service.kind.as_str(),
                    "path": self.path_of(service).to_json(),
                })
            })
            .collect()
    }

    /// What one of this world's services needs.
    pub fn path_of(&self, service: &Service) -> PathExpr {
        services::path_of(self, service)
    }

    /// The device with this LibreNMS `hostname`.
    pub fn device_named(&self, hostname: &str) -> Option<DeviceIndex> {
        self.by_hostname.get(hostname).copied()
    }

    /// The component with this id, if the world has it.
    pub fn component(&self, id: &ComponentId) -> Option<Component> {
        let (nms, kind, native) = id.parts()?;
        let native: u32 = native.parse().ok()?;
        if nms != self.account {
            return None;
        }
        match kind {
            "device" => self.device_with_id(native).map(Component::Device),
            "port" => self.port_with_id(native).map(Component::Port),
            _ => None,
        }
    }

    /// The component whose fate `id` shares: a BGP session is up while the port at its end of
    /// a core link works, and a service check of a core router while that is reached. A device
    /// or port shares its own.
    pub(super) fn subject(&self, id: &ComponentId) -> Option<Component> {
        let (nms, kind, native) = id.parts()?;
        let native: u32 = native.parse().ok()?;
        match kind {
            _ if nms != self.account => None,
            "bgp" => {
                let place = native.checked_sub(FIRST_PEER_ID)?;
                let link = self.links.get((place / 2) as usize)?;
                let port = if place % 2 == 0 { link.a } else { link.b };
                (link.kind == LinkKind::Core).then_some(Component::Port(port))
            }
            "check" => {
                let device = DeviceIndex(native.checked_sub(FIRST_CHECK_ID)?);
                let known = self.devices.get(device.place())?;
                (known.role == Role::Core).then_some(Component::Device(device))
            }
            _ => self.component(id),
        }
    }

    /// The id of a device's service check: every core router has one.
    pub(super) fn check_id(&self, device: DeviceIndex) -> Option<u32> {
        (self.device(device).role == Role::Core).then_some(device.0 + FIRST_CHECK_ID)
    }

    /// The id of the BGP peer at one end of a link.
    pub(super) fn peer_id(link: LinkIndex, second: bool) -> u32 {
        FIRST_PEER_ID + 2 * link.0 + u32::from(second)
    }

    /// The device with this LibreNMS `device_id`.
    pub fn device_with_id(&self, native: u32) -> Option<DeviceIndex> {
        let place = native.checked_sub(1)?;
        ((place as usize) < self.devices.len()).then_some(DeviceIndex(place))
    }

    /// The port with this LibreNMS `port_id`.
    pub fn port_with_id(&self, native: u32) -> Option<PortIndex> {
        let place = native.checked_sub(FIRST_PORT_ID)?;
        ((place as usize) < self.ports.len()).then_some(PortIndex(place))
    }

    /// The id of a component of this world.
    pub fn id_of(&self, component: Component) -> ComponentId {
        component.id(&self.account)
    }

    pub(super) fn device(&self, device: DeviceIndex) -> &Device {
        &self.devices[device.place()]
    }

    pub(super) fn port(&self, port: PortIndex) -> &Port {
        &self.ports[port.place()]
    }

    pub(super) fn site(&self, site: SiteIndex) -> &Site {
        &self.sites[site.place()]
    }

    pub(super) fn link(&self, link: LinkIndex) -> &Link {
        &self.links[link.place()]
    }

    /// The port at the other end of the link.
    pub(super) fn peer(&self, port: PortIndex) -> Option<PortIndex> {
        match self.port(port).used_for {
            PortUse::Link(link) => {
                let link = self.link(link);
                Some(if link.a == port { link.b } else { link.a })
            }
            PortUse::Local | PortUse::Spare | PortUse::Shut => None,
        }
    }

    /// The device from which the NMS looks at the network.
    pub(super) fn vantage(&self) -> DeviceIndex {
        self.site(self.hubs[0]).core
    }

    /// Positions of devices in order of host name.
    pub(super) fn hostname_order(&self) -> &[u32] {
        &self.hostname_order
    }

    /// LibreNMS's `ifName`, in the style of the device's vendor.
    pub fn port_name(&self, port: PortIndex) -> String {
        let Port { device, if_index, .. } = *self.port(port);
        match self.device(device).role {
            Role::Core => format!("xe-0/0/{}", if_index - 1),
            Role::Access | Role::Oddment => format!("Ethernet{if_index}"),
            Role::Cpe => format!("ether{if_index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn world(seed: u64) -> World {
        let options = WorldOptions { seed, services: 300, ..WorldOptions::default() };
        World::generate(&Topology::surfnet(), &options).expect("valid")
    }

    #[test]
    fn a_seed_gives_the_same_world() {
        assert_eq!(world(5), world(5));
        assert_ne!(world(5).services(), world(6).services());
    }

    #[test]
    fn every_kind_of_service_is_there_and_names_only_known_components() {
        let world = world(1);
        assert_eq!(world.services().len(), 300);
        for kind in [ServiceKind::Access, ServiceKind::Redundant, ServiceKind::PointToPoint] {
            assert!(world.service_list().iter().any(|service| service.kind == kind));
        }
        for service in world.services() {
            let path = PathExpr::from_json(&service["path"]).expect("valid path");
            for id in path.components() {
                let component = world.component(id).expect("known component");
                assert_eq!(world.id_of(component), *id);
            }
        }
    }

    #[test]
    fn point_to_point_services_have_two_ways_without_a_common_link() {
        let world = world(2);
        let services = world.service_list().iter();
        for service in services.filter(|service| service.kind == ServiceKind::PointToPoint) {
            let PathExpr::All(parts) = world.path_of(service) else { panic!("a list of hops") };
            let ways = parts.iter().find_map(|part| match part {
                PathExpr::Any(ways) => Some(ways),
                _ => None,
            });
            let ways = ways.expect("two ways");
            assert_eq!(ways.len(), 2);
            let ports = |way: &PathExpr| -> BTreeSet<String> {
                let ids = way.components().into_iter().map(|id| id.to_string());
                ids.filter(|id| id.contains("/port/")).collect()
            };
            assert!(ports(&ways[0]).is_disjoint(&ports(&ways[1])), "{}", service.id);
        }
    }

    #[test]
    fn both_ends_of_a_link_name_each_other_and_ports_belong_to_their_device() {
        let world = world(3);
        for link in world.links() {
            assert_eq!(world.peer(link.a), Some(link.b));
            assert_eq!(world.peer(link.b), Some(link.a));
        }
        for (place, device) in world.devices().iter().enumerate() {
            for port in device.ports() {
                assert_eq!(world.port(port).device, DeviceIndex::at(place));
            }
            assert_eq!(world.device_named(&device.hostname), Some(DeviceIndex::at(place)));
        }
    }

    #[test]
    fn islands_are_left_out_and_unknown_hubs_refused() {
        let json = r#"{"name":"x","nodes":[{"id":"1","label":"A"},{"id":"2","label":"B"},
            {"id":"3","label":"C"}],"links":[{"id":"L","a":"1","b":"2"}]}"#;
        let topology = Topology::from_json(json).expect("valid");
        let options = WorldOptions { services: 20, ..WorldOptions::default() };
        let world = World::generate(&topology, &options).expect("valid");
        assert_eq!(world.sites().len(), 2);
        let options = WorldOptions { hub: Some(String::from("Z")), ..options };
        let error = World::generate(&topology, &options).expect_err("no such hub");
        assert_eq!(error.to_string(), "option hub: the topology has no site \"Z\"");
    }
}
