//! What exists behind a source: devices, ports and the links between them, BGP
//! sessions and checks.
//!
//! Names and places for people, and hints for paths; never a state.

use correlate::model::Timestamp;

/// Everything that one source knows of.
#[derive(Clone, PartialEq, Debug)]
pub struct Inventory {
    /// When it was read, by the injected clock.
    pub read_at: Timestamp,
    /// Every device.
    pub devices: Vec<InventoryDevice>,
    /// Every port that is not deleted.
    pub ports: Vec<InventoryPort>,
    /// Every link between devices that the NMS has found; each usually twice,
    /// once from either end.
    pub links: Vec<InventoryLink>,
    /// Every BGP session; `None` if they could not be read, and what was known of
    /// them before still counts.
    pub sessions: Option<Vec<InventorySession>>,
    /// Every check; `None` as with sessions.
    pub checks: Option<Vec<InventoryCheck>>,
}

/// A device.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct InventoryDevice {
    /// The NMS's own id.
    pub id: Box<str>,
    /// What to call it: the display name, else the system name, else the host name.
    pub name: Box<str>,
    /// The name or address by which the NMS reaches it.
    pub hostname: Option<Box<str>>,
    /// The name that it gives itself (SNMP sysName).
    pub sys_name: Option<Box<str>>,
    /// Its model.
    pub hardware: Option<Box<str>>,
    /// Its operating system, in the NMS's word.
    pub os: Option<Box<str>>,
    /// The name of the place where it stands.
    pub location: Option<Box<str>>,
    /// Degrees north, -90 to 90.
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180.
    pub longitude: Option<f64>,
    /// The ids of the devices on which it depends, as the NMS's operators say.
    pub parents: Vec<Box<str>>,
    /// The NMS has been told not to look at it.
    pub disabled: bool,
    /// The NMS has been told not to alert on it.
    pub ignored: bool,
}

/// A port of a device.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InventoryPort {
    /// The NMS's own id.
    pub id: Box<str>,
    /// The id of its device.
    pub device: Box<str>,
    /// The name (ifName, else ifDescr, else the id).
    pub name: Box<str>,
    /// What the operators call it (ifAlias), often the customer.
    pub alias: Option<Box<str>>,
    /// What the device calls it at length (ifDescr).
    pub description: Option<Box<str>>,
}

/// A link that a device has seen to a neighbour. A hint of topology: it says
/// nothing about the state of the link.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InventoryLink {
    /// The device that saw it.
    pub local_device: Box<str>,
    /// Its port, if known.
    pub local_port: Option<Box<str>>,
    /// The neighbour, if the NMS monitors it.
    pub remote_device: Option<Box<str>>,
    /// The neighbour's port, if the NMS monitors it.
    pub remote_port: Option<Box<str>>,
    /// What the neighbour calls itself.
    pub remote_name: Option<Box<str>>,
    /// What the neighbour calls its port: a name, an alias or a MAC address.
    pub remote_port_name: Option<Box<str>>,
    /// By which protocol it was seen, for example `lldp`.
    pub protocol: Option<Box<str>>,
}

/// A BGP session of a device with a peer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InventorySession {
    /// The NMS's own id.
    pub id: Box<str>,
    /// The id of its device.
    pub device: Box<str>,
    /// The peer's address, in its shortest form.
    pub peer: Box<str>,
    /// The peer's autonomous system.
    pub remote_as: Option<u32>,
    /// What the operators call the peer, else what its autonomous system is called.
    pub description: Option<Box<str>>,
}

/// A check that the NMS runs against a device.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InventoryCheck {
    /// The NMS's own id.
    pub id: Box<str>,
    /// The id of its device.
    pub device: Box<str>,
    /// What the operators call it, else its type.
    pub name: Box<str>,
    /// Which plugin it is, such as `http`, and what the operators say of it.
    pub description: Option<Box<str>>,
    /// The NMS has been told not to run it.
    pub disabled: bool,
    /// The NMS has been told not to alert on it.
    pub ignored: bool,
}
