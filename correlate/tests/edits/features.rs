//! Counts what the random worlds hold, so that the generator cannot quietly
//! stop to reach a corner of SEMANTICS.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use correlate::model::{ComponentState, PathExpr, ServiceState, Target, Timestamp, Version};
use proof::story::Story;
use proof::{Fact, Facts, Size};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::world::{World, worlds};
use crate::{as_story, truth};

/// Worlds that are looked at; the same ones every time.
const LOOKED_AT: usize = 400;

/// In at least one of so many worlds each feature must occur.
const EACH_IN: usize = 20;

/// What a world can have, in words.
const FEATURES: [&str; 39] = [
    "a count between one and all, deep down",
    "a gap between versions",
    "a reference",
    "a reference to a service that does not exist at that instant",
    "a definition that is refused",
    "a refusal where a good definition stays in force",
    "a service that is defined anew",
    "a service that is removed",
    "a definition after samples",
    "a window that is changed",
    "a window that is withdrawn",
    "a window of no length",
    "a window that is added after its time",
    "a window on a service",
    "windows on one target that overlap",
    "a staleness limit",
    "a sample at exactly the limit",
    "a sample one millisecond after the limit",
    "two states at one instant",
    "a sample that says unknown",
    "a late sample",
    "a sample of the future",
    "a sample from before the origin",
    "one worker",
    "two workers",
    "three workers",
    "four workers",
    "several processes",
    "a restart",
    "two restarts",
    "a restart on another number of workers",
    "a restart on another number of processes",
    "a clock that stands still",
    "up",
    "degraded",
    "down",
    "maintenance",
    "unknown",
    "a cause that moves",
];

#[test]
fn the_generator_reaches_every_corner() {
    let mut runner = TestRunner::deterministic();
    let mut counts: BTreeMap<&str, usize> = FEATURES.iter().map(|name| (*name, 0)).collect();
    for _ in 0..LOOKED_AT {
        let world = worlds().new_tree(&mut runner).expect("worlds are never refused").current();
        for name in features(&world) {
            *counts.get_mut(name).expect("it is on the list") += 1;
        }
    }
    for (name, count) in &counts {
        println!("{count:5} of {LOOKED_AT}: {name}");
    }
    let rare: Vec<_> = counts.iter().filter(|(_, count)| **count < LOOKED_AT / EACH_IN).collect();
    assert!(rare.is_empty(), "too few worlds have: {rare:?}");
}

#[test]
fn a_world_can_be_told_as_a_story() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..LOOKED_AT / 4 {
        let world = worlds().new_tree(&mut runner).expect("worlds are never refused").current();
        let text = as_story(&world);
        let story =
            Story::read(Path::new("retold"), &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let facts = world.epochs.iter().flat_map(|epoch| &epoch.facts);
        assert_eq!(Facts::of(&story.facts()), Facts::of(facts));
        let mut expected = story.expected;
        expected.retain(|_, list| !list.is_empty());
        assert_eq!(Some(expected), truth(&world).pop().map(|last| last.0));
    }
}

/// The features of one world.
fn features(world: &World) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut note = |is_there: bool, name| {
        if is_there {
            found.insert(name);
        }
    };
    let restarts: Vec<Size> = world.epochs.iter().filter_map(|epoch| epoch.restart).collect();
    note(!restarts.is_empty(), "a restart");
    note(restarts.len() >= 2, "two restarts");
    let first = restarts.first();
    let differs = |part: fn(&Size) -> usize| first.is_some_and(|s| part(s) != part(&world.size));
    note(differs(|size| size.workers), "a restart on another number of workers");
    note(differs(|size| size.processes), "a restart on another number of processes");
    note(world.size.processes > 1, "several processes");
    note(
        world.epochs.windows(2).any(|pair| pair[0].now == pair[1].now),
        "a clock that stands still",
    );
    let words = ["one worker", "two workers", "three workers", "four workers"];
    note(true, words[world.size.workers - 1]);
    note(world.stale_after_ms.is_some(), "a staleness limit");
    let truth = truth(world);
    note(truth.iter().any(|(_, refused)| !refused.is_empty()), "a definition that is refused");
    for interval in truth.iter().flat_map(|(timelines, _)| timelines.values().flatten()) {
        note(true, interval.state.as_str());
        note(!interval.cause_moves.is_empty(), "a cause that moves");
        let none_holds = interval.state == ServiceState::Unknown && interval.cause.is_empty();
        note(none_holds, "a reference to a service that does not exist at that instant");
    }
    let mut set = Facts::default();
    let mut before = Timestamp::MIN;
    for epoch in &world.epochs {
        for fact in &epoch.facts {
            edits(&set, fact, before, &mut note);
            set.take(fact);
        }
        before = epoch.now;
    }
    whole(world, &set, &mut note);
    found
}

/// What one fact adds to a set, when the clock last said `before`.
fn edits(set: &Facts, fact: &Fact, before: Timestamp, note: &mut impl FnMut(bool, &'static str)) {
    match fact {
        Fact::Sample(sample) => {
            note(sample.state == ComponentState::Unknown, "a sample that says unknown");
            note(sample.at <= before, "a late sample");
            note(
                sample.at > before.plus_millis(10) && before > Timestamp::MIN,
                "a sample of the future",
            );
            note(sample.at < crate::ORIGIN, "a sample from before the origin");
            let known = set.samples.get(&sample.component).and_then(|seen| seen.get(&sample.at));
            note(known.is_some_and(|known| *known != sample.state), "two states at one instant");
        }
        Fact::Define(definition) => {
            let known = set.definitions.get(&definition.id);
            let refused = !set.clone().take(fact);
            note(refused && known.is_some(), "a refusal where a good definition stays in force");
            note(!refused && known.is_some(), "a service that is defined anew");
            note(!set.samples.is_empty(), "a definition after samples");
            let versions = definition.versions();
            let gap = |pair: &[Version]| pair[0].period.until < pair[1].period.from;
            note(versions.windows(2).any(gap), "a gap between versions");
            for version in versions {
                note(!version.path.service_refs().is_empty(), "a reference");
                note(counts_deep_down(&version.path, 0), "a count between one and all, deep down");
            }
        }
        Fact::Undefine(id) => {
            note(set.definitions.contains_key(id), "a service that is removed");
        }
        Fact::Window(id, None) => {
            note(set.windows.contains_key(id), "a window that is withdrawn");
        }
        Fact::Window(id, Some(window)) => {
            note(set.windows.get(id).is_some_and(|old| old != window), "a window that is changed");
            note(window.period.is_empty(), "a window of no length");
            note(window.period.until <= before, "a window that is added after its time");
            note(matches!(window.target, Target::Service(_)), "a window on a service");
            let meets = set.windows.iter().any(|(other, known)| {
                other != id
                    && known.target == window.target
                    && !known.period.intersect(&window.period).is_empty()
            });
            note(meets, "windows on one target that overlap");
        }
    }
}

fn counts_deep_down(path: &PathExpr, depth: usize) -> bool {
    let here = match path {
        PathExpr::AtLeast(k, items) => *k > 1 && (*k as usize) < items.len() && depth > 1,
        _ => false,
    };
    here || path.children().iter().any(|child| counts_deep_down(child, depth + 1))
}

/// What the whole set has.
fn whole(world: &World, set: &Facts, note: &mut impl FnMut(bool, &'static str)) {
    let Some(limit) = world.stale_after_ms else { return };
    for seen in set.samples.values() {
        let instants: Vec<&Timestamp> = seen.keys().collect();
        for pair in instants.windows(2) {
            let silence_ms = pair[1].millis() - pair[0].millis();
            note(silence_ms == limit, "a sample at exactly the limit");
            note(silence_ms == limit + 1, "a sample one millisecond after the limit");
        }
    }
}
