//! Plans on small networks.

use serde_json::{Value, json};

use super::*;
use crate::model::{ComponentState, ServiceDefinition, Window};

const PERIOD: Period = Period::new(Timestamp(100), Timestamp(200));

/// Every component is up from 0 on.
fn facts(services: &[Value], windows: &[(&str, &str, i64, i64)]) -> Facts {
    let read = |json| ServiceDefinition::from_json(json, &|_| None).expect("a definition");
    let definitions: BTreeMap<_, _> =
        services.iter().map(read).map(|service| (service.id.clone(), service)).collect();
    let versions = definitions.values().flat_map(ServiceDefinition::versions);
    let up = vec![(Timestamp(0), ComponentState::Up)];
    let states = versions
        .flat_map(|version| version.path.components())
        .map(|id| (id.clone(), up.clone()))
        .collect();
    let window = |&(id, target, from, until): &(&str, &str, i64, i64)| {
        let period = Period::new(Timestamp(from), Timestamp(until));
        (id.to_owned(), Window { target: Target::parse(target), period })
    };
    Facts { definitions, states, windows: windows.iter().map(window).collect() }
}

fn ask(facts: &Facts, down: &[&str], windows: &[&str]) -> Answer {
    let question = Question {
        period: PERIOD,
        down: down.iter().map(|&id| id.into()).collect(),
        windows: windows.iter().map(|target| Target::parse(target)).collect(),
    };
    what_if(facts, &question).expect("a good question")
}

fn effects(answer: &Answer) -> Vec<String> {
    let line = |effect: &Effect| {
        let states = effect.after.iter().map(|interval| {
            let cause: Vec<&str> = interval.cause.iter().map(ComponentId::as_str).collect();
            let end = interval.end.expect("it is clipped");
            format!("{}-{end} {} {}", interval.start, interval.state, cause.join("+"))
        });
        format!("{} {}: {}", effect.service, effect.worst, states.collect::<Vec<_>>().join(", "))
    };
    answer.effects.iter().map(line).collect()
}

fn overlaps(answer: &Answer) -> Vec<String> {
    let line = |overlap: &Overlap| {
        let own: Vec<&str> = overlap.own.iter().map(ComponentId::as_str).collect();
        let Period { from, until } = overlap.period;
        format!(
            "{} {from}-{until} {} {} {}",
            overlap.service,
            overlap.window,
            overlap.planned,
            own.join("+")
        )
    };
    answer.overlaps.iter().map(line).collect()
}

fn network() -> Vec<Value> {
    vec![
        json!({"id": "dual", "path": {"any": ["a", "b"]}}),
        json!({"id": "single", "path": "a"}),
        json!({"id": "above", "path": {"all": ["c", {"service": "single"}]}}),
        json!({"id": "other", "path": "d"}),
        json!({"id": "later", "versions": [{"from": 200, "to": null, "path": "a"}]}),
    ]
}

#[test]
fn a_failure_takes_what_hangs_on_it_and_leaves_the_rest() {
    let answer = ask(&facts(&network(), &[]), &["a"], &[]);
    assert_eq!(
        effects(&answer),
        [
            "above down: 100-200 down a",
            "single down: 100-200 down a",
            "dual degraded: 100-200 degraded a",
        ]
    );
    assert_eq!((answer.unaffected, answer.overlaps.len()), (0, 0));
    assert_eq!(answer.effects[0].before[0].state, ServiceState::Up);
    assert_eq!(answer.effects[0].differs_ms, 100);
}

#[test]
fn announced_work_is_maintenance_and_not_an_outage() {
    let facts = facts(&network(), &[("w", "a", 150, 300)]);
    assert_eq!(
        effects(&ask(&facts, &["a"], &[]))[1],
        "single down: 100-150 down a, 150-200 maintenance a"
    );
    let answer = ask(&facts, &["a"], &["a"]);
    assert_eq!(effects(&answer)[2], "single maintenance: 100-200 maintenance a");
    let answer = ask(&facts, &["a"], &["service:single"]);
    assert_eq!(effects(&answer)[2], "single maintenance: 100-200 maintenance a");
    assert_eq!(effects(&answer)[0], "above down: 100-150 down a, 150-200 maintenance a");
}

#[test]
fn what_is_down_already_is_not_affected() {
    let mut facts = facts(&network(), &[]);
    let changes = vec![(Timestamp(0), ComponentState::Up), (Timestamp(150), ComponentState::Down)];
    facts.states.insert("a".into(), changes);
    let answer = ask(&facts, &["a"], &[]);
    assert_eq!(answer.effects[0].differs_ms, 50);
    let answer = ask(&facts, &["d", "c"], &[]);
    assert_eq!(effects(&answer)[0], "above down: 100-200 down c");
    assert_eq!(answer.unaffected, 0);
    let changes = vec![(Timestamp(0), ComponentState::Down)];
    facts.states.insert("a".into(), changes);
    assert_eq!(ask(&facts, &["a"], &[]).unaffected, 3);
}

#[test]
fn work_on_the_other_leg_is_named_with_its_window_and_when() {
    let windows = [("w", "b", 120, 150), ("far", "b", 300, 400), ("same", "a", 0, 500)];
    let facts = facts(&network(), &windows);
    // With a window or with a failure alone, it is the same clash.
    for (down, window) in [(&["a"][..], &["a"][..]), (&["a"], &[]), (&[], &["a"])] {
        assert_eq!(overlaps(&ask(&facts, down, window)), ["dual 120-150 w b a"]);
    }
    // What the others' work takes alone is not this work's doing.
    assert_eq!(overlaps(&ask(&facts, &["c"], &[])), [""; 0]);
}

#[test]
fn of_three_legs_every_window_that_takes_one_is_named() {
    let ring = json!({"id": "ring", "path": {"any": ["a", "b", "c"]}});
    let facts = facts(&[ring], &[("w", "b", 110, 140), ("v", "c", 130, 190)]);
    assert_eq!(overlaps(&ask(&facts, &["a"], &[])), ["ring 130-140 v c a", "ring 130-140 w b a"]);
}

#[test]
fn questions_without_sense_are_refused() {
    let facts = facts(&network(), &[]);
    let ask = |period, down: &[&str]| {
        let down = down.iter().map(|&id| id.into()).collect();
        what_if(&facts, &Question { period, down, windows: BTreeSet::new() })
    };
    assert_eq!(ask(PERIOD, &[]), Err(WhatIfError::Nothing));
    for (from, until) in [(5, 5), (i64::MIN, 5), (5, i64::MAX)] {
        let period = Period::new(Timestamp(from), Timestamp(until));
        assert_eq!(ask(period, &["a"]), Err(WhatIfError::Period(period)));
    }
}
