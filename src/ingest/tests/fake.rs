//! A source that says what the test wants, and the stage around it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use correlate::model::{ComponentState, Timestamp};
use ingest::source::{
    Age, Capabilities, Cursor, DeviceReport, Evidence, Fault, Finding, Health, Inventory, Kind,
    ObservedSample, Outlet, Plan, PollOutcome, Reading, SourceError, SourceState, Traffic,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::super::*;

/// Answers the poll of a number, from 1, also across restarts.
type Answer = dyn Fn(u64) -> PollOutcome + Send + Sync;

struct Fake {
    name: String,
    poll_interval: Duration,
    polls: Arc<AtomicU64>,
    answer: Arc<Answer>,
}

#[async_trait]
impl Source for Fake {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn plan(&self) -> Plan {
        Plan {
            full: self.poll_interval,
            glance: None,
            changes: None,
            sessions: None,
            checks: None,
            inventory: super::NEVER,
            full_wanted: false,
            backfill_wanted: false,
        }
    }

    async fn read(&self, reading: Reading, outlet: &dyn Outlet) -> Health {
        let number = match reading {
            Reading::Full => self.polls.fetch_add(1, Ordering::SeqCst) + 1,
            // What is asked for out of turn has numbers of its own.
            _ => 0,
        };
        let PollOutcome { reports, health } = (self.answer)(number);
        outlet.give(reports).await;
        health
    }

    fn cursor(&self) -> Option<Cursor> {
        None
    }

    fn resume(&self, _: &Cursor) {}

    fn remember(&self, _: usize, _: usize) {}

    async fn inventory(&self, _: Age) -> Result<Inventory, SourceError> {
        let device = ingest::source::InventoryDevice {
            id: "1".into(),
            name: "core1".into(),
            location: Some("Amsterdam".into()),
            ..Default::default()
        };
        let port = ingest::source::InventoryPort {
            id: "11".into(),
            device: "1".into(),
            name: "xe-0/0/1".into(),
            alias: Some("to core2".into()),
            ..Default::default()
        };
        let link = ingest::source::InventoryLink {
            local_device: "1".into(),
            remote_name: Some("core2".into()),
            ..Default::default()
        };
        let (devices, ports, links) = (vec![device], vec![port], vec![link]);
        Ok(Inventory {
            read_at: Timestamp(1_000),
            devices,
            ports,
            links,
            sessions: None,
            checks: None,
        })
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// An account whose poll of each number, from 1, gives what `answer` says.
pub(super) fn feed(
    name: &str,
    poll_interval: Duration,
    answer: impl Fn(u64) -> PollOutcome + Send + Sync + 'static,
) -> Feed {
    let (name, polls) = (name.to_owned(), Arc::new(AtomicU64::new(0)));
    let answer: Arc<Answer> = Arc::new(answer);
    Feed {
        name: name.clone(),
        cursor_file: None,
        stale_after: super::NEVER,
        clock: Arc::new(|| Timestamp(500)),
        open: Arc::new(move || {
            let (name, polls, answer) = (name.clone(), Arc::clone(&polls), Arc::clone(&answer));
            Ok(Box::new(Fake { name, poll_interval, polls, answer }))
        }),
    }
}

/// A report of one port on `device`, observed at `at` ms.
pub(super) fn report(device: &str, at: i64) -> DeviceReport {
    let sample = ObservedSample {
        kind: Kind::Port,
        native_id: "11".into(),
        at: Timestamp(at),
        state: ComponentState::Up,
        evidence: Evidence::Poll,
        uncertainty_ms: 0,
        reason: None,
    };
    DeviceReport { device: device.into(), observed_at: Timestamp(at), samples: vec![sample] }
}

/// A poll that went well.
pub(super) fn outcome(reports: Vec<DeviceReport>) -> PollOutcome {
    let health = Health {
        state: SourceState::Ok,
        reason: None,
        failed: None,
        left_alone_until: None,
        at: Timestamp(1_000),
        calls: 3,
        bytes: 100,
        duration_ms: 1,
        data_age_ms: Some(1),
        devices: reports.len(),
        devices_stale: 0,
        ports: reports.len(),
        traffic: Traffic::default(),
        learned: Vec::new(),
    };
    PollOutcome { reports, health }
}

/// A poll of which nothing can be used, at `at` ms.
pub(super) fn failed(state: SourceState, fault: Fault, at: i64) -> PollOutcome {
    let mut outcome = outcome(Vec::new());
    outcome.health.state = state;
    outcome.health.at = Timestamp(at);
    outcome.health.failed = Some(fault);
    outcome.health.reason = Some(SourceError { fault, message: "as the test wants".to_owned() });
    outcome
}

/// The running stage.
pub(super) struct Rig {
    pub(super) records: Records,
    shutdown: CancellationToken,
    stage: JoinHandle<anyhow::Result<()>>,
    _dir: TempDir,
}

impl Rig {
    pub(super) async fn start(feeds: Vec<Feed>, log: Arc<dyn Log>) -> Rig {
        let (records, dir) = crate::testing::records().await;
        Rig::start_with(feeds, log, records, dir)
    }

    pub(super) fn start_with(
        feeds: Vec<Feed>,
        log: Arc<dyn Log>,
        records: Records,
        dir: TempDir,
    ) -> Rig {
        let shutdown = CancellationToken::new();
        let parts = IngestParts { log, records: records.clone() };
        let stage = tokio::spawn(running::run(feeds, None, parts, shutdown.clone()));
        Rig { records, shutdown, stage, _dir: dir }
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.ended().await
    }

    pub(super) fn ask_to_stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits until it ends.
    pub(super) async fn ended(self) -> anyhow::Result<()> {
        self.stage.await.expect("the stage does not panic")
    }
}
