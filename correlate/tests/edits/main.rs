//! The engine on timely workers against the naive oracle over random worlds
//! in which everything may be edited, compared after every epoch: what the
//! workers hold, what a reader of their revisions knows, and what is true.

mod features;
mod world;

use std::collections::BTreeMap;

use correlate::dataflow::Options;
use correlate::model::{Interval, ServiceId};
use proof::story::{Event, retell, tell};
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

/// What goes wrong first, for a person, with the world as a story.
fn check(world: &World) -> Result<(), TestCaseError> {
    play(world).map_err(|what| {
        let story = as_story(world);
        TestCaseError::fail(format!(
            "{what}\n\nas a story, in which each fact has its own epoch:\n{story}"
        ))
    })
}

fn play(world: &World) -> Result<(), String> {
    let options = Options { workers: 1, stale_after_ms: world.stale_after_ms, origin: ORIGIN };
    let mut crew = Crew::start(world.size, options, None);
    let mut mirror = Mirror::default();
    for (number, (epoch, (expected, refused))) in world.epochs.iter().zip(truth(world)).enumerate()
    {
        let same = |what: &str, found: &Timelines| {
            let told = || format!("expected\n{}found\n{}", tell(&expected), tell(found));
            let wrong = || format!("epoch {number}: {what}: {}", told());
            if *found == expected { Ok(()) } else { Err(wrong()) }
        };
        epoch.facts.iter().for_each(|fact| crew.tell(fact));
        let output = crew.finish(epoch.now);
        let rejected: Vec<ServiceId> =
            output.rejections.into_iter().map(|rejection| rejection.service).collect();
        if rejected != refused {
            return Err(format!("epoch {number}: refuses {rejected:?} instead of {refused:?}"));
        }
        mirror.apply(&output.revisions)?;
        let known = mirror.intervals();
        known.iter().try_for_each(|(id, list)| check_shape(id, list))?;
        same("the revisions, applied in order", &known)?;
        same("the engine's own timelines", &crew.intervals())?;
        if let Some(size) = epoch.restart {
            crew.restart(size, options);
        }
    }
    Ok(())
}

/// The world as anyone can keep it in `correlate/tests/scenarios`.
fn as_story(world: &World) -> String {
    let events = world.epochs.iter().flat_map(|epoch| {
        let facts = epoch.facts.iter().map(|fact| (epoch.now, Event::Fact(fact)));
        let restart = epoch.restart.map(|_| (epoch.now, Event::Restart));
        facts.chain([(epoch.now, Event::Nothing)]).chain(restart)
    });
    let truth = truth(world).pop().expect("a world has an epoch").0;
    retell("What a random world showed", world.stale_after_ms, ORIGIN, events, &truth)
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
        check(&world)?;
    }
}
