//! The values of all nodes at one instant, and which of them are to blame.
//!
//! Services are evaluated after those they refer to, each once, with a stack
//! of its own: a chain of references may be long. Within one expression it
//! recurses, at most `PathExpr::MAX_DEPTH` deep.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{CoveringWindow, Rule};
use crate::engine::{Tally, Value};
use crate::facts::Facts;
use crate::model::{
    ComponentId, ComponentState, PathExpr, Period, ServiceDefinition, ServiceId, Target, Timestamp,
    Version, Window,
};

/// An expression by its place in the facts: equal ones stay apart.
type Place = *const PathExpr;

/// All values at one instant.
pub(super) struct Evaluation<'f> {
    pub(super) facts: &'f Facts,
    pub(super) at: Timestamp,
    root: Option<&'f Version>,
    service: &'f ServiceId,
    windows: BTreeMap<&'f Target, Vec<(&'f str, &'f Window)>>,
    values: FxHashMap<Place, Value>,
    unchanged: Period,
}

/// Which nodes a search for the cause goes through; as in the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blame {
    /// There is no cause.
    Nobody,
    /// Through nodes with this value, to components that have it.
    First(ComponentState),
    /// Through nodes that are down in the second evaluation.
    Second,
    /// To every component that is down.
    AnyDown,
}

impl Blame {
    fn follows(self, value: Value) -> bool {
        match self {
            Blame::Nobody => false,
            Blame::First(state) => value.state() == state,
            Blame::Second => value.second() == ComponentState::Down,
            Blame::AnyDown => value.has_down(),
        }
    }
}

/// The nodes on the ways from the root to what is to blame.
#[derive(Default)]
pub(super) struct Blamed<'f> {
    nodes: FxHashSet<Place>,
    components: BTreeSet<&'f ComponentId>,
}

impl Blamed<'_> {
    pub(super) fn contains(&self, expr: &PathExpr) -> bool {
        self.nodes.contains(&std::ptr::from_ref(expr))
    }

    pub(super) fn components(&self) -> Vec<ComponentId> {
        self.components.iter().map(|id| (*id).clone()).collect()
    }
}

impl<'f> Evaluation<'f> {
    /// Evaluates `service`, and what it refers to, at `at`.
    pub(super) fn of(facts: &'f Facts, service: &'f ServiceId, at: Timestamp) -> Evaluation<'f> {
        let mut evaluation = Evaluation {
            facts,
            at,
            root: None,
            service,
            windows: facts.windows_by_target(),
            values: FxHashMap::default(),
            unchanged: Period::new(Timestamp::MIN, Timestamp::MAX),
        };
        evaluation.root = evaluation.version(service);
        for id in evaluation.leaves_first(service) {
            evaluation.hold(version_around(facts.definitions.get(id), at));
            if let Some(version) = evaluation.version(id) {
                evaluation.evaluate(&version.path);
            }
        }
        evaluation.hold_windows(&Target::Service(service.clone()));
        evaluation
    }

    /// The version of `service` that holds at the instant.
    pub(super) fn version(&self, service: &ServiceId) -> Option<&'f Version> {
        self.facts.definitions.get(service).and_then(|known| known.version_at(self.at))
    }

    /// The value of a node of one of the services.
    pub(super) fn value(&self, expr: &PathExpr) -> Value {
        self.values.get(&std::ptr::from_ref(expr)).copied().unwrap_or_default()
    }

    /// The period around the instant in which nothing changes.
    pub(super) fn unchanged(&self) -> Period {
        self.unchanged
    }

    /// The windows on the service itself that hold the instant.
    pub(super) fn service_windows(&self) -> Vec<CoveringWindow> {
        self.covering(&Target::Service(self.service.clone()))
    }

    /// The windows on `target` that hold the instant.
    pub(super) fn covering(&self, target: &Target) -> Vec<CoveringWindow> {
        let windows = self.windows.get(target).into_iter().flatten();
        let covering = windows.filter(|(_, window)| window.period.contains(self.at));
        covering
            .map(|&(id, window)| CoveringWindow { id: id.to_owned(), period: window.period })
            .collect()
    }

    /// The expression in force.
    pub(super) fn root(&self) -> Option<&'f PathExpr> {
        self.root.map(|version| &version.path)
    }

    /// SEMANTICS, "State of a service at an instant", rules 2 to 4.
    pub(super) fn rule(&self, in_service_window: bool) -> (Rule, Blame) {
        let Some(root) = self.root() else { return (Rule::NotExisting, Blame::Nobody) };
        let value = self.value(root);
        match value.state() {
            ComponentState::Unknown => (Rule::Unknown, Blame::First(ComponentState::Unknown)),
            ComponentState::Down if value.second() == ComponentState::Down => {
                (Rule::MaintenanceAlone, Blame::Second)
            }
            ComponentState::Down if in_service_window => {
                (Rule::ServiceWindow, Blame::First(ComponentState::Down))
            }
            ComponentState::Down => (Rule::Down, Blame::First(ComponentState::Down)),
            ComponentState::Up if value.has_down() => (Rule::Degraded, Blame::AnyDown),
            ComponentState::Up => (Rule::Up, Blame::Nobody),
        }
    }

    /// The nodes that `blame` reaches from the root.
    pub(super) fn blamed(&self, blame: Blame) -> Blamed<'f> {
        let mut blamed = Blamed::default();
        let mut open: Vec<&'f PathExpr> = self.root().into_iter().collect();
        while let Some(expr) = open.pop() {
            let is_new = blame.follows(self.value(expr)) && blamed.nodes.insert(expr);
            if !is_new {
                continue;
            }
            match expr {
                PathExpr::Component(id) => drop(blamed.components.insert(id)),
                PathExpr::Service(id) => {
                    open.extend(self.version(id).map(|version| &version.path));
                }
                _ => open.extend(expr.children()),
            }
        }
        blamed
    }

    /// `service` and all that it refers to at the instant, each after those
    /// that it refers to. A cycle, which the records refuse, is cut open.
    fn leaves_first(&self, service: &'f ServiceId) -> Vec<&'f ServiceId> {
        let refs = |id: &ServiceId| {
            self.version(id).map_or_else(Vec::new, |version| version.path.service_refs())
        };
        let mut done = Vec::new();
        let mut seen = BTreeSet::from([service]);
        let mut way = vec![(service, refs(service))];
        while let Some((id, left)) = way.last_mut() {
            match left.pop() {
                Some(next) if seen.insert(next) => way.push((next, refs(next))),
                Some(_) => {}
                None => {
                    done.push(*id);
                    way.pop();
                }
            }
        }
        done
    }

    fn evaluate(&mut self, expr: &'f PathExpr) -> Value {
        let value = match expr {
            PathExpr::Component(id) => self.leaf(id),
            PathExpr::Service(id) => {
                self.version(id).map_or_else(Value::default, |version| self.value(&version.path))
            }
            _ => {
                let mut tally = Tally::default();
                for child in expr.children() {
                    tally.add(self.evaluate(child));
                }
                tally.value(needed(expr))
            }
        };
        self.values.insert(expr, value);
        value
    }

    fn leaf(&mut self, id: &ComponentId) -> Value {
        let held = self.facts.held(id, self.at);
        self.hold(held.period);
        let target = Target::Component(id.clone());
        self.hold_windows(&target);
        Value::leaf(held.state, !self.covering(&target).is_empty())
    }

    /// What was looked at holds during `period`, which holds the instant.
    fn hold(&mut self, period: Period) {
        self.unchanged = self.unchanged.intersect(&period);
    }

    /// Ends what is unchanged at the nearest edges of the windows on `target`.
    fn hold_windows(&mut self, target: &Target) {
        let windows = self.windows.get(target).into_iter().flatten();
        let edges = windows
            .filter(|(_, window)| !window.period.is_empty())
            .flat_map(|(_, window)| [window.period.from, window.period.until]);
        let mut around = Period::new(Timestamp::MIN, Timestamp::MAX);
        for edge in edges {
            if edge <= self.at {
                around.from = around.from.max(edge);
            } else {
                around.until = around.until.min(edge);
            }
        }
        self.hold(around);
    }
}

/// How many children of `expr` are needed.
pub(super) fn needed(expr: &PathExpr) -> u32 {
    match expr {
        PathExpr::AtLeast(k, _) => *k,
        // Fits: a path has at most PathExpr::MAX_NODES nodes.
        PathExpr::All(items) => items.len() as u32,
        _ => 1,
    }
}

/// The period of the version that holds at `at`, or of the gap at `at`.
fn version_around(definition: Option<&ServiceDefinition>, at: Timestamp) -> Period {
    let mut around = Period::new(Timestamp::MIN, Timestamp::MAX);
    for version in definition.into_iter().flat_map(ServiceDefinition::versions) {
        for edge in [version.period.from, version.period.until] {
            if edge <= at {
                around.from = around.from.max(edge);
            } else {
                around.until = around.until.min(edge);
            }
        }
    }
    around
}
