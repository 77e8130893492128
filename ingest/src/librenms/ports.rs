//! The last good rows of all ports, and how they are kept up to date: all in
//! one call, or, where that is too much for the server, device by device.
//!
//! Rows that could not be read again stay. They are harmless: a row that does
//! not move renews nothing, and that of a dead device gives unknown.

use std::collections::HashMap;
use std::time::Duration;

use correlate::model::Timestamp;
use tokio::time::Instant;

use super::calls;
use super::client::Client;
use super::decode::PortRow;
use super::facts::DeviceFacts;
use super::guard::ListGuard;
use super::memory::Seen;
use super::policy::{Policy, PortsOf};
use super::settings::Settings;
use crate::source::{Fault, SourceError};

/// After the server has failed at the list of all ports, it is not asked for
/// it again for this long.
const BULK_AGAIN_AFTER: Duration = Duration::from_secs(6 * 3600);

/// A port: its last good row and what was said of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Port {
    pub(super) row: PortRow,
    pub(super) seen: Seen,
}

/// All ports of one account.
#[derive(Debug, Default)]
pub(super) struct Ports {
    /// Per device, by port id.
    by_device: HashMap<u64, Vec<Port>>,
    /// Per device, its last poll when its ports were last read alone: they move
    /// only with the next one.
    read_alone: HashMap<u64, Option<Timestamp>>,
    guard: ListGuard,
    bulk_not_before: Option<Instant>,
}

impl Ports {
    /// How many are known.
    pub(super) fn len(&self) -> usize {
        self.by_device.values().map(Vec::len).sum()
    }

    /// Those of a device.
    pub(super) fn of(&mut self, device_id: u64) -> &mut [Port] {
        self.by_device.get_mut(&device_id).map_or(&mut [], Vec::as_mut_slice)
    }

    /// Reads what has moved. On an error the rows are what they were, or partly
    /// newer.
    pub(super) async fn refresh(
        &mut self,
        client: &Client,
        settings: &Settings,
        devices: &[DeviceFacts],
        now: Timestamp,
    ) -> Result<(), SourceError> {
        self.by_device.retain(|id, _| devices.binary_search_by_key(id, |d| d.device_id).is_ok());
        self.read_alone.retain(|id, _| devices.binary_search_by_key(id, |d| d.device_id).is_ok());
        if self.len() <= settings.bulk_ports_max && !self.bulk_is_too_much() {
            match self.read_all(client, now).await {
                Err(error) if is_too_much(&error) => {
                    tracing::warn!(
                        nms = settings.name(),
                        reason = %error,
                        "the list of all ports is too much for LibreNMS; reading device by device"
                    );
                    self.bulk_not_before = Some(Instant::now() + BULK_AGAIN_AFTER);
                }
                result => return result,
            }
        }
        self.read_some(client, settings, devices, now).await
    }

    /// Whether the server lately failed at the list of all ports.
    pub(super) fn bulk_is_too_much(&self) -> bool {
        self.bulk_not_before.is_some_and(|until| Instant::now() < until)
    }

    async fn read_all(&mut self, client: &Client, now: Timestamp) -> Result<(), SourceError> {
        let call = calls::ports();
        let mut rows = client.rows::<PortRow>(&call).await?;
        self.guard.admit(call.subject, rows.len(), now)?;
        rows.sort_unstable_by_key(|row| (row.device_id, row.port_id));
        let mut former = std::mem::take(&mut self.by_device);
        for of_device in rows.chunk_by(|a, b| a.device_id == b.device_id) {
            let device_id = of_device[0].device_id;
            let known = former.remove(&device_id).unwrap_or_default();
            self.by_device.insert(device_id, renewed(known, of_device.to_vec()));
        }
        Ok(())
    }

    /// Reads the ports of the devices that were polled since their ports were
    /// read, those never read first, up to the limit of the settings.
    async fn read_some(
        &mut self,
        client: &Client,
        settings: &Settings,
        devices: &[DeviceFacts],
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let mut failed = None;
        for device in self.due(&settings.policy, devices, now, settings.port_calls_per_poll) {
            match read_one(client, device.device_id).await {
                Ok(rows) => {
                    let known = self.by_device.remove(&device.device_id).unwrap_or_default();
                    self.by_device.insert(device.device_id, renewed(known, rows));
                    self.read_alone.insert(device.device_id, device.last_polled);
                }
                // This device only: it was removed, or is not ours to see.
                Err(error) if matches!(error.fault, Fault::NotFound | Fault::Forbidden) => {
                    self.read_alone.insert(device.device_id, device.last_polled);
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn due<'a>(
        &self,
        policy: &Policy,
        devices: &'a [DeviceFacts],
        now: Timestamp,
        calls_max: usize,
    ) -> Vec<&'a DeviceFacts> {
        let mut due: Vec<_> = devices
            .iter()
            .filter(|device| matches!(policy.ports_of(device), PortsOf::Polled { .. }))
            .filter(|device| device.last_polled.is_some_and(|at| !policy.is_stale(at, now)))
            .filter_map(|device| {
                let read = self.read_alone.get(&device.device_id).copied();
                (read != Some(device.last_polled)).then_some((read.flatten(), device))
            })
            .collect();
        due.sort_by_key(|&(read, device)| (read, device.device_id));
        due.into_iter().take(calls_max).map(|(_, device)| device).collect()
    }
}

/// The ports of one device, every row of which must be its own: a server that
/// does not know the device drops the filter and gives the whole table.
async fn read_one(client: &Client, device_id: u64) -> Result<Vec<PortRow>, SourceError> {
    let call = calls::device_ports(device_id);
    let mut rows = client.rows::<PortRow>(&call).await?;
    if rows.iter().any(|row| row.device_id != device_id) {
        return Err(foreign(call.subject, device_id));
    }
    rows.sort_unstable_by_key(|row| row.port_id);
    Ok(rows)
}

/// Rows of other devices came.
pub(super) fn foreign(subject: &str, device_id: u64) -> SourceError {
    let message = format!(
        "asked for {subject} (id {device_id}), LibreNMS gives rows of others; nothing of it is used"
    );
    SourceError::new(Fault::ForeignRows, message)
}

/// New rows with what is remembered of the old; both sorted by port id.
fn renewed(known: Vec<Port>, rows: Vec<PortRow>) -> Vec<Port> {
    let seen = |port_id| {
        let found = known.binary_search_by_key(&port_id, |port| port.row.port_id);
        found.map_or_else(|_| Seen::default(), |i| known[i].seen)
    };
    rows.into_iter().map(|row| Port { seen: seen(row.port_id), row }).collect()
}

fn is_too_much(error: &SourceError) -> bool {
    matches!(error.fault, Fault::Overloaded | Fault::TooLarge | Fault::ServerFailed)
}
