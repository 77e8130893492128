//! Brings the engine back to where it was: checkpoint, then journal.
//!
//! Where one of the two is missing, damaged, of another format, or behind
//! what ClickHouse holds, the state is rebuilt; see [`super::rebuild`].

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use store::checkpoint::{self, Checkpoint, CheckpointError, Position, Stored};
use store::journal::{Entry, Journal, JournalError, Taken};
use store::log::{Log, LogError, ReadLimits};
use store::series::{Series, SetAside};
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use super::beyond::Beyond;
use super::cluster::Leader;
use super::decode::Decoder;
use super::epoch::{Base, Engine};
use super::intake::wall;
use super::rebuild::Rebuild;
use super::set_aside::{self, Decoded};
use super::writer::Writer;
use crate::config::CorrelateConfig;
use crate::progress::Progress;
use crate::wiring;

/// The engine as it was, and the journal to go on with; `None` when stopped
/// before that. A checkpoint with a record that cannot be read is put aside,
/// and the next older one is tried.
///
/// # Errors
/// A disk, log or ClickHouse that refuses for good; at the head of a cluster
/// also such a checkpoint, as the others have been told a part of it.
pub(super) async fn recover(
    config: &CorrelateConfig,
    log: &Arc<dyn Log>,
    series: &Series,
    dir: &Path,
    writer: &Writer,
    mut leader: Option<&mut Leader>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<(Engine, Journal)>> {
    loop {
        let leading = leader.as_deref_mut();
        let error = match attempt(config, log, series, dir, writer, leading, shutdown).await {
            Err(error) => error,
            recovered => return recovered,
        };
        let unusable = error.chain().find_map(|cause| cause.downcast_ref::<CheckpointError>());
        let Some(unusable @ CheckpointError::Damaged { path, .. }) = unusable else {
            return Err(error);
        };
        tracing::error!(error = %unusable, "put a checkpoint aside");
        block_in_place(|| checkpoint::put_aside(Path::new(path)))?;
        report(series, shutdown, &[damaged(unusable)]).await?;
        if leader.is_some() {
            return Err(error);
        }
    }
}

/// As [`recover`], with the newest checkpoint whose file is in order.
async fn attempt(
    config: &CorrelateConfig,
    log: &Arc<dyn Log>,
    series: &Series,
    dir: &Path,
    writer: &Writer,
    leader: Option<&mut Leader>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<(Engine, Journal)>> {
    let started = Instant::now();
    tracing::info!(
        bytes = block_in_place(|| checkpoint::newest_bytes(dir))?,
        "loading the newest checkpoint"
    );
    let (found, passed_over) = block_in_place(|| checkpoint::find_newest(dir))?;
    tracing::info!(
        epoch = found.as_ref().map(|found| found.epoch),
        ms = started.elapsed().as_millis() as u64,
        "looked for checkpoints"
    );
    let mut found_damaged = Vec::new();
    for error in passed_over {
        tracing::error!(%error, "passed over a checkpoint");
        found_damaged.push(damaged(&error));
    }
    let doing = "ask clickhouse for its newest row";
    let newest = wiring::insist(shutdown, doing, || series.newest_row());
    let Some(newest) = newest.await? else { return Ok(None) };
    let found_any = found.is_some() || newest.is_none();
    let base_epoch = found.as_ref().map_or(0, |found| found.epoch);
    let entries = block_in_place(|| journaled(dir, base_epoch))?;
    let last = entries.as_ref().map_or(0, |entries| base_epoch + entries.len() as u64);
    let written = newest.map_or(0, |newest| newest.version);
    let (base, entries) = match entries {
        Ok(entries) if found_any && last >= written => {
            (found.map_or_else(|| Checkpoint::default().into(), Base::from), entries)
        }
        entries => {
            let reason = match entries {
                Err(reason) => reason,
                Ok(_) if !found_any => String::from("there is no checkpoint that can be used"),
                Ok(_) => format!("clickhouse holds epoch {written}, checkpoint and journal {last}"),
            };
            tracing::error!(reason, "checkpoint and journal cannot be used");
            found_damaged.push(set_aside::file(base_epoch, "journal", reason, wall()));
            report(series, shutdown, &found_damaged).await?;
            found_damaged.clear();
            let version = block_in_place(|| last_epoch(dir))?.max(written) + 1;
            let rebuild = Rebuild { config, log, series, writer, shutdown };
            let unpack = |found: Stored| block_in_place(|| found.unpack());
            let base = found.map(unpack).transpose()?.unwrap_or_default();
            let rebuilt = rebuild.run(found_any.then_some(base), newest, version).await?;
            let Some(rebuilt) = rebuilt else { return Ok(None) };
            block_in_place(|| replace(dir, &rebuilt))?;
            (rebuilt.into(), Vec::new())
        }
    };
    report(series, shutdown, &found_damaged).await?;
    let Some(base) = with_every_partition(base, log, shutdown).await? else { return Ok(None) };
    let (checkpoint, journal_entries) = (base.epoch, entries.len());
    let mut engine = Engine::start(config, base, leader, shutdown).await?;
    let progress =
        Progress::of_stage("take epochs in again", "epochs", Some(journal_entries as u64));
    for entry in entries {
        let Some(decoded) = read_again(log, &entry, shutdown).await? else { return Ok(None) };
        let mut rows = block_in_place(|| engine.apply(&entry, decoded))?;
        let beyond = Beyond { series, writer, shutdown };
        if !beyond.correct(&mut engine, &mut rows).await? {
            return Ok(None);
        }
        // How far the log is read is known only when it is followed again.
        writer.write(rows, None).await?;
        progress.advance(1);
    }
    progress.finish();
    writer.settled().await;
    if shutdown.is_cancelled() {
        return Ok(None);
    }
    tracing::info!(
        checkpoint,
        epochs_taken_in_again = journal_entries,
        epoch = engine.epoch(),
        "correlation goes on"
    );
    let journal = block_in_place(|| -> anyhow::Result<_> {
        let saved = engine.save(dir)?;
        Ok(Journal::open(dir, saved)?.0)
    })?;
    Ok(Some((engine, journal)))
}

/// Puts a rebuilt state in the place of everything that came before it.
fn replace(dir: &Path, rebuilt: &Checkpoint) -> anyhow::Result<()> {
    checkpoint::save(dir, rebuilt)?;
    checkpoint::remove_before(dir, rebuilt.epoch)?;
    Ok(Journal::remove_before(dir, rebuilt.epoch)?)
}

/// A checkpoint that cannot be used, for the operator.
fn damaged(error: &CheckpointError) -> SetAside {
    let path = Path::new(match error {
        CheckpointError::Io { path, .. } | CheckpointError::Damaged { path, .. } => path,
    });
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let epoch = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
    set_aside::file(epoch.unwrap_or_default(), &name, error.to_string(), wall())
}

/// Shows people what was found damaged.
async fn report(
    series: &Series,
    shutdown: &CancellationToken,
    found: &[SetAside],
) -> anyhow::Result<()> {
    if !found.is_empty() {
        let doing = "report damaged files";
        wiring::insist(shutdown, doing, || series.write_set_aside(found, 0)).await?;
    }
    Ok(())
}

/// The greatest epoch that any file in `dir` is named after, damaged or not.
fn last_epoch(dir: &Path) -> anyhow::Result<u64> {
    let epochs = checkpoint::epochs(dir)?.into_iter().chain(Journal::epochs(dir)?);
    Ok(epochs.max().unwrap_or(0))
}

/// Adds partitions that the checkpoint does not know, from their beginning:
/// all of them at the very first start, new ones when a topic has grown.
async fn with_every_partition(
    mut base: Base,
    log: &Arc<dyn Log>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Base>> {
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
/// that turned out damaged; or why they are of no use.
///
/// # Errors
/// A disk that refuses.
fn journaled(dir: &Path, base: u64) -> anyhow::Result<Result<Vec<Entry>, String>> {
    let mut epochs = Journal::epochs(dir)?;
    epochs.retain(|&epoch| epoch > base);
    epochs.insert(0, base);
    let mut entries: Vec<Entry> = Vec::new();
    for epoch in epochs {
        match Journal::open(dir, epoch) {
            Ok((_, read)) => entries.extend(read),
            Err(error @ JournalError::Damaged { .. }) => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    let gap = (base + 1..).zip(&entries).find(|(expected, entry)| entry.epoch != *expected);
    Ok(match gap {
        None => Ok(entries),
        Some((expected, entry)) => {
            let found = entry.epoch;
            Err(format!("the journal holds epoch {found} where {expected} belongs"))
        }
    })
}

/// Reads an epoch's samples from the log once more.
async fn read_again(
    log: &Arc<dyn Log>,
    entry: &Entry,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Decoded>> {
    let mut samples = Decoded::default();
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
                    samples.append(decoder.decode(&records));
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
