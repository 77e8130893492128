//! The components dimension: what the inventory names, as it names it.
//! Ingest counts its inventories in the source status, so a change of that
//! count tells that there are new names.

use std::collections::BTreeMap;

use correlate::model::ComponentId;
use store::records::{Device, Monitored, Page, Port};
use store::series::ComponentDimension;

use super::dimensions::{Sync, WRITE_ROWS};
use crate::ingest::INVENTORIES;

/// How many inventories of each account are in the dimension.
#[derive(Default, Debug)]
pub(super) struct Seen {
    /// `None` before the first sync.
    inventories: Option<BTreeMap<String, u64>>,
}

impl Seen {
    /// Makes the next sync write everything.
    pub(super) fn forget(&mut self) {
        self.inventories = None;
    }
}

/// Writes every component if there was a new inventory since the last sync.
/// Components stay when the NMS forgets them: the past keeps its names.
pub(super) async fn sync(sync: &mut Sync, seen: &mut Seen) -> anyhow::Result<()> {
    let statuses = sync.records.source_status().list().await?;
    let count = |counters: &BTreeMap<String, u64>| counters.get(INVENTORIES).copied().unwrap_or(0);
    let inventories: BTreeMap<String, u64> =
        statuses.into_iter().map(|status| (status.account, count(&status.counters))).collect();
    if seen.inventories.as_ref() == Some(&inventories) {
        return Ok(());
    }
    let version = sync.next_version();
    write_all(sync, version).await?;
    seen.inventories = Some(inventories);
    Ok(())
}

async fn write_all(sync: &Sync, version: u64) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    let mut page = Page::first(Page::MAX_LIMIT);
    loop {
        let devices = sync.records.inventory().devices("", page).await?;
        if devices.is_empty() {
            break;
        }
        page.offset += devices.len() as u64;
        for device in &devices {
            rows.push(device_dimension(device));
            push_ports(sync, device, &mut rows).await?;
            if rows.len() >= WRITE_ROWS {
                sync.series.upsert_components(&rows, version).await?;
                rows.clear();
            }
        }
    }
    let mut page = Page::first(Page::MAX_LIMIT);
    loop {
        let monitored = sync.records.inventory().monitored(page).await?;
        if monitored.is_empty() {
            break;
        }
        page.offset += monitored.len() as u64;
        rows.extend(monitored.iter().map(|(one, device)| part_dimension(one, device.as_ref())));
        if rows.len() >= WRITE_ROWS {
            sync.series.upsert_components(&rows, version).await?;
            rows.clear();
        }
    }
    if !rows.is_empty() {
        sync.series.upsert_components(&rows, version).await?;
    }
    Ok(())
}

/// Device by device: an index answers that, however many ports there are.
async fn push_ports(
    sync: &Sync,
    device: &Device,
    rows: &mut Vec<ComponentDimension>,
) -> anyhow::Result<()> {
    let inventory = sync.records.inventory();
    let mut page = Page::first(Page::MAX_LIMIT);
    loop {
        let ports = inventory.ports_of(&device.account, &device.native_id, page).await?;
        rows.extend(ports.iter().map(|port| port_dimension(port, device)));
        let count = ports.len() as u64;
        if count < page.limit {
            return Ok(());
        }
        page.offset += count;
    }
}

fn device_dimension(device: &Device) -> ComponentDimension {
    let name = device_name(device);
    let about = [device.hardware.as_str(), device.os.as_str()];
    let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
    ComponentDimension {
        id: device.component(),
        kind: "device".to_owned(),
        device: device.component(),
        device_name: name.clone(),
        name,
        site: device.location.clone(),
        description: about.join(", "),
    }
}

fn port_dimension(port: &Port, device: &Device) -> ComponentDimension {
    let id = format!("port {}", port.native_id);
    ComponentDimension {
        id: port.component(),
        kind: "port".to_owned(),
        name: first_of([&port.if_name, &port.if_descr, &id]),
        device: device.component(),
        device_name: device_name(device),
        site: device.location.clone(),
        description: port.if_alias.clone(),
    }
}

fn part_dimension(part: &Monitored, device: Option<&Device>) -> ComponentDimension {
    ComponentDimension {
        id: part.component(),
        kind: part.kind.clone(),
        name: part.name.clone(),
        device: ComponentId::of(&part.account, "device", &part.device),
        device_name: device.map_or_else(|| format!("device {}", part.device), device_name),
        site: device.map(|device| device.location.clone()).unwrap_or_default(),
        description: part.description.clone(),
    }
}

fn device_name(device: &Device) -> String {
    let id = format!("device {}", device.native_id);
    first_of([&device.name, &device.sys_name, &device.host_name, &id])
}

/// The first that says anything.
fn first_of<const N: usize>(texts: [&String; N]) -> String {
    texts.into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default()
}
