//! Makes ClickHouse hold what was rebuilt: compares it with every row that is
//! there, in the order of the keys, and writes the difference. Rows before a
//! floor are history that the rebuilt state does not reach, and stay.

use std::collections::BTreeSet;
use std::iter::Peekable;

use correlate::model::{ComponentId, Interval, IntervalRevision, ServiceId, Timestamp};
use store::series::{SeriesBatch, Transition};

use super::compose::Change;

/// Rows in one batch; it is cut between services or components.
pub(super) const BATCH_ROWS_MAX: usize = 50_000;

/// A batch in the making.
pub(super) struct Difference {
    batch: SeriesBatch,
    /// Rows so far that were set or withdrawn, over all batches.
    pub(super) rows: u64,
}

impl Difference {
    pub(super) fn new(epoch: u64, recorded_at: Timestamp) -> Difference {
        Difference { batch: empty(epoch, recorded_at), rows: 0 }
    }

    /// What became of the transitions of one component at or after `floor`.
    pub(super) fn transitions(
        &mut self,
        component: &ComponentId,
        stored: &[Change],
        rebuilt: &[Change],
        floor: Timestamp,
    ) {
        let from = |changes: &[Change]| changes.partition_point(|change| change.0 < floor);
        let (stored, rebuilt) = (&stored[from(stored)..], &rebuilt[from(rebuilt)..]);
        let find = |changes: &[Change], at: Timestamp| {
            changes.binary_search_by_key(&at, |change| change.0).ok()
        };
        for &(at, _) in stored.iter().filter(|change| find(rebuilt, change.0).is_none()) {
            self.batch.withdrawn_transitions.push((component.clone(), at));
            self.rows += 1;
        }
        for &(at, state) in rebuilt {
            if find(stored, at).is_none_or(|known| stored[known].1 != state) {
                let component = component.clone();
                self.batch.transitions.push(Transition { component, at, state });
                self.rows += 1;
            }
        }
    }

    /// What became of the intervals of one service that do not end at or
    /// before `floor`.
    pub(super) fn intervals(
        &mut self,
        service: &ServiceId,
        stored: &[Interval],
        rebuilt: &[Interval],
        floor: Timestamp,
    ) {
        let reaches = |interval: &&Interval| interval.end.is_none_or(|end| end > floor);
        let find = |intervals: &[Interval], start: Timestamp| {
            intervals.binary_search_by_key(&start, |interval| interval.start).ok()
        };
        let mut revise = |start, interval| {
            let service = service.clone();
            self.batch.intervals.push(IntervalRevision { service, start, interval });
            self.rows += 1;
        };
        for gone in stored.iter().filter(reaches) {
            if find(rebuilt, gone.start).is_none() {
                revise(gone.start, None);
            }
        }
        for interval in rebuilt.iter().filter(reaches) {
            if find(stored, interval.start).is_none_or(|known| stored[known] != *interval) {
                revise(interval.start, Some(interval.clone()));
            }
        }
    }

    /// A batch that is large enough to be written.
    pub(super) fn full(&mut self) -> Option<SeriesBatch> {
        let SeriesBatch { intervals, transitions, withdrawn_transitions, .. } = &self.batch;
        let rows = intervals.len() + transitions.len() + withdrawn_transitions.len();
        (rows >= BATCH_ROWS_MAX).then(|| self.take())
    }

    /// What has not been taken yet.
    pub(super) fn take(&mut self) -> SeriesBatch {
        let next = empty(self.batch.epoch, self.batch.recorded_at);
        std::mem::replace(&mut self.batch, next)
    }
}

fn empty(epoch: u64, recorded_at: Timestamp) -> SeriesBatch {
    SeriesBatch {
        epoch,
        recorded_at,
        intervals: Vec::new(),
        transitions: Vec::new(),
        withdrawn_transitions: Vec::new(),
    }
}

/// What was rebuilt of each service, to be compared with rows that come
/// sorted by service.
pub(super) struct Rebuilt<I: Iterator<Item = (ServiceId, Vec<Interval>)>> {
    services: Peekable<I>,
    /// Services whose definition could not be used: their rows stay as they are.
    spared: BTreeSet<ServiceId>,
    floor: Timestamp,
}

impl<I: Iterator<Item = (ServiceId, Vec<Interval>)>> Rebuilt<I> {
    pub(super) fn new(services: I, spared: BTreeSet<ServiceId>, floor: Timestamp) -> Rebuilt<I> {
        Rebuilt { services: services.peekable(), spared, floor }
    }

    /// Compares the rows of one service, which comes after all before it.
    pub(super) fn compare(
        &mut self,
        service: &ServiceId,
        stored: &[Interval],
        difference: &mut Difference,
    ) {
        while let Some((id, intervals)) = self.services.next_if(|(id, _)| id < service) {
            difference.intervals(&id, &[], &intervals, self.floor);
        }
        match self.services.next_if(|(id, _)| id == service) {
            Some((id, intervals)) if !(intervals.is_empty() && self.spared.contains(&id)) => {
                difference.intervals(&id, stored, &intervals, self.floor);
            }
            None if !self.spared.contains(service) => {
                difference.intervals(service, stored, &[], self.floor);
            }
            _ => {}
        }
    }

    /// One service that has no rows, while there is any.
    pub(super) fn compare_next(&mut self, difference: &mut Difference) -> bool {
        let Some((id, intervals)) = self.services.next() else { return false };
        difference.intervals(&id, &[], &intervals, self.floor);
        true
    }
}

#[cfg(test)]
mod tests {
    use correlate::model::{ComponentState, ServiceState};

    use super::*;

    fn interval(start: i64, end: Option<i64>, state: ServiceState) -> Interval {
        let (start, end) = (Timestamp(start), end.map(Timestamp));
        Interval { start, end, state, cause: Vec::new(), cause_moves: Vec::new() }
    }

    #[track_caller]
    fn check(
        stored: &[(&str, Vec<Interval>)],
        rebuilt: &[(&str, Vec<Interval>)],
        spared: &[&str],
        expected: &[(&str, i64, bool)],
    ) {
        let services = rebuilt.iter().map(|(id, list)| (ServiceId::from(*id), list.clone()));
        let spared = spared.iter().map(|&id| ServiceId::from(id)).collect();
        let mut rebuilt = Rebuilt::new(services, spared, Timestamp(100));
        let mut difference = Difference::new(7, Timestamp(0));
        for (id, rows) in stored {
            rebuilt.compare(&ServiceId::from(*id), rows, &mut difference);
        }
        while rebuilt.compare_next(&mut difference) {}
        let found = difference.take().intervals;
        let brief =
            found.iter().map(|r| (r.service.as_str(), r.start.millis(), r.interval.is_some()));
        assert_eq!(brief.collect::<Vec<_>>(), expected);
    }

    use ServiceState::{Down, Up};

    #[test]
    fn only_what_differs_is_written_and_what_is_older_than_the_floor_stays() {
        let old = interval(10, Some(100), Down);
        let same = interval(100, Some(200), Up);
        check(
            &[("a", vec![old.clone(), same.clone(), interval(200, None, Down)])],
            &[("a", vec![same, interval(200, Some(250), Down), interval(250, None, Up)])],
            &[],
            &[("a", 200, true), ("a", 250, true)],
        );
    }

    #[test]
    fn rows_of_services_that_are_no_more_are_withdrawn() {
        let open = || vec![interval(50, None, Up)];
        check(
            &[("b", open()), ("d", open()), ("e", open())],
            &[("a", open()), ("b", vec![]), ("c", open()), ("e", open()), ("f", open())],
            &[],
            &[
                ("a", 50, true),
                ("b", 50, false),
                ("c", 50, true),
                ("d", 50, false),
                ("f", 50, true),
            ],
        );
    }

    #[test]
    fn a_service_whose_definition_cannot_be_used_keeps_its_rows() {
        let open = || vec![interval(50, None, Up)];
        check(&[("a", open()), ("b", open())], &[("b", vec![])], &["a", "b"], &[]);
    }

    #[test]
    fn transitions_are_compared_by_instant() {
        let mut difference = Difference::new(7, Timestamp(0));
        let change = |at, state| (Timestamp(at), state);
        let (up, down) = (ComponentState::Up, ComponentState::Down);
        difference.transitions(
            &"c".into(),
            &[change(1, up), change(5, down), change(6, up), change(9, down)],
            &[change(5, down), change(7, up), change(9, up)],
            Timestamp(2),
        );
        let batch = difference.take();
        assert_eq!(batch.withdrawn_transitions, [("c".into(), Timestamp(6))]);
        let set: Vec<_> = batch.transitions.iter().map(|t| (t.at.millis(), t.state)).collect();
        assert_eq!(set, [(7, up), (9, up)]);
    }
}
