//! Work that others have planned, on the other leg.
//!
//! A window that is planned says that its component may be down then. So:
//! take this work as down, the work of others as down, and both. Where only
//! both together leave a service without a path, the two must not be at once.

use std::collections::{BTreeMap, BTreeSet};

use super::periods::{merged, without};
use super::trial::{Trial, period_of};
use super::{Overlap, Question, WhatIfError};
use crate::model::{ComponentId, Interval, Period, ServiceId, ServiceState, Target, Timestamp};

/// A window of others on a component, clipped to the period of the question.
struct Planned<'p> {
    id: &'p str,
    component: &'p ComponentId,
    period: Period,
}

/// The overlaps, sorted by service, start and window.
pub(super) fn find(trial: &Trial<'_>, question: &Question) -> Result<Vec<Overlap>, WhatIfError> {
    let own = own_components(question);
    let planned: Vec<Planned<'_>> = planned(trial).filter(|p| !own.contains(p.component)).collect();
    if own.is_empty() || planned.is_empty() {
        return Ok(Vec::new());
    }
    let this: BTreeMap<ComponentId, Vec<Period>> =
        own.iter().map(|id| ((*id).clone(), vec![trial.period])).collect();
    let mut others: BTreeMap<ComponentId, Vec<Period>> = BTreeMap::new();
    for window in &planned {
        others.entry(window.component.clone()).or_default().push(window.period);
    }
    let both = this.clone().into_iter().chain(others.clone()).collect();
    let with_this = trial.run(&this, &question.windows)?;
    let with_others = trial.run(&others, &BTreeSet::new())?;
    let with_both = trial.run(&both, &question.windows)?;
    let mut overlaps = Vec::new();
    for (((service, this), (_, others)), (_, both)) in
        with_this.into_iter().zip(with_others).zip(with_both)
    {
        let excused = merged(out_of_order(&this).chain(out_of_order(&others)).collect());
        collect(&service, &both, &excused, &own, &planned, &mut overlaps);
    }
    overlaps.sort_by(|a, b| {
        (&a.service, a.period.from, &a.window).cmp(&(&b.service, b.period.from, &b.window))
    });
    Ok(overlaps)
}

/// What this work takes: what is down, and what has a window.
fn own_components(question: &Question) -> BTreeSet<&ComponentId> {
    let windows = question.windows.iter().filter_map(|target| match target {
        Target::Component(id) => Some(id),
        Target::Service(_) => None,
    });
    question.down.iter().chain(windows).collect()
}

fn planned<'t>(trial: &Trial<'t>) -> impl Iterator<Item = Planned<'t>> {
    let whole = trial.period;
    trial.facts.windows.iter().filter_map(move |(id, window)| {
        let Target::Component(component) = &window.target else { return None };
        let period = window.period.intersect(&whole);
        (!period.is_empty()).then_some(Planned { id, component, period })
    })
}

/// When the path does not work, planned or not.
fn out_of_order(intervals: &[Interval]) -> impl Iterator<Item = Period> {
    let fails = |interval: &&Interval| {
        matches!(interval.state, ServiceState::Down | ServiceState::Maintenance)
    };
    intervals.iter().filter(fails).map(period_of)
}

/// Adds the overlaps of one service: where it does not work for both and is
/// not `excused` by either alone, with the windows among its causes.
fn collect(
    service: &ServiceId,
    both: &[Interval],
    excused: &[Period],
    own: &BTreeSet<&ComponentId>,
    planned: &[Planned<'_>],
    overlaps: &mut Vec<Overlap>,
) {
    let first = overlaps.len();
    for (period, cause) in both.iter().flat_map(causes) {
        let taken: Vec<ComponentId> = cause.iter().filter(|id| own.contains(id)).cloned().collect();
        for left in without(period, excused) {
            for window in planned.iter().filter(|window| cause.contains(window.component)) {
                let period = window.period.intersect(&left);
                if period.is_empty() {
                    continue;
                }
                let known = overlaps[first..].iter_mut().find(|known| {
                    known.window == window.id
                        && known.own == taken
                        && known.period.until == period.from
                });
                match known {
                    Some(known) => known.period.until = period.until,
                    None => overlaps.push(Overlap {
                        service: service.clone(),
                        period,
                        window: window.id.to_owned(),
                        planned: window.component.clone(),
                        own: taken.clone(),
                    }),
                }
            }
        }
    }
}

/// An interval in which the path does not work, cut where its cause moves.
fn causes(interval: &Interval) -> Vec<(Period, &[ComponentId])> {
    if out_of_order(std::slice::from_ref(interval)).next().is_none() {
        return Vec::new();
    }
    let moves = interval.cause_moves.iter().map(|(at, cause)| (*at, cause.as_slice()));
    let starts: Vec<(Timestamp, &[ComponentId])> =
        [(interval.start, interval.cause.as_slice())].into_iter().chain(moves).collect();
    let end = period_of(interval).until;
    let ends = starts.iter().skip(1).map(|start| start.0).chain([end]);
    starts
        .iter()
        .zip(ends)
        .map(|(&(from, cause), until)| (Period::new(from, until), cause))
        .collect()
}
