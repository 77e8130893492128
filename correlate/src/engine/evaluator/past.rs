//! What an evaluator no longer remembers: which services a fact from before
//! its origin concerns, what a correction there is computed from, and how its
//! result comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::super::segments::{Piece, Segment};
use super::super::verdict::Verdict;
use super::{Evaluator, Ownership, Rejection, ServiceIndex};
use crate::model::{
    ComponentId, ComponentState, Interval, PathExpr, ServiceDefinition, ServiceId, Target,
    Timestamp, Window,
};

/// What the past of some services is computed from, beside the transitions of
/// the components.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Concerned {
    /// Before this instant the evaluator remembers nothing.
    pub origin: Timestamp,
    /// The services that were asked for, as far as they are defined, and all
    /// to which they refer.
    pub definitions: Vec<Arc<ServiceDefinition>>,
    /// The windows on any of these services and their components, by id.
    pub windows: Vec<(String, Window)>,
}

impl Concerned {
    /// The components that any of the definitions names.
    pub fn components(&self) -> BTreeSet<&ComponentId> {
        let versions = self.definitions.iter().flat_map(|definition| definition.versions());
        versions.flat_map(|version| version.path.components()).collect()
    }

    /// What each of `services` was from `first_origin` until the origin.
    /// `transitions` holds, sorted, those of every component concerned from
    /// before the origin; one that is absent was always unknown.
    ///
    /// # Errors
    /// Definitions that refer to each other in a cycle, which no evaluator gives.
    pub fn past(
        &self,
        services: &[ServiceId],
        first_origin: Timestamp,
        transitions: &BTreeMap<ComponentId, Vec<(Timestamp, ComponentState)>>,
    ) -> Result<Vec<(ServiceId, Vec<Segment>)>, Rejection> {
        let mut evaluator = Evaluator::new(Ownership::ALL, first_origin);
        for (component, changes) in transitions {
            let mut states = vec![(i64::MIN, ComponentState::Unknown)];
            states.extend(changes.iter().map(|&(at, state)| (at.millis(), state)));
            let leaf = evaluator.graph.leaf(component);
            evaluator.graph.set_states(leaf, i64::MIN, i64::MAX, &states);
        }
        for (id, window) in &self.windows {
            evaluator.set_window(id, Some(window.clone()));
        }
        for definition in &self.definitions {
            evaluator.define(definition.clone())?;
        }
        evaluator.settle(self.origin.plus_millis(-1));
        let snapshot = evaluator.snapshot(0, usize::MAX).unwrap_or_default().into_iter();
        let mut segments: FxHashMap<ServiceId, Vec<Segment>> =
            snapshot.map(|service| (service.definition.id.clone(), service.segments)).collect();
        let past = |id: &ServiceId| (id.clone(), segments.remove(id).unwrap_or_default());
        Ok(services.iter().map(past).collect())
    }
}

impl Evaluator {
    /// Notes that facts about the time before the origin concern a service.
    pub(super) fn note_past(&mut self, index: ServiceIndex, from: i64) {
        if self.is_forgotten(from) {
            self.reaching_back.insert(index);
        }
    }

    /// Whether values at `at` were known once and are forgotten.
    pub(super) fn is_forgotten(&self, at: i64) -> bool {
        at < self.origin && self.origin > self.first_origin
    }

    /// The owned services whose intervals from before the origin may differ
    /// because of the facts since the last call, sorted.
    pub fn take_reaching_back(&mut self) -> Vec<ServiceId> {
        let found = std::mem::take(&mut self.reaching_back);
        let mut ids: Vec<ServiceId> =
            found.into_iter().map(|index| self.services[index as usize].id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// What the past of `services` is computed from.
    pub fn concerned(&self, services: &[ServiceId]) -> Concerned {
        let mut definitions = Vec::new();
        let mut targets: FxHashSet<Target> = FxHashSet::default();
        let mut open: Vec<ServiceId> = services.to_vec();
        while let Some(id) = open.pop() {
            if !targets.insert(Target::Service(id.clone())) {
                continue;
            }
            let Some(definition) = self.definitions.get(&id) else { continue };
            for version in definition.versions() {
                open.extend(version.path.service_refs().into_iter().cloned());
                targets.extend(components(&version.path).map(Target::Component));
            }
            definitions.push(definition.clone());
        }
        let on_target = |target| self.windows_on.get(target).into_iter().flatten();
        let window = |id: &String| Some((id.clone(), self.windows.get(id)?.clone()));
        let mut windows: Vec<_> = targets.iter().flat_map(on_target).filter_map(window).collect();
        windows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Concerned { origin: Timestamp(self.origin), definitions, windows }
    }

    /// Takes the past of owned services from outside: what they were before
    /// the origin. Gives the intervals that begin no later than the origin;
    /// only the last of them is remembered, if it goes on.
    pub fn recall(
        &mut self,
        past: &[(ServiceId, Vec<Segment>)],
    ) -> Vec<(ServiceId, Vec<Interval>)> {
        let mut recalled = Vec::new();
        for (id, segments) in past {
            let Some(index) = self.find_service(id) else { continue };
            if !self.services[index as usize].owned {
                continue;
            }
            let pieces = self.pieces_of(segments);
            let origin = self.origin;
            let timeline = &mut self.services[index as usize].timeline;
            timeline.rewrite_before(origin, pieces);
            let mut intervals = timeline.intervals(&|node| self.graph.component(node).clone());
            intervals.retain(|interval| interval.start.millis() <= origin);
            timeline.forget_before(origin);
            recalled.push((id.clone(), intervals));
        }
        recalled
    }

    /// Segments with the nodes of the components that they name.
    pub(super) fn pieces_of(&mut self, segments: &[Segment]) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(segments.len());
        for segment in segments {
            let verdict = segment.verdict.as_ref().map(|(state, names)| {
                let mut cause: SmallVec<_> =
                    names.iter().map(|name| self.graph.leaf(name)).collect();
                cause.sort_unstable();
                Verdict { state: *state, cause }
            });
            pieces.push((segment.at.millis(), verdict));
        }
        pieces
    }
}

fn components(path: &PathExpr) -> impl Iterator<Item = ComponentId> + '_ {
    path.components().into_iter().cloned()
}
