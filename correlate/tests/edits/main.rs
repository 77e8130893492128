//! The engine on timely workers against the naive oracle over random worlds
//! in which everything may be edited, compared after every epoch: what the
//! workers hold, what a reader of their revisions knows, and what is true.

mod features;
mod world;

use std::collections::BTreeMap;

use correlate::dataflow::Options;
use correlate::model::{Interval, ServiceId};
use proof::{Crew, Fact, Facts, Mirror, check_shape, oracle};
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
    let options = Options { workers: 1, stale_after_ms: world.stale_after_ms, origin: ORIGIN };
    let mut crew = Crew::start(world.size, options, None);
    let mut mirror = Mirror::default();
    for (epoch, (expected, refused)) in world.epochs.iter().zip(truth(world)) {
        epoch.facts.iter().for_each(|fact| crew.tell(fact));
        let output = crew.finish(epoch.now);
        let rejected: Vec<ServiceId> =
            output.rejections.into_iter().map(|rejection| rejection.service).collect();
        assert_eq!(rejected, refused, "what is refused, in order of arrival");
        mirror.apply(&output.revisions).expect("revisions hang together");
        let known = mirror.intervals();
        known.iter().for_each(|(id, list)| check_shape(id, list).expect("well formed"));
        assert_eq!(known, expected, "the revisions, applied in order");
        assert_eq!(crew.intervals(), expected, "the engine's own timelines");
        if let Some(size) = epoch.restart {
            crew.restart(size, options);
        }
    }
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
