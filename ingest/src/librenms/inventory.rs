//! Reads what exists: devices, ports and links, BGP sessions and service checks.

use std::net::IpAddr;

use super::calls;
use super::client::Call;
use super::decode::{
    CheckDescription, CheckRow, DeviceDescription, LinkRow, PeerDescription, PeerRow,
    PortDescription, Row,
};
use super::guard;
use super::poller::LibreNms;
use super::sessions::Watched;
use super::touch::foreign;
use crate::source::{
    Age, Fault, Inventory, InventoryCheck, InventoryDevice, InventoryLink, InventoryPort,
    InventorySession, SourceError,
};

/// Of so many devices in a row the ports may be refused; then it is more than
/// those devices that is wrong.
const REFUSED_IN_A_ROW_MAX: usize = 5;

/// And of so many in all, in percent of the devices, but of 20 at least.
const REFUSED_PERCENT_MAX: usize = 5;
const REFUSED_FEW: usize = 20;

/// Reads everything, or fails.
pub(super) async fn read(source: &LibreNms, age: Age) -> Result<Inventory, SourceError> {
    let call = calls::devices();
    let devices = source.client.rows::<DeviceDescription>(&call).await?;
    let read_at = source.clock.now();
    if devices.is_empty() {
        return Err(guard::empty(call.subject));
    }
    source.book().inventory_guard.admit(call.subject, devices.len(), read_at)?;
    let ports = read_ports(source, &devices).await?;
    let call = match age {
        Age::Usual => calls::links(),
        Age::New => Call { lifetime: None, ..calls::links() },
    };
    let links = source.client.remembered::<LinkRow>(&call).await?;
    let sessions = names::<PeerRow, PeerDescription>(source, &calls::session_names(), age).await;
    let checks = names::<CheckRow, CheckDescription>(source, &calls::check_names(), age).await;
    Ok(Inventory {
        read_at,
        devices: devices.into_iter().map(device).collect(),
        ports,
        links: links.iter().cloned().map(link).collect(),
        sessions: sessions.map(|rows| rows.into_iter().map(session).collect()),
        checks: checks.map(|rows| rows.into_iter().map(check).collect()),
    })
}

/// The names of what is read beside devices and ports; `None` where they cannot be
/// read, which is no reason to lack all other names.
async fn names<W: Watched, R: Row + Send>(
    source: &LibreNms,
    call: &Call,
    age: Age,
) -> Option<Vec<R>> {
    let now = source.clock.now();
    if age == Age::Usual && !W::feature(&mut source.book().tuning).is_worth_asking(now) {
        return None;
    }
    let read = source.client.rows::<R>(call).await.and_then(|rows| {
        let mut book = source.book();
        let guard = &mut W::register(&mut book).names_guard;
        guard.admit(call.subject, rows.len(), now).map(|()| rows)
    });
    match read {
        Ok(rows) => Some(rows),
        Err(reason) => {
            let (nms, kind) = (source.settings.name(), W::KIND.as_str());
            tracing::debug!(nms, kind, %reason, "the names of these stay as they were");
            None
        }
    }
}

async fn read_ports(
    source: &LibreNms,
    devices: &[DeviceDescription],
) -> Result<Vec<InventoryPort>, SourceError> {
    let known = source.book().ports_len();
    let is_much = source.book().ports_len() > source.settings.bulk_ports_max;
    if !is_much && !source.bulk_is_too_much() {
        // Made one by one as they come, in room that need not grow: there are millions.
        let start = || Vec::with_capacity(known);
        let read = source.client.fold(&calls::port_names(), start, keep).await?;
        return Ok(read.into_inner());
    }
    let refused_max = REFUSED_FEW.max(devices.len() * REFUSED_PERCENT_MAX / 100);
    let (mut refused, mut in_a_row) = (0, 0);
    let mut ports = Vec::with_capacity(known);
    for device in devices {
        let call = calls::device_port_names(device.device_id);
        let rows: Vec<PortDescription> = match source.client.rows(&call).await {
            Ok(rows) => rows,
            // This device only, unless there are many: it was removed, is not ours
            // to see, or has too many ports for the time that the server has.
            Err(error) if is_of_one_device(&error) => {
                (refused, in_a_row) = (refused + 1, in_a_row + 1);
                if refused > refused_max || in_a_row > REFUSED_IN_A_ROW_MAX {
                    return Err(error);
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        in_a_row = 0;
        if rows.iter().any(|row| row.device_id != device.device_id) {
            return Err(foreign(call.subject, device.device_id));
        }
        rows.into_iter().for_each(|row| keep(&mut ports, row));
    }
    if refused > 0 {
        let nms = source.settings.name();
        tracing::warn!(nms, refused, "the ports of some devices cannot be read for the inventory");
    }
    Ok(ports)
}

/// Adds a port, unless it is deleted.
fn keep(ports: &mut Vec<InventoryPort>, row: PortDescription) {
    if row.deleted != Some(true) {
        ports.push(port(row));
    }
}

fn is_of_one_device(error: &SourceError) -> bool {
    matches!(error.fault, Fault::Forbidden | Fault::NotFound | Fault::TimedOut)
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

pub(super) fn session(row: PeerDescription) -> InventorySession {
    let address = row.address.unwrap_or_else(|| "?".into());
    // LibreNMS writes IPv6 in full.
    let peer = address.trim().parse::<IpAddr>().map_or(address, |ip| ip.to_string().into());
    InventorySession {
        id: text(row.peer_id),
        device: text(row.device_id),
        peer,
        remote_as: row.remote_as.and_then(|number| u32::try_from(number).ok()),
        description: row.description.or(row.astext),
    }
}

pub(super) fn check(row: CheckDescription) -> InventoryCheck {
    let id = text(row.service_id);
    let named = [&row.name, &row.plugin].into_iter().flatten().next();
    let name = named.unwrap_or(&id).clone();
    let plugin = row.plugin.filter(|plugin| *plugin != name);
    let description = match (plugin, row.description) {
        (Some(plugin), Some(more)) => Some(format!("{plugin}: {more}").into()),
        (plugin, more) => plugin.or(more),
    };
    InventoryCheck {
        id,
        device: text(row.device_id),
        name,
        description,
        disabled: row.disabled == Some(true),
        ignored: row.ignored == Some(true),
    }
}
