//! One epoch after another through the engine: input in, rows out.
//!
//! What an epoch gives depends on its journal entry and samples alone, so that
//! it can be taken in again after a crash.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use correlate::dataflow::{
    AllIntervals, Control as EngineControl, EpochOutput, Options, SnapshotPart,
};
use correlate::engine::{Concerned, Rejection, Segment};
use correlate::model::{ComponentState, ServiceId, Timestamp};
use store::checkpoint::{self, Checkpoint, Packing, Position, Stored};
use store::evidence::{SampleSource, StateReason};
use store::journal::{Control, Entry, Taken};
use store::log::StoredRecord;
use store::series::{Edge, EdgeEvidence, SeriesBatch, SetAside, SetAsideKind, Transition};
use store::wire::{DEFINITIONS_TOPIC, DefinitionRecord, SAMPLES_TOPIC};
use tokio_util::sync::CancellationToken;

use super::cluster::{Fleet, Leader, Team};
use super::intake::Found;
use super::set_aside::{self, Decoded, EDGES_MAX, Ledger};
use super::sieve::{SAMPLES_KEPT, Sieve};
use super::writer::Rows;
use crate::config::CorrelateConfig;

/// No interval starts before 2000-01-01T00:00:00Z: a service without a start
/// date gets one that every store and chart can show.
pub(super) const ORIGIN: Timestamp = Timestamp(946_684_800_000);

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
    pub(super) fn take(&mut self, found: Found) {
        match found {
            Found::Samples { partition, offsets, decoded, .. } => {
                self.take_samples(partition, offsets, decoded);
            }
            Found::Controls { partition, next, records } => {
                self.take_controls(partition, next, records);
            }
            Found::Lost(lost) => self.decoded.set_aside.push(lost),
            Found::End { .. } => {}
        }
    }

    /// Which samples it takes from the log.
    pub(super) fn taken(&self) -> &[Taken] {
        &self.taken
    }

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

    fn take_controls(&mut self, partition: u32, next: u64, records: Vec<StoredRecord>) {
        let control = |record| Control { partition, record };
        self.controls.extend(records.into_iter().map(control));
        let position = Position { topic: DEFINITIONS_TOPIC.to_owned(), partition, next };
        self.control_positions.retain(|known| known.partition != partition);
        self.control_positions.push(position);
    }
}

/// The parts of a state, one after the other.
pub(super) type Parts = Box<dyn Iterator<Item = anyhow::Result<SnapshotPart>> + Send>;

/// What the engine starts from.
pub(super) struct Base {
    pub(super) epoch: u64,
    /// Where reading goes on, sorted.
    pub(super) positions: Vec<Position>,
    now: Option<Timestamp>,
    parts: Parts,
}

impl From<Checkpoint> for Base {
    fn from(Checkpoint { epoch, positions, engine }: Checkpoint) -> Base {
        let now = engine.now;
        Base { epoch, positions, now, parts: Box::new(engine.into_parts().map(Ok)) }
    }
}

impl From<Stored> for Base {
    fn from(mut stored: Stored) -> Base {
        let positions = std::mem::take(&mut stored.positions);
        let (epoch, now) = (stored.epoch, stored.now);
        Base { epoch, positions, now, parts: Box::new(stored.into_parts().map(|part| Ok(part?))) }
    }
}

/// The engine with what belongs to its state.
pub(super) struct Engine {
    fleet: Fleet,
    epoch: u64,
    now: Option<Timestamp>,
    positions: Vec<Position>,
    too_late: u64,
    /// Samples of a component from before this instant may be forgotten.
    samples_from: Timestamp,
    ledger: Ledger,
}

impl Engine {
    /// Starts the engine from a checkpoint, in all processes that `leader`
    /// gathers.
    pub(super) async fn start(
        config: &CorrelateConfig,
        base: impl Into<Base>,
        leader: Option<&mut Leader>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Engine> {
        let options = options(config)?;
        let Base { epoch, positions, now, parts } = base.into();
        let fleet = Fleet::start(options, config.batch_interval, parts, leader, shutdown).await?;
        // As at the checkpoint that this state came from.
        let samples_from = now.map_or(ORIGIN, |now| before(now, SAMPLES_KEPT));
        let ledger = Ledger::default();
        Ok(Engine { fleet, epoch, now, positions, too_late: 0, samples_from, ledger })
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
    pub(super) fn apply(&mut self, entry: &Entry, decoded: Decoded) -> anyhow::Result<Rows> {
        let mut set_aside = Vec::new();
        let controls = controls(&entry.controls, &mut set_aside);
        let mut sieve = Sieve::new(decoded, entry.recorded_at, self.samples_from);
        let (mut output, mut elsewhere, mut edges) =
            self.fleet.take_in(entry, controls, &mut sieve, self.samples_from)?;
        self.epoch = entry.epoch;
        self.now = Some(entry.now);
        for taken in &entry.samples {
            self.advance(&taken.topic, taken.partition, taken.offsets.end);
        }
        for position in &entry.control_positions {
            self.advance(&position.topic, position.partition, position.next);
        }
        refused(&entry.controls, &output.rejections, &mut set_aside);
        let fresh = output.too_late.saturating_sub(self.too_late);
        metrics::counter!("padwacht_correlate_too_late_samples_total").increment(fresh);
        self.too_late = output.too_late;
        edges.append(&mut sieve.take_edges());
        keep_begun(&mut edges, &output, entry.now);
        set_aside.extend(sieve.end(&output.too_late_samples));
        set_aside.append(&mut elsewhere);
        let set_aside = self.ledger.rows(set_aside);
        let reaching_back = std::mem::take(&mut output.reaching_back);
        Ok(Rows { batch: batch(entry, output), set_aside, edges, reaching_back })
    }

    fn advance(&mut self, topic: &str, partition: u32, next: u64) {
        let known = |p: &&mut Position| p.topic == topic && p.partition == partition;
        if let Some(position) = self.positions.iter_mut().find(known) {
            position.next = next;
        }
    }

    /// Bounds the engine's memory: see [`correlate::dataflow::Workers::forget`].
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn forget(&mut self, samples: Duration, horizon: Duration) -> anyhow::Result<()> {
        let Some(now) = self.now else { return Ok(()) };
        self.samples_from = before(now, samples);
        self.fleet.forget(self.samples_from, before(now, horizon))
    }

    /// What the past of `services` is computed from.
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn concerned(&mut self, services: &[ServiceId]) -> anyhow::Result<Concerned> {
        self.fleet.concerned(services)
    }

    /// Takes the past of services from outside.
    ///
    /// # Errors
    /// A worker has stopped.
    pub(super) fn recall(
        &mut self,
        past: Vec<(ServiceId, Vec<Segment>)>,
    ) -> anyhow::Result<AllIntervals> {
        self.fleet.recall(past)
    }

    /// Begins counting anew what is set aside, as at every checkpoint.
    pub(super) fn reset_ledger(&mut self) {
        self.ledger.reset();
    }

    /// Saves the state after the last epoch, and returns that epoch.
    ///
    /// # Errors
    /// A worker has stopped, or the disk refuses.
    pub(super) fn save(&mut self, dir: &Path) -> anyhow::Result<u64> {
        let mut packing = Packing::new(self.epoch, self.positions.clone())?;
        self.fleet.snapshot_parts(|part| Ok(packing.add(part)?))?;
        checkpoint::save_packed(dir, packing)?;
        Ok(self.epoch)
    }
}

/// How the engine of the live stage is run.
///
/// # Errors
/// A staleness limit that no clock can reach.
pub(super) fn options(config: &CorrelateConfig) -> anyhow::Result<Options> {
    Ok(Options {
        workers: config.workers as usize,
        stale_after_ms: Some(i64::try_from(config.stale_after.as_millis())?),
        origin: ORIGIN,
    })
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

/// Keeps the edges at which a state begins by `output`: the others renewed one,
/// or came too late to matter. Why something is unknown is kept whenever it is
/// said, as that may change while it is, and nothing begins where it was never
/// known. What turns unknown and of which nothing was said does so because it
/// was silent for too long, as of `now`.
fn keep_begun(edges: &mut Vec<Edge>, output: &EpochOutput, now: Timestamp) {
    // Of what is beyond the limit nobody knows whether something was said.
    let is_whole = edges.len() < EDGES_MAX;
    let begun = output.transitions.iter().filter_map(|transition| {
        transition.state.map(|state| (&transition.component, transition.at, state))
    });
    let begun: HashSet<_> = begun.collect();
    edges.retain(|edge| {
        let is_begun = begun.contains(&(&edge.component, edge.at, edge.state));
        is_begun || (edge.state == ComponentState::Unknown && edge.known.reason.is_some())
    });
    if !is_whole {
        return;
    }
    let is_unknown = |edge: &&Edge| edge.state == ComponentState::Unknown;
    let told = edges.iter().filter(is_unknown).map(|edge| (&edge.component, edge.at));
    let told: HashSet<_> = told.collect();
    // While the log is caught up with, nobody knows yet what time it is.
    let known = |at: Timestamp| EdgeEvidence {
        source: SampleSource::Other,
        uncertainty_ms: 0,
        observed_at: now.max(at),
        reason: Some(StateReason::Silent),
    };
    let silent = output.transitions.iter().filter(|transition| {
        transition.state == Some(ComponentState::Unknown)
            && !told.contains(&(&transition.component, transition.at))
    });
    let silent: Vec<Edge> = silent
        .map(|transition| {
            let (component, at) = (transition.component.clone(), transition.at.max(ORIGIN));
            Edge { component, at, state: ComponentState::Unknown, known: known(at) }
        })
        .collect();
    edges.extend(silent);
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

/// The instant `age` before `now`, but not before [`ORIGIN`].
pub(super) fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.plus_millis(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX)).max(ORIGIN)
}

#[cfg(test)]
mod tests {
    use correlate::engine;
    use correlate::model::ComponentId;

    use super::*;

    const AT: i64 = 1_700_000_000_000;

    fn edge(id: &str, at: i64, state: ComponentState, reason: Option<StateReason>) -> Edge {
        let known = EdgeEvidence {
            source: SampleSource::Poll,
            uncertainty_ms: 0,
            observed_at: Timestamp(at),
            reason,
        };
        Edge { component: ComponentId::from(id), at: Timestamp(at), state, known }
    }

    #[test]
    fn why_something_is_unknown_is_kept_and_what_nobody_said_was_silent() {
        use ComponentState::{Down, Unknown, Up};
        let change = |id: &str, at: i64, state| engine::Transition {
            component: ComponentId::from(id),
            at: Timestamp(at),
            state,
        };
        let output = EpochOutput {
            transitions: vec![
                change("n/port/1", AT, Some(Unknown)),
                change("n/port/2", AT, Some(Unknown)),
                change("n/port/3", AT, Some(Down)),
                change("n/port/4", AT, None),
            ],
            ..EpochOutput::default()
        };
        let shut = Some(StateReason::AdminShut);
        let mut edges = vec![
            edge("n/port/1", AT, Unknown, shut),
            // It has been unknown from the start: nothing begins.
            edge("n/port/9", AT, Unknown, shut),
            // A renewal, though it says a reason; and one that says none.
            edge("n/port/8", AT, Up, Some(StateReason::ManagementLost)),
            edge("n/port/7", AT, Up, None),
            edge("n/port/3", AT, Down, None),
        ];
        keep_begun(&mut edges, &output, Timestamp(AT + 5));
        let kept: Vec<_> = edges
            .iter()
            .map(|edge| (edge.component.as_str(), edge.known.reason.map(StateReason::as_str)))
            .collect();
        let expected = [
            ("n/port/1", Some("admin_shut")),
            ("n/port/9", Some("admin_shut")),
            ("n/port/3", None),
            ("n/port/2", Some("silent")),
        ];
        assert_eq!(kept, expected);
        assert_eq!(edges[3].known.observed_at, Timestamp(AT + 5));
        let mut early = Vec::new();
        keep_begun(&mut early, &output, Timestamp::MIN);
        assert!(early.iter().all(|edge| edge.known.observed_at == edge.at), "{early:?}");
        // Beyond the limit nobody knows what was said.
        let mut many = vec![edge("n/port/7", AT, Up, None); EDGES_MAX];
        keep_begun(&mut many, &output, Timestamp(AT + 5));
        assert_eq!(many, []);
    }
}
