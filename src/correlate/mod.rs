//! `padwacht correlate`: drives the engine between log and ClickHouse.
//!
//! ```text
//!  intake ──batches──▶ epoch: journal, engine ──rows──▶ writer ──▶ ClickHouse
//!                         └─ now and then: checkpoint ─┘
//! ```
//! With several processes, this is the one that leads; see [`cluster`].
//!
//! An epoch is journaled before its rows leave the process, and its rows
//! carry its number as version. So a restart takes the same epochs in again
//! and writes the same rows: nothing is lost, doubled or left behind.
//!
//! Nothing here decides what a state is; `correlate::engine` does.

mod clock;
mod cluster;
mod epoch;
mod intake;
mod rebuild;
mod recovery;
mod set_aside;
mod sieve;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use store::checkpoint;
use store::journal::Journal;
use store::log::Log;
use store::series::Series;
use store::wire::SAMPLES_TOPIC;
use tokio::task::block_in_place;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{ClusterConfig, CorrelateConfig};
use clock::Clock;
use cluster::Leader;
use epoch::{Engine, Input};
use intake::{Intake, wall};
use sieve::SAMPLES_KEPT;
use writer::Writer;

pub(crate) use cluster::{Broken, answers, follow};

/// What the stage works on.
pub(crate) struct CorrelateParts {
    /// Where samples and definitions come from.
    pub log: Arc<dyn Log>,
    /// Where intervals go.
    pub series: Series,
    /// Where checkpoints and journals lie; one stage at a time.
    pub dir: PathBuf,
}

/// Runs the stage until `shutdown`, at the head of a `cluster` if there is
/// one. What was read and not yet written is taken in again at the next start.
///
/// # Errors
/// A disk, log or ClickHouse that refuses for good; one that is away is
/// waited for. [`Broken`] when a process of the cluster is lost.
pub(crate) async fn run(
    config: &CorrelateConfig,
    cluster: Option<&ClusterConfig>,
    parts: CorrelateParts,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let CorrelateParts { log, series, dir } = parts;
    std::fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
    let _lock = lock(&dir)?;
    let (writer, failed) = Writer::start(series.clone(), &shutdown);
    let mut leader = match cluster {
        Some(cluster) => Some(Leader::open(cluster).await?),
        None => None,
    };
    let stage = run_sessions(config, &log, &series, &dir, &writer, leader.as_mut(), &shutdown);
    let result = tokio::select! {
        result = stage => result,
        error = failed => Err(error.unwrap_or_else(|_| anyhow::anyhow!("the writer has stopped"))),
    };
    match result {
        _ if shutdown.is_cancelled() => Ok(()),
        Err(error) if leader.is_some_and(|leader| leader.in_session()) => {
            Err(error.context(Broken))
        }
        other => other,
    }
}

/// One session after another: a new one begins when a process comes or goes.
async fn run_sessions(
    config: &CorrelateConfig,
    log: &Arc<dyn Log>,
    series: &Series,
    dir: &Path,
    writer: &Writer,
    mut leader: Option<&mut Leader>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let leading = leader.as_deref_mut();
        let recovered =
            recovery::recover(config, log, series, dir, writer, leading, shutdown).await?;
        let Some((engine, journal)) = recovered else { return Ok(()) };
        let stage = Stage { config, dir, engine, journal, writer };
        match stage.follow(log, leader.as_deref_mut(), shutdown).await? {
            Followed::ToTheEnd => return Ok(()),
            Followed::UntilChange => {
                tracing::info!("a process has come or goes: the work is shared anew");
            }
        }
    }
}

/// Why following the log ended.
enum Followed {
    /// The stage is to stop.
    ToTheEnd,
    /// A process has come that can share the work, or one wants to end.
    UntilChange,
}

/// One process per directory: two would write each other's checkpoints.
fn lock(dir: &std::path::Path) -> anyhow::Result<std::fs::File> {
    let path = dir.join("lock");
    let file = std::fs::File::create(&path).with_context(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => anyhow::bail!(
            "another correlate stage works in {}; stop it, or set another data directory",
            dir.display()
        ),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("lock {}", path.display()))
        }
    }
}

struct Stage<'a> {
    config: &'a CorrelateConfig,
    dir: &'a Path,
    engine: Engine,
    journal: Journal,
    writer: &'a Writer,
}

impl Stage<'_> {
    /// Takes epochs in until `shutdown`, or until a process comes or goes.
    async fn follow(
        mut self,
        log: &Arc<dyn Log>,
        mut leader: Option<&mut Leader>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Followed> {
        let interval = self.config.batch_interval;
        let positions = self.engine.positions().to_vec();
        let samples = positions.iter().filter(|position| position.topic == SAMPLES_TOPIC);
        let partitions = samples.map(|position| position.partition);
        let mut clock = Clock::new(partitions, interval.saturating_mul(3), wall());
        let own = self.engine.team().spread(positions).await?;
        let mut intake = Intake::start(log.clone(), own, interval, shutdown.clone());
        let mut saved_at = Instant::now();
        let mut saved_epoch = self.engine.epoch();
        let mut followed = Followed::ToTheEnd;
        loop {
            let (epoch, now) = (self.engine.epoch() + 1, self.engine.now());
            let next = intake.next(epoch, now, &mut clock, self.engine.team());
            let Some(input) = next.await? else { break };
            self.take_in(input).await?;
            let leavers = self.engine.team().leavers();
            let due = saved_at.elapsed() >= self.config.checkpoint_interval || !leavers.is_empty();
            // While ClickHouse is away, the journal grows instead.
            if due && self.engine.epoch() > saved_epoch && self.writer.is_idle() {
                self.save().await?;
                saved_epoch = self.engine.epoch();
                saved_at = Instant::now();
                if leader.as_deref_mut().is_some_and(Leader::has_newcomer) || !leavers.is_empty() {
                    followed = Followed::UntilChange;
                    break;
                }
            }
        }
        self.writer.settled().await;
        if self.engine.epoch() > saved_epoch {
            self.save().await?;
        }
        let leavers = self.engine.team().leavers();
        self.engine.stop().await;
        if let Some(leader) = leader {
            leader.session_ended(&leavers);
        }
        Ok(followed)
    }

    async fn take_in(&mut self, input: Input) -> anyhow::Result<()> {
        let complete_until = input.complete_until;
        let rows = block_in_place(|| -> anyhow::Result<_> {
            let entry = self.engine.entry(&input);
            self.journal.append(&entry)?;
            self.engine.apply(&entry, input.decoded)
        })?;
        self.writer.write(rows, complete_until).await
    }

    /// Saves the state of the epoch that was last written.
    async fn save(&mut self) -> anyhow::Result<()> {
        self.writer.settled().await;
        block_in_place(|| {
            self.engine.forget(SAMPLES_KEPT, self.config.horizon)?;
            self.engine.reset_ledger();
            let saved = self.engine.save(self.dir)?;
            self.journal = Journal::open(self.dir, saved)?.0;
            if let Some(&oldest) = checkpoint::epochs(self.dir)?.first() {
                Journal::remove_before(self.dir, oldest)?;
            }
            metrics::gauge!("padwacht_correlate_checkpoint_epoch").set(saved as f64);
            Ok(())
        })
    }
}
