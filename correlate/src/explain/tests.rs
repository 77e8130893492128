//! Explanations of small worlds, in words.

use serde_json::{Value, json};

use super::*;
use crate::model::{ServiceDefinition, Target, Window};
use ComponentState::{Down, Unknown, Up};

fn definition(json: &Value) -> ServiceDefinition {
    ServiceDefinition::from_json(json, &|_| None).expect("the test gives a definition")
}

/// Services by their JSON; components that are down, unknown or up from 10 on.
fn facts(services: &[Value], states: &[(&str, ComponentState)]) -> Facts {
    let services = services.iter().map(definition);
    let changes = |state| match state {
        Unknown => Vec::new(),
        state => vec![(Timestamp(10), state)],
    };
    Facts {
        definitions: services.map(|service| (service.id.clone(), service)).collect(),
        states: states.iter().map(|&(id, state)| (id.into(), changes(state))).collect(),
        ..Facts::default()
    }
}

fn window(facts: &mut Facts, id: &str, target: &str, from: i64, until: i64) {
    let period = Period::new(Timestamp(from), Timestamp(until));
    facts.windows.insert(id.to_owned(), Window { target: Target::parse(target), period });
}

/// One line for each node, those to blame marked.
fn lines(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let what = match &node.kind {
        NodeKind::Component { id, windows, .. } if windows.is_empty() => id.to_string(),
        NodeKind::Component { id, .. } => format!("{id} in a window"),
        NodeKind::Service { id, version: None, .. } => format!("service {id}, no version"),
        NodeKind::Service { id, shown, .. } => format!("service {id}, {shown:?}"),
        NodeKind::Group { .. } => node.words().expect("a group has words"),
    };
    let mark = if node.blamed { "!" } else { " " };
    lines.push(format!("{mark}{} {what}: {}", "  ".repeat(depth), node.value));
    node.children.iter().for_each(|child| self::lines(child, depth + 1, lines));
}

#[track_caller]
fn check(facts: &Facts, rule: Rule, cause: &[&str], expected: &[&str]) -> Explanation {
    let explanation = explain(facts, &"s".into(), Timestamp(15));
    let mut found = Vec::new();
    explanation.root.iter().for_each(|root| lines(root, 0, &mut found));
    assert_eq!(found, expected);
    assert_eq!(explanation.rule, rule);
    let found: Vec<&str> = explanation.cause.iter().map(ComponentId::as_str).collect();
    assert_eq!(found, cause);
    explanation
}

#[test]
fn a_group_says_how_many_it_needs_and_what_there_is() {
    let service = json!({"id": "s", "path": {"at_least": 2, "of": ["a", "b", "c"]}});
    let facts = facts(&[service], &[("a", Up), ("b", Down)]);
    check(
        &facts,
        Rule::Unknown,
        &["c"],
        &[
            "! 2 of 3 needed, 1 up, 1 unknown, 1 down → unknown: unknown",
            "    a: up",
            "    b: down",
            "!   c: unknown",
        ],
    );
}

#[test]
fn planned_work_on_one_leg_does_not_hide_a_failure_on_the_other() {
    let service = json!({"id": "s", "path": {"any": ["a", "b"]}});
    let mut facts = facts(&[service], &[("a", Down), ("b", Down)]);
    window(&mut facts, "w", "a", 12, 18);
    let tree = [
        "! 1 of 2 needed, 2 down → down; unplanned failures taken as up: 1 up, 1 down → up: down",
        "!   a in a window: down",
        "!   b: down",
    ];
    let explanation = check(&facts, Rule::Down, &["a", "b"], &tree);
    assert_eq!(explanation.unchanged, Period::new(Timestamp(12), Timestamp(18)));
    window(&mut facts, "v", "service:s", 14, 16);
    let explanation = check(&facts, Rule::ServiceWindow, &["a", "b"], &tree);
    assert_eq!(explanation.windows[0].id, "v");
    assert_eq!(explanation.unchanged, Period::new(Timestamp(14), Timestamp(16)));
}

#[test]
fn maintenance_alone_blames_what_is_planned() {
    let service = json!({"id": "s", "path": {"all": ["a", "b"]}});
    let mut facts = facts(&[service], &[("a", Down), ("b", Down)]);
    window(&mut facts, "w", "a", 15, 16);
    check(
        &facts,
        Rule::MaintenanceAlone,
        &["a"],
        &[
            "! all 2 needed, 2 down → down; unplanned failures taken as up: 1 up, 1 down → down: down",
            "!   a in a window: down",
            "    b: down",
        ],
    );
}

#[test]
fn references_are_shown_once_and_blamed_wherever_they_are() {
    let ring = json!({"id": "ring", "path": {"any": ["a", "b"]}});
    let service = json!({"id": "s", "path":
        {"all": [{"service": "ring"}, {"service": "ring"}, {"any": ["c", {"service": "gone"}]}]}});
    let facts = facts(&[ring, service], &[("a", Down), ("b", Up), ("c", Up)]);
    check(
        &facts,
        Rule::Degraded,
        &["a"],
        &[
            "! all 3 needed, 3 up → up: up",
            "!   service ring, Here: up",
            "!     1 of 2 needed, 1 up, 1 down → up: up",
            "!       a: down",
            "        b: up",
            "!   service ring, Elsewhere: up",
            "    1 of 2 needed, 1 up, 1 unknown → up: up",
            "      c: up",
            "      service gone, no version: unknown",
        ],
    );
}

#[test]
fn a_reference_is_shown_where_it_is_blamed() {
    let ring = json!({"id": "ring", "path": "a"});
    let service = json!({"id": "s", "path":
        {"all": [{"any": [{"service": "ring"}, "b"]}, {"service": "ring"}]}});
    check(
        &facts(&[ring, service], &[("a", Down), ("b", Up)]),
        Rule::Down,
        &["a"],
        &[
            "! all 2 needed, 1 up, 1 down → down; unplanned failures taken as up: 2 up → up: down",
            "    1 of 2 needed, 1 up, 1 down → up: up",
            "      service ring, Elsewhere: down",
            "      b: up",
            "!   service ring, Here: down",
            "!     a: down",
        ],
    );
}

#[test]
fn where_no_version_holds_there_is_nothing_to_explain() {
    let service = json!({"id": "s", "versions":
        [{"from": 0, "to": 15, "path": "a"}, {"from": 30, "to": null, "path": "a"}]});
    let explanation = check(&facts(&[service], &[("a", Up)]), Rule::NotExisting, &[], &[]);
    assert_eq!(explanation.unchanged, Period::new(Timestamp(15), Timestamp(30)));
    assert_eq!(explanation.state, None);
    check(&Facts::default(), Rule::NotExisting, &[], &[]);
}

#[test]
fn a_cycle_or_a_long_chain_of_references_neither_hangs_nor_overflows() {
    let cycle = json!({"id": "s", "path": {"service": "s"}});
    check(
        &facts(&[cycle], &[]),
        Rule::Unknown,
        &[],
        &["! service s, Here: unknown", "!   service s, Elsewhere: unknown"],
    );

    let id = |number: usize| if number == 0 { "s".to_owned() } else { format!("s{number}") };
    let last = 20_000;
    let link = |number| json!({"id": id(number), "path": {"service": id(number + 1)}});
    let mut chain: Vec<Value> = (0..last).map(link).collect();
    chain.push(json!({"id": id(last), "path": "a"}));
    let explanation = explain(&facts(&chain, &[("a", Down)]), &"s".into(), Timestamp(15));
    assert_eq!(explanation.rule, Rule::Down);
    assert_eq!(explanation.cause, ["a".into()]);
    let mut deepest = explanation.root.as_ref().expect("it exists");
    let mut levels = 0;
    while let Some(child) = deepest.children.first() {
        deepest = child;
        levels += 1;
    }
    assert_eq!(levels, EXPANDED_LEVELS_MAX);
    assert!(matches!(deepest.kind, NodeKind::Service { shown: Shown::TooDeep, .. }));
}

#[test]
fn a_rule_names_its_state_and_its_number() {
    for rule in [
        Rule::NotExisting,
        Rule::Unknown,
        Rule::MaintenanceAlone,
        Rule::ServiceWindow,
        Rule::Down,
        Rule::Degraded,
        Rule::Up,
    ] {
        assert_eq!(rule.state().is_some(), rule.number().is_some());
        assert!(!rule.to_string().ends_with('.'));
    }
}
