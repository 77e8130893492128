//! What the engine has forgotten is corrected from what its outputs have
//! said: whatever the horizon, the intervals are those of the oracle.

use std::collections::BTreeMap;

use correlate::dataflow::{Control, EpochOutput, Options, Workers};
use correlate::model::{ComponentId, ComponentState, Timestamp};

use super::world::{Fact, ORIGIN, World};
use super::{Mirror, oracle, reflect};

/// What a store of all outputs holds.
#[derive(Default)]
struct Store {
    transitions: BTreeMap<ComponentId, BTreeMap<Timestamp, ComponentState>>,
    intervals: Mirror,
}

impl Store {
    fn take(&mut self, output: EpochOutput, workers: &mut Workers) {
        for change in output.transitions {
            let known = self.transitions.entry(change.component).or_default();
            match change.state {
                Some(state) => drop(known.insert(change.at, state)),
                None => drop(known.remove(&change.at)),
            }
        }
        reflect(&mut self.intervals, output.revisions);
        if output.reaching_back.is_empty() {
            return;
        }
        let services = &output.reaching_back;
        let concerned = workers.concerned(services).expect("runs");
        let until = concerned.origin;
        let named = concerned.components();
        let before = |changes: &BTreeMap<Timestamp, ComponentState>| {
            changes.range(..until).map(|(&at, &state)| (at, state)).collect()
        };
        let transitions = self.transitions.iter().filter(|(id, _)| named.contains(id));
        let transitions = transitions.map(|(id, changes)| (id.clone(), before(changes))).collect();
        let past = concerned.past(services, Timestamp(ORIGIN), &transitions).expect("no cycle");
        for (service, intervals) in workers.recall(past).expect("runs") {
            let known = self.intervals.entry(service).or_default();
            known.retain(|&start, _| start > until);
            known.extend(intervals.into_iter().map(|interval| (interval.start, interval)));
        }
    }
}

/// From the world's restart on, everything before half of the time that has
/// passed is forgotten after each batch.
pub(crate) fn check(world: &World) {
    let options =
        |workers| Options { workers, stale_after_ms: world.stale_after, origin: Timestamp(ORIGIN) };
    let mut workers = Workers::start(options(world.workers), None).expect("starts");
    let mut store = Store::default();
    for (index, batch) in world.batches().iter().enumerate() {
        for fact in batch.facts.clone() {
            match fact {
                Fact::Sample(sample) => workers.feed(vec![sample]),
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
        store.take(output, &mut workers);
        if world.restart_after.is_some_and(|restart| restart <= index) {
            workers.forget(Timestamp::MIN, Timestamp(batch.now / 2)).expect("runs");
        }
        if world.restart_after == Some(index) {
            let snapshot = workers.snapshot().expect("runs");
            workers = Workers::start(options(world.workers_after_restart), Some(snapshot))
                .expect("restarts");
        }
    }
    let found: Vec<_> = store
        .intervals
        .into_iter()
        .map(|(service, intervals)| (service, intervals.into_values().collect::<Vec<_>>()))
        .filter(|(_, intervals)| !intervals.is_empty())
        .collect();
    let expected: Vec<_> = oracle::intervals(world).into_iter().collect();
    assert_eq!(found, expected);
}
