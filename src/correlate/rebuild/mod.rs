//! Rebuilds the engine's state when checkpoint and journal are lost: from a
//! checkpoint that can be read but has lost its journal, else from ClickHouse
//! and the log together, and then makes ClickHouse hold just what was rebuilt.
//!
//! ```text
//!  log ──samples──▶ engine ──▶ components ─┐ compose
//!  ClickHouse ──transitions────────────────┴────▶ engine ──▶ intervals
//!  log ──definitions──────────────────────────────▲            │ reconcile
//!  ClickHouse ◀──the difference, under a new version───────────┘
//! ```
//! Definitions are complete on the log, which is compacted. Interrupted at any
//! moment it leaves nothing that the next attempt does not put right. It never
//! guesses: what neither the log nor ClickHouse knows is unknown.

mod components;
mod compose;
mod reconcile;

use std::collections::BTreeSet;
use std::sync::Arc;

use correlate::dataflow::{EngineSnapshot, Workers};
use correlate::engine::ComponentSnapshot;
use correlate::model::{ServiceId, Timestamp};
use store::checkpoint::{Checkpoint, Position};
use store::journal::Control;
use store::log::{Log, LogError, ReadLimits, StoredRecord};
use store::series::{Edge, NewestRow, Scan, Series, SetAside, Transition};
use store::wire::{DEFINITIONS_TOPIC, DefinitionRecord, SAMPLES_TOPIC};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::cluster::{Team, feed};
use super::epoch::{Input, ORIGIN, before, controls, options, refused};
use super::intake::{Intake, slack, wall};
use super::set_aside::Ledger;
use super::sieve::{AHEAD_MAX_MS, SAMPLES_KEPT, Sieve};
use super::writer::{Rows, Writer};
use crate::config::CorrelateConfig;
use crate::progress::Progress;
use crate::wiring;
use components::Pairing;
use compose::Rule;
use reconcile::{Difference, Rebuilt};

/// The stage's name in the progress that it reports.
const STAGE: &str = "correlate";

/// What a rebuild works on.
pub(super) struct Rebuild<'a> {
    pub(super) config: &'a CorrelateConfig,
    pub(super) log: &'a Arc<dyn Log>,
    pub(super) series: &'a Series,
    pub(super) writer: &'a Writer,
    pub(super) shutdown: &'a CancellationToken,
}

/// What was lost is worked out up to here.
struct Read {
    /// Without definitions when components are to be composed first.
    workers: Workers,
    positions: Vec<Position>,
    /// The engine's clock at the end of what was read.
    now: Timestamp,
    /// Definitions and windows, where they are not in the workers yet.
    controls: Vec<Control>,
    /// Services with a record that could not be used.
    spared: BTreeSet<ServiceId>,
    /// Rows for what could not be used.
    set_aside: Vec<SetAside>,
    /// How samples were known, of what was read since it was last written.
    edges: Vec<Edge>,
    /// Services whose past a definition or window changes.
    reaching_back: Vec<ServiceId>,
    ledger: Ledger,
}

impl Rebuild<'_> {
    /// The rebuilt state at epoch `version`, above which no row and no file
    /// has one; `None` when stopped before that.
    ///
    /// # Errors
    /// A log or ClickHouse that refuses for good, or a worker that stops.
    pub(super) async fn run(
        &self,
        base: Option<Checkpoint>,
        newest: Option<NewestRow>,
        version: u64,
    ) -> anyhow::Result<Option<Checkpoint>> {
        let from_checkpoint = match base {
            Some(base) if self.log_reaches(&base.positions).await? => Some(base),
            _ => None,
        };
        let floor = from_checkpoint.as_ref().and_then(|base| base.engine.origin);
        let floor = floor.unwrap_or(ORIGIN);
        let composes = from_checkpoint.is_none();
        tracing::warn!(
            version,
            from = if composes { "log and clickhouse" } else { "checkpoint, log and clickhouse" },
            "rebuilding the state of correlation"
        );
        let Some(mut read) = self.read_log(from_checkpoint).await? else { return Ok(None) };
        if !composes && !read.reaching_back.is_empty() {
            // The checkpoint has forgotten what these need.
            drop(read);
            return Box::pin(self.run(None, newest, version)).await;
        }
        let mut difference = Difference::new(version, wall());
        let rule = match composes {
            true => Some(self.rule(newest).await?),
            false => None,
        };
        let snapshot = block_in_place(|| read.workers.snapshot())?;
        let Some(components) =
            self.reconcile_transitions(snapshot.components, rule, floor, &mut difference).await?
        else {
            return Ok(None);
        };
        if composes {
            read = self.start_again(read, components)?;
        }
        if !self.reconcile_intervals(&mut read, floor, &mut difference).await? {
            return Ok(None);
        }
        let set_aside = std::mem::take(&mut read.set_aside);
        let rows = Rows { set_aside, ..Rows::from(difference.take()) };
        self.writer.write(rows, None).await?;
        self.writer.settled().await;
        if self.shutdown.is_cancelled() {
            return Ok(None);
        }
        tracing::warn!(version, rows = difference.rows, "the state of correlation is rebuilt");
        let Read { mut workers, positions, now, .. } = read;
        let (samples, horizon) = (before(now, SAMPLES_KEPT), before(now, self.config.horizon));
        let engine = block_in_place(|| {
            workers.forget(samples, horizon)?;
            workers.snapshot()
        })?;
        Ok(Some(Checkpoint { epoch: version, positions, engine }))
    }

    /// Whether the log still holds everything from `positions` on.
    async fn log_reaches(&self, positions: &[Position]) -> anyhow::Result<bool> {
        for Position { topic, partition, next } in positions {
            if self.log.bounds(topic, *partition).await?.start > *next && topic == SAMPLES_TOPIC {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Feeds the engine everything that the log holds after `base`, or holds
    /// at all.
    async fn read_log(&self, base: Option<Checkpoint>) -> anyhow::Result<Option<Read>> {
        let keeps_controls = base.is_none();
        let Checkpoint { positions, engine, .. } = base.unwrap_or_default();
        let snapshot = (engine != EngineSnapshot::default()).then_some(engine);
        let mut read = Read {
            workers: block_in_place(|| start(self.config, snapshot))?,
            positions,
            now: Timestamp::MIN,
            controls: Vec::new(),
            spared: BTreeSet::new(),
            set_aside: Vec::new(),
            edges: Vec::new(),
            reaching_back: Vec::new(),
            ledger: Ledger::default(),
        };
        let started = wall();
        let ends = self.with_ends(&mut read.positions).await?;
        let interval = self.config.batch_interval;
        let mut intake = Intake::start(
            self.log.clone(),
            read.positions.clone(),
            interval,
            self.shutdown.clone(),
        );
        let samples = read.positions.iter().filter(|position| position.topic == SAMPLES_TOPIC);
        let partitions = samples.map(|position| position.partition);
        let hold = self.config.partition_hold;
        let mut clock = Clock::new(partitions, slack(interval), hold, started);
        let mut alone = Team::default();
        let before = records(&read.positions);
        let all = records(&ends).saturating_sub(before);
        let progress = Progress::of_stage("read the log", "records", Some(all));
        while !(has_reached(&read.positions, &ends) && read.now >= started) {
            let next = intake.next(0, Some(read.now), &mut clock, &mut alone).await?;
            let Some(input) = next else { return Ok(None) };
            block_in_place(|| read.take(input, keeps_controls))?;
            let edges = std::mem::take(&mut read.edges);
            if !edges.is_empty() {
                self.writer.write(Rows::of_edges(edges), None).await?;
            }
            progress.reached(records(&read.positions).saturating_sub(before));
        }
        let settled = block_in_place(|| read.workers.settle(read.now))?;
        read.reaching_back = settled.reaching_back;
        read.spared.extend(settled.rejections.into_iter().map(|rejection| rejection.service));
        Ok(Some(read))
    }

    /// Adds the partitions that `positions` lacks, from their beginning, and
    /// gives where all of them end now.
    async fn with_ends(&self, positions: &mut Vec<Position>) -> anyhow::Result<Vec<Position>> {
        let mut ends = Vec::new();
        for topic in [SAMPLES_TOPIC, DEFINITIONS_TOPIC] {
            for partition in 0..self.log.partitions(topic).await? {
                let bounds = self.log.bounds(topic, partition).await?;
                let position = |next| Position { topic: topic.to_owned(), partition, next };
                let known = |p: &Position| p.topic == topic && p.partition == partition;
                if !positions.iter().any(known) {
                    positions.push(position(bounds.start));
                }
                ends.push(position(bounds.end));
            }
        }
        positions.sort_unstable();
        Ok(ends)
    }

    /// How the log and ClickHouse share the time: the head of the log, plus
    /// what a dropped sample may lie ahead of its record and stay fresh.
    async fn rule(&self, newest: Option<NewestRow>) -> anyhow::Result<Rule> {
        let stale_after_ms = i64::try_from(self.config.stale_after.as_millis())?;
        let known = self.known_until(newest).await?;
        let (mut trimmed, mut whole) = (None, None);
        for partition in 0..self.log.partitions(SAMPLES_TOPIC).await? {
            let bounds = self.log.bounds(SAMPLES_TOPIC, partition).await?;
            let first = self.first_record(partition, bounds.start).await?;
            if bounds.start > 0 {
                trimmed = trimmed.max(Some(first.unwrap_or(known)));
            } else if let Some(first) = first {
                whole = Some(whole.map_or(first, |earliest: Timestamp| earliest.min(first)));
            }
        }
        // A log that begins at 0 may still be younger than what is in ClickHouse.
        let head = trimmed.or(whole).unwrap_or(known);
        let shared = head.plus_millis(AHEAD_MAX_MS).plus_millis(stale_after_ms);
        Ok(Rule { stale_after_ms, known_until: shared.min(known) })
    }

    async fn first_record(&self, partition: u32, at: u64) -> Result<Option<Timestamp>, LogError> {
        let limits = ReadLimits { records: 1, ..ReadLimits::default() };
        let wait = std::time::Duration::ZERO;
        let records = self.log.read(SAMPLES_TOPIC, partition, at, limits, wait).await?;
        Ok(records.first().map(|record| Timestamp(record.timestamp_ms)))
    }

    /// Up to when ClickHouse holds what the log said.
    async fn known_until(&self, newest: Option<NewestRow>) -> anyhow::Result<Timestamp> {
        let doing = "ask clickhouse how far it is";
        let progress = wiring::insist(self.shutdown, doing, || self.series.latest_progress());
        let reports = progress.await?.unwrap_or_default();
        let reported = reports.iter().filter(|report| report.stage == STAGE);
        let reported = reported.filter_map(|report| report.frontier).max();
        let written = newest.map(|newest| newest.recorded_at);
        Ok(reported.max(written).unwrap_or(Timestamp::MIN))
    }

    /// Compares every transition in ClickHouse with `components`, which are
    /// composed with them on the way if there is a rule for that. `None` when
    /// stopped before the end.
    async fn reconcile_transitions(
        &self,
        components: Vec<ComponentSnapshot>,
        rule: Option<Rule>,
        floor: Timestamp,
        difference: &mut Difference,
    ) -> anyhow::Result<Option<Vec<ComponentSnapshot>>> {
        let progress = Progress::of_stage("compare transitions", "rows", None);
        let mut pairing = Pairing::new(components, rule, floor);
        let mut groups = Groups::default();
        let mut last: Option<Transition> = None;
        loop {
            let doing = "read all transitions from clickhouse";
            let page = wiring::insist(self.shutdown, doing, || {
                self.series.scan_transitions(Scan::All, Timestamp::MAX, last.as_ref())
            });
            let Some(page) = page.await? else { return Ok(None) };
            if page.is_empty() {
                break;
            }
            last = page.last().cloned();
            progress.advance(page.len() as u64);
            for Transition { component, at, state } in page {
                if let Some((id, stored)) = groups.push(component, (at, state)) {
                    pairing.take(id, &stored, difference);
                    self.write_if_full(difference).await?;
                }
            }
        }
        if let Some((id, stored)) = groups.open {
            pairing.take(id, &stored, difference);
        }
        while pairing.take_next(difference) {
            self.write_if_full(difference).await?;
        }
        Ok(Some(pairing.end()))
    }

    async fn write_if_full(&self, difference: &mut Difference) -> anyhow::Result<()> {
        match difference.full() {
            Some(batch) => self.writer.write(batch, None).await,
            None => Ok(()),
        }
    }

    /// The engine on composed components, with the definitions.
    fn start_again(&self, read: Read, components: Vec<ComponentSnapshot>) -> anyhow::Result<Read> {
        let Read { workers, positions, now, controls: records, mut spared, .. } = read;
        drop(workers);
        let snapshot = EngineSnapshot { components, ..EngineSnapshot::default() };
        let (mut set_aside, mut ledger) = (read.set_aside, read.ledger);
        block_in_place(|| {
            let mut workers = start(self.config, Some(snapshot))?;
            let mut found = Vec::new();
            workers.control(controls(&records, &mut found))?;
            let settled = workers.settle(now)?;
            refused(&records, &settled.rejections, &mut found);
            set_aside.extend(ledger.rows(found));
            spared.extend(settled.rejections.into_iter().map(|rejection| rejection.service));
            let controls = Vec::new();
            let (edges, reaching_back) = (Vec::new(), Vec::new());
            Ok(Read {
                workers,
                positions,
                now,
                controls,
                spared,
                set_aside,
                edges,
                reaching_back,
                ledger,
            })
        })
    }

    /// Whether it came to the end before shutdown.
    async fn reconcile_intervals(
        &self,
        read: &mut Read,
        floor: Timestamp,
        difference: &mut Difference,
    ) -> anyhow::Result<bool> {
        let services = block_in_place(|| read.workers.intervals())?;
        let progress = Progress::of_stage("compare intervals", "rows", None);
        let spared = std::mem::take(&mut read.spared);
        let mut rebuilt = Rebuilt::new(services.into_iter(), spared, floor);
        let mut groups = Groups::default();
        let mut last: Option<(ServiceId, Timestamp)> = None;
        loop {
            let doing = "read all intervals from clickhouse";
            let after = last.as_ref().map(|(service, start)| (service, *start));
            let page = wiring::insist(self.shutdown, doing, || {
                self.series.scan_intervals(Scan::All, Timestamp::MAX, after)
            });
            let Some(page) = page.await? else { return Ok(false) };
            let Some((service, interval)) = page.last() else { break };
            last = Some((service.clone(), interval.start));
            progress.advance(page.len() as u64);
            for (service, interval) in page {
                if let Some((id, stored)) = groups.push(service, interval) {
                    rebuilt.compare(&id, &stored, difference);
                    self.write_if_full(difference).await?;
                }
            }
        }
        if let Some((id, stored)) = groups.open {
            rebuilt.compare(&id, &stored, difference);
        }
        while rebuilt.compare_next(difference) {
            self.write_if_full(difference).await?;
        }
        Ok(true)
    }
}

impl Read {
    fn take(&mut self, input: Input, keeps_controls: bool) -> anyhow::Result<()> {
        let mut found = Vec::new();
        for control in &input.controls {
            self.mark(&control.record);
        }
        for (topic, partition, next) in input.reached() {
            let known = |p: &&mut Position| p.topic == topic && p.partition == partition;
            if let Some(position) = self.positions.iter_mut().find(known) {
                position.next = next;
            }
        }
        if keeps_controls {
            self.controls.extend(input.controls);
        } else {
            self.workers.control(controls(&input.controls, &mut found))?;
        }
        self.now = input.now;
        let at = input.recorded_at;
        let mut sieve = Sieve::new(input.decoded, at, Timestamp::MIN);
        feed(&mut self.workers, &mut sieve)?;
        // Which of them begin a state is not known yet; the others do no harm.
        let edges = sieve.take_edges().into_iter();
        self.edges.extend(
            edges.filter(|edge| edge.known.uncertainty_ms > 0 || edge.known.reason.is_some()),
        );
        found.extend(sieve.end(&[]));
        self.set_aside.extend(self.ledger.rows(found));
        Ok(())
    }

    /// Remembers whether the newest record of a service can be used.
    fn mark(&mut self, record: &StoredRecord) {
        match DefinitionRecord::decode(&record.key, record.value.as_deref()) {
            Ok(DefinitionRecord::Service { id, .. }) => drop(self.spared.remove(&id)),
            Ok(_) => {}
            Err(_) => self.spared.extend(DefinitionRecord::service_of(&record.key)),
        }
    }
}

fn start(config: &CorrelateConfig, snapshot: Option<EngineSnapshot>) -> anyhow::Result<Workers> {
    Ok(Workers::start(options(config)?, snapshot)?)
}

/// Records before all of these positions together; offsets may have gaps.
fn records(positions: &[Position]) -> u64 {
    positions.iter().map(|position| position.next).sum()
}

fn has_reached(positions: &[Position], ends: &[Position]) -> bool {
    let reached = |end: &Position| {
        let known = |p: &&Position| p.topic == end.topic && p.partition == end.partition;
        positions.iter().find(known).is_some_and(|position| position.next >= end.next)
    };
    ends.iter().all(reached)
}

/// Puts rows that come sorted by key together.
struct Groups<K, V> {
    open: Option<(K, Vec<V>)>,
}

impl<K, V> Default for Groups<K, V> {
    fn default() -> Self {
        Groups { open: None }
    }
}

impl<K: PartialEq, V> Groups<K, V> {
    /// Takes a row; gives the group before it when that is complete.
    fn push(&mut self, key: K, row: V) -> Option<(K, Vec<V>)> {
        match &mut self.open {
            Some((known, rows)) if *known == key => {
                rows.push(row);
                None
            }
            open => open.replace((key, vec![row])),
        }
    }
}
