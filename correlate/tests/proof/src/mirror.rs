//! A reader that knows nothing but revisions, and checks that what it knows
//! hangs together after each of them.

use std::collections::BTreeMap;

use correlate::model::{Interval, IntervalRevision, ServiceId, Timestamp};

/// The intervals as a reader of all revisions knows them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mirror(BTreeMap<ServiceId, BTreeMap<Timestamp, Interval>>);

impl Mirror {
    /// Takes one epoch's revisions in.
    ///
    /// # Errors
    /// A revision that withdraws what was never there, changes nothing, or
    /// carries another start than its identity.
    pub fn apply(&mut self, revisions: &[IntervalRevision]) -> Result<(), String> {
        for revision in revisions {
            let IntervalRevision { service, start, interval } = revision;
            let known = self.0.entry(service.clone()).or_default();
            match interval {
                Some(interval) if interval.start != *start => {
                    return Err(format!("{service}: {interval:?} is not the one from {start}"));
                }
                Some(interval) if known.get(start) == Some(interval) => {
                    return Err(format!("{service}: {interval:?} is revised into itself"));
                }
                Some(interval) => drop(known.insert(*start, interval.clone())),
                None if known.remove(start).is_none() => {
                    return Err(format!("{service}: nothing from {start} to withdraw"));
                }
                None => {}
            }
        }
        self.0.retain(|_, known| !known.is_empty());
        Ok(())
    }

    /// Every service's intervals; services without one are left out.
    pub fn intervals(&self) -> BTreeMap<ServiceId, Vec<Interval>> {
        let list = |known: &BTreeMap<_, Interval>| known.values().cloned().collect();
        self.0.iter().map(|(service, known)| (service.clone(), list(known))).collect()
    }
}

/// Whether `list` is what a reader may ever see of one service: in order,
/// without overlap or empty interval, of different states where two meet,
/// with sorted causes that move inside their interval only.
///
/// # Errors
/// What is wrong, for a person.
pub fn check_shape(service: &ServiceId, list: &[Interval]) -> Result<(), String> {
    let wrong = |interval: &Interval, what: &str| Err(format!("{service}: {what}: {interval:?}"));
    for (index, interval) in list.iter().enumerate() {
        let next = list.get(index + 1);
        if interval.end.is_some_and(|end| end <= interval.start) {
            return wrong(interval, "an interval is empty");
        }
        match (interval.end, next) {
            (None, Some(_)) => return wrong(interval, "an open interval is not the last"),
            (Some(end), Some(next)) if next.start < end => {
                return wrong(interval, "it overlaps with the next one");
            }
            (Some(end), Some(next)) if next.start == end && next.state == interval.state => {
                return wrong(interval, "the next one goes on with the same state");
            }
            _ => {}
        }
        let mut at = interval.start;
        let mut cause = &interval.cause;
        for (moved, now) in &interval.cause_moves {
            if *moved <= at || interval.end.is_some_and(|end| *moved >= end) || now == cause {
                return wrong(interval, "the cause does not move within it, in order");
            }
            (at, cause) = (*moved, now);
        }
        let moves = interval.cause_moves.iter().map(|moved| &moved.1);
        if std::iter::once(&interval.cause).chain(moves).any(|c| !c.is_sorted_by(|a, b| a < b)) {
            return wrong(interval, "a cause is not sorted");
        }
    }
    Ok(())
}
