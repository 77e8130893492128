//! The engine against a naive oracle over random worlds: any order of
//! arrival, any number of workers, restarts at any point.

mod oracle;
mod world;

use std::collections::BTreeMap;

use correlate::engine::{Evaluator, EvaluatorSnapshot, Keeper, Ownership};
use correlate::model::{Interval, ServiceId, Timestamp};
use proptest::prelude::*;
use world::{Fact, ORIGIN, World};

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

    fn apply(&mut self, facts: &[Fact], now: i64) {
        let workers = self.keepers.len();
        for fact in facts {
            match fact {
                Fact::Sample(sample) => {
                    let place = sample.component.as_str().len()
                        + sample.component.as_str().bytes().map(usize::from).sum::<usize>();
                    self.keepers[place % workers].observe(sample);
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
        let mut changes = Vec::new();
        for keeper in &mut self.keepers {
            keeper.advance(Timestamp(now));
            keeper.drain(&mut changes, &mut Vec::new());
        }
        for evaluator in &mut self.evaluators {
            changes.iter().for_each(|change| evaluator.set_states(change));
            for revision in evaluator.finish(Timestamp(now)) {
                let key = (revision.service, revision.start);
                match revision.interval {
                    Some(interval) => drop(self.mirror.insert(key, interval)),
                    None => assert!(self.mirror.remove(&key).is_some(), "withdraws what is there"),
                }
            }
        }
    }

    fn restart(&mut self, workers: usize) {
        let components: Vec<_> = self.keepers.iter().flat_map(Keeper::snapshot).collect();
        let mut union = EvaluatorSnapshot::default();
        for evaluator in &self.evaluators {
            let part = evaluator.snapshot();
            union.now = part.now;
            union.origin = part.origin;
            union.windows = part.windows;
            for service in part.services {
                match union.services.iter_mut().find(|s| s.definition.id == service.definition.id) {
                    Some(known) => known.segments = known.segments.take().or(service.segments),
                    None => union.services.push(service),
                }
            }
        }
        let mirror = std::mem::take(&mut self.mirror);
        *self = Engine::new(workers, self.stale_after);
        self.mirror = mirror;
        for (index, component) in components.iter().enumerate() {
            // Any keeper will do as long as samples find it: place as apply does.
            let text = component.id.as_str();
            let place = text.len() + text.bytes().map(usize::from).sum::<usize>();
            self.keepers[place % workers].restore(component);
            for evaluator in &mut self.evaluators {
                evaluator.restore_component(component);
            }
            assert!(index < components.len());
        }
        for evaluator in &mut self.evaluators {
            evaluator.restore(&union).expect("a snapshot has no cycles");
        }
    }

    fn intervals(&self) -> BTreeMap<ServiceId, Vec<Interval>> {
        self.evaluators.iter().flat_map(Evaluator::intervals).filter(|s| !s.1.is_empty()).collect()
    }
}

fn check(world: &World) {
    let mut engine = Engine::new(world.workers, world.stale_after);
    for (index, batch) in world.batches().iter().enumerate() {
        engine.apply(&batch.facts, batch.now);
        if world.restart_after == Some(index) {
            engine.restart(world.workers_after_restart);
        }
    }
    let expected = oracle::intervals(world);
    assert_eq!(engine.intervals(), expected, "the engine's own timelines");
    let mut mirror: BTreeMap<ServiceId, Vec<Interval>> = BTreeMap::new();
    for ((service, _), interval) in engine.mirror {
        mirror.entry(service).or_default().push(interval);
    }
    assert_eq!(mirror, expected, "the revisions, applied in order");
}

/// How many worlds `cargo test` tries; `PROPTEST_CASES` asks for more.
const WORLDS: u32 = 400;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(WORLDS),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn intervals_depend_on_the_set_of_facts_alone(world in world::worlds()) {
        check(&world);
    }
}
