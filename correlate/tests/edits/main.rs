//! The engine on timely workers against the naive oracle over random worlds
//! in which everything may be edited, compared after every epoch: what the
//! workers hold, what a reader of their revisions knows, and what is true.

mod features;
mod world;

use std::collections::BTreeMap;

use correlate::dataflow::{Control, Options, Workers};
use correlate::model::{Interval, ServiceId};
use proof::{Fact, Facts, Mirror, check_shape, oracle};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use world::{ORIGIN, World};

type Timelines = BTreeMap<ServiceId, Vec<Interval>>;

/// How many worlds `cargo test` tries, each on threads of its own;
/// `PROPTEST_CASES` asks for more.
const WORLDS: u32 = 400;

/// What is true of a world after each of its epochs, and which definitions
/// are refused in it.
pub(crate) fn truth(world: &World) -> Vec<(Timelines, Vec<ServiceId>)> {
    let mut facts = Facts::default();
    let mut truth = Vec::new();
    for epoch in &world.epochs {
        let mut refused = Vec::new();
        for fact in &epoch.facts {
            if let (false, Fact::Define(definition)) = (facts.take(fact), fact) {
                refused.push(definition.id.clone());
            }
        }
        let view =
            oracle::View { stale_after_ms: world.stale_after_ms, origin: ORIGIN, now: epoch.now };
        truth.push((oracle::intervals(&facts, view), refused));
    }
    truth
}

fn check(world: &World) {
    let options =
        |workers| Options { workers, stale_after_ms: world.stale_after_ms, origin: ORIGIN };
    let mut workers = Workers::start(options(world.workers), None).expect("starts");
    let mut mirror = Mirror::default();
    for (epoch, (expected, refused)) in world.epochs.iter().zip(truth(world)) {
        epoch.facts.iter().for_each(|fact| feed(&mut workers, fact));
        let output = workers.finish(epoch.now).expect("runs");
        let rejected: Vec<ServiceId> =
            output.rejections.into_iter().map(|rejection| rejection.service).collect();
        assert_eq!(rejected, refused, "what is refused, in order of arrival");
        mirror.apply(&output.revisions).expect("revisions hang together");
        let known = mirror.intervals();
        known.iter().for_each(|(id, list)| check_shape(id, list).expect("well formed"));
        assert_eq!(known, expected, "the revisions, applied in order");
        let mut own: Timelines = workers.intervals().expect("runs").into_iter().collect();
        own.retain(|_, list| !list.is_empty());
        assert_eq!(own, expected, "the workers' own timelines");
        if let Some(count) = epoch.restart {
            let snapshot = workers.snapshot().expect("runs");
            workers = Workers::start(options(count), Some(snapshot)).expect("restarts");
        }
    }
}

fn feed(workers: &mut Workers, fact: &Fact) {
    match fact.clone() {
        Fact::Sample(sample) => workers.feed(vec![sample]),
        Fact::Define(definition) => workers.control(vec![Control::Define(definition.into())]),
        Fact::Undefine(id) => workers.control(vec![Control::Undefine(id)]),
        Fact::Window(id, window) => workers.control(vec![Control::Window(id, window)]),
    }
    .expect("runs");
}

fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(WORLDS),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn edits_restarts_and_late_facts_leave_what_is_true(world in world::worlds()) {
        check(&world);
    }
}
