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

#[cfg(test)]
mod tests {
    use correlate::model::ServiceState;

    use super::*;

    fn interval(start: i64, end: Option<i64>, state: ServiceState) -> Interval {
        let (start, end) = (Timestamp(start), end.map(Timestamp));
        Interval { start, end, state, cause: Vec::new(), cause_moves: Vec::new() }
    }

    #[track_caller]
    fn check_complaint(list: &[Interval], expected: &str) {
        let found = check_shape(&ServiceId::from("s"), list);
        let complaint = found.err().unwrap_or_default();
        assert!(complaint.starts_with(&format!("s: {expected}")), "{complaint}");
    }

    #[test]
    fn what_no_reader_may_see_is_found() {
        use ServiceState::{Down, Up};
        let moved = |at: i64, cause: &[&str]| {
            let cause = cause.iter().map(|id| (*id).into()).collect();
            let cause_moves = vec![(Timestamp(at), cause)];
            Interval { cause_moves, ..interval(0, Some(9), Down) }
        };
        check_complaint(&[interval(5, Some(5), Up)], "an interval is empty");
        check_complaint(&[interval(0, None, Up), interval(5, None, Down)], "an open interval");
        check_complaint(&[interval(0, Some(6), Up), interval(5, None, Down)], "it overlaps");
        check_complaint(&[interval(0, Some(5), Up), interval(5, None, Up)], "the next one goes on");
        check_complaint(&[moved(9, &["a"])], "the cause does not move");
        check_complaint(&[moved(5, &[])], "the cause does not move");
        check_complaint(&[moved(5, &["b", "a"])], "a cause is not sorted");
        let gap = [interval(0, Some(5), Up), interval(7, None, Up)];
        assert_eq!(check_shape(&ServiceId::from("s"), &gap), Ok(()));
    }

    #[test]
    fn revisions_that_do_not_hang_together_are_found() {
        let revision = |start, interval| IntervalRevision {
            service: ServiceId::from("s"),
            start: Timestamp(start),
            interval,
        };
        let open = interval(0, None, ServiceState::Up);
        let mut mirror = Mirror::default();
        assert_eq!(mirror.apply(&[revision(0, Some(open.clone()))]), Ok(()));
        assert!(mirror.apply(&[revision(0, Some(open.clone()))]).is_err(), "nothing changes");
        assert!(mirror.apply(&[revision(3, Some(open))]).is_err(), "another identity");
        assert!(mirror.apply(&[revision(4, None)]).is_err(), "nothing to withdraw");
        assert_eq!(mirror.apply(&[revision(0, None)]), Ok(()));
        assert_eq!(mirror.intervals().len(), 0);
    }
}
