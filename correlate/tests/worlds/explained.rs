//! Explanations and plans against the engine: at any instant of a random
//! world `explain` says what the engine's intervals say, and `what_if` is what
//! `explain` says of the supposed facts.

use std::collections::BTreeSet;

use correlate::explain::{Explanation, Node, NodeKind, explain};
use correlate::facts::Facts;
use correlate::model::{
    ComponentId, ComponentState, Interval, Period, ServiceId, ServiceState, Target, Timestamp,
    Window,
};
use correlate::what_if::{Answer, Question, what_if};

use crate::Engine;
use crate::world::{Fact, ORIGIN, World};

/// What somebody who reads everything knows of `world` at its end.
fn facts(world: &World, engine: &Engine) -> Facts {
    let mut facts = Facts::default();
    for fact in &world.facts {
        match fact.clone() {
            Fact::Sample(_) => {}
            Fact::Definition(definition) => {
                facts.definitions.insert(definition.id.clone(), definition);
            }
            Fact::Window(id, window) => drop(facts.windows.insert(id, window)),
        }
    }
    let components = engine.keepers.iter().flat_map(|keeper| keeper.snapshot(0, usize::MAX));
    facts.states = components.map(|one| (one.id, one.transitions)).collect();
    facts
}

/// What the intervals say of an instant.
fn told(intervals: &[Interval], at: Timestamp) -> Option<(ServiceState, Vec<ComponentId>)> {
    let interval =
        intervals.iter().find(|one| one.start <= at && one.end.is_none_or(|end| at < end))?;
    let moved = interval.cause_moves.iter().rev().find(|(moved, _)| *moved <= at);
    let cause = moved.map_or(&interval.cause, |(_, cause)| cause);
    Some((interval.state, cause.clone()))
}

fn said(explanation: &Explanation) -> Option<(ServiceState, Vec<ComponentId>)> {
    explanation.state.map(|state| (state, explanation.cause.clone()))
}

/// The blamed components of the tree, and that each is beneath blamed nodes.
fn blamed_in(node: &Node, found: &mut BTreeSet<ComponentId>) {
    if !node.blamed {
        assert!(node.children.iter().all(|child| !child.blamed), "{node:?}");
        return;
    }
    if let NodeKind::Component { id, .. } = &node.kind {
        found.insert(id.clone());
    }
    node.children.iter().for_each(|child| blamed_in(child, found));
}

/// Explains every service of `world` at `instants` and compares.
pub(crate) fn check(world: &World, instants: &[i64]) {
    let engine = Engine::run(world);
    let facts = facts(world, &engine);
    let intervals = engine.intervals();
    for service in facts.definitions.keys() {
        let intervals = intervals.get(service).map_or(&[][..], Vec::as_slice);
        for at in instants.iter().map(|&at| Timestamp(at)) {
            let explanation = explain(&facts, service, at);
            assert_eq!(said(&explanation), told(intervals, at), "{explanation:#?}");
            let mut blamed = BTreeSet::new();
            explanation.root.iter().for_each(|root| blamed_in(root, &mut blamed));
            assert_eq!(blamed.into_iter().collect::<Vec<_>>(), explanation.cause);
            let Period { from, until } = explanation.unchanged;
            assert!(explanation.unchanged.contains(at));
            let ends = [from.max(Timestamp(ORIGIN)), until.plus_millis(-1)];
            for end in ends.into_iter().filter(|end| end.millis() <= world.last_now()) {
                assert_eq!(told(intervals, end), said(&explanation), "unchanged at {end}");
            }
        }
    }
}

/// Supposes failures and windows in `world` and compares at `instants`.
pub(crate) fn check_supposed(world: &World, question: &Question, instants: &[i64]) {
    let engine = Engine::run(world);
    let known = facts(world, &engine);
    let answer = what_if(&known, question).expect("a good question");
    let mut supposed = known.clone();
    for id in &question.down {
        let changes = vec![(question.period.from, ComponentState::Down)];
        supposed.states.insert(id.clone(), changes);
    }
    for (index, target) in question.windows.iter().enumerate() {
        let window = Window { target: target.clone(), period: question.period };
        supposed.windows.insert(format!("supposed {index}"), window);
    }
    for at in instants.iter().map(|&at| Timestamp(at)).filter(|&at| question.period.contains(at)) {
        for service in known.definitions.keys() {
            let effect = answer.effects.iter().find(|effect| effect.service == *service);
            let (before, after) = (explain(&known, service, at), explain(&supposed, service, at));
            match effect {
                Some(effect) => {
                    assert_eq!(told(&effect.before, at), said(&before));
                    assert_eq!(told(&effect.after, at), said(&after));
                }
                None => assert_eq!(before.state, after.state, "{service} at {at} has no effect"),
            }
            let expected = clashes(&known, question, service, at);
            assert_eq!(named(&answer, service, at), expected, "{service} at {at}");
        }
    }
}

fn named(answer: &Answer, service: &ServiceId, at: Timestamp) -> BTreeSet<String> {
    let overlaps = answer.overlaps.iter();
    let here = overlaps.filter(|one| one.service == *service && one.period.contains(at));
    here.map(|overlap| overlap.window.clone()).collect()
}

/// The windows of others that take a service's other leg, straight from the
/// definition of an overlap.
fn clashes(
    facts: &Facts,
    question: &Question,
    service: &ServiceId,
    at: Timestamp,
) -> BTreeSet<String> {
    let own = |id: &ComponentId| {
        question.down.contains(id) || question.windows.contains(&Target::Component(id.clone()))
    };
    let windows: Vec<(&String, &ComponentId)> = facts
        .windows
        .iter()
        .filter_map(|(id, window)| match &window.target {
            Target::Component(component) if window.period.contains(at) => Some((id, component)),
            _ => None,
        })
        .filter(|(_, component)| !own(component))
        .collect();
    let judge = |with_own: bool, with_others: bool| {
        let mut facts = facts.clone();
        let mut take = |id: &ComponentId| {
            facts.states.insert(id.clone(), vec![(Timestamp::MIN, ComponentState::Down)]);
        };
        if with_others {
            windows.iter().for_each(|(_, component)| take(component));
        }
        if with_own {
            question.down.iter().for_each(&mut take);
            for target in &question.windows {
                if let Target::Component(id) = target {
                    take(id);
                }
            }
            for (index, target) in question.windows.iter().enumerate() {
                let window = Window { target: target.clone(), period: question.period };
                facts.windows.insert(format!("supposed {index}"), window);
            }
        }
        explain(&facts, service, at)
    };
    let fails = |explanation: &Explanation| {
        matches!(explanation.state, Some(ServiceState::Down | ServiceState::Maintenance))
    };
    let both = judge(true, true);
    if !fails(&both) || fails(&judge(true, false)) || fails(&judge(false, true)) {
        return BTreeSet::new();
    }
    let named = windows.into_iter().filter(|(_, component)| both.cause.contains(component));
    named.map(|(id, _)| id.clone()).collect()
}
