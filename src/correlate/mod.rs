//! `padwacht correlate`: drives the engine between log and ClickHouse.
//!
//! ```text
//!  intake ──batches──▶ epoch: journal, engine ──rows──▶ writer ──▶ ClickHouse
//!                         └─ now and then: checkpoint ─┘
//! ```
//! An epoch is journaled before its rows leave the process, and its rows
//! carry its number as version. So a restart takes the same epochs in again
//! and writes the same rows: nothing is lost, doubled or left behind.
//!
//! Nothing here decides what a state is; `correlate::engine` does.

mod clock;
mod decode;
mod epoch;
mod intake;
mod recovery;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use store::checkpoint;
use store::journal::Journal;
use store::log::Log;
use store::series::Series;
use tokio::task::block_in_place;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::CorrelateConfig;
use epoch::{Engine, Input};
use intake::Intake;
use writer::Writer;

/// What the stage works on.
pub(crate) struct CorrelateParts {
    /// Where samples and definitions come from.
    pub log: Arc<dyn Log>,
    /// Where intervals go.
    pub series: Series,
    /// Where checkpoints and journals lie; one stage at a time.
    pub dir: PathBuf,
}

/// Samples are kept one by one for so long, so that a late one can be put
/// between them. A later one is counted and set aside.
const SAMPLES_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// Runs the stage until `shutdown`. What was read and not yet written is
/// taken in again at the next start.
///
/// # Errors
/// A disk, log or ClickHouse that refuses for good; one that is away is
/// waited for.
pub(crate) async fn run(
    config: &CorrelateConfig,
    parts: CorrelateParts,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let CorrelateParts { log, series, dir } = parts;
    std::fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
    let _lock = lock(&dir)?;
    let (writer, failed) = Writer::start(series.clone(), &shutdown);
    let stage = async {
        let recovered = recovery::recover(config, &log, &series, &dir, &writer, &shutdown).await?;
        let Some((engine, journal)) = recovered else { return Ok(()) };
        Stage { config: *config, dir, engine, journal, writer }.follow(log, &shutdown).await
    };
    let result = tokio::select! {
        result = stage => result,
        error = failed => Err(error.unwrap_or_else(|_| anyhow::anyhow!("the writer has stopped"))),
    };
    if shutdown.is_cancelled() { Ok(()) } else { result }
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

struct Stage {
    config: CorrelateConfig,
    dir: PathBuf,
    engine: Engine,
    journal: Journal,
    writer: Writer,
}

impl Stage {
    /// Takes epochs in until `shutdown`.
    async fn follow(
        mut self,
        log: Arc<dyn Log>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        let positions = self.engine.positions().to_vec();
        let mut intake =
            Intake::start(log, positions, self.config.batch_interval, shutdown.clone());
        let mut saved_at = Instant::now();
        let mut saved_epoch = self.engine.epoch();
        while let Some(input) = intake.next(self.engine.now()).await? {
            self.take_in(input).await?;
            let due = saved_at.elapsed() >= self.config.checkpoint_interval;
            // While ClickHouse is away, the journal grows instead.
            if due && self.engine.epoch() > saved_epoch && self.writer.is_idle() {
                self.save().await?;
                saved_epoch = self.engine.epoch();
                saved_at = Instant::now();
            }
        }
        self.writer.settled().await;
        if self.engine.epoch() > saved_epoch {
            self.save().await?;
        }
        Ok(())
    }

    async fn take_in(&mut self, input: Input) -> anyhow::Result<()> {
        let complete_until = input.complete_until;
        let batch = block_in_place(|| -> anyhow::Result<_> {
            let entry = self.engine.entry(&input);
            self.journal.append(&entry)?;
            self.engine.apply(&entry, input.samples)
        })?;
        self.writer.write(batch, complete_until).await
    }

    /// Saves the state of the epoch that was last written.
    async fn save(&mut self) -> anyhow::Result<()> {
        self.writer.settled().await;
        block_in_place(|| {
            self.engine.forget(SAMPLES_KEPT, self.config.horizon)?;
            let saved = self.engine.checkpoint()?;
            checkpoint::save(&self.dir, &saved)?;
            self.journal = Journal::open(&self.dir, saved.epoch)?.0;
            if let Some(&oldest) = checkpoint::epochs(&self.dir)?.first() {
                Journal::remove_before(&self.dir, oldest)?;
            }
            metrics::gauge!("padwacht_correlate_checkpoint_epoch").set(saved.epoch as f64);
            Ok(())
        })
    }
}
