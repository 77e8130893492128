//! What services would be if components failed or were worked on: the engine
//! run over known facts with hypothetical ones beside them, which touches
//! nothing that is running.
//!
//! Two questions in one. *Effects*: the same facts with and without the
//! hypothetical states and windows, compared. *Overlaps*: services that stay
//! up through this work alone, and through the work planned by others alone,
//! but not through both, because the one is on the other leg of the other.
//!
//! Nothing here reads a clock: in the future, what is known last goes on.

mod overlap;
mod periods;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Rejection;
use crate::facts::Facts;
use crate::model::{
    ComponentId, Interval, PathExpr, Period, ServiceId, ServiceState, Target, Timestamp,
};

use trial::Trial;

/// What is supposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// When; it has both ends and is not empty.
    pub period: Period,
    /// Components that are down throughout.
    pub down: BTreeSet<ComponentId>,
    /// Components and services with a window throughout.
    pub windows: BTreeSet<Target>,
}

/// What would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Services whose state would differ at some instant, the worst first,
    /// then by id.
    pub effects: Vec<Effect>,
    /// How many services the question touches without changing their state.
    pub unaffected: usize,
    /// Where work that others have planned meets this one, by service, start
    /// and window.
    pub overlaps: Vec<Overlap>,
}

/// A service that would be in another state than it would be anyway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effect {
    /// Which service.
    pub service: ServiceId,
    /// The worst state that it would be in where it differs: down before
    /// unknown, degraded, maintenance and up.
    pub worst: ServiceState,
    /// For how long its state would differ, in milliseconds.
    pub differs_ms: i64,
    /// Its intervals without what is supposed, clipped to the period.
    pub before: Vec<Interval>,
    /// Its intervals with it, clipped to the period.
    pub after: Vec<Interval>,
}

/// A service that would not work because of this work and another at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// Which service.
    pub service: ServiceId,
    /// When.
    pub period: Period,
    /// The id of the window that is planned already.
    pub window: String,
    /// What that window is on.
    pub planned: ComponentId,
    /// What of this work takes the service's other legs, sorted.
    pub own: Vec<ComponentId>,
}

/// Why a question has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WhatIfError {
    /// The period is empty or has no end.
    #[error("the period must have a start and an end after it, found from {} until {}", .0.from, .0.until)]
    Period(Period),
    /// Nothing is supposed.
    #[error("nothing is supposed: name components that are down, or targets of windows")]
    Nothing,
    /// The definitions cannot be evaluated together.
    #[error("service {}: {}", .0.service, .0.reason)]
    Definitions(Rejection),
}

/// Answers `question` for the services in `facts` that it touches: those whose
/// expression names a supposed component, directly or through references, and
/// those with a supposed window of their own.
///
/// # Errors
/// A question that makes no sense, or definitions that refer to each other in
/// a cycle.
pub fn what_if(facts: &Facts, question: &Question) -> Result<Answer, WhatIfError> {
    let period = question.period;
    if period.is_empty() || period.from == Timestamp::MIN || period.until == Timestamp::MAX {
        return Err(WhatIfError::Period(period));
    }
    if question.down.is_empty() && question.windows.is_empty() {
        return Err(WhatIfError::Nothing);
    }
    let touched = touched(facts, question);
    let trial = Trial { facts, period, services: &touched };
    let before = trial.run(&BTreeMap::new(), &BTreeSet::new())?;
    let throughout = |id: &ComponentId| (id.clone(), vec![period]);
    let down = question.down.iter().map(throughout).collect();
    let after = trial.run(&down, &question.windows)?;
    let overlaps = overlap::find(&trial, question)?;
    let mut effects: Vec<Effect> = before
        .into_iter()
        .zip(after)
        .filter_map(|((service, before), (_, after))| effect(service, before, after))
        .collect();
    effects.sort_by_key(|effect| rank(effect.worst));
    Ok(Answer { unaffected: touched.len() - effects.len(), effects, overlaps })
}

/// The worst first; the order of a stable sort by it leaves ids sorted.
const fn rank(state: ServiceState) -> u8 {
    match state {
        ServiceState::Down => 0,
        ServiceState::Unknown => 1,
        ServiceState::Degraded => 2,
        ServiceState::Maintenance => 3,
        ServiceState::Up => 4,
    }
}

/// The services that `question` may change.
fn touched(facts: &Facts, question: &Question) -> BTreeSet<ServiceId> {
    let mut referrers: BTreeMap<&ServiceId, Vec<&ServiceId>> = BTreeMap::new();
    let mut open: Vec<&ServiceId> = Vec::new();
    let names = |id: &ComponentId| {
        question.down.contains(id) || question.windows.contains(&Target::Component(id.clone()))
    };
    for (id, definition) in &facts.definitions {
        let versions = definition.versions().iter();
        let in_period =
            |v: &&crate::model::Version| !v.period.intersect(&question.period).is_empty();
        let mut is_named = question.windows.contains(&Target::Service(id.clone()));
        for version in versions.filter(in_period) {
            version.path.walk(&mut |expr| match expr {
                PathExpr::Component(component) => is_named |= names(component),
                PathExpr::Service(target) => referrers.entry(target).or_default().push(id),
                _ => {}
            });
        }
        if is_named {
            open.push(id);
        }
    }
    let mut touched = BTreeSet::new();
    while let Some(id) = open.pop() {
        if touched.insert(id.clone()) {
            open.extend(referrers.get(id).into_iter().flatten());
        }
    }
    touched
}

fn effect(service: ServiceId, before: Vec<Interval>, after: Vec<Interval>) -> Option<Effect> {
    let mut worst: Option<ServiceState> = None;
    let mut differs_ms = 0;
    for interval in &after {
        let whole = trial::period_of(interval);
        let same = before.iter().filter(|old| old.state == interval.state);
        let same_ms: i64 = same.map(|old| trial::period_of(old).intersect(&whole).millis()).sum();
        if same_ms < whole.millis() {
            differs_ms += whole.millis() - same_ms;
            let worse = worst.is_none_or(|worst| rank(interval.state) < rank(worst));
            worst = if worse { Some(interval.state) } else { worst };
        }
    }
    worst.map(|worst| Effect { service, worst, differs_ms, before, after })
}

#[cfg(test)]
mod tests;
