//! Reads only what is down: a few rows instead of all. It finds what the event
//! log does not tell, and what it should have told.
//!
//! What is not in these lists any more is not up for that: the device is read
//! alone, and that row counts. So an empty list changes nothing by itself.

use std::collections::BTreeSet;

use correlate::model::ComponentState;

use super::calls;
use super::client::Rank;
use super::decode::{DeviceRow, OperStatus, PortRow};
use super::full;
use super::memory::ReadAt;
use super::policy::PortsOf;
use super::poller::LibreNms;
use super::touch::{self, Touch};
use crate::source::{Evidence, Outlet, SourceError};

/// Above this many ports that are down their list is no cheap one any more.
const PORTS_DOWN_MAX: usize = 5_000;

/// Reads the lists of what is down, and what they make worth a look.
pub(super) async fn run(
    source: &LibreNms,
    cause: Evidence,
    outlet: &dyn Outlet,
) -> Result<(), SourceError> {
    {
        let book = source.book();
        if book.devices.is_empty() || !book.zone.is_known() {
            return Ok(());
        }
    }
    look(source, cause, outlet).await?;
    while touch::round(source, false, outlet).await? {}
    Ok(())
}

/// Reads the lists, reports the devices that are down, and puts into the
/// backlog what else has moved.
pub(super) async fn look(
    source: &LibreNms,
    cause: Evidence,
    outlet: &dyn Outlet,
) -> Result<(), SourceError> {
    let up_again = devices(source, cause, outlet).await?;
    let moved = ports(source, touch::rank(cause)).await?;
    let now = source.clock.now();
    let mut book = source.book();
    for device_id in up_again {
        book.look_at_moved(Touch { device_id, itself: true, ports: true, cause }, now);
    }
    for device_id in moved {
        book.look_at_moved(Touch { device_id, itself: false, ports: true, cause }, now);
    }
    Ok(())
}

/// Reports the devices that are down; gives those that are not any more.
async fn devices(
    source: &LibreNms,
    cause: Evidence,
    outlet: &dyn Outlet,
) -> Result<Vec<u64>, SourceError> {
    let sent = source.clock.now();
    let call = calls::devices_down(touch::rank(cause));
    let rows = source.client.rows::<DeviceRow>(&call).await?;
    let read = ReadAt { sent, received: source.clock.now() };
    let listed: BTreeSet<u64> = rows.iter().map(|row| row.device_id).collect();
    let missing: Vec<u64> = {
        let mut book = source.book();
        for row in rows.iter().filter(|row| row.status == Some(false)) {
            book.take_device(row, read);
        }
        let devices = book.devices.iter().filter(|(id, device)| {
            let facts = device.facts();
            let is_down = facts.is_some_and(|f| f.up == Some(false) && !f.disabled && !f.ignored);
            is_down && !listed.contains(id)
        });
        devices.map(|(&id, _)| id).collect()
    };
    let listed: Vec<u64> = listed.into_iter().collect();
    full::report(source, &listed, cause, outlet).await;
    Ok(missing)
}

/// The devices with ports whose state is another than was known. The list has
/// the rows with `down` in their word, so those of another word that is not up
/// are not missing from it.
async fn ports(source: &LibreNms, rank: Rank) -> Result<Vec<u64>, SourceError> {
    let known = {
        let mut book = source.book();
        let ports = book.devices.values().flat_map(|device| device.ports().iter());
        let known = ports.filter(|(_, port)| port.status.oper == OperStatus::NotUp).count();
        book.tuning.many_ports_down = known > PORTS_DOWN_MAX;
        known
    };
    if known > PORTS_DOWN_MAX {
        return Ok(Vec::new());
    }
    let rows = source.client.rows::<PortRow>(&calls::ports_down(rank)).await?;
    let listed: BTreeSet<u64> = rows
        .iter()
        .filter(|row| row.status.oper == OperStatus::NotUp)
        .map(|row| row.port_id)
        .collect();
    let book = source.book();
    let moved = book.devices.iter().filter(|(_, device)| {
        let readable = device
            .facts()
            .is_some_and(|facts| matches!(book.policy.ports_of(facts), PortsOf::Polled { .. }));
        readable
            && device.ports().iter().any(|(id, port)| {
                let is_down = port.status.oper == OperStatus::NotUp;
                let is_said = port.seen.latest().is_some_and(|(_, s)| s != ComponentState::Unknown);
                is_said && is_down != listed.contains(&id)
            })
    });
    Ok(moved.map(|(&device_id, _)| device_id).collect())
}
