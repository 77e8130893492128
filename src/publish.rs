//! The publisher: carries what people decided in the records to those that
//! work by it.
//!
//! ```text
//! records: outbox ───────────────▶ topic padwacht.definitions   (outbox.rs)
//!          services, inventory ──▶ ClickHouse dimensions        (dimensions.rs)
//! ```
//! Of several processes one publishes: who holds the lease `outbox`. The two
//! ways are independent: while ClickHouse is away, definitions still flow.
//! It never changes a definition.

mod components;
mod dimensions;
mod outbox;
mod role;
mod services;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ingest::source::{Clock, SystemClock};
use store::log::Log;
use store::records::Records;
use store::series::Series;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::dimensions::Dimensions;
use self::outbox::Outbox;
use self::role::Role;
use crate::signals;

/// Publishes until `shutdown`, then finishes what is in hand within
/// [`signals::SHUTDOWN_GRACE`] and lets another process go on.
///
/// # Errors
/// The embedded log is broken: the process must be started again. Anything
/// else that is away is waited for.
pub(crate) async fn run(
    log: Arc<dyn Log>,
    records: Records,
    series: Series,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_with(log, records, series, Arc::new(SystemClock), shutdown).await
}

async fn run_with(
    log: Arc<dyn Log>,
    records: Records,
    series: Series,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let holder = Uuid::now_v7().to_string();
    let role = Role::new(records.clone(), holder, Arc::clone(&clock));
    let held = role.watch();
    let mut outbox = Outbox::new(log, records.clone(), role, Arc::clone(&clock));
    let mut dimensions = Dimensions::new(records, series, held, clock);
    // If one way ends with an error, the other one must not go on without it.
    let work = async {
        tokio::try_join!(outbox.run(&shutdown), async {
            dimensions.run(&shutdown).await;
            Ok(())
        })
        .map(|_| ())
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = signals::grace_over(&shutdown) => {
            tracing::warn!("stopped in the middle of publishing; the next start goes on with it");
            Ok(())
        }
    };
    outbox.give_back().await;
    ended
}
