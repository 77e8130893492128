//! The engine against a naive oracle over random worlds: any order of
//! arrival, any number of workers and processes, restarts at any point.

mod cluster;
mod explained;
mod oracle;
mod world;

use std::collections::BTreeMap;

use correlate::dataflow::{AllIntervals, Control, LinesPiece, Options, Workers};
use correlate::engine::{Evaluator, Keeper, Ownership, StateChange};
use correlate::model::{ComponentId, Interval, IntervalRevision, Sample, ServiceId, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use world::{Fact, LAST, ORIGIN, World};

/// Keepers and evaluators wired as the dataflow wires them.
struct Engine {
    stale_after: Option<i64>,
    keepers: Vec<Keeper>,
    evaluators: Vec<Evaluator>,
    /// The intervals as a reader of all revisions knows them.
    mirror: BTreeMap<(ServiceId, Timestamp), Interval>,
}

impl Engine {
    fn new(workers: usize, stale_after: Option<i64>) -> Engine {
        let ownership = |index| Ownership { index, peers: workers };
        Engine {
            stale_after,
            keepers: (0..workers).map(|_| Keeper::new(stale_after)).collect(),
            evaluators: (0..workers)
                .map(|index| Evaluator::new(ownership(index), Timestamp(ORIGIN)))
                .collect(),
            mirror: BTreeMap::new(),
        }
    }

    /// Feeds all of `world`, with its restart.
    fn run(world: &World) -> Engine {
        let mut engine = Engine::new(world.workers, world.stale_after);
        for (index, batch) in world.batches().iter().enumerate() {
            engine.apply(&batch.facts, batch.now);
            if world.restart_after == Some(index) {
                engine.restart(world.workers_after_restart);
            }
        }
        engine
    }

    fn apply(&mut self, facts: &[Fact], now: i64) {
        let workers = self.keepers.len();
        for fact in facts {
            match fact {
                Fact::Sample(sample) => {
                    self.keepers[place(&sample.component) % workers].observe(sample);
                }
                Fact::Definition(definition) => {
                    for evaluator in &mut self.evaluators {
                        evaluator.define(definition.clone()).expect("worlds have no cycles");
                    }
                }
                Fact::Window(id, window) => {
                    for evaluator in &mut self.evaluators {
                        evaluator.set_window(id, Some(window.clone()));
                    }
                }
            }
        }
        let mut changes: Vec<(usize, StateChange)> = Vec::new();
        for keeper in &mut self.keepers {
            keeper.advance(Timestamp(now));
            keeper.drain(|evaluator, change| changes.push((evaluator, change)), |_| {});
        }
        self.tell(changes);
        self.subscribe();
        for evaluator in &mut self.evaluators {
            for revision in evaluator.finish(Timestamp(now)) {
                let key = (revision.service, revision.start);
                match revision.interval {
                    Some(interval) => drop(self.mirror.insert(key, interval)),
                    None => assert!(self.mirror.remove(&key).is_some(), "withdraws what is there"),
                }
            }
        }
    }

    fn tell(&mut self, changes: Vec<(usize, StateChange)>) {
        changes.iter().for_each(|(index, change)| self.evaluators[*index].set_states(change));
    }

    fn subscribe(&mut self) {
        let mut known = Vec::new();
        for (index, evaluator) in self.evaluators.iter_mut().enumerate() {
            for component in evaluator.take_new_components() {
                let keeper = place(&component) % self.keepers.len();
                let change = self.keepers[keeper].subscribe(&component, index);
                known.extend(change.map(|change| (index, change)));
            }
        }
        self.tell(known);
    }

    fn restart(&mut self, workers: usize) {
        let components: Vec<_> =
            self.keepers.iter().flat_map(|keeper| keeper.snapshot(0, usize::MAX)).collect();
        let services =
            |evaluator: &Evaluator| evaluator.snapshot(0, usize::MAX).unwrap_or_default();
        let services: Vec<_> = self.evaluators.iter().flat_map(services).collect();
        let old = std::mem::replace(self, Engine::new(workers, self.stale_after));
        self.mirror = old.mirror;
        for component in &components {
            self.keepers[place(&component.id) % workers].restore(component);
        }
        for evaluator in &mut self.evaluators {
            for (id, window) in old.evaluators[0].windows() {
                evaluator.set_window(id, Some(window.clone()));
            }
            for service in &services {
                evaluator.restore(service).expect("a snapshot has no cycles");
            }
        }
        self.subscribe();
        let now = old.evaluators[0].now().expect("it was told");
        self.keepers.iter_mut().for_each(|keeper| keeper.advance(now));
        for evaluator in &mut self.evaluators {
            assert_eq!(evaluator.finish(now), [], "a restart changes nothing");
        }
    }

    fn intervals(&self) -> BTreeMap<ServiceId, Vec<Interval>> {
        self.evaluators.iter().flat_map(Evaluator::intervals).filter(|s| !s.1.is_empty()).collect()
    }
}

/// Any function of the id will do, as long as a component stays with one keeper.
fn place(id: &ComponentId) -> usize {
    id.as_str().bytes().map(usize::from).sum()
}

fn check(world: &World) {
    let engine = Engine::run(world);
    let expected = oracle::intervals(world);
    assert_eq!(engine.intervals(), expected, "the engine's own timelines");
    let mut mirror: BTreeMap<ServiceId, Vec<Interval>> = BTreeMap::new();
    for ((service, _), interval) in engine.mirror {
        mirror.entry(service).or_default().push(interval);
    }
    assert_eq!(mirror, expected, "the revisions, applied in order");
}

/// The same on timely workers.
fn check_on_workers(world: &World) {
    let options =
        |workers| Options { workers, stale_after_ms: world.stale_after, origin: Timestamp(ORIGIN) };
    let mut workers = Workers::start(options(world.workers), None).expect("starts");
    let mut mirror = Mirror::new();
    for (index, batch) in world.batches().iter().enumerate() {
        for (number, fact) in batch.facts.iter().enumerate() {
            match fact.clone() {
                Fact::Sample(sample) if index % 2 == 0 => workers.feed(vec![sample]),
                Fact::Sample(Sample { at, component, state }) => {
                    let bytes = format!("{at},{component},{state}\n").into_bytes();
                    let piece = LinesPiece { number: number as u64 + 1, bytes };
                    workers.feed_lines(number % workers.len(), piece)
                }
                Fact::Definition(definition) => {
                    workers.control(vec![Control::Define(definition.into())])
                }
                Fact::Window(id, window) => {
                    workers.control(vec![Control::Window(id, Some(window))])
                }
            }
            .expect("runs");
        }
        let output = workers.finish(Timestamp(batch.now)).expect("runs");
        assert_eq!(output.rejections, []);
        reflect(&mut mirror, output.revisions);
        if world.restart_after == Some(index) {
            let snapshot = workers.snapshot().expect("runs");
            workers = Workers::start(options(world.workers_after_restart), Some(snapshot))
                .expect("restarts");
        }
    }
    compare(world, workers.intervals().expect("runs"), mirror);
}

/// Compares the workers' own timelines, and what a reader of all revisions
/// knows, with the oracle.
fn compare(world: &World, mut all: AllIntervals, mirror: Mirror) {
    let expected: Vec<_> = oracle::intervals(world).into_iter().collect();
    all.retain(|(_, intervals)| !intervals.is_empty());
    assert_eq!(all, expected, "the workers' own timelines");
    let mirror: Vec<_> = mirror
        .into_iter()
        .map(|(service, intervals)| (service, intervals.into_values().collect::<Vec<_>>()))
        .filter(|(_, intervals)| !intervals.is_empty())
        .collect();
    assert_eq!(mirror, expected, "the revisions, applied in order");
}

/// The intervals as a reader of all revisions knows them.
type Mirror = BTreeMap<ServiceId, BTreeMap<Timestamp, Interval>>;

fn reflect(mirror: &mut Mirror, revisions: Vec<IntervalRevision>) {
    for revision in revisions {
        let intervals = mirror.entry(revision.service).or_default();
        match revision.interval {
            Some(interval) => drop(intervals.insert(revision.start, interval)),
            None => drop(intervals.remove(&revision.start)),
        }
    }
}

/// How many worlds `cargo test` tries; `PROPTEST_CASES` asks for more.
const WORLDS: u32 = 2_000;

/// Threads are started for each of these.
const WORLDS_ON_WORKERS: u32 = 100;

fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(WORLDS))]

    #[test]
    fn intervals_depend_on_the_set_of_facts_alone(world in world::worlds()) {
        check(&world);
    }
}

proptest! {
    #![proptest_config(config(WORLDS_ON_WORKERS))]

    #[test]
    fn any_number_of_timely_workers_gives_the_same(world in world::worlds()) {
        check_on_workers(&world);
    }
}

proptest! {
    #![proptest_config(config(WORLDS_ON_WORKERS))]

    #[test]
    fn any_number_of_processes_gives_the_same(world in world::worlds()) {
        cluster::check(&world);
    }
}

proptest! {
    #![proptest_config(config(WORLDS))]

    #[test]
    fn an_explanation_says_what_the_intervals_say(
        world in world::worlds(),
        instants in proptest::collection::vec(ORIGIN..=LAST, 1..6),
    ) {
        explained::check(&world, &instants);
    }

    #[test]
    fn a_supposed_world_is_judged_like_a_real_one(
        world in world::worlds(),
        question in world::questions(),
        instants in proptest::collection::vec(ORIGIN..=LAST, 1..6),
    ) {
        explained::check_supposed(&world, &question, &instants);
    }
}
