//! What SEMANTICS.md says, computed in the most direct way: every service is
//! evaluated anew at every instant at which anything could change. Shares no
//! code with the engine beyond the vocabulary.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{
    ComponentId, ComponentState, Interval, PathExpr, ServiceId, ServiceState, Target, Timestamp,
};

use crate::Facts;

type Leaves = BTreeSet<ComponentId>;

/// From where to where intervals are wanted, and what silence means.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The staleness limit in milliseconds; `None` for no limit.
    pub stale_after_ms: Option<i64>,
    /// No interval starts earlier.
    pub origin: Timestamp,
    /// Nothing is known of what comes later.
    pub now: Timestamp,
}

/// The intervals of every service that exists between `view.origin` and
/// `view.now`, both included.
pub fn intervals(facts: &Facts, view: View) -> BTreeMap<ServiceId, Vec<Interval>> {
    let instants = instants(facts, view);
    let mut all = BTreeMap::new();
    for id in facts.definitions.keys() {
        let mut list: Vec<Interval> = Vec::new();
        let mut exists = false;
        for &at in &instants {
            let verdict = verdict(facts, view, id, at);
            if let Some(last) = list.last_mut().filter(|_| exists) {
                last.end = Some(at);
            }
            exists = verdict.is_some();
            let Some((state, cause)) = verdict else { continue };
            extend(&mut list, at, state, cause.into_iter().collect());
        }
        if !list.is_empty() {
            all.insert(id.clone(), list);
        }
    }
    all
}

/// Goes on with the last interval, which ends at `at` for now, if it has the
/// same state; begins another one if not.
fn extend(list: &mut Vec<Interval>, at: Timestamp, state: ServiceState, cause: Vec<ComponentId>) {
    match list.last_mut().filter(|last| last.end == Some(at) && last.state == state) {
        Some(last) => {
            last.end = None;
            let known = last.cause_moves.last().map_or(&last.cause, |known| &known.1);
            if *known != cause {
                last.cause_moves.push((at, cause));
            }
        }
        None => {
            let cause_moves = Vec::new();
            list.push(Interval { start: at, end: None, state, cause, cause_moves });
        }
    }
}

/// Every instant at which any value could change.
fn instants(facts: &Facts, view: View) -> BTreeSet<Timestamp> {
    let mut instants = BTreeSet::from([view.origin]);
    for at in facts.samples.values().flat_map(BTreeMap::keys) {
        instants.insert(*at);
        instants.extend(view.stale_after_ms.map(|limit| at.plus_millis(limit)));
    }
    let versions = facts.definitions.values().flat_map(|definition| definition.versions());
    let windows = facts.windows.values().map(|window| window.period);
    for period in versions.map(|version| version.period).chain(windows) {
        instants.extend([period.from, period.until]);
    }
    instants.retain(|&at| at >= view.origin && at <= view.now);
    instants
}

/// What `id` is at `at`, as its samples say.
pub fn component_state(
    facts: &Facts,
    view: View,
    id: &ComponentId,
    at: Timestamp,
) -> ComponentState {
    let seen = facts.samples.get(id).and_then(|seen| seen.range(..=at).next_back());
    match (seen, view.stale_after_ms) {
        (None, _) => ComponentState::Unknown,
        (Some((when, _)), Some(limit)) if at >= when.plus_millis(limit) => ComponentState::Unknown,
        (Some((_, state)), _) => *state,
    }
}

fn in_window(facts: &Facts, target: &Target, at: Timestamp) -> bool {
    facts.windows.values().any(|window| window.target == *target && window.period.contains(at))
}

fn path_of<'a>(facts: &'a Facts, service: &ServiceId, at: Timestamp) -> Option<&'a PathExpr> {
    let versions = facts.definitions.get(service)?.versions();
    versions.iter().find(|version| version.period.contains(at)).map(|version| &version.path)
}

/// Evaluates one expression with the leaf states that `leaf` gives.
struct Reading<'a> {
    facts: &'a Facts,
    at: Timestamp,
    leaf: &'a dyn Fn(&ComponentId) -> ComponentState,
}

impl Reading<'_> {
    /// The Kleene value.
    fn value(&self, path: &PathExpr) -> ComponentState {
        let values = |items: &[PathExpr]| -> Vec<ComponentState> {
            items.iter().map(|item| self.value(item)).collect()
        };
        match path {
            PathExpr::Component(id) => (self.leaf)(id),
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
            PathExpr::Service(id) => match path_of(self.facts, id, self.at) {
                Some(path) => self.value(path),
                None => ComponentState::Unknown,
            },
        }
    }

    /// The leaves in `state` that are reached through nodes in `state` only.
    fn blame(&self, path: &PathExpr, state: ComponentState, found: &mut Leaves) {
        if self.value(path) != state {
            return;
        }
        match path {
            PathExpr::Component(id) => drop(found.insert(id.clone())),
            PathExpr::Service(id) => {
                if let Some(path) = path_of(self.facts, id, self.at) {
                    self.blame(path, state, found);
                }
            }
            _ => path.children().iter().for_each(|child| self.blame(child, state, found)),
        }
    }

    fn down_leaves(&self, path: &PathExpr, found: &mut Leaves) {
        match path {
            PathExpr::Component(id) => {
                if (self.leaf)(id) == ComponentState::Down {
                    found.insert(id.clone());
                }
            }
            PathExpr::Service(id) => {
                if let Some(path) = path_of(self.facts, id, self.at) {
                    self.down_leaves(path, found);
                }
            }
            _ => path.children().iter().for_each(|child| self.down_leaves(child, found)),
        }
    }
}

fn verdict(
    facts: &Facts,
    view: View,
    service: &ServiceId,
    at: Timestamp,
) -> Option<(ServiceState, Leaves)> {
    let path = path_of(facts, service, at)?;
    let as_seen = |id: &ComponentId| component_state(facts, view, id, at);
    let unplanned_mended = |id: &ComponentId| match as_seen(id) {
        ComponentState::Down if !in_window(facts, &Target::Component(id.clone()), at) => {
            ComponentState::Up
        }
        state => state,
    };
    let first = Reading { facts, at, leaf: &as_seen };
    let second = Reading { facts, at, leaf: &unplanned_mended };
    let mut cause = Leaves::new();
    let state = match first.value(path) {
        ComponentState::Unknown => {
            first.blame(path, ComponentState::Unknown, &mut cause);
            ServiceState::Unknown
        }
        ComponentState::Down => {
            let planned = second.value(path) == ComponentState::Down;
            let to_blame = if planned { second } else { first };
            to_blame.blame(path, ComponentState::Down, &mut cause);
            if planned || in_window(facts, &Target::Service(service.clone()), at) {
                ServiceState::Maintenance
            } else {
                ServiceState::Down
            }
        }
        ComponentState::Up => {
            first.down_leaves(path, &mut cause);
            if cause.is_empty() { ServiceState::Up } else { ServiceState::Degraded }
        }
    };
    Some((state, cause))
}
