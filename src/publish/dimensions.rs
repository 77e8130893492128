//! Keeps the dimensions in ClickHouse (what services and components are
//! called) in step with the records: soon after a change, and as a whole at
//! the start and now and then, which heals whatever was missed.

use std::sync::Arc;
use std::time::Duration;

use ingest::source::Clock;
use store::records::Records;
use store::series::Series;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::role::Held;
use super::{components, services};
use crate::trouble::Trouble;

/// How long a new name takes to be seen in ClickHouse, about.
const LOOK_PAUSE: Duration = Duration::from_secs(2);

/// Between two writes of everything; 100,000 rows take ClickHouse a second.
const FULL_INTERVAL: Duration = Duration::from_secs(600);

/// Rows in one write: each makes a part that ClickHouse must merge.
pub(super) const WRITE_ROWS: usize = 10_000;

/// Syncs that failed and are tried again, by dimension.
const FAILURES: &str = "padwacht_publish_dimension_failures_total";

/// Both dimensions.
pub(super) struct Dimensions {
    sync: Sync,
    held: Held,
    services: services::Seen,
    components: components::Seen,
}

/// What a sync works on.
pub(super) struct Sync {
    pub(super) records: Records,
    pub(super) series: Series,
    clock: Arc<dyn Clock>,
    last_version: u64,
}

impl Sync {
    pub(super) fn new(records: Records, series: Series, clock: Arc<dyn Clock>) -> Sync {
        Sync { records, series, clock, last_version: 0 }
    }

    /// The version of rows that are read after this call: a row that was read
    /// later replaces one that was read earlier, whoever wrote it. Milliseconds
    /// by the clock, and always greater than the one before.
    pub(super) fn next_version(&mut self) -> u64 {
        let now = u64::try_from(self.clock.now().millis()).unwrap_or(0);
        self.last_version = now.max(self.last_version + 1);
        self.last_version
    }
}

impl Dimensions {
    pub(super) fn new(
        records: Records,
        series: Series,
        held: Held,
        clock: Arc<dyn Clock>,
    ) -> Dimensions {
        let sync = Sync::new(records, series, clock);
        let (services, components) = Default::default();
        Dimensions { sync, held, services, components }
    }

    /// Syncs until `shutdown`, while this process is the one that publishes.
    pub(super) async fn run(&mut self, shutdown: &CancellationToken) {
        let mut services_trouble = Trouble::new("sync the services dimension");
        let mut components_trouble = Trouble::new("sync the components dimension");
        let mut full_due = Instant::now();
        while !shutdown.is_cancelled() {
            let mut pause = LOOK_PAUSE;
            if self.held.now() {
                if full_due <= Instant::now() {
                    self.services.forget();
                    self.components.forget();
                    full_due = Instant::now() + FULL_INTERVAL;
                }
                let done = services::sync(&mut self.sync, &mut self.services).await;
                pause = pause.max(told("services", done, &mut services_trouble));
                let done = components::sync(&mut self.sync, &mut self.components).await;
                pause = pause.max(told("components", done, &mut components_trouble));
            } else {
                // Whoever publishes meanwhile may write what we never see.
                full_due = Instant::now();
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.held.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// Notes how a sync went; gives how long to wait.
fn told(dimension: &'static str, done: anyhow::Result<()>, trouble: &mut Trouble) -> Duration {
    match done {
        Ok(()) => {
            trouble.well();
            Duration::ZERO
        }
        Err(error) => {
            metrics::counter!(FAILURES, "dimension" => dimension).increment(1);
            trouble.failed(error)
        }
    }
}
