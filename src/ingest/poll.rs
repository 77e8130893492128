//! Asks one source at its pace, and hands on what it says. It writes nothing
//! itself, and waits when nobody takes what it has.

use std::sync::Arc;
use std::time::Duration;

use correlate::model::Timestamp;
use ingest::source::{Health, Inventory, PollOutcome, Source, SourceState};
use store::records::{self, SourceReport};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::account::End;
use super::append::{Outcome, QUEUE_OUTCOMES};
use super::totals::Totals;
use super::{Feed, encode, metric};
use crate::trouble::Trouble;

/// Accounts are not all asked in the same instant; at most this late.
const JITTER_MAX: Duration = Duration::from_secs(5);

/// How long after an inventory that failed the next is tried, unless the
/// interval is shorter: reading it is heavy for the NMS.
const INVENTORY_RETRY: Duration = Duration::from_secs(300);

/// Where a poller puts what it has.
pub(super) struct Desk {
    pub(super) queue: mpsc::Sender<Outcome>,
    /// The newest word; the recorder puts the counters in.
    pub(super) status: watch::Sender<Option<SourceReport>>,
    pub(super) inventory: mpsc::Sender<Inventory>,
    pub(super) totals: Arc<Totals>,
}

/// Polls until `shutdown`, at once and then at every interval; ticks that
/// were missed are skipped.
pub(super) async fn run(feed: Feed, desk: Arc<Desk>, shutdown: CancellationToken) -> End {
    let source = match (feed.open)() {
        Ok(source) => source,
        Err(error) => {
            let kind = "misconfigured".to_owned();
            let error_text = records::SourceError { kind, message: format!("{error:#}") };
            let at = feed.clock.now();
            desk.tell(&feed.name, at, SourceState::Down, false, Some(error_text));
            return End::Failed(error);
        }
    };
    let mut poller = Poller {
        inventory_due: Instant::now(),
        refusals: Trouble::new(format!("use every report of {}", feed.name)),
        inventories: Trouble::new(format!("read the inventory of {}", feed.name)),
        source,
        feed,
        desk,
    };
    shutdown.run_until_cancelled(poller.poll_for_ever()).await;
    End::Done
}

struct Poller {
    feed: Feed,
    desk: Arc<Desk>,
    source: Box<dyn Source>,
    inventory_due: Instant,
    refusals: Trouble,
    inventories: Trouble,
}

impl Poller {
    async fn poll_for_ever(&mut self) {
        let interval = self.feed.poll_interval;
        let first = Instant::now() + interval + jitter(&self.feed.name, interval);
        let mut ticks = tokio::time::interval_at(first, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let outcome = self.source.poll().await;
            let is_ok = outcome.health.state == SourceState::Ok;
            self.hand_on(outcome).await;
            if is_ok && self.inventory_due <= Instant::now() {
                self.read_inventory().await;
            }
            ticks.tick().await;
        }
    }

    /// Tells how the poll went, then queues what it gave: waits for room.
    async fn hand_on(&mut self, outcome: PollOutcome) {
        let PollOutcome { reports, health } = outcome;
        let encoded = encode::encode(&self.feed.name, &reports);
        let nms = self.feed.name.as_str();
        match encoded.first_refusal {
            Some(reason) => {
                metric::refused(nms, encoded.refused);
                self.desk.totals.reports_refused.add(encoded.refused);
                self.refusals.failed(anyhow::anyhow!("{} left out: {reason}", encoded.refused));
            }
            None => self.refusals.well(),
        }
        metric::polled(nms, &health);
        self.desk.count(&health);
        self.desk.totals.reports.add(reports.len());
        let samples: usize = reports.iter().map(|report| report.samples.len()).sum();
        self.desk.totals.samples.add(samples);
        let success = health.state == SourceState::Ok || !reports.is_empty();
        drop(reports);
        let error = health.reason.map(|reason| records::SourceError {
            kind: reason.fault.as_str().to_owned(),
            message: reason.message,
        });
        self.desk.tell(nms, health.at, health.state, success, error);
        // The appender ends after us only.
        let _ = self.desk.queue.send(encoded.batches).await;
        metric::queued(nms, QUEUE_OUTCOMES - self.desk.queue.capacity());
    }

    async fn read_inventory(&mut self) {
        let nms = self.feed.name.as_str();
        let interval = self.feed.inventory_interval;
        let read = match self.source.inventory().await {
            Ok(inventory) => self.desk.inventory.try_send(inventory).map_err(|_| {
                metric::inventory_failed(nms, "not_written");
                anyhow::anyhow!("the records have not taken the one before")
            }),
            Err(error) => {
                metric::inventory_failed(nms, error.fault.as_str());
                Err(error.into())
            }
        };
        let pause = match read {
            Ok(()) => {
                self.inventories.well();
                interval
            }
            Err(error) => {
                self.inventories.failed(error);
                INVENTORY_RETRY.min(interval)
            }
        };
        self.inventory_due = Instant::now() + pause;
    }
}

impl Desk {
    fn count(&self, health: &Health) {
        self.totals.polls.add(1);
        if health.state != SourceState::Ok {
            self.totals.polls_not_ok.add(1);
        }
        self.totals.requests.add(health.calls);
        self.totals.bytes.add(health.bytes);
    }

    fn tell(
        &self,
        nms: &str,
        at: Timestamp,
        state: SourceState,
        success: bool,
        error: Option<records::SourceError>,
    ) {
        let state = match state {
            SourceState::Ok => records::SourceState::Ok,
            SourceState::Suspect => records::SourceState::Suspect,
            SourceState::Down => records::SourceState::Down,
        };
        let counters = Default::default();
        let account = nms.to_owned();
        let report = SourceReport { account, at, state, success, error, counters };
        self.status.send_replace(Some(report));
    }
}

/// How much later than the others an account is asked: always the same for
/// one name, at most a tenth of the interval (FNV-1a of the name).
fn jitter(name: &str, interval: Duration) -> Duration {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let most = JITTER_MAX.min(interval / 10);
    let share = (hash >> 32) as f64 / f64::from(u32::MAX);
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_small_and_always_the_same() {
        let check = |name: &str, interval_s: u64, most_s: u64| {
            let interval = Duration::from_secs(interval_s);
            assert!(jitter(name, interval) <= Duration::from_secs(most_s));
            assert_eq!(jitter(name, interval), jitter(name, interval));
        };
        check("ams1", 10, 1);
        check("ams1", 3_600, 5);
        let minute = Duration::from_secs(60);
        assert_ne!(jitter("ams1", minute), jitter("ams2", minute));
    }
}
