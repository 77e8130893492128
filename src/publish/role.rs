//! Whether this process is the one that publishes: the lease `outbox`.
//!
//! Its end is counted on the monotonic clock from before it was asked for, so
//! a machine whose wall clock jumps never believes in it for too long.

use std::sync::Arc;
use std::time::Duration;

use ingest::source::Clock;
use store::records::{Records, RecordsError};
use tokio::sync::watch;
use tokio::time::Instant;

/// What `store::records` calls the right to publish.
const LEASE: &str = "outbox";

/// How long a process that was killed keeps the others waiting.
const TTL_MS: u32 = 60_000;

/// Renewed when less than this is left: what Kafka's client holds back for
/// delivery (30 s) is then delivered or given up before anybody else begins.
const LEFT_MIN: Duration = Duration::from_secs(40);

/// The right to publish, held or not.
pub(super) struct Role {
    records: Records,
    holder: String,
    clock: Arc<dyn Clock>,
    until: watch::Sender<Option<Instant>>,
}

/// Others' view of the right to publish.
#[derive(Clone)]
pub(super) struct Held(watch::Receiver<Option<Instant>>);

impl Held {
    /// Whether this process holds it now.
    pub(super) fn now(&self) -> bool {
        self.0.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Waits until this may have changed.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody renews it any more; who waits here is stopped elsewhere.
            std::future::pending().await
        }
    }
}

impl Role {
    /// `holder` must be another one in each process.
    pub(super) fn new(records: Records, holder: String, clock: Arc<dyn Clock>) -> Role {
        Role { records, holder, clock, until: watch::Sender::new(None) }
    }

    pub(super) fn watch(&self) -> Held {
        Held(self.until.subscribe())
    }

    /// How long this process may publish now, at least [`LEFT_MIN`]; `None`
    /// while another one does.
    ///
    /// # Errors
    /// The lease could not be taken or renewed: do not publish.
    pub(super) async fn hold(&self) -> Result<Option<Duration>, RecordsError> {
        let now = Instant::now();
        let left = self.until.borrow().map(|until| until.saturating_duration_since(now));
        if let Some(left) = left.filter(|left| *left >= LEFT_MIN) {
            return Ok(Some(left));
        }
        let leases = self.records.leases();
        let lease = leases.acquire(LEASE, &self.holder, self.clock.now(), TTL_MS).await?;
        let until = lease.map(|_| now + Duration::from_millis(u64::from(TTL_MS)));
        let held_before = left.is_some();
        if held_before != until.is_some() {
            tracing::info!(publishes = until.is_some(), "which process publishes has changed");
        }
        self.until.send_replace(until);
        Ok(until.map(|until| until.saturating_duration_since(Instant::now())))
    }

    /// Lets another process publish.
    ///
    /// # Errors
    /// Only of the database; the lease then ends by itself.
    pub(super) async fn give_back(&self) -> Result<(), RecordsError> {
        self.until.send_replace(None);
        self.records.leases().release(LEASE, &self.holder).await
    }
}
