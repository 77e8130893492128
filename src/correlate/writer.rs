//! Writes epochs to ClickHouse, in order, each until it is stored. Those that
//! have queued up meanwhile are written together.
//!
//! A bounded queue lets the engine run ahead by a few epochs; while
//! ClickHouse is away it fills up, and reading the log stops.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use correlate::model::{ServiceId, Timestamp};
use store::series::{Edge, Progress, Series, SeriesBatch, SeriesError, SetAside};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::intake::wall;

/// Epochs that wait to be written.
const QUEUE_MAX: usize = 8;

/// No further epoch is written together with those before it once they have
/// so many changes, so that what failed is not long to repeat.
const CHANGES_TOGETHER_MAX: usize = 100_000;

/// Between two reports of how far the stage has come, at least.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

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
    /// How the edges among the transitions were known.
    pub(super) edges: Vec<Edge>,
    /// Services that must be corrected before the horizon; see [`super::beyond`].
    pub(super) reaching_back: Vec<ServiceId>,
}

impl From<SeriesBatch> for Rows {
    fn from(batch: SeriesBatch) -> Rows {
        Rows { batch, set_aside: Vec::new(), edges: Vec::new(), reaching_back: Vec::new() }
    }
}

impl Rows {
    /// Only how edges were known; of no epoch.
    pub(super) fn of_edges(edges: Vec<Edge>) -> Rows {
        let batch = SeriesBatch {
            epoch: 0,
            recorded_at: Timestamp::default(),
            intervals: Vec::new(),
            transitions: Vec::new(),
            withdrawn_transitions: Vec::new(),
        };
        Rows { edges, ..Rows::from(batch) }
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
    mut queue: mpsc::Receiver<Queued>,
    acknowledge: watch::Sender<u64>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let mut reported: Option<Instant> = None;
    while let Some(first) = queue.recv().await {
        let Together { batches, set_aside, edges, taken, last_epoch, complete_until } =
            Together::gather(first, &mut queue);
        if let Some(first) = batches.first() {
            insist(first.epoch, shutdown, || series.write_all(&batches)).await?;
        }
        if !edges.is_empty() {
            insist(last_epoch, shutdown, || series.write_edges(&edges)).await?;
        }
        for (epoch, rows) in &set_aside {
            insist(*epoch, shutdown, || series.write_set_aside(rows, *epoch)).await?;
        }
        acknowledge.send_modify(|written| *written += taken);
        let is_due = reported.is_none_or(|reported| reported.elapsed() >= REPORT_INTERVAL);
        if let Some(until) = complete_until.filter(|_| is_due) {
            report(&series, last_epoch, until).await;
            reported = Some(Instant::now());
        }
    }
    Ok(())
}

/// Epochs that are written together.
struct Together {
    /// Those with changes.
    batches: Vec<SeriesBatch>,
    /// What could not be used, by epoch.
    set_aside: Vec<(u64, Vec<SetAside>)>,
    /// How edges were known, over all of them.
    edges: Vec<Edge>,
    /// How many epochs, with those that changed nothing.
    taken: u64,
    last_epoch: u64,
    /// Of the last epoch that knows.
    complete_until: Option<Timestamp>,
}

impl Together {
    /// What has queued up, and no waiting for more.
    fn gather(first: Queued, queue: &mut mpsc::Receiver<Queued>) -> Together {
        let mut together = Together {
            batches: Vec::new(),
            set_aside: Vec::new(),
            edges: Vec::new(),
            taken: 0,
            last_epoch: 0,
            complete_until: None,
        };
        let mut changes = 0;
        let mut next = Some(first);
        while let Some(Queued { rows, complete_until }) = next {
            let Rows { batch, set_aside, mut edges, reaching_back: _ } = rows;
            together.taken += 1;
            together.last_epoch = batch.epoch;
            together.complete_until = complete_until.or(together.complete_until);
            if !set_aside.is_empty() {
                changes += set_aside.len();
                together.set_aside.push((batch.epoch, set_aside));
            }
            changes += edges.len();
            together.edges.append(&mut edges);
            let fresh =
                batch.intervals.len() + batch.transitions.len() + batch.withdrawn_transitions.len();
            if fresh > 0 {
                changes += fresh;
                together.batches.push(batch);
            }
            next = if changes < CHANGES_TOGETHER_MAX { queue.try_recv().ok() } else { None };
        }
        together
    }
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

#[cfg(test)]
mod tests {
    use correlate::model::ComponentState;
    use store::series::Transition;

    use super::*;

    fn queued(epoch: u64, changes: usize) -> Queued {
        let transition = Transition {
            component: "n/device/1".into(),
            at: Timestamp(1),
            state: ComponentState::Up,
        };
        let batch = SeriesBatch {
            epoch,
            recorded_at: Timestamp(1),
            intervals: Vec::new(),
            transitions: vec![transition; changes],
            withdrawn_transitions: Vec::new(),
        };
        Queued {
            rows: batch.into(),
            complete_until: (epoch != 3).then_some(Timestamp(epoch as i64)),
        }
    }

    fn gathered(queue: &mut mpsc::Receiver<Queued>) -> (Vec<u64>, u64, u64, Option<Timestamp>) {
        let first = queue.try_recv().expect("one is there");
        let together = Together::gather(first, queue);
        let epochs = together.batches.iter().map(|batch| batch.epoch).collect();
        (epochs, together.taken, together.last_epoch, together.complete_until)
    }

    #[test]
    fn epochs_that_queued_up_are_written_together_up_to_a_limit() {
        let (send, mut queue) = mpsc::channel(QUEUE_MAX);
        let sizes = [(1, 5), (2, 0), (3, CHANGES_TOGETHER_MAX - 5), (4, 1), (5, 0)];
        for (epoch, changes) in sizes {
            send.try_send(queued(epoch, changes)).expect("there is room");
        }
        assert_eq!(gathered(&mut queue), (vec![1, 3], 3, 3, Some(Timestamp(2))));
        assert_eq!(gathered(&mut queue), (vec![4], 2, 5, Some(Timestamp(5))));
    }
}
