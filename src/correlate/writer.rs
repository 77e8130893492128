//! Writes epochs to ClickHouse, in order, each until it is stored.
//!
//! A bounded queue lets the engine run ahead by a few epochs; while
//! ClickHouse is away it fills up, and reading the log stops.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use correlate::model::{ServiceId, Timestamp};
use store::series::{Progress, Series, SeriesBatch, SeriesError, SetAside};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::intake::wall;

/// Epochs that wait to be written.
const QUEUE_MAX: usize = 4;

/// The first and the longest pause between two tries.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(10);

/// The names under which the stage reports its progress.
const STAGE: &str = "correlate";
const INSTANCE: &str = "main";

/// What an epoch gives.
pub(super) struct Rows {
    /// Intervals and transitions.
    pub(super) batch: SeriesBatch,
    /// What could not be used.
    pub(super) set_aside: Vec<SetAside>,
    /// Services that must be corrected before the horizon; see [`super::beyond`].
    pub(super) reaching_back: Vec<ServiceId>,
}

impl From<SeriesBatch> for Rows {
    fn from(batch: SeriesBatch) -> Rows {
        Rows { batch, set_aside: Vec::new(), reaching_back: Vec::new() }
    }
}

/// What waits to be written.
struct Queued {
    rows: Rows,
    /// Up to when the log had been read.
    complete_until: Option<Timestamp>,
}

/// The handle of the writing task.
pub(super) struct Writer {
    queue: mpsc::Sender<Queued>,
    queued: std::sync::atomic::AtomicU64,
    written: watch::Receiver<u64>,
}

impl Writer {
    /// Starts the task. The receiver yields the error that ended it.
    pub(super) fn start(
        series: Series,
        shutdown: &CancellationToken,
    ) -> (Writer, oneshot::Receiver<anyhow::Error>) {
        let (queue, batches) = mpsc::channel(QUEUE_MAX);
        let (acknowledge, written) = watch::channel(0);
        let (mut fail, failed) = oneshot::channel();
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let result = write_all(series, batches, acknowledge, &shutdown).await;
            match result {
                Err(error) => drop(fail.send(error)),
                // The stage ended first; its own result counts.
                Ok(()) => fail.closed().await,
            }
        });
        (Writer { queue, queued: 0.into(), written }, failed)
    }

    /// Queues an epoch's rows; waits while the queue is full. Readers are told
    /// that intervals are complete up to `complete_until`.
    ///
    /// # Errors
    /// The task has ended.
    pub(super) async fn write(
        &self,
        rows: impl Into<Rows>,
        complete_until: Option<Timestamp>,
    ) -> anyhow::Result<()> {
        let sent = self.queue.send(Queued { rows: rows.into(), complete_until }).await;
        sent.map_err(|_| anyhow::anyhow!("the writer to clickhouse has stopped"))?;
        self.queued.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    fn queued(&self) -> u64 {
        self.queued.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Whether everything queued has been stored.
    pub(super) fn is_idle(&self) -> bool {
        *self.written.borrow() >= self.queued()
    }

    /// Waits until everything queued has been stored, or the task has ended.
    pub(super) async fn settled(&self) {
        let queued = self.queued();
        // An error means that the task has ended, which is reported elsewhere.
        drop(self.written.clone().wait_for(|&written| written >= queued).await);
    }
}

async fn write_all(
    series: Series,
    mut batches: mpsc::Receiver<Queued>,
    acknowledge: watch::Sender<u64>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    while let Some(Queued { rows, complete_until }) = batches.recv().await {
        let Rows { batch, set_aside, .. } = rows;
        let empty = batch.intervals.is_empty()
            && batch.transitions.is_empty()
            && batch.withdrawn_transitions.is_empty();
        if !empty {
            insist(batch.epoch, shutdown, || series.write(&batch)).await?;
        }
        if !set_aside.is_empty() {
            let write = || series.write_set_aside(&set_aside, batch.epoch);
            insist(batch.epoch, shutdown, write).await?;
        }
        acknowledge.send_modify(|written| *written += 1);
        if let Some(until) = complete_until {
            report(&series, batch.epoch, until).await;
        }
    }
    Ok(())
}

/// Writes rows of `epoch` until they are stored.
async fn insist<F>(
    epoch: u64,
    shutdown: &CancellationToken,
    write: impl Fn() -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = Result<(), SeriesError>>,
{
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(RETRY_FIRST)
        .with_max_delay(RETRY_LAST)
        .without_max_times()
        .build();
    let mut told = false;
    loop {
        match write().await {
            Ok(()) => {
                if told {
                    tracing::info!(epoch, "clickhouse is back");
                }
                return Ok(());
            }
            Err(error) if error.is_retriable() => {
                if !told {
                    tracing::warn!(epoch, %error, "clickhouse is away: keeping the rows and trying again");
                }
                told = true;
                metrics::counter!("padwacht_correlate_write_retries_total").increment(1);
                let pause = pauses.next().unwrap_or(RETRY_LAST);
                tokio::select! {
                    () = shutdown.cancelled() => anyhow::bail!("stopped while clickhouse was away"),
                    () = tokio::time::sleep(pause) => {}
                }
            }
            Err(error) => {
                return Err(anyhow::Error::new(error).context(format!("write epoch {epoch}")));
            }
        }
    }
}

/// Tells readers how fresh the series are. That it fails is seen by the next
/// write, or by the page that finds it old.
async fn report(series: &Series, epoch: u64, complete_until: Timestamp) {
    let now = wall();
    let progress = Progress {
        stage: STAGE.to_owned(),
        instance: INSTANCE.to_owned(),
        at: now,
        frontier: Some(complete_until),
        epoch,
        lag_ms: u64::try_from(now.millis() - complete_until.millis()).unwrap_or(0),
        detail: String::new(),
    };
    if let Err(error) = series.record_progress(&[progress]).await {
        tracing::debug!(%error, "could not report progress");
    }
}
