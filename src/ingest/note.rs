//! Writes the status and the inventory of one account to the records. Samples
//! never wait for it; while the records are away the newest status counts.

use std::sync::Arc;

use anyhow::Context;
use correlate::model::Timestamp;
use ingest::source::{
    Inventory, InventoryCheck, InventoryDevice, InventoryLink, InventoryPort, InventorySession,
    Kind,
};
use store::records::{
    Device, Link, Monitored, Port, Records, RecordsError, SourceReport, SyncCounts,
};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::Instant;

use super::account::End;
use super::metric;
use super::totals::Totals;
use crate::trouble::Trouble;

/// What is to be written.
pub(super) struct Notes {
    pub(super) status: watch::Receiver<Option<SourceReport>>,
    pub(super) inventories: mpsc::Receiver<Stock>,
}

/// An inventory; or since when it was tried to read one, and why that failed.
pub(super) type Stock = Result<Inventory, (Timestamp, String)>;

/// Writes until the poller is gone and its last word is written.
pub(super) async fn run(
    nms: String,
    records: Records,
    notes: Arc<Mutex<Notes>>,
    totals: Arc<Totals>,
) -> End {
    let mut notes = notes.lock().await;
    let mut recorder = Recorder {
        statuses: Trouble::new(format!("write the status of {nms}")),
        inventories: Trouble::new(format!("write the inventory of {nms}")),
        jobs: Trouble::new(format!("settle requests for the inventory of {nms}")),
        nms,
        records,
        totals,
    };
    recorder.record(&mut notes).await;
    End::Done
}

struct Recorder {
    nms: String,
    records: Records,
    totals: Arc<Totals>,
    statuses: Trouble,
    inventories: Trouble,
    jobs: Trouble,
}

impl Recorder {
    async fn record(&mut self, notes: &mut Notes) {
        let mut in_hand: Option<Inventory> = None;
        let mut due = Instant::now();
        loop {
            tokio::select! {
                changed = notes.status.changed() => match changed {
                    Ok(()) => self.write_status(&mut notes.status).await,
                    Err(_) => break,
                },
                Some(stock) = notes.inventories.recv(), if in_hand.is_none() => match stock {
                    Ok(inventory) => {
                        in_hand = Some(inventory);
                        due = Instant::now();
                    }
                    Err((at, reason)) => self.settle(at, Err(reason)).await,
                },
                () = tokio::time::sleep_until(due), if in_hand.is_some() => {
                    let inventory = in_hand.as_ref().expect("the branch asks for it");
                    match self.write_inventory(inventory).await {
                        Ok(()) => {
                            in_hand = None;
                            // With the new count, by which others see the change.
                            self.write_status(&mut notes.status).await;
                        }
                        Err(error) => due = Instant::now() + self.inventories.failed(error),
                    }
                }
            }
        }
    }

    /// Not tried again: the next poll says more.
    async fn write_status(&mut self, status: &mut watch::Receiver<Option<SourceReport>>) {
        let Some(mut report) = status.borrow_and_update().clone() else { return };
        report.counters = self.totals.snapshot();
        match self.records.source_status().report(&report).await {
            Ok(()) => self.statuses.well(),
            Err(error) => {
                metric::note_failed(&self.nms, "status");
                self.statuses.failed(error);
            }
        }
    }

    async fn write_inventory(&mut self, inventory: &Inventory) -> anyhow::Result<()> {
        let written = save(&self.records, &self.nms, inventory).await;
        if let Err(error) = written {
            metric::note_failed(&self.nms, "inventory");
            return Err(error).context("the inventory is not in the records");
        }
        self.inventories.well();
        self.totals.inventories.add(1);
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let counts = SyncCounts {
            devices: count(inventory.devices.len()),
            ports: count(inventory.ports.len()),
            links: count(inventory.links.len()),
        };
        self.settle(inventory.read_at, Ok(counts)).await;
        let (devices, ports) = (inventory.devices.len(), inventory.ports.len());
        tracing::info!(nms = self.nms, devices, ports, "read the inventory");
        Ok(())
    }
}

impl Recorder {
    /// Tells those who asked for an inventory how that went. Not tried again:
    /// the next inventory settles what this one could not.
    async fn settle(&mut self, at: Timestamp, outcome: Result<SyncCounts, String>) {
        let settled = self.records.sync_jobs().settle(&self.nms, at, outcome).await;
        match settled {
            Ok(()) => self.jobs.well(),
            Err(error) => {
                metric::note_failed(&self.nms, "sync_job");
                self.jobs.failed(error);
            }
        }
    }
}

async fn save(records: &Records, nms: &str, inventory: &Inventory) -> Result<(), RecordsError> {
    let seen_at = inventory.read_at;
    let devices: Vec<Device> = inventory.devices.iter().map(|one| device(nms, one)).collect();
    records.inventory().upsert_devices(&devices, seen_at).await?;
    let ports: Vec<Port> = inventory.ports.iter().map(|one| port(nms, one)).collect();
    records.inventory().upsert_ports(&ports, seen_at).await?;
    let sessions = inventory.sessions.iter().flatten().map(|one| session(nms, one));
    let checks = inventory.checks.iter().flatten().map(|one| check(nms, one));
    let monitored: Vec<Monitored> = sessions.chain(checks).collect();
    records.inventory().upsert_monitored(&monitored, seen_at).await?;
    let links: Vec<Link> = inventory.links.iter().map(|one| link(nms, one, seen_at)).collect();
    records.inventory().upsert_links(&links, seen_at).await
}

fn device(nms: &str, device: &InventoryDevice) -> Device {
    Device {
        account: nms.to_owned(),
        native_id: device.id.to_string(),
        name: device.name.to_string(),
        host_name: text(&device.hostname),
        sys_name: text(&device.sys_name),
        hardware: text(&device.hardware),
        os: text(&device.os),
        location: text(&device.location),
        latitude: device.latitude,
        longitude: device.longitude,
        disabled: device.disabled,
        ignored: device.ignored,
    }
}

fn port(nms: &str, port: &InventoryPort) -> Port {
    Port {
        account: nms.to_owned(),
        native_id: port.id.to_string(),
        device: port.device.to_string(),
        if_name: port.name.to_string(),
        if_descr: text(&port.description),
        if_alias: text(&port.alias),
        // The inventory of a source has neither.
        if_type: String::new(),
        speed_bps: None,
    }
}

fn session(nms: &str, session: &InventorySession) -> Monitored {
    let name = match session.remote_as {
        Some(number) => format!("{} AS{number}", session.peer),
        None => session.peer.to_string(),
    };
    Monitored {
        account: nms.to_owned(),
        kind: Kind::Session.as_str().to_owned(),
        native_id: session.id.to_string(),
        device: session.device.to_string(),
        name,
        description: text(&session.description),
        // An NMS has no such thing for a session.
        disabled: false,
        ignored: false,
    }
}

fn check(nms: &str, check: &InventoryCheck) -> Monitored {
    Monitored {
        account: nms.to_owned(),
        kind: Kind::Check.as_str().to_owned(),
        native_id: check.id.to_string(),
        device: check.device.to_string(),
        name: check.name.to_string(),
        description: text(&check.description),
        disabled: check.disabled,
        ignored: check.ignored,
    }
}

fn link(nms: &str, link: &InventoryLink, seen_at: Timestamp) -> Link {
    Link {
        account: nms.to_owned(),
        local_device: link.local_device.to_string(),
        local_port: link.local_port.as_deref().map(str::to_owned),
        remote_device: link.remote_device.as_deref().map(str::to_owned),
        remote_port: link.remote_port.as_deref().map(str::to_owned),
        remote_host_name: text(&link.remote_name),
        remote_port_name: text(&link.remote_port_name),
        protocol: text(&link.protocol),
        last_seen_at: seen_at,
    }
}

fn text(text: &Option<Box<str>>) -> String {
    text.as_deref().unwrap_or_default().to_owned()
}
