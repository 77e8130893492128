//! Which ids rows carry: those of the world, until a device is deleted and added again.

use std::collections::HashMap;

use crate::simulator::world::{DeviceIndex, PortIndex, World};

/// What became of a device that was deleted.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Deleted,
    /// Added again, with this id, and ports from that id on.
    Again {
        device_id: u32,
        first_port_id: u32,
    },
}

/// The ids in force.
#[derive(Debug)]
pub(super) struct Identities {
    fates: HashMap<DeviceIndex, Fate>,
    /// Devices and first ports by their new ids.
    devices: HashMap<u32, DeviceIndex>,
    ports: HashMap<u32, PortIndex>,
    next_device_id: u32,
    next_port_id: u32,
}

impl Identities {
    pub(super) fn new(world: &World) -> Identities {
        let last = |count: usize| u32::try_from(count).unwrap_or(u32::MAX / 2);
        Identities {
            fates: HashMap::new(),
            devices: HashMap::new(),
            ports: HashMap::new(),
            next_device_id: DeviceIndex(last(world.devices().len())).native_id(),
            next_port_id: PortIndex(last(world.ports().len())).native_id(),
        }
    }

    /// False when it is not there.
    pub(super) fn delete(&mut self, world: &World, device: DeviceIndex) -> bool {
        let Some(id) = self.device_id(device) else { return false };
        self.devices.remove(&id);
        for port in world.device(device).ports() {
            let id = self.port_id(world, port);
            id.and_then(|id| self.ports.remove(&id));
        }
        self.fates.insert(device, Fate::Deleted);
        true
    }

    /// Gives a deleted device its new id; `None` when it was not deleted.
    pub(super) fn add_again(&mut self, world: &World, device: DeviceIndex) -> Option<u32> {
        let Some(Fate::Deleted) = self.fates.get(&device) else { return None };
        let (device_id, first_port_id) = (self.next_device_id, self.next_port_id);
        self.next_device_id += 1;
        self.devices.insert(device_id, device);
        for port in world.device(device).ports() {
            self.ports.insert(self.next_port_id, port);
            self.next_port_id += 1;
        }
        self.fates.insert(device, Fate::Again { device_id, first_port_id });
        Some(device_id)
    }

    pub(super) fn device_id(&self, device: DeviceIndex) -> Option<u32> {
        match self.fates.get(&device) {
            None => Some(device.native_id()),
            Some(Fate::Deleted) => None,
            Some(Fate::Again { device_id, .. }) => Some(*device_id),
        }
    }

    pub(super) fn port_id(&self, world: &World, port: PortIndex) -> Option<u32> {
        let device = world.port(port).device;
        match self.fates.get(&device) {
            None => Some(port.native_id()),
            Some(Fate::Deleted) => None,
            Some(Fate::Again { first_port_id, .. }) => {
                let first = world.device(device).ports().next()?;
                Some(first_port_id + (port.0 - first.0))
            }
        }
    }

    pub(super) fn device_with_id(&self, world: &World, id: u32) -> Option<DeviceIndex> {
        let born = || world.device_with_id(id).filter(|device| !self.fates.contains_key(device));
        self.devices.get(&id).copied().or_else(born)
    }

    pub(super) fn port_with_id(&self, world: &World, id: u32) -> Option<PortIndex> {
        let born = || {
            let port = world.port_with_id(id)?;
            (!self.fates.contains_key(&world.port(port).device)).then_some(port)
        };
        self.ports.get(&id).copied().or_else(born)
    }
}
