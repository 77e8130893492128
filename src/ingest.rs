//! The ingest stage: reads every NMS account and appends what it says to the
//! topic `padwacht.samples`.
//!
//! ```text
//! triggers ─▶ hints ─┐
//! per account   poller ──▶ queue ──▶ appender ──▶ log
//!                  └─────▶ notes ──▶ recorder ──▶ records
//! ```
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
mod encode;
mod metric;
mod note;
mod outlet;
mod poll;
#[cfg(test)]
mod tests;
mod totals;
mod triggers;

pub(crate) use totals::INVENTORIES;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ingest::librenms::LibreNms;
use ingest::source::{Clock, Source, SystemClock};
use store::log::Log;
use store::records::Records;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{Config, NmsAccount, NmsKind};
use crate::parts;

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
    if config.nms.is_empty() {
        tracing::warn!("no NMS account is configured, so there is nothing to watch");
    }
    let cursors = config.general.data_dir.join(CURSORS);
    let feeds = config.nms.iter().map(|account| feed(account, &cursors));
    run_feeds(feeds.collect(), parts, shutdown).await
}

async fn run_feeds(
    feeds: Vec<Feed>,
    parts: IngestParts,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let stop = shutdown.child_token();
    let mut accounts = JoinSet::new();
    let mut listeners = HashMap::new();
    for feed in feeds {
        let (listener, words) = mpsc::channel(triggers::WORDS_MAX);
        listeners.insert(feed.name.clone(), listener);
        accounts.spawn(account::run(feed, words, parts.clone(), stop.clone()));
    }
    let _following =
        AbortOnDropHandle::new(tokio::spawn(triggers::follow(Arc::clone(&parts.log), listeners)));
    let mut result = Ok(());
    while let Some(ended) = accounts.join_next().await {
        let ended = ended.unwrap_or_else(|panic| {
            // The others go on; the panic itself is logged where it happened.
            tracing::error!(%panic, "an account is not watched any more, restart the process");
            Ok(())
        });
        if ended.is_err() && result.is_ok() {
            stop.cancel();
            result = ended;
        }
    }
    if result.is_ok() {
        shutdown.cancelled().await;
    }
    result
}

fn feed(account: &NmsAccount, cursors: &Path) -> Feed {
    let NmsKind::LibreNms = account.kind;
    let name = account.name.clone();
    let cursor_file = Some(cursors.join(&name));
    let account = account.clone();
    Feed {
        name,
        cursor_file,
        clock: Arc::new(SystemClock),
        open: Arc::new(move || {
            let source = LibreNms::new(parts::librenms(&account)?, Arc::new(SystemClock))?;
            Ok(Box::new(source))
        }),
    }
}
