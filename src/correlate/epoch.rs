//! One epoch after another through the engine: input in, rows out.
//!
//! What an epoch gives depends on its journal entry and samples alone, so that
//! it can be taken in again after a crash.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use correlate::dataflow::{
    Control as EngineControl, EngineSnapshot, EpochOutput, Options, Workers,
};
use correlate::engine::Rejection;
use correlate::model::{Sample, Timestamp};
use store::checkpoint::{Checkpoint, Position};
use store::journal::{Control, Entry, Taken};
use store::log::StoredRecord;
use store::series::{SeriesBatch, SetAside, SetAsideKind, Transition};
use store::wire::{DEFINITIONS_TOPIC, DefinitionRecord, SAMPLES_TOPIC};

use super::set_aside::{self, Decoded, Ledger, Origin};
use super::writer::Rows;

/// No interval starts before 2000-01-01T00:00:00Z: a service without a start
/// date gets one that every store and chart can show.
pub(super) const ORIGIN: Timestamp = Timestamp(946_684_800_000);

/// A sample further in the future than this has a broken clock behind it.
pub(super) const AHEAD_MAX_MS: i64 = 5 * 60 * 1_000;

const IMPLAUSIBLE: &str = "no clock that is right gives such a time";

const TOO_LATE: &str = "what was known around it was forgotten, so it cannot be put in its place";

/// Samples are kept one by one for so long, so that a late one can be put
/// between them. A later one is set aside.
pub(super) const SAMPLES_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// Samples of one epoch that are traced in case they turn out too late; more
/// are counted only.
const OLD_SAMPLES_MAX: usize = 10_000;

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
    pub(super) decoded: Decoded,
    taken: Vec<Taken>,
    pub(super) controls: Vec<Control>,
    control_positions: Vec<Position>,
}

impl Input {
    /// Up to where each partition was read: topic, partition, next offset.
    pub(super) fn reached(&self) -> impl Iterator<Item = (&str, u32, u64)> {
        let samples = self.taken.iter().map(|t| (t.topic.as_str(), t.partition, t.offsets.end));
        let controls = self.control_positions.iter();
        samples.chain(controls.map(|p| (p.topic.as_str(), p.partition, p.next)))
    }

    pub(super) fn take_samples(&mut self, partition: u32, offsets: Range<u64>, decoded: Decoded) {
        self.decoded.append(decoded);
        match self.taken.iter_mut().find(|taken| taken.partition == partition) {
            Some(taken) => taken.offsets.end = offsets.end,
            None => self.taken.push(Taken { topic: SAMPLES_TOPIC.to_owned(), partition, offsets }),
        }
    }

    pub(super) fn take_controls(&mut self, partition: u32, next: u64, records: Vec<StoredRecord>) {
        let control = |record| Control { partition, record };
        self.controls.extend(records.into_iter().map(control));
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
    /// Samples of a component from before this instant may be forgotten.
    samples_from: Timestamp,
    ledger: Ledger,
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
        let now = engine.now;
        let snapshot = (engine != EngineSnapshot::default()).then_some(engine);
        let workers = Workers::start(options, snapshot)?;
        Ok(Engine::adopt(workers, epoch, now, positions))
    }

    /// An engine that runs already, with the state of `epoch`.
    pub(super) fn adopt(
        workers: Workers,
        epoch: u64,
        now: Option<Timestamp>,
        positions: Vec<Position>,
    ) -> Engine {
        // As at the checkpoint that this state came from, or will go to.
        let samples_from = now.map_or(ORIGIN, |now| before(now, SAMPLES_KEPT));
        let ledger = Ledger::default();
        Engine { workers, epoch, now, positions, too_late: 0, samples_from, ledger }
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
    pub(super) fn apply(&mut self, entry: &Entry, decoded: Decoded) -> anyhow::Result<Rows> {
        let samples = decoded.samples.len() as u64;
        metrics::counter!("padwacht_correlate_samples_total").increment(samples);
        let mut set_aside = Vec::new();
        self.workers.control(controls(&entry.controls, &mut set_aside))?;
        let old =
            feed(&mut self.workers, decoded, entry.recorded_at, self.samples_from, &mut set_aside)?;
        let output = self.workers.finish(entry.now)?;
        self.epoch = entry.epoch;
        self.now = Some(entry.now);
        for taken in &entry.samples {
            self.advance(&taken.topic, taken.partition, taken.offsets.end);
        }
        for position in &entry.control_positions {
            self.advance(&position.topic, position.partition, position.next);
        }
        refused(&entry.controls, &output.rejections, &mut set_aside);
        self.too_late(&output, old, &mut set_aside);
        let set_aside = self.ledger.rows(set_aside);
        Ok(Rows { batch: batch(entry, output), set_aside })
    }

    fn advance(&mut self, topic: &str, partition: u32, next: u64) {
        let known = |p: &&mut Position| p.topic == topic && p.partition == partition;
        if let Some(position) = self.positions.iter_mut().find(known) {
            position.next = next;
        }
    }

    /// Sets aside those of the `old` samples that the engine found too late.
    fn too_late(
        &mut self,
        output: &EpochOutput,
        old: Vec<(Sample, Option<Origin>)>,
        set_aside: &mut Vec<SetAside>,
    ) {
        let fresh = output.too_late.saturating_sub(self.too_late);
        self.too_late = output.too_late;
        metrics::counter!("padwacht_correlate_too_late_samples_total").increment(fresh);
        let refused: BTreeSet<_> =
            output.too_late_samples.iter().map(|s| (s.at, &s.component, s.state)).collect();
        for (sample, origin) in &old {
            let key = (sample.at, &sample.component, sample.state);
            if let (Some(origin), true) = (origin, refused.contains(&key)) {
                set_aside.push(origin.sample(SetAsideKind::TooLate, sample, TOO_LATE));
            }
        }
    }

    /// Bounds the engine's memory: see [`Workers::forget`].
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn forget(&mut self, samples: Duration, horizon: Duration) -> anyhow::Result<()> {
        let Some(now) = self.now else { return Ok(()) };
        self.samples_from = before(now, samples);
        Ok(self.workers.forget(self.samples_from, before(now, horizon))?)
    }

    /// Begins counting anew what is set aside, as at every checkpoint.
    pub(super) fn reset_ledger(&mut self) {
        self.ledger.reset();
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

/// Feeds samples that were taken in at `recorded_at`, in pieces, and sets
/// those aside whose time is impossible. Gives those from before
/// `samples_from`, which may turn out too late.
///
/// # Errors
/// A worker has stopped.
pub(super) fn feed(
    workers: &mut Workers,
    decoded: Decoded,
    recorded_at: Timestamp,
    samples_from: Timestamp,
    set_aside: &mut Vec<SetAside>,
) -> anyhow::Result<Vec<(Sample, Option<Origin>)>> {
    let Decoded { samples, origins, set_aside: mut undecodable } = decoded;
    set_aside.append(&mut undecodable);
    let mut old = Vec::new();
    let mut samples = samples.into_iter().enumerate().filter(|(index, sample)| {
        let plausible = is_plausible(sample, recorded_at);
        if !plausible {
            let found = origins.of(*index);
            set_aside.extend(
                found.map(|o| o.sample(SetAsideKind::ImplausibleTime, sample, IMPLAUSIBLE)),
            );
        } else if sample.at < samples_from && old.len() < OLD_SAMPLES_MAX {
            old.push((sample.clone(), origins.of(*index)));
        }
        plausible
    });
    loop {
        let piece: Vec<Sample> =
            samples.by_ref().take(FEED_SAMPLES).map(|(_, sample)| sample).collect();
        if piece.is_empty() {
            break;
        }
        workers.feed(piece)?;
    }
    drop(samples);
    Ok(old)
}

/// What records say; one that says nothing is set aside.
pub(super) fn controls(records: &[Control], set_aside: &mut Vec<SetAside>) -> Vec<EngineControl> {
    let mut controls = Vec::with_capacity(records.len());
    for Control { partition, record } in records {
        match DefinitionRecord::decode(&record.key, record.value.as_deref()) {
            Ok(DefinitionRecord::Service { definition: Some(definition), .. }) => {
                controls.push(EngineControl::Define(definition.into()));
            }
            Ok(DefinitionRecord::Service { id, definition: None }) => {
                controls.push(EngineControl::Undefine(id));
            }
            Ok(DefinitionRecord::Window { id, window }) => {
                controls.push(EngineControl::Window(id, window));
            }
            Err(error) => {
                let reason = error.to_string();
                set_aside.push(set_aside::definition(
                    *partition,
                    record,
                    SetAsideKind::Undecodable,
                    reason,
                ));
            }
        }
    }
    controls
}

/// Sets aside the definitions that the engine refused.
pub(super) fn refused(
    controls: &[Control],
    rejections: &[Rejection],
    set_aside: &mut Vec<SetAside>,
) {
    for Rejection { service, reason } in rejections {
        let reason = format!("{reason}; the last good definition stays in force");
        let names = |control: &&Control| {
            DefinitionRecord::service_of(&control.record.key).as_ref() == Some(service)
        };
        if let Some(Control { partition, record }) = controls.iter().rev().find(names) {
            set_aside.push(set_aside::definition(
                *partition,
                record,
                SetAsideKind::Refused,
                reason,
            ));
        }
    }
}

fn batch(entry: &Entry, output: EpochOutput) -> SeriesBatch {
    let mut transitions = Vec::new();
    let mut withdrawn_transitions = Vec::new();
    for change in output.transitions {
        let at = change.at.max(ORIGIN);
        match change.state {
            Some(state) => {
                transitions.push(Transition { component: change.component, at, state });
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

fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.plus_millis(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX)).max(ORIGIN)
}

fn is_plausible(sample: &Sample, recorded_at: Timestamp) -> bool {
    sample.at.millis() <= recorded_at.millis() + AHEAD_MAX_MS && sample.at >= ORIGIN
}
