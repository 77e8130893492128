//! Brings the engine back to where it was: checkpoint, then journal.
//!
//! Without a usable checkpoint the state is rebuilt from the log, under
//! versions above all that ClickHouse has seen.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use correlate::model::Sample;
use store::checkpoint::{self, Checkpoint, Position};
use store::journal::{Entry, Journal, Taken};
use store::log::{Log, LogError, ReadLimits};
use store::series::Series;
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use super::decode::Decoder;
use super::epoch::Engine;
use super::intake::wall;
use super::writer::Writer;
use crate::config::CorrelateConfig;
use crate::wiring;

/// The engine as it was, and the journal to go on with; `None` when stopped
/// before that.
///
/// # Errors
/// A disk, log or ClickHouse that refuses for good, or a damaged journal.
pub(super) async fn recover(
    config: &CorrelateConfig,
    log: &Arc<dyn Log>,
    series: &Series,
    dir: &Path,
    writer: &Writer,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<(Engine, Journal)>> {
    let (found, passed_over) = block_in_place(|| checkpoint::load_newest(dir))?;
    for error in passed_over {
        tracing::error!(%error, "passed over a checkpoint");
    }
    let base = match found {
        Some(base) => base,
        None => {
            Checkpoint { epoch: last_version(series, shutdown).await?, ..Checkpoint::default() }
        }
    };
    let Some(base) = with_every_partition(base, log, shutdown).await? else { return Ok(None) };
    let base_epoch = base.epoch;
    let entries = block_in_place(|| journaled(dir, base_epoch))?;
    let mut engine = block_in_place(|| Engine::start(config.workers, config.stale_after, base))?;
    let journal_entries = entries.len();
    for entry in entries {
        let Some(samples) = read_again(log, &entry, shutdown).await? else { return Ok(None) };
        let batch = block_in_place(|| engine.apply(&entry, samples))?;
        // How far the log is read is known only when it is followed again.
        writer.write(batch, None).await?;
    }
    writer.settled().await;
    if shutdown.is_cancelled() {
        return Ok(None);
    }
    tracing::info!(
        checkpoint = base_epoch,
        epochs_taken_in_again = journal_entries,
        epoch = engine.epoch(),
        "correlation goes on"
    );
    let journal = block_in_place(|| -> anyhow::Result<_> {
        let saved = engine.checkpoint()?;
        checkpoint::save(dir, &saved)?;
        Ok(Journal::open(dir, saved.epoch)?.0)
    })?;
    Ok(Some((engine, journal)))
}

/// The version of the newest row in ClickHouse: what is rebuilt without a
/// checkpoint must come after it.
async fn last_version(series: &Series, shutdown: &CancellationToken) -> anyhow::Result<u64> {
    loop {
        match series.max_version().await {
            Ok(version) => {
                if let Some(epoch) = version {
                    tracing::warn!(
                        epoch,
                        "no usable checkpoint: rebuilding the state from the log"
                    );
                }
                return Ok(version.unwrap_or(0));
            }
            Err(error) if error.is_retriable() && !shutdown.is_cancelled() => {
                wiring::pause(shutdown).await;
            }
            Err(error) => return Err(error).context("ask clickhouse for its last version"),
        }
    }
}

/// Adds partitions that the checkpoint does not know, from their beginning:
/// all of them at the very first start, new ones when a topic has grown.
async fn with_every_partition(
    mut base: Checkpoint,
    log: &Arc<dyn Log>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Checkpoint>> {
    for topic in [SAMPLES_TOPIC, DEFINITIONS_TOPIC] {
        for partition in 0..log.partitions(topic).await? {
            let known = |p: &Position| p.topic == topic && p.partition == partition;
            if !base.positions.iter().any(known) {
                let next = log.bounds(topic, partition).await?.start;
                base.positions.push(Position { topic: topic.to_owned(), partition, next });
            }
        }
    }
    base.positions.sort_unstable();
    Ok((!shutdown.is_cancelled()).then_some(base))
}

/// The entries after `base`, from its journal and those of later checkpoints
/// that turned out damaged.
fn journaled(dir: &Path, base: u64) -> anyhow::Result<Vec<Entry>> {
    let mut epochs = checkpoint::epochs(dir)?;
    epochs.retain(|&epoch| epoch > base);
    epochs.insert(0, base);
    let mut entries: Vec<Entry> = Vec::new();
    for epoch in epochs {
        entries.extend(Journal::open(dir, epoch)?.1);
    }
    let mut expected = base;
    for entry in &entries {
        expected += 1;
        anyhow::ensure!(
            entry.epoch == expected,
            "the journal in {} holds epoch {} where {expected} belongs",
            dir.display(),
            entry.epoch
        );
    }
    Ok(entries)
}

/// Reads an epoch's samples from the log once more.
async fn read_again(
    log: &Arc<dyn Log>,
    entry: &Entry,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Vec<Sample>>> {
    let mut samples = Vec::new();
    for taken in &entry.samples {
        let mut decoder = Decoder::new(taken.partition);
        let mut next = taken.offsets.start;
        while next < taken.offsets.end {
            if shutdown.is_cancelled() {
                return Ok(None);
            }
            let limits = ReadLimits::default();
            let wait = wiring::RETRY_PAUSE;
            match log.read(&taken.topic, taken.partition, next, limits, wait).await {
                Ok(mut records) => {
                    records.retain(|record| record.offset < taken.offsets.end);
                    samples.append(&mut decoder.decode(&records));
                    next = records.last().map_or(taken.offsets.end, |record| record.offset + 1);
                }
                Err(error) if error.is_retriable() => wiring::pause(shutdown).await,
                Err(LogError::OffsetOutOfRange { earliest, .. }) if earliest > next => {
                    lost(taken, next, earliest, entry);
                    next = earliest;
                }
                Err(error) => return Err(error).context("read an epoch's samples again"),
            }
        }
    }
    Ok(Some(samples))
}

fn lost(taken: &Taken, from: u64, until: u64, entry: &Entry) {
    tracing::error!(
        topic = taken.topic,
        partition = taken.partition,
        from,
        until,
        epoch = entry.epoch,
        age_ms = wall().millis() - entry.recorded_at.millis(),
        "the log no longer holds these records; keep samples longer than the stage may be away"
    );
}
