//! What SEMANTICS.md says, computed in the most direct way: every service is
//! evaluated anew at every instant at which anything could change. Shares no
//! code with the engine beyond the vocabulary.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{
    ComponentId, ComponentState, Interval, PathExpr, ServiceId, ServiceState, Target, Timestamp,
};

use crate::world::{Fact, ORIGIN, World};

type Leaves = BTreeSet<ComponentId>;

/// The intervals of every service that exists, up to the world's last clock.
pub(crate) fn intervals(world: &World) -> BTreeMap<ServiceId, Vec<Interval>> {
    let now = world.last_now();
    let mut instants: BTreeSet<i64> = BTreeSet::from([ORIGIN]);
    for fact in &world.facts {
        match fact {
            Fact::Sample(sample) => {
                instants.insert(sample.at.millis());
                if let Some(limit) = world.stale_after {
                    instants.insert(sample.at.millis() + limit);
                }
            }
            Fact::Definition(definition) => {
                for version in definition.versions() {
                    instants.insert(version.period.from.millis());
                    instants.insert(version.period.until.millis());
                }
            }
            Fact::Window(_, window) => {
                instants.insert(window.period.from.millis());
                instants.insert(window.period.until.millis());
            }
        }
    }
    let mut all = BTreeMap::new();
    for fact in &world.facts {
        let Fact::Definition(definition) = fact else { continue };
        let mut list: Vec<Interval> = Vec::new();
        let mut exists = false;
        for &at in instants.iter().filter(|&&at| at >= ORIGIN && at <= now) {
            let verdict = verdict(world, &definition.id, at);
            match verdict {
                None => {
                    if exists {
                        list.last_mut().expect("it existed").end = Some(Timestamp(at));
                    }
                    exists = false;
                }
                Some((state, cause)) => {
                    let cause: Vec<ComponentId> = cause.into_iter().collect();
                    match list.last_mut().filter(|_| exists) {
                        Some(last) if last.state == state => {
                            let known = last.cause_moves.last().map_or(&last.cause, |m| &m.1);
                            if *known != cause {
                                last.cause_moves.push((Timestamp(at), cause));
                            }
                        }
                        last => {
                            if let Some(last) = last {
                                last.end = Some(Timestamp(at));
                            }
                            let start = Timestamp(at);
                            list.push(Interval {
                                start,
                                end: None,
                                state,
                                cause,
                                cause_moves: Vec::new(),
                            });
                        }
                    }
                    exists = true;
                }
            }
        }
        if !list.is_empty() {
            all.insert(definition.id.clone(), list);
        }
    }
    all
}

fn component_state(world: &World, id: &ComponentId, at: i64) -> ComponentState {
    let mut latest: Option<(i64, ComponentState)> = None;
    for fact in &world.facts {
        let Fact::Sample(sample) = fact else { continue };
        let when = sample.at.millis();
        if sample.component != *id || when > at {
            continue;
        }
        latest = match latest {
            Some((known, _)) if known > when => latest,
            Some((known, state)) if known == when => {
                let wins = match (state, sample.state) {
                    (ComponentState::Down, _) | (_, ComponentState::Down) => ComponentState::Down,
                    (ComponentState::Up, _) | (_, ComponentState::Up) => ComponentState::Up,
                    _ => ComponentState::Unknown,
                };
                Some((when, wins))
            }
            _ => Some((when, sample.state)),
        };
    }
    match (latest, world.stale_after) {
        (None, _) => ComponentState::Unknown,
        (Some((when, _)), Some(limit)) if at >= when + limit => ComponentState::Unknown,
        (Some((_, state)), _) => state,
    }
}

fn in_window(world: &World, target: &Target, at: i64) -> bool {
    world.facts.iter().any(|fact| match fact {
        Fact::Window(_, window) => {
            window.target == *target && window.period.contains(Timestamp(at))
        }
        _ => false,
    })
}

fn path_of<'a>(world: &'a World, service: &ServiceId, at: i64) -> Option<&'a PathExpr> {
    world.facts.iter().find_map(|fact| match fact {
        Fact::Definition(definition) if definition.id == *service => {
            definition.version_at(Timestamp(at)).map(|version| &version.path)
        }
        _ => None,
    })
}

/// The Kleene value, with the leaf states that `leaf` gives.
fn value(
    world: &World,
    path: &PathExpr,
    at: i64,
    leaf: &dyn Fn(&ComponentId) -> ComponentState,
) -> ComponentState {
    let values = |items: &[PathExpr]| -> Vec<ComponentState> {
        items.iter().map(|item| value(world, item, at, leaf)).collect()
    };
    match path {
        PathExpr::Component(id) => leaf(id),
        PathExpr::All(items) => values(items).into_iter().min().expect("not empty"),
        PathExpr::Any(items) => values(items).into_iter().max().expect("not empty"),
        PathExpr::AtLeast(k, items) => {
            let values = values(items);
            let up = values.iter().filter(|v| **v == ComponentState::Up).count();
            let possible = values.iter().filter(|v| **v != ComponentState::Down).count();
            if up >= *k as usize {
                ComponentState::Up
            } else if possible < *k as usize {
                ComponentState::Down
            } else {
                ComponentState::Unknown
            }
        }
        PathExpr::Service(id) => match path_of(world, id, at) {
            Some(path) => value(world, path, at, leaf),
            None => ComponentState::Unknown,
        },
    }
}

/// The leaves in `state` that are reached through nodes in `state` only.
fn blame(
    world: &World,
    path: &PathExpr,
    at: i64,
    state: ComponentState,
    leaf: &dyn Fn(&ComponentId) -> ComponentState,
    found: &mut Leaves,
) {
    if value(world, path, at, leaf) != state {
        return;
    }
    match path {
        PathExpr::Component(id) => drop(found.insert(id.clone())),
        PathExpr::Service(id) => {
            if let Some(path) = path_of(world, id, at) {
                blame(world, path, at, state, leaf, found);
            }
        }
        _ => path.children().iter().for_each(|c| blame(world, c, at, state, leaf, found)),
    }
}

fn down_leaves(world: &World, path: &PathExpr, at: i64, found: &mut Leaves) {
    match path {
        PathExpr::Component(id) => {
            if component_state(world, id, at) == ComponentState::Down {
                found.insert(id.clone());
            }
        }
        PathExpr::Service(id) => {
            if let Some(path) = path_of(world, id, at) {
                down_leaves(world, path, at, found);
            }
        }
        _ => path.children().iter().for_each(|c| down_leaves(world, c, at, found)),
    }
}

fn verdict(world: &World, service: &ServiceId, at: i64) -> Option<(ServiceState, Leaves)> {
    let path = path_of(world, service, at)?;
    let first = |id: &ComponentId| component_state(world, id, at);
    let second = |id: &ComponentId| match first(id) {
        ComponentState::Down if !in_window(world, &Target::Component(id.clone()), at) => {
            ComponentState::Up
        }
        state => state,
    };
    let mut cause = Leaves::new();
    let down = ComponentState::Down;
    let state = match value(world, path, at, &first) {
        ComponentState::Unknown => {
            blame(world, path, at, ComponentState::Unknown, &first, &mut cause);
            ServiceState::Unknown
        }
        ComponentState::Down => {
            let planned = value(world, path, at, &second) == down;
            let leaf: &dyn Fn(&ComponentId) -> ComponentState =
                if planned { &second } else { &first };
            blame(world, path, at, down, leaf, &mut cause);
            if planned || in_window(world, &Target::Service(service.clone()), at) {
                ServiceState::Maintenance
            } else {
                ServiceState::Down
            }
        }
        ComponentState::Up => {
            down_leaves(world, path, at, &mut cause);
            if cause.is_empty() { ServiceState::Up } else { ServiceState::Degraded }
        }
    };
    Some((state, cause))
}
