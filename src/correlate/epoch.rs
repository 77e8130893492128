//! One epoch after another through the engine: input in, rows out.
//!
//! What an epoch gives depends on its journal entry and samples alone, so that
//! it can be taken in again after a crash.

use std::ops::Range;
use std::time::Duration;

use correlate::dataflow::{Control, EngineSnapshot, EpochOutput, Options, Workers};
use correlate::model::{Sample, Timestamp};
use store::checkpoint::{Checkpoint, Position};
use store::journal::{Entry, Taken};
use store::log::Record;
use store::series::{SeriesBatch, Transition};
use store::wire::{DEFINITIONS_TOPIC, DefinitionRecord, SAMPLES_TOPIC};

/// No interval starts before 2000-01-01T00:00:00Z: a service without a start
/// date gets one that every store and chart can show.
pub(super) const ORIGIN: Timestamp = Timestamp(946_684_800_000);

/// A sample further in the future than this has a broken clock behind it.
pub(super) const AHEAD_MAX_MS: i64 = 5 * 60 * 1_000;

/// Samples handed to one worker at once: enough to keep the others busy.
const FEED_SAMPLES: usize = 8_192;

/// What one epoch takes in.
#[derive(Default)]
pub(super) struct Input {
    /// The engine's clock at its end.
    pub(super) now: Timestamp,
    /// When it was taken in.
    pub(super) recorded_at: Timestamp,
    /// Up to when the log had been read then.
    pub(super) complete_until: Option<Timestamp>,
    pub(super) samples: Vec<Sample>,
    taken: Vec<Taken>,
    pub(super) controls: Vec<Record>,
    control_positions: Vec<Position>,
}

impl Input {
    /// Up to where each partition was read: topic, partition, next offset.
    pub(super) fn reached(&self) -> impl Iterator<Item = (&str, u32, u64)> {
        let samples = self.taken.iter().map(|t| (t.topic.as_str(), t.partition, t.offsets.end));
        let controls = self.control_positions.iter();
        samples.chain(controls.map(|p| (p.topic.as_str(), p.partition, p.next)))
    }

    pub(super) fn take_samples(
        &mut self,
        partition: u32,
        offsets: Range<u64>,
        mut samples: Vec<Sample>,
    ) {
        self.samples.append(&mut samples);
        match self.taken.iter_mut().find(|taken| taken.partition == partition) {
            Some(taken) => taken.offsets.end = offsets.end,
            None => self.taken.push(Taken { topic: SAMPLES_TOPIC.to_owned(), partition, offsets }),
        }
    }

    pub(super) fn take_controls(&mut self, partition: u32, next: u64, records: Vec<Record>) {
        self.controls.extend(records);
        let position = Position { topic: DEFINITIONS_TOPIC.to_owned(), partition, next };
        self.control_positions.retain(|known| known.partition != partition);
        self.control_positions.push(position);
    }
}

/// The engine with what belongs to its state.
pub(super) struct Engine {
    workers: Workers,
    epoch: u64,
    now: Option<Timestamp>,
    positions: Vec<Position>,
    too_late: u64,
}

impl Engine {
    /// Starts the engine from a checkpoint.
    pub(super) fn start(
        workers: u32,
        stale_after: Duration,
        checkpoint: Checkpoint,
    ) -> anyhow::Result<Engine> {
        let options = options(workers, stale_after)?;
        let Checkpoint { epoch, positions, engine } = checkpoint;
        let now = engine.evaluator.now;
        let snapshot = (engine != EngineSnapshot::default()).then_some(engine);
        Ok(Engine {
            workers: Workers::start(options, snapshot)?,
            epoch,
            now,
            positions,
            too_late: 0,
        })
    }

    /// An engine that runs already, with the state of `epoch`.
    pub(super) fn adopt(
        workers: Workers,
        epoch: u64,
        now: Timestamp,
        positions: Vec<Position>,
    ) -> Engine {
        Engine { workers, epoch, now: Some(now), positions, too_late: 0 }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// Where reading goes on.
    pub(super) fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// The journal entry of the next epoch.
    pub(super) fn entry(&self, input: &Input) -> Entry {
        Entry {
            epoch: self.epoch + 1,
            now: input.now,
            recorded_at: input.recorded_at,
            samples: input.taken.clone(),
            controls: input.controls.clone(),
            control_positions: input.control_positions.clone(),
        }
    }

    /// Takes an epoch in and returns its rows.
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        samples: Vec<Sample>,
    ) -> anyhow::Result<SeriesBatch> {
        metrics::counter!("padwacht_correlate_samples_total").increment(samples.len() as u64);
        self.workers.control(entry.controls.iter().filter_map(control).collect())?;
        feed(&mut self.workers, samples, entry.recorded_at)?;
        let output = self.workers.finish(entry.now)?;
        self.epoch = entry.epoch;
        self.now = Some(entry.now);
        for taken in &entry.samples {
            self.advance(&taken.topic, taken.partition, taken.offsets.end);
        }
        for position in &entry.control_positions {
            self.advance(&position.topic, position.partition, position.next);
        }
        Ok(self.batch(entry, output))
    }

    fn advance(&mut self, topic: &str, partition: u32, next: u64) {
        let known = |p: &&mut Position| p.topic == topic && p.partition == partition;
        if let Some(position) = self.positions.iter_mut().find(known) {
            position.next = next;
        }
    }

    fn batch(&mut self, entry: &Entry, output: EpochOutput) -> SeriesBatch {
        for rejection in &output.rejections {
            metrics::counter!("padwacht_correlate_rejected_definitions_total").increment(1);
            let (service, reason) = (&rejection.service, &rejection.reason);
            tracing::error!(%service, reason, "refused a definition; the last good one stays in force");
        }
        if output.too_late > self.too_late {
            let fresh = output.too_late - self.too_late;
            metrics::counter!("padwacht_correlate_too_late_samples_total").increment(fresh);
            tracing::warn!(samples = fresh, "samples came too late to count");
            self.too_late = output.too_late;
        }
        let mut transitions = Vec::new();
        let mut withdrawn_transitions = Vec::new();
        for change in output.transitions {
            let at = change.at.max(ORIGIN);
            match change.state {
                Some(state) => {
                    transitions.push(Transition { component: change.component, at, state })
                }
                None => withdrawn_transitions.push((change.component, at)),
            }
        }
        let intervals = output.revisions;
        metrics::counter!("padwacht_correlate_revisions_total").increment(intervals.len() as u64);
        metrics::gauge!("padwacht_correlate_epoch").set(entry.epoch as f64);
        SeriesBatch {
            epoch: entry.epoch,
            recorded_at: entry.recorded_at,
            intervals,
            transitions,
            withdrawn_transitions,
        }
    }

    /// Bounds the engine's memory: see [`Workers::forget`].
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn forget(&mut self, samples: Duration, horizon: Duration) -> anyhow::Result<()> {
        let Some(now) = self.now else { return Ok(()) };
        let before = |age: Duration| {
            now.plus_millis(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX)).max(ORIGIN)
        };
        Ok(self.workers.forget(before(samples), before(horizon))?)
    }

    /// The state after the last epoch.
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn checkpoint(&mut self) -> anyhow::Result<Checkpoint> {
        Ok(Checkpoint {
            epoch: self.epoch,
            positions: self.positions.clone(),
            engine: self.workers.snapshot()?,
        })
    }
}

/// How the engine of the live stage is run.
///
/// # Errors
/// A staleness limit that no clock can reach.
pub(super) fn options(workers: u32, stale_after: Duration) -> anyhow::Result<Options> {
    Ok(Options {
        workers: workers as usize,
        stale_after_ms: Some(i64::try_from(stale_after.as_millis())?),
        origin: ORIGIN,
    })
}

/// Feeds samples that were taken in at `recorded_at`, in pieces.
///
/// # Errors
/// A worker has stopped.
pub(super) fn feed(
    workers: &mut Workers,
    samples: Vec<Sample>,
    recorded_at: Timestamp,
) -> anyhow::Result<()> {
    let mut samples = samples.into_iter().filter(|sample| is_plausible(sample, recorded_at));
    loop {
        let piece: Vec<Sample> = samples.by_ref().take(FEED_SAMPLES).collect();
        if piece.is_empty() {
            return Ok(());
        }
        workers.feed(piece)?;
    }
}

pub(super) fn control(record: &Record) -> Option<Control> {
    match DefinitionRecord::decode(&record.key, record.value.as_deref()) {
        Ok(DefinitionRecord::Service { definition: Some(definition), .. }) => {
            Some(Control::Define(definition))
        }
        Ok(DefinitionRecord::Service { id, definition: None }) => Some(Control::Undefine(id)),
        Ok(DefinitionRecord::Window { id, window }) => Some(Control::Window(id, window)),
        Err(error) => {
            metrics::counter!("padwacht_correlate_poison_total", "topic" => DEFINITIONS_TOPIC)
                .increment(1);
            tracing::error!(topic = DEFINITIONS_TOPIC, %error, "set a record aside");
            None
        }
    }
}

fn is_plausible(sample: &Sample, recorded_at: Timestamp) -> bool {
    let plausible =
        sample.at.millis() <= recorded_at.millis() + AHEAD_MAX_MS && sample.at >= ORIGIN;
    if !plausible {
        metrics::counter!("padwacht_correlate_implausible_samples_total").increment(1);
        let (component, at) = (&sample.component, sample.at);
        tracing::warn!(%component, at_ms = at.millis(), "set a sample with an impossible time aside");
    }
    plausible
}
