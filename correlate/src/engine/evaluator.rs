//! The services that one worker owns: state changes, definitions, windows and
//! the clock in; interval revisions out.
//!
//! It knows every definition, because a service may refer to any other, but
//! keeps timelines only for the services that it owns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::graph::{Graph, NodeId, ServiceIndex, Touch};
use super::index::Index;
use super::keeper::StateChange;
use super::segments::{Segment, Timeline};
use super::verdict::{Search, Verdict, judge};
use crate::model::{
    ComponentId, ComponentState, Interval, IntervalRevision, PathExpr, Period, ServiceDefinition,
    ServiceError, ServiceId, Target, Timestamp, Window, shared,
};

/// Which services an evaluator owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ownership {
    /// This evaluator's number, from 0.
    pub index: usize,
    /// How many evaluators share the services; at least 1.
    pub peers: usize,
}

impl Ownership {
    /// One evaluator that owns everything.
    pub const ALL: Ownership = Ownership { index: 0, peers: 1 };

    /// Whether `service` is this evaluator's. FNV-1a over the id: stable
    /// across builds and machines.
    pub fn owns(&self, service: &ServiceId) -> bool {
        stable_hash(service.as_str()) % self.peers as u64 == self.index as u64
    }
}

/// FNV-1a, 64 bit: places services and components on workers.
pub(crate) fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A definition that was refused; the last good one stays in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// Whose definition.
    pub service: ServiceId,
    /// Why, for a person.
    pub reason: String,
}

/// What a snapshot holds of one service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceSnapshot {
    /// The definition in force.
    #[serde(with = "shared")]
    pub definition: Arc<ServiceDefinition>,
    /// Its timeline.
    pub segments: Vec<Segment>,
}

/// A service that is owned, referred to, or has a window.
struct Service {
    id: ServiceId,
    owned: bool,
    /// Its node, while it is owned or anything refers to it.
    node: Option<NodeId>,
    /// Merged windows on the service itself.
    windows: Vec<Period>,
    timeline: Timeline,
    /// Where the timeline may have changed.
    dirty: Option<(i64, i64)>,
    /// Whether it was judged anew since [`Evaluator::take_changes`].
    judged: bool,
}

/// Evaluates the services of one worker.
pub struct Evaluator {
    ownership: Ownership,
    /// No interval starts before it, and late facts change nothing before it.
    origin: i64,
    now: i64,
    graph: Graph,
    definitions: FxHashMap<ServiceId, Arc<ServiceDefinition>>,
    services: Vec<Service>,
    service_index: Index,
    windows: BTreeMap<String, Window>,
    windows_on: FxHashMap<Target, BTreeSet<String>>,
    /// Owned services that are dirty.
    dirty: Vec<ServiceIndex>,
    /// Owned services that were judged.
    judged: Vec<ServiceIndex>,
    /// Owned services by the next instant after `now` at which their verdict
    /// may differ. May hold entries that no longer matter.
    agenda: BTreeSet<(i64, ServiceIndex)>,
    search: Search,
}

impl Evaluator {
    /// An evaluator without facts. No interval starts before `origin`.
    pub fn new(ownership: Ownership, origin: Timestamp) -> Evaluator {
        Evaluator {
            ownership,
            origin: origin.millis(),
            now: i64::MIN,
            graph: Graph::default(),
            definitions: FxHashMap::default(),
            services: Vec::new(),
            service_index: Index::default(),
            windows: BTreeMap::new(),
            windows_on: FxHashMap::default(),
            dirty: Vec::new(),
            judged: Vec::new(),
            agenda: BTreeSet::new(),
            search: Search::default(),
        }
    }

    /// Takes a component's new state function in.
    pub fn set_states(&mut self, change: &StateChange) {
        let leaf = self.graph.leaf(&change.component);
        let Period { from, until } = change.period;
        self.graph.set_states(leaf, from.millis(), until.millis(), &change.states);
    }

    /// The components whose states this evaluator needs and has not asked for
    /// before: nothing is known of them until [`Evaluator::set_states`].
    pub fn take_new_components(&mut self) -> Vec<ComponentId> {
        self.graph.take_new_leaves()
    }

    fn find_service(&self, id: &ServiceId) -> Option<ServiceIndex> {
        self.service_index.find(id.as_str(), |at| self.services[at as usize].id.as_str())
    }

    fn service(&mut self, id: &ServiceId) -> ServiceIndex {
        if let Some(known) = self.find_service(id) {
            return known;
        }
        let services = &mut self.services;
        let text = |at: u32| services[at as usize].id.as_str();
        let fresh = self.service_index.insert(id.as_str(), services.len(), text);
        services.push(Service {
            id: id.clone(),
            owned: self.ownership.owns(id),
            node: None,
            windows: Vec::new(),
            timeline: Timeline::default(),
            dirty: None,
            judged: false,
        });
        fresh
    }

    /// Defines or redefines a service; an unchanged definition costs a comparison.
    ///
    /// # Errors
    /// References that form a cycle; the last good definition stays in force.
    pub fn define(
        &mut self,
        definition: impl Into<Arc<ServiceDefinition>>,
    ) -> Result<(), Rejection> {
        let definition = definition.into();
        if self.definitions.get(&definition.id).is_some_and(|known| *known == definition) {
            return Ok(());
        }
        if let Some(error) = self.cycle_through(&definition) {
            return Err(Rejection { service: definition.id.clone(), reason: error.to_string() });
        }
        let id = definition.id.clone();
        self.definitions.insert(id.clone(), definition);
        if self.ownership.owns(&id) {
            let index = self.service(&id);
            if self.services[index as usize].node.is_none() {
                let node = self.graph.service(index);
                self.graph.hold(node);
                self.services[index as usize].node = Some(node);
            }
        }
        self.rebuild(&id);
        Ok(())
    }

    /// Removes a service: from now on it never existed.
    pub fn undefine(&mut self, id: &ServiceId) {
        if self.definitions.remove(id).is_some() {
            self.rebuild(id);
        }
    }

    /// Compiles a service's versions into its node, if it has one.
    fn rebuild(&mut self, id: &ServiceId) {
        let Some(index) = self.find_service(id) else { return };
        let Some(node) = self.services[index as usize].node else { return };
        let definition = self.definitions.get(id).cloned();
        let versions: SmallVec<[(Period, NodeId); 1]> = definition
            .iter()
            .flat_map(|definition| definition.versions())
            .map(|version| (version.period, self.compile(&version.path)))
            .collect();
        self.graph.set_versions(node, &versions);
    }

    fn compile(&mut self, path: &PathExpr) -> NodeId {
        let needed = match path {
            PathExpr::Component(id) => return self.graph.leaf(id),
            PathExpr::Service(id) => return self.reference(id),
            PathExpr::Any(_) => 1,
            PathExpr::AtLeast(k, _) => *k,
            // Fits: a path has at most PathExpr::MAX_NODES nodes.
            PathExpr::All(items) => items.len() as u32,
        };
        let children = path.children().iter().map(|child| self.compile(child)).collect();
        self.graph.at_least(needed, children)
    }

    /// The node of a service that an expression refers to.
    fn reference(&mut self, id: &ServiceId) -> NodeId {
        let index = self.service(id);
        if let Some(node) = self.services[index as usize].node {
            return node;
        }
        let node = self.graph.service(index);
        // Held for good: definitions come and go, the node's versions follow.
        self.graph.hold(node);
        self.services[index as usize].node = Some(node);
        self.rebuild(id);
        node
    }

    /// Whether `definition` would close a cycle of references.
    fn cycle_through(&self, definition: &ServiceDefinition) -> Option<ServiceError> {
        let refs_of = |definition: &ServiceDefinition| -> Vec<ServiceId> {
            let versions = definition.versions().iter();
            versions.flat_map(|version| version.path.service_refs()).cloned().collect()
        };
        let mut came_from: FxHashMap<ServiceId, ServiceId> = FxHashMap::default();
        let mut open = vec![definition.id.clone()];
        while let Some(id) = open.pop() {
            let refs = if id == definition.id {
                refs_of(definition)
            } else {
                self.definitions.get(&id).map(|known| refs_of(known)).unwrap_or_default()
            };
            for target in refs {
                if target == definition.id {
                    return Some(cycle_error(definition, &id, &came_from));
                }
                if !came_from.contains_key(&target) {
                    came_from.insert(target.clone(), id.clone());
                    open.push(target);
                }
            }
        }
        None
    }

    /// Adds or replaces (`Some`) or withdraws (`None`) the window `id`.
    pub fn set_window(&mut self, id: &str, window: Option<Window>) {
        let old = match &window {
            Some(window) => self.windows.insert(id.to_owned(), window.clone()),
            None => self.windows.remove(id),
        };
        if old == window {
            return;
        }
        if let Some(old) = &old {
            if let Some(ids) = self.windows_on.get_mut(&old.target) {
                ids.remove(id);
            }
            self.apply_windows(&old.target);
        }
        if let Some(window) = window {
            self.windows_on.entry(window.target.clone()).or_default().insert(id.to_owned());
            self.apply_windows(&window.target);
        }
    }

    fn apply_windows(&mut self, target: &Target) {
        let ids = self.windows_on.get(target).into_iter().flatten();
        let mut periods: Vec<Period> =
            ids.filter_map(|id| self.windows.get(id)).map(|window| window.period).collect();
        merge_periods(&mut periods);
        match target {
            Target::Component(id) => {
                let leaf = self.graph.leaf(id);
                self.graph.set_windows(leaf, periods);
            }
            Target::Service(id) => {
                let index = self.service(id);
                let service = &mut self.services[index as usize];
                let hull = hull(service.windows.iter().chain(&periods));
                service.windows = periods;
                if let (true, Some((from, until))) = (service.owned, hull) {
                    service.mark(index, from, until, &mut self.dirty);
                }
            }
        }
    }

    /// Applies everything taken in so far, with the clock at `now`, and
    /// returns what became of the owned services' intervals, sorted.
    pub fn finish(&mut self, now: Timestamp) -> Vec<IntervalRevision> {
        self.settle(now);
        self.take_changes()
    }

    /// What became of the owned services' intervals since the last call, sorted.
    pub fn take_changes(&mut self) -> Vec<IntervalRevision> {
        let mut revisions = Vec::with_capacity(2 * self.judged.len());
        let names = |node: NodeId| self.graph.component(node).clone();
        self.judged.sort_unstable();
        for index in self.judged.drain(..) {
            let service = &mut self.services[index as usize];
            service.judged = false;
            let id = &service.id;
            service.timeline.changed(&names, |start, interval| {
                let (service, start) = (id.clone(), Timestamp(start));
                revisions.push(IntervalRevision { service, start, interval });
            });
        }
        revisions.sort_by(|a, b| (&a.service, a.start).cmp(&(&b.service, b.start)));
        revisions
    }

    /// Applies everything taken in so far, with the clock at `now`.
    pub fn settle(&mut self, now: Timestamp) {
        self.now = self.now.max(now.millis());
        let (services, dirty) = (&mut self.services, &mut self.dirty);
        self.graph.settle_services(|index, touch| {
            let service = &mut services[index as usize];
            if service.owned {
                let Touch { from, until, .. } = touch;
                service.mark(index, from, until, dirty);
            }
        });
        while let Some(&(at, index)) = self.agenda.first() {
            if at > self.now {
                break;
            }
            self.agenda.pop_first();
            services[index as usize].mark(index, at, i64::MAX, dirty);
        }
        let mut fresh = Vec::new();
        for index in std::mem::take(&mut self.dirty) {
            let service = &mut self.services[index as usize];
            if !std::mem::replace(&mut service.judged, true) {
                self.judged.push(index);
            }
            if let Some((from, until)) = service.dirty.take() {
                self.rejudge(index, from, until, &mut fresh);
            }
        }
    }

    /// Rewrites a service's timeline on `[from, until)`, as far as `now`.
    fn rejudge(
        &mut self,
        index: ServiceIndex,
        from: i64,
        until: i64,
        fresh: &mut Vec<(i64, Option<Verdict>)>,
    ) {
        let from = from.max(self.origin);
        // Nothing is known of what lies ahead, so nothing resumes there.
        let until = if until > self.now { i64::MAX } else { until };
        let service = &mut self.services[index as usize];
        let Some(node) = service.node else { return };
        fresh.clear();
        let mut at = from;
        while at < until && at <= self.now {
            let (verdict, next) =
                judge_service(&self.graph, node, &service.windows, at, &mut self.search);
            fresh.push((at, verdict));
            at = next;
        }
        if at > self.now && at != i64::MAX {
            self.agenda.insert((at, index));
        }
        if !fresh.is_empty() {
            service.timeline.splice(from, until, fresh);
        }
    }

    /// Forgets what lies before `horizon`: values, and intervals that ended.
    /// Facts about earlier instants change nothing from then on.
    pub fn forget_before(&mut self, horizon: Timestamp) {
        self.origin = self.origin.max(horizon.millis());
        self.graph.forget_before(horizon.millis());
        for service in &mut self.services {
            service.timeline.forget_before(horizon.millis());
        }
    }

    /// The owned services' intervals, sorted by service, as of the last
    /// [`Evaluator::finish`].
    pub fn intervals(&self) -> Vec<(ServiceId, Vec<Interval>)> {
        let names = |node: NodeId| self.graph.component(node).clone();
        let owned = self.services.iter().filter(|service| service.owned);
        let mut all: Vec<_> =
            owned.map(|service| (service.id.clone(), service.timeline.intervals(&names))).collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// How many expression nodes are alive, leaves included.
    pub fn node_count(&self) -> usize {
        self.graph.len()
    }

    /// The time that it was last told, if any.
    pub fn now(&self) -> Option<Timestamp> {
        (self.now != i64::MIN).then_some(Timestamp(self.now))
    }

    /// Before it nothing changes any more.
    pub fn origin(&self) -> Timestamp {
        Timestamp(self.origin)
    }

    /// Every window by its id.
    pub fn windows(&self) -> impl Iterator<Item = (&str, &Window)> {
        self.windows.iter().map(|(id, window)| (id.as_str(), window))
    }

    /// What must survive a restart, of the services from number `from` on; of
    /// at most `limit` services, those that are owned and defined. `None`
    /// behind the last one.
    pub fn snapshot(&self, from: usize, limit: usize) -> Option<Vec<ServiceSnapshot>> {
        let segment = |(at, verdict): &(i64, Option<Verdict>)| Segment {
            at: Timestamp(*at),
            verdict: verdict.as_ref().map(|verdict| {
                let names = verdict.cause.iter().map(|&node| self.graph.component(node).clone());
                (verdict.state, names.collect())
            }),
        };
        let services = self.services.get(from..).filter(|rest| !rest.is_empty())?;
        let owned = services.iter().take(limit).filter(|service| service.owned);
        let snapshot = |service: &Service| {
            Some(ServiceSnapshot {
                definition: self.definitions.get(&service.id)?.clone(),
                segments: service.timeline.pieces().iter().map(segment).collect(),
            })
        };
        Some(owned.filter_map(snapshot).collect())
    }

    /// From now on nothing changes before `origin`.
    pub fn restore_origin(&mut self, origin: Timestamp) {
        self.origin = self.origin.max(origin.millis());
    }

    /// Takes back a service of any evaluator's snapshot: every evaluator is
    /// given every service. When everything was taken back, the next
    /// [`Evaluator::settle`] finds the timelines as they are, and puts what
    /// lies ahead on the agenda.
    ///
    /// # Errors
    /// The snapshot's definitions refer to each other in a cycle, which no
    /// snapshot that an evaluator gave does.
    pub fn restore(&mut self, snapshot: &ServiceSnapshot) -> Result<(), Rejection> {
        self.define(snapshot.definition.clone())?;
        let id = &snapshot.definition.id;
        let Some(index) = self.find_service(id).filter(|_| self.ownership.owns(id)) else {
            return Ok(());
        };
        let mut pieces = Vec::with_capacity(snapshot.segments.len());
        for segment in &snapshot.segments {
            let verdict = segment.verdict.as_ref().map(|(state, names)| {
                let mut cause: SmallVec<_> =
                    names.iter().map(|name| self.graph.leaf(name)).collect();
                cause.sort_unstable();
                Verdict { state: *state, cause }
            });
            pieces.push((segment.at.millis(), verdict));
        }
        self.services[index as usize].timeline = Timeline::from_pieces(pieces);
        Ok(())
    }

    /// The state of a component at `at`, as this evaluator knows it.
    pub fn component_state(&self, id: &ComponentId, at: Timestamp) -> ComponentState {
        let leaf = self.graph.find_leaf(id);
        leaf.map_or(ComponentState::Unknown, |leaf| {
            self.graph.node(leaf).steps.at(at.millis()).state()
        })
    }
}

impl Service {
    /// Notes that the timeline may have changed on `[from, until)`.
    fn mark(&mut self, index: ServiceIndex, from: i64, until: i64, dirty: &mut Vec<ServiceIndex>) {
        match &mut self.dirty {
            Some(range) => *range = (range.0.min(from), range.1.max(until)),
            None => {
                self.dirty = Some((from, until));
                dirty.push(index);
            }
        }
    }
}

/// The verdict on a service, `None` where it does not exist, and until when
/// it holds.
fn judge_service(
    graph: &Graph,
    node: NodeId,
    windows: &[Period],
    at: i64,
    search: &mut Search,
) -> (Option<Verdict>, i64) {
    let (root, version_end) = graph.version_root(node, at);
    let Some(root) = root else { return (None, version_end) };
    let rank = windows.partition_point(|window| window.from.millis() <= at);
    let next_window = windows.get(rank).map_or(i64::MAX, |window| window.from.millis());
    let within = rank.checked_sub(1).map(|i| windows[i]).filter(|w| at < w.until.millis());
    let window_edge = within.map_or(next_window, |window| window.until.millis());
    let (verdict, next) = judge(graph, root, at, within.is_some(), search);
    (Some(verdict), next.min(version_end).min(window_edge))
}

fn hull<'a>(periods: impl Iterator<Item = &'a Period>) -> Option<(i64, i64)> {
    periods
        .map(|period| (period.from.millis(), period.until.millis()))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Sorts periods, drops empty ones and joins those that meet.
fn merge_periods(periods: &mut Vec<Period>) {
    periods.retain(|period| !period.is_empty());
    periods.sort_unstable_by_key(|period| period.from);
    let mut merged: Vec<Period> = Vec::with_capacity(periods.len());
    for period in periods.drain(..) {
        match merged.last_mut() {
            Some(last) if period.from <= last.until => last.until = last.until.max(period.until),
            _ => merged.push(period),
        }
    }
    *periods = merged;
}

fn cycle_error(
    definition: &ServiceDefinition,
    last: &ServiceId,
    came_from: &FxHashMap<ServiceId, ServiceId>,
) -> ServiceError {
    let mut cycle = vec![definition.id.clone(), last.clone()];
    let mut at = last;
    while let Some(before) = came_from.get(at).filter(|_| *at != definition.id) {
        cycle.push(before.clone());
        at = before;
    }
    if cycle.len() == 2 && *last == definition.id {
        cycle.truncate(2);
    }
    cycle.reverse();
    let towards = cycle.get(1).unwrap_or(&definition.id);
    let place = definition.versions().iter().enumerate().find_map(|(version, candidate)| {
        candidate.path.place_of_service(towards).map(|place| (version + 1, place))
    });
    let (version, place) = place.unwrap_or((1, String::from("path")));
    ServiceError::Cycle { service: definition.id.clone(), version, place, cycle }
}
