//! The tasks of one account, kept running. What passes between them outlives
//! each of them, so that a task that panics takes nothing along.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::append::{self, Inbox, QUEUE_ITEMS};
use super::note::{self, Notes};
use super::poll::{self, Desk};
use super::totals::Totals;
use super::triggers::Word;
use super::{Feed, IngestParts, metric};
use crate::signals;
use crate::trouble::Trouble;

/// How a task of an account ended.
pub(super) enum End {
    /// Its work is over.
    Done,
    /// It must be started again.
    Failed(anyhow::Error),
    /// The whole stage must end.
    Broken(anyhow::Error),
}

/// Watches one account until `shutdown`.
///
/// # Errors
/// The log is broken for good.
pub(super) async fn run(
    feed: Feed,
    words: mpsc::Receiver<Word>,
    parts: IngestParts,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let nms = feed.name.clone();
    let totals = Arc::new(Totals::default());
    let (queue, items) = mpsc::channel(QUEUE_ITEMS);
    let (status, reports) = watch::channel(None);
    let (inventory, inventories) = mpsc::channel(1);
    let inbox = Arc::new(Mutex::new(Inbox::new(items)));
    let notes = Arc::new(Mutex::new(Notes { status: reports, inventories }));
    let words = Mutex::new(words);
    let desk = Desk { queue, status, inventory, totals: Arc::clone(&totals), words };
    let desk = Arc::new(desk);

    let cursor_file = feed.cursor_file.clone();
    // The only senders: when the poller is done, the other two end as well.
    let poller = {
        let (shutdown, records) = (shutdown.clone(), parts.records.clone());
        move || poll::run(feed.clone(), records.clone(), Arc::clone(&desk), shutdown.clone())
    };
    let appender = {
        let (nms, log, totals) = (nms.clone(), parts.log, Arc::clone(&totals));
        let inbox = Arc::clone(&inbox);
        move || {
            let (inbox, totals) = (Arc::clone(&inbox), Arc::clone(&totals));
            append::run(nms.clone(), Arc::clone(&log), inbox, totals, cursor_file.clone())
        }
    };
    let recorder = {
        let (nms, records) = (nms.clone(), parts.records);
        move || note::run(nms.clone(), records.clone(), Arc::clone(&notes), Arc::clone(&totals))
    };
    let work = async {
        tokio::try_join!(
            keep_running(&nms, "poller", &shutdown, poller),
            keep_running(&nms, "appender", &shutdown, appender),
            keep_running(&nms, "recorder", &shutdown, recorder),
        )
        .map(|_| ())
    };
    tokio::select! {
        ended = work => ended,
        () = signals::grace_over(&shutdown) => {
            tracing::warn!(nms, "stopped with work in hand; the next start reads the NMS again");
            Ok(())
        }
    }
}

/// Runs what `start` makes, again after a pause when it panics or fails, until
/// it is done. Dropping this future ends the task.
async fn keep_running<W>(
    nms: &str,
    task: &'static str,
    shutdown: &CancellationToken,
    start: impl Fn() -> W,
) -> anyhow::Result<()>
where
    W: Future<Output = End> + Send + 'static,
{
    let mut trouble = Trouble::new(format!("run the {task} of {nms}"));
    loop {
        let mut running = JoinSet::new();
        running.spawn(start());
        let error = match running.join_next().await.expect("one task was spawned") {
            Ok(End::Done) => return Ok(()),
            Ok(End::Broken(error)) => return Err(error),
            Ok(End::Failed(error)) => error,
            Err(panic) => anyhow!(panic),
        };
        metric::restarted(nms, task);
        let pause = trouble.failed(error);
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}
