//! One epoch after another through the engine: input in, rows out.
//!
//! What an epoch gives depends on its journal entry and samples alone, so that
//! it can be taken in again after a crash.

use std::ops::Range;
use std::time::Duration;

use correlate::dataflow::{Control, EpochOutput, Options};
use correlate::model::{Sample, Timestamp};
use store::checkpoint::{Checkpoint, Position};
use store::journal::{Entry, Taken};
use store::log::Record;
use store::series::{SeriesBatch, Transition};
use store::wire::{DEFINITIONS_TOPIC, DefinitionRecord, SAMPLES_TOPIC};
use tokio_util::sync::CancellationToken;

use super::cluster::{Fleet, Leader, Team};
use super::intake::Found;
use crate::config::CorrelateConfig;

/// No interval starts before 2000-01-01T00:00:00Z: a service without a start
/// date gets one that every store and chart can show.
pub(super) const ORIGIN: Timestamp = Timestamp(946_684_800_000);

/// A sample further in the future than this has a broken clock behind it.
const AHEAD_MAX_MS: i64 = 5 * 60 * 1_000;

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
    controls: Vec<Record>,
    control_positions: Vec<Position>,
}

impl Input {
    pub(super) fn take(&mut self, found: Found) {
        match found {
            Found::Samples { partition, offsets, samples, .. } => {
                self.take_samples(partition, offsets, samples);
            }
            Found::Controls { partition, next, records } => {
                self.take_controls(partition, next, records);
            }
            Found::End { .. } => {}
        }
    }

    /// Which samples it takes from the log.
    pub(super) fn taken(&self) -> &[Taken] {
        &self.taken
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

    fn take_controls(&mut self, partition: u32, next: u64, records: Vec<Record>) {
        self.controls.extend(records);
        let position = Position { topic: DEFINITIONS_TOPIC.to_owned(), partition, next };
        self.control_positions.retain(|known| known.partition != partition);
        self.control_positions.push(position);
    }
}

/// The engine with what belongs to its state.
pub(super) struct Engine {
    fleet: Fleet,
    epoch: u64,
    now: Option<Timestamp>,
    positions: Vec<Position>,
    too_late: u64,
}

impl Engine {
    /// Starts the engine from a checkpoint, in all processes that `leader`
    /// gathers.
    pub(super) async fn start(
        config: &CorrelateConfig,
        checkpoint: Checkpoint,
        leader: Option<&mut Leader>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Engine> {
        let options = Options {
            workers: config.workers as usize,
            stale_after_ms: Some(i64::try_from(config.stale_after.as_millis())?),
            origin: ORIGIN,
        };
        let Checkpoint { epoch, positions, engine } = checkpoint;
        let now = engine.evaluator.now;
        let fleet = Fleet::start(options, config.batch_interval, engine, leader, shutdown).await?;
        Ok(Engine { fleet, epoch, now, positions, too_late: 0 })
    }

    /// The other processes.
    pub(super) fn team(&mut self) -> &mut Team {
        self.fleet.team()
    }

    /// Ends the workers of every process, in order.
    pub(super) async fn stop(self) {
        self.fleet.stop().await;
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
        let controls = entry.controls.iter().filter_map(control).collect();
        let samples = plausible(samples, entry.recorded_at);
        let output = self.fleet.take_in(entry, controls, samples)?;
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
        self.fleet.forget(before(samples), before(horizon))
    }

    /// The state after the last epoch.
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn checkpoint(&mut self) -> anyhow::Result<Checkpoint> {
        Ok(Checkpoint {
            epoch: self.epoch,
            positions: self.positions.clone(),
            engine: self.fleet.snapshot()?,
        })
    }
}

fn control(record: &Record) -> Option<Control> {
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

/// The samples whose time is possible for what was read at `recorded_at`.
pub(super) fn plausible(
    samples: Vec<Sample>,
    recorded_at: Timestamp,
) -> impl Iterator<Item = Sample> {
    metrics::counter!("padwacht_correlate_samples_total").increment(samples.len() as u64);
    samples.into_iter().filter(move |sample| is_plausible(sample, recorded_at))
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
