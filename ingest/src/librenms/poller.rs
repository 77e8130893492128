//! Puts the parts together: calls, policy and memory make a poll.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use correlate::model::Timestamp;
use tokio::time::Instant;

use super::calls;
use super::client::Client;
use super::decode::DeviceRow;
use super::facts::DeviceFacts;
use super::guard::{self, ListGuard};
use super::memory::{Placed, Seen};
use super::ports::Ports;
use super::settings::{Settings, SettingsError};
use super::zone::{self, ServerZone};
use super::{checkup, inventory};
use crate::source::{
    Clock, DeviceReport, Evidence, Fault, Finding, Health, Inventory, Kind, ObservedSample,
    PollOutcome, Source, SourceError, SourceState,
};

/// How many devices are read alone, at most, to find the server's zone once.
const CALIBRATION_CALLS_MAX: usize = 3;

/// LibreNMS is said to stand still when this share of its devices is not
/// looked at any more: more than a few that are broken one by one.
const STALLED_PERCENT: usize = 20;

/// A LibreNMS account as a [`Source`].
pub struct LibreNms {
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) client: Client,
    pub(super) zone: ServerZone,
    pub(super) ports: Ports,
    pub(super) inventory_guard: ListGuard,
    devices_guard: ListGuard,
    /// What was said of each device.
    devices: HashMap<u64, Seen>,
    /// As of the last poll, to log changes only.
    state: (SourceState, Option<Fault>),
}

/// What one poll read.
#[derive(Default)]
struct Reading {
    reports: Vec<DeviceReport>,
    reason: Option<SourceError>,
    devices: usize,
    devices_stale: usize,
    data_age_ms: Option<u64>,
}

impl LibreNms {
    /// The account of `settings`; sends nothing yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<LibreNms, SettingsError> {
        Ok(LibreNms {
            client: Client::new(&settings, Arc::clone(&clock))?,
            zone: ServerZone::new(settings.time_zone.clone()),
            ports: Ports::default(),
            inventory_guard: ListGuard::default(),
            devices_guard: ListGuard::default(),
            devices: HashMap::new(),
            state: (SourceState::Ok, None),
            settings,
            clock,
        })
    }

    async fn read(&mut self) -> Reading {
        let (devices, devices_at) = match self.read_devices().await {
            Ok(read) => read,
            Err(error) => return Reading { reason: Some(error), ..Reading::default() },
        };
        let ports = self.ports.refresh(&self.client, &self.settings, &devices, devices_at).await;
        let ports_at = self.clock.now();
        let newest = devices.iter().filter_map(DeviceFacts::newest).max();
        let stale = devices.iter().filter(|device| self.is_stale(device, devices_at)).count();
        Reading {
            reason: ports.err().or_else(|| self.standstill(&devices, stale)),
            reports: self.reports(&devices, devices_at, ports_at),
            devices: devices.len(),
            devices_stale: stale,
            data_age_ms: newest
                .and_then(|at| u64::try_from(devices_at.millis() - at.millis()).ok()),
        }
    }

    /// The devices, sorted by id, and when they were read.
    async fn read_devices(&mut self) -> Result<(Vec<DeviceFacts>, Timestamp), SourceError> {
        let call = calls::devices();
        let mut rows = self.client.rows::<DeviceRow>(&call).await?;
        let now = self.clock.now();
        if rows.is_empty() {
            return Err(guard::empty(call.subject));
        }
        self.devices_guard.admit(call.subject, rows.len(), now)?;
        self.calibrate(&rows, now).await?;
        rows.sort_unstable_by_key(|row| row.device_id);
        rows.dedup_by_key(|row| row.device_id);
        let devices: Vec<_> =
            rows.iter().map(|row| DeviceFacts::of(row, &self.zone, now)).collect();
        if devices.iter().all(|device| device.ahead || device.disabled)
            && devices.iter().any(|device| device.ahead)
        {
            return Err(clock_ahead());
        }
        let is_listed = |id: &u64| devices.binary_search_by_key(id, |d| d.device_id).is_ok();
        self.devices.retain(|id, _| is_listed(id));
        Ok((devices, now))
    }

    /// Finds out the offset of the server's clock, where that is needed.
    pub(super) async fn calibrate(
        &mut self,
        rows: &[DeviceRow],
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let is_local = rows.iter().any(zone::has_local_times);
        if !is_local || !self.zone.needs_calibration(now) {
            return Ok(());
        }
        let found = find_offset(&self.client, rows).await;
        match found {
            Ok(offset) => {
                if self.zone.calibrate(offset, now) {
                    let nms = self.settings.name();
                    tracing::info!(nms, %offset, "found the offset of LibreNMS's clock");
                }
                Ok(())
            }
            // The last offset is most likely still right.
            Err(_) if self.zone.is_known() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn is_stale(&self, device: &DeviceFacts, now: Timestamp) -> bool {
        let is_old = |at| self.settings.policy.is_stale(at, now);
        !device.disabled && !device.is_unborn() && device.newest().is_none_or(is_old)
    }

    fn standstill(&self, devices: &[DeviceFacts], stale: usize) -> Option<SourceError> {
        if devices.iter().any(|device| device.ahead) {
            return Some(clock_ahead());
        }
        let polled = devices.iter().filter(|d| !d.disabled && !d.is_unborn()).count();
        if stale == 0 || stale * 100 < polled * STALLED_PERCENT {
            return None;
        }
        let message = format!(
            "LibreNMS answers, but has not looked at {stale} of its {polled} devices for more \
             than {} minutes; check its pollers (poller page, cron or librenms.service)",
            self.settings.policy.fresh_for_ms / 60_000
        );
        Some(SourceError::new(Fault::Stalled, message))
    }

    fn reports(
        &mut self,
        devices: &[DeviceFacts],
        devices_at: Timestamp,
        ports_at: Timestamp,
    ) -> Vec<DeviceReport> {
        let policy = self.settings.policy;
        let mut reports = Vec::with_capacity(devices.len());
        for device in devices {
            let seen = self.devices.entry(device.device_id).or_default();
            let verdict = policy.device(device, devices_at);
            let placed = verdict.and_then(|verdict| seen.place(&verdict, devices_at));
            let device_at = placed.map_or(devices_at, |placed| placed.at);
            let mut samples: Vec<_> =
                placed.map(|p| sample(Kind::Device, device.device_id, p)).into_iter().collect();
            let ports_of = policy.ports_of(device);
            for port in self.ports.of(device.device_id) {
                let verdict = policy.port(&port.row, ports_of, device_at, ports_at);
                let placed = verdict.and_then(|verdict| port.seen.place(&verdict, ports_at));
                samples.extend(placed.map(|p| sample(Kind::Port, port.row.port_id, p)));
            }
            if !samples.is_empty() {
                let device = device.device_id.to_string().into();
                reports.push(DeviceReport { device, observed_at: ports_at, samples });
            }
        }
        reports
    }

    fn log_change(&mut self, health: &Health) {
        let state = (health.state, health.reason.as_ref().map(|reason| reason.fault));
        if std::mem::replace(&mut self.state, state) == state {
            return;
        }
        let nms = self.settings.name();
        match &health.reason {
            Some(reason) => {
                let (state, fault) = (health.state.as_str(), reason.fault.as_str());
                tracing::warn!(nms, state, fault, %reason, "LibreNMS cannot be trusted now");
            }
            None => tracing::info!(nms, devices = health.devices, "LibreNMS is read again"),
        }
    }
}

#[async_trait]
impl Source for LibreNms {
    fn name(&self) -> &str {
        self.settings.name()
    }

    async fn poll(&mut self) -> PollOutcome {
        let started = Instant::now();
        let before = self.client.usage();
        let reading = self.read().await;
        let used = self.client.usage();
        let state = match &reading.reason {
            None => SourceState::Ok,
            Some(_) if reading.devices > 0 => SourceState::Suspect,
            Some(reason) if reason.fault.is_suspicious() => SourceState::Suspect,
            Some(_) => SourceState::Down,
        };
        let health = Health {
            state,
            reason: reading.reason,
            at: self.clock.now(),
            calls: used.calls - before.calls,
            bytes: used.bytes - before.bytes,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            data_age_ms: reading.data_age_ms,
            devices: reading.devices,
            devices_stale: reading.devices_stale,
            ports: self.ports.len(),
            traffic: self.client.traffic(),
            learned: Vec::new(),
        };
        self.log_change(&health);
        PollOutcome { reports: reading.reports, health }
    }

    async fn inventory(&mut self) -> Result<Inventory, SourceError> {
        inventory::read(self).await
    }

    async fn check(&mut self) -> Vec<Finding> {
        checkup::run(self).await
    }
}

/// The offset of the server's clock, by reading some devices alone. Those
/// polled last come first: their offset is the present one.
pub(super) async fn find_offset(
    client: &Client,
    rows: &[DeviceRow],
) -> Result<jiff::tz::Offset, SourceError> {
    let mut by_age: Vec<_> = rows.iter().filter(|row| zone::has_local_times(row)).collect();
    by_age.sort_by_key(|row| std::cmp::Reverse(zone::newest_local(row)));
    let mut failed = None;
    for row in by_age.into_iter().take(CALIBRATION_CALLS_MAX) {
        let call = calls::device(row.device_id);
        match client.rows::<DeviceRow>(&call).await {
            Ok(alone) => {
                let alone = alone.iter().find(|alone| alone.device_id == row.device_id);
                if let Some(offset) = alone.and_then(|alone| zone::offset_between(row, alone)) {
                    return Ok(offset);
                }
            }
            // Servers of 26.5 fail on a single virtual machine, but not on others.
            Err(error) => failed = Some(error),
        }
    }
    let why = failed.map_or_else(String::new, |error| format!(" ({error})"));
    let message = format!(
        "the time zone of LibreNMS's clock could not be found out{why}; set time_zone for this \
         account"
    );
    Err(SourceError::new(Fault::ZoneUnknown, message))
}

fn sample(kind: Kind, native_id: u64, placed: Placed) -> ObservedSample {
    ObservedSample {
        kind,
        native_id: native_id.to_string().into(),
        at: placed.at,
        state: placed.state,
        evidence: Evidence::Poll,
        uncertainty_ms: placed.uncertainty_ms,
    }
}

fn clock_ahead() -> SourceError {
    SourceError::new(
        Fault::ClockAhead,
        "LibreNMS gives times in the future: its clock, one of its pollers' or ours is wrong (run \
         NTP everywhere), or time_zone is; such rows are not used",
    )
}
