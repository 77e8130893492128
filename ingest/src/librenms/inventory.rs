//! Reads what exists: devices, ports and links.

use super::calls;
use super::decode::{DeviceDescription, LinkRow, PortDescription};
use super::guard;
use super::poller::LibreNms;
use super::touch::foreign;
use crate::source::{Inventory, InventoryDevice, InventoryLink, InventoryPort, SourceError};

/// Reads everything, or fails.
pub(super) async fn read(source: &LibreNms) -> Result<Inventory, SourceError> {
    let call = calls::devices();
    let devices = source.client.rows::<DeviceDescription>(&call).await?;
    let read_at = source.clock.now();
    if devices.is_empty() {
        return Err(guard::empty(call.subject));
    }
    source.book().inventory_guard.admit(call.subject, devices.len(), read_at)?;
    let ports = read_ports(source, &devices).await?;
    let call = calls::links();
    let links = source.client.remembered::<LinkRow>(&call).await?;
    Ok(Inventory {
        read_at,
        devices: devices.into_iter().map(device).collect(),
        ports: ports.into_iter().filter(|port| port.deleted != Some(true)).map(port).collect(),
        links: links.iter().cloned().map(link).collect(),
    })
}

async fn read_ports(
    source: &LibreNms,
    devices: &[DeviceDescription],
) -> Result<Vec<PortDescription>, SourceError> {
    let is_much = source.book().ports_len() > source.settings.bulk_ports_max;
    if !is_much && !source.bulk_is_too_much() {
        let call = calls::port_names();
        return source.client.rows(&call).await;
    }
    let mut ports = Vec::new();
    for device in devices {
        let call = calls::device_port_names(device.device_id);
        let rows: Vec<PortDescription> = source.client.rows(&call).await?;
        if rows.iter().any(|row| row.device_id != device.device_id) {
            return Err(foreign(call.subject, device.device_id));
        }
        ports.extend(rows);
    }
    Ok(ports)
}

fn text(id: u64) -> Box<str> {
    id.to_string().into()
}

fn device(row: DeviceDescription) -> InventoryDevice {
    let id = text(row.device_id);
    let names = [&row.display, &row.sys_name, &row.hostname];
    let name = names.into_iter().flatten().next().unwrap_or(&id).clone();
    let parents = row.dependency_parent_id.unwrap_or_default();
    let in_range = |limit: f64| move |degrees: &f64| degrees.abs() <= limit;
    InventoryDevice {
        id,
        name,
        hostname: row.hostname,
        sys_name: row.sys_name,
        hardware: row.hardware,
        os: row.os,
        location: row.location,
        latitude: row.lat.filter(in_range(90.0)),
        longitude: row.lng.filter(in_range(180.0)),
        // The server cuts the list at 1024 bytes; a part of an id is no id, but
        // cannot be told from one: parents are hints.
        parents: parents
            .split(',')
            .filter_map(|id| id.trim().parse().ok())
            .filter(|&id| id > 0)
            .map(text)
            .collect(),
        disabled: row.disabled == Some(true),
        ignored: row.ignore == Some(true),
    }
}

fn port(row: PortDescription) -> InventoryPort {
    let id = text(row.port_id);
    let name = row.name.or_else(|| row.description.clone()).unwrap_or_else(|| id.clone());
    InventoryPort {
        id,
        device: text(row.device_id),
        name,
        alias: row.alias,
        description: row.description,
    }
}

fn link(row: LinkRow) -> InventoryLink {
    InventoryLink {
        local_device: text(row.local_device_id),
        local_port: row.local_port_id.map(text),
        remote_device: row.remote_device_id.map(text),
        remote_port: row.remote_port_id.map(text),
        remote_name: row.remote_hostname,
        remote_port_name: row.remote_port,
        protocol: row.protocol,
    }
}
