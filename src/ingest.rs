//! The ingest stage: reads every NMS account and appends what it says to the
//! topic `padwacht.samples`.
//!
//! ```text
//! triggers ─▶ hints ─┐
//! per account   poller ──▶ queue ──▶ appender ──▶ log
//!                  └─────▶ notes ──▶ recorder ──▶ records
//! ```
//! * **Two places.** Accounts are in the configuration, and in the records where
//!   people enter them ([`roster`]); those in the records come, change and go
//!   while the stage runs.
//! * **Apart.** An account shares nothing with another. A task of it that
//!   panics or fails is started again after a pause, and what was queued stays.
//! * **Nothing lost.** While the log is away the appender holds on to its
//!   batch, the queue fills, and then the poller waits: the NMS is asked again
//!   when there is room. Only the end of the process loses what was queued,
//!   and the next poll then says it again.
//! * **Names on the side.** Source status and inventory are written to the
//!   records by a task of their own, so a slow database never delays samples.
//!
//! It never decides what a sample means, and of the log it reads the triggers
//! alone.

mod account;
mod append;
mod cursor;
mod detail;
mod encode;
mod metric;
mod note;
mod outlet;
mod poll;
mod roster;
mod running;
#[cfg(test)]
mod tests;
mod totals;
mod triggers;

pub(crate) use totals::INVENTORIES;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ingest::librenms::LibreNms;
use ingest::source::{Clock, FollowedClock, Source, SystemClock};
use store::log::Log;
use store::records::Records;
use tokio_util::sync::CancellationToken;

use crate::config::{ClockOf, Config, NmsAccount, NmsKind};
use crate::parts;
use roster::Roster;

/// Below the data directory: one file for each account.
const CURSORS: &str = "ingest/cursors";

/// What ingest works on.
#[derive(Clone)]
pub(crate) struct IngestParts {
    /// Takes the samples; both topics are there.
    pub log: Arc<dyn Log>,
    /// Take source status and inventory.
    pub records: Records,
}

/// One account, and how to read it.
#[derive(Clone)]
struct Feed {
    /// The account's name: the first part of every component id.
    name: String,
    clock: Arc<dyn Clock>,
    /// Keeps how far its changes were read.
    cursor_file: Option<PathBuf>,
    /// The staleness limit of its components.
    stale_after: Duration,
    /// Makes the source; again after it panicked.
    open: Arc<dyn Fn() -> anyhow::Result<Box<dyn Source>> + Send + Sync>,
}

/// Polls every account of `config` until `shutdown`, then finishes what is in
/// hand within [`SHUTDOWN_GRACE`](crate::signals::SHUTDOWN_GRACE).
///
/// # Errors
/// The embedded log is broken: the process must be started again. An account
/// that cannot be read is no error.
pub(crate) async fn run(
    config: &Config,
    parts: IngestParts,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let cursors = config.general.data_dir.join(CURSORS);
    let stale_after = config.correlate.stale_after;
    let feeds = config.nms.iter();
    let feeds = feeds.map(|account| feed(account, cursors.join(&account.name), stale_after));
    let feeds: Vec<Feed> = feeds.collect();
    let names = feeds.iter().map(|feed| feed.name.clone()).collect();
    let roster = Roster::new(parts.records.clone(), names, config.pace, cursors, stale_after);
    running::run(feeds, Some(roster), parts, shutdown).await
}

fn feed(account: &NmsAccount, cursor_file: PathBuf, stale_after: Duration) -> Feed {
    let NmsKind::LibreNms = account.kind;
    let name = account.name.clone();
    let account = account.clone();
    Feed {
        name,
        cursor_file: Some(cursor_file),
        stale_after,
        clock: Arc::new(SystemClock),
        open: Arc::new(move || {
            let clock: Arc<dyn Clock> = match account.clock {
                ClockOf::Own => Arc::new(SystemClock),
                ClockOf::Nms => Arc::new(FollowedClock::default()),
            };
            let source = LibreNms::new(parts::librenms(&account)?, clock)?;
            Ok(Box::new(source))
        }),
    }
}
