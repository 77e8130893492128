//! Takes the reports of one source while it reads: encodes them and queues
//! them for the log. Waits for room, so a log that is away holds the source.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ingest::source::{DeviceReport, Outlet};
use tokio::sync::mpsc;

use super::append::{Item, QUEUE_ITEMS};
use super::totals::Totals;
use super::{encode, metric};
use crate::trouble::Trouble;

/// The way of the reports of one account into its queue.
pub(super) struct QueueOutlet {
    nms: String,
    queue: mpsc::Sender<Item>,
    totals: Arc<Totals>,
    given: AtomicU64,
    refusals: Mutex<Refusals>,
}

struct Refusals {
    trouble: Trouble,
    /// Since the last reading ended.
    first: Option<String>,
    count: usize,
}

impl QueueOutlet {
    pub(super) fn new(nms: &str, queue: mpsc::Sender<Item>, totals: Arc<Totals>) -> QueueOutlet {
        let trouble = Trouble::new(format!("use every report of {nms}"));
        QueueOutlet {
            nms: nms.to_owned(),
            queue,
            totals,
            given: AtomicU64::new(0),
            refusals: Mutex::new(Refusals { trouble, first: None, count: 0 }),
        }
    }

    /// How many reports were given so far.
    pub(super) fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// A reading has ended: says what was refused of it.
    pub(super) fn settle(&self) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let count = std::mem::take(&mut refusals.count);
        match refusals.first.take() {
            Some(reason) => {
                refusals.trouble.failed(anyhow::anyhow!("{count} left out: {reason}"));
            }
            None => refusals.trouble.well(),
        }
    }
}

#[async_trait]
impl Outlet for QueueOutlet {
    async fn give(&self, reports: Vec<DeviceReport>) {
        let encoded = encode::encode(&self.nms, &reports);
        if let Some(reason) = encoded.first_refusal {
            metric::refused(&self.nms, encoded.refused);
            self.totals.reports_refused.add(encoded.refused);
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            refusals.first.get_or_insert(reason);
            refusals.count += encoded.refused;
        }
        self.given.fetch_add(reports.len() as u64, Ordering::Relaxed);
        self.totals.reports.add(reports.len());
        let samples: usize = reports.iter().map(|report| report.samples.len()).sum();
        self.totals.samples.add(samples);
        drop(reports);
        // The appender ends after us only.
        let _ = self.queue.send(Item::Records(encoded.batches)).await;
        metric::queued(&self.nms, QUEUE_ITEMS - self.queue.capacity());
    }
}
