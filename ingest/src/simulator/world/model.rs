//! The parts of a world: sites, devices, ports, links, customers.

use std::ops::Range;
use std::sync::Arc;

use correlate::model::{ComponentId, ServiceId};

use super::paths::Leg;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub(in crate::simulator) u32);

        impl $name {
            pub(in crate::simulator) fn at(place: usize) -> $name {
                $name(u32::try_from(place).expect("a world has fewer than 2^32 of anything"))
            }

            /// The position in the world's list.
            pub fn place(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index! {
    /// A site's position in [`World::sites`](super::World::sites).
    SiteIndex
}
index! {
    /// A device's position in [`World::devices`](super::World::devices).
    DeviceIndex
}
index! {
    /// A port's position in [`World::ports`](super::World::ports).
    PortIndex
}
index! {
    /// A link's position in [`World::links`](super::World::links).
    LinkIndex
}

impl DeviceIndex {
    /// LibreNMS's `device_id`.
    pub fn native_id(self) -> u32 {
        self.0 + 1
    }
}

impl PortIndex {
    /// LibreNMS's `port_id`; it starts at 1001 so that it is never taken for a `device_id`
    /// in a small world.
    pub fn native_id(self) -> u32 {
        self.0 + FIRST_PORT_ID
    }
}

/// The `port_id` of the first port.
pub(in crate::simulator) const FIRST_PORT_ID: u32 = 1001;

/// A place with equipment.
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// Its name in the topology.
    pub label: String,
    /// Its part of host names; unique in the world.
    pub slug: String,
    /// Degrees north and east (WGS 84), if the topology tells.
    pub position: Option<(f64, f64)>,
    /// Its core router.
    pub core: DeviceIndex,
}

/// What a device is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A core router, one per site.
    Core,
    /// An access switch that customers hang on.
    Access,
    /// Equipment at a customer's premises.
    Cpe,
    /// In LibreNMS for other reasons: a lab box, a retired one, one never polled. No
    /// service needs it.
    Oddment,
}

/// What LibreNMS was told about a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Polled by ICMP and SNMP.
    Normal,
    /// `snmp_disable=1`: ICMP only, no ports.
    PingOnly,
    /// `ignore=1`: polled, but nobody is told. Down since before the world began.
    Ignored,
    /// `disabled=1`: not polled any more, its row is frozen.
    Disabled,
    /// Added but not polled yet: status 0 without any poll.
    NeverPolled,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 5] = [
        Standing::Normal,
        Standing::PingOnly,
        Standing::Ignored,
        Standing::Disabled,
        Standing::NeverPolled,
    ];

    /// The name in the control API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Normal => "normal",
            Standing::PingOnly => "ping_only",
            Standing::Ignored => "ignored",
            Standing::Disabled => "disabled",
            Standing::NeverPolled => "never_polled",
        }
    }

    /// The standing of this name.
    pub fn named(name: &str) -> Option<Standing> {
        Standing::ALL.into_iter().find(|standing| standing.as_str() == name)
    }
}

/// A device.
#[derive(Clone, PartialEq, Debug)]
pub struct Device {
    /// What it is for.
    pub role: Role,
    /// What LibreNMS was told about it.
    pub standing: Standing,
    /// Where it is.
    pub site: SiteIndex,
    /// LibreNMS's `hostname`; unique.
    pub hostname: String,
    /// LibreNMS's poller group: 0 or 1.
    pub poller_group: u8,
    /// The devices between it and the NMS, as LibreNMS's dependencies.
    pub parents: Vec<DeviceIndex>,
    /// Its ports, as a range of positions.
    pub(in crate::simulator) ports: Range<u32>,
}

impl Device {
    /// Its ports.
    pub fn ports(&self) -> impl Iterator<Item = PortIndex> + use<> {
        self.ports.clone().map(PortIndex)
    }

    /// LibreNMS's `sysName`: the host name without the domain.
    pub fn sys_name(&self) -> &str {
        self.hostname.strip_suffix(super::DOMAIN).unwrap_or(&self.hostname)
    }
}

/// What a port is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortUse {
    /// One end of a link.
    Link(LinkIndex),
    /// Connected to something that LibreNMS does not know: up while its device has power.
    Local,
    /// Not connected: `lowerLayerDown` for ever.
    Spare,
    /// Not connected and administratively down for ever.
    Shut,
}

/// A port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// Whose.
    pub device: DeviceIndex,
    /// From 1 on each device.
    pub if_index: u32,
    /// What for.
    pub used_for: PortUse,
    /// Position in [`World::customers`](super::World::customers) of the customer on it.
    pub customer: Option<u32>,
}

/// What a link is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkKind {
    /// Between two sites; from the topology.
    Core,
    /// Between an access switch and its site's core router.
    Metro,
    /// Between a customer and an access switch.
    Tail,
}

/// Two ports joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The topology's id for a core link, `metro-N` or `tail-N` otherwise.
    pub id: String,
    /// What it is.
    pub kind: LinkKind,
    /// One end; for metro and tail links the one nearer to the core.
    pub a: PortIndex,
    /// The other end.
    pub b: PortIndex,
}

/// An organisation with services; made up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Customer {
    /// Its name.
    pub name: String,
    /// Its number, as in port descriptions: `CUST-10017`.
    pub number: u32,
}

/// How a service is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServiceKind {
    /// One access port, then both ways round to the hub.
    Access,
    /// Two access ports at two sites, each with its own way to one of two hubs.
    Redundant,
    /// Two customer sites joined over two ways through the core.
    PointToPoint,
}

impl ServiceKind {
    /// `access`, `redundant` or `point_to_point`.
    pub fn as_str(self) -> &'static str {
        match self {
            ServiceKind::Access => "access",
            ServiceKind::Redundant => "redundant",
            ServiceKind::PointToPoint => "point_to_point",
        }
    }
}

/// A customer's service.
#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    /// Its identity, such as `SVC-00042`.
    pub id: ServiceId,
    /// For people, such as `Internet access, Zwolle`.
    pub name: String,
    /// Position in [`World::customers`](super::World::customers).
    pub customer: u32,
    /// How it is built.
    pub kind: ServiceKind,
    /// How it runs; [`World::path_of`](super::World::path_of) writes it out.
    pub(super) route: Route,
}

/// A service's way in short form: paths written out would fill the memory of a large world.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Route {
    /// One for access, two otherwise.
    pub(super) tails: Vec<LinkIndex>,
    /// Through the core; none where the tail ends at the hub. Shared between services.
    pub(super) legs: Option<Arc<[Leg; 2]>>,
}

/// A component of the world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Component {
    /// A device.
    Device(DeviceIndex),
    /// A port.
    Port(PortIndex),
}

impl Component {
    /// Its id in account `nms`.
    pub fn id(self, nms: &str) -> ComponentId {
        match self {
            Component::Device(device) => ComponentId::of(nms, "device", device.native_id()),
            Component::Port(port) => ComponentId::of(nms, "port", port.native_id()),
        }
    }
}
