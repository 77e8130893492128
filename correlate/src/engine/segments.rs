//! The timeline of one service as segments of one state and one cause, the
//! intervals they add up to, and the difference between two timelines.
//!
//! Nothing here knows how a verdict comes about.

use std::collections::BTreeMap;

use super::graph::NodeId;
use super::verdict::Verdict;
use crate::model::{ComponentId, Interval, ServiceState, Timestamp};

/// What a service was from one instant until the next segment, as a snapshot
/// keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The first instant.
    pub at: Timestamp,
    /// The state and the sorted cause; `None` where the service does not exist.
    pub verdict: Option<(ServiceState, Vec<ComponentId>)>,
}

/// A segment inside the engine; `None` where the service does not exist.
pub(super) type Piece = (i64, Option<Verdict>);

/// Sorted pieces of which neighbours differ. Before the first piece the
/// service does not exist.
#[derive(Default)]
pub(super) struct Timeline {
    pieces: Vec<Piece>,
    /// What [`Timeline::changed`] compares with: the pieces from `kept_from`
    /// on as they were before the first change since then.
    before: Option<(usize, Vec<Piece>)>,
}

fn state_of(piece: &Piece) -> Option<ServiceState> {
    piece.1.as_ref().map(|verdict| verdict.state)
}

impl Timeline {
    pub(super) fn from_pieces(pieces: Vec<Piece>) -> Timeline {
        Timeline { pieces, before: None }
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The first piece of the interval that a change at `at` may reshape:
    /// that in which the instant before `at` lies.
    fn interval_before(&self, at: i64) -> usize {
        let rank = self.pieces.partition_point(|piece| piece.0 < at);
        let mut first = rank.saturating_sub(1);
        while first > 0 && state_of(&self.pieces[first - 1]) == state_of(&self.pieces[first]) {
            first -= 1;
        }
        first
    }

    /// Replaces the timeline on `[from, until)`; `fresh` is sorted and begins
    /// at `from`.
    pub(super) fn splice(&mut self, from: i64, until: i64, fresh: Vec<Piece>) {
        let keep_from = self.interval_before(from);
        match &mut self.before {
            None => self.before = Some((keep_from, self.pieces[keep_from..].to_vec())),
            Some((kept_from, kept)) if keep_from < *kept_from => {
                kept.splice(0..0, self.pieces[keep_from..*kept_from].iter().cloned());
                *kept_from = keep_from;
            }
            Some(_) => {}
        }
        let first = self.pieces.partition_point(|piece| piece.0 < from);
        let end = self.pieces.partition_point(|piece| piece.0 < until);
        let resumed = match end.checked_sub(1) {
            Some(index) => self.pieces[index].1.clone(),
            None => None,
        };
        let mut merged: Vec<Piece> = Vec::with_capacity(fresh.len() + 1);
        let mut last = match first.checked_sub(1) {
            Some(index) => self.pieces[index].1.clone(),
            None => None,
        };
        let mut put = |at: i64, verdict: Option<Verdict>| {
            if verdict != last {
                last.clone_from(&verdict);
                merged.push((at, verdict));
            }
        };
        for (at, verdict) in fresh {
            put(at, verdict);
        }
        let mut replaced = end;
        if until != i64::MAX {
            if self.pieces.get(end).is_some_and(|piece| piece.0 == until) {
                replaced += 1;
                put(until, self.pieces[end].1.clone());
            } else {
                put(until, resumed);
            }
        }
        self.pieces.splice(first..replaced, merged);
    }

    /// What became of the intervals since the last call: by start, the new
    /// content or `None` for one that is no more.
    pub(super) fn changed(
        &mut self,
        name: &dyn Fn(NodeId) -> ComponentId,
    ) -> Vec<(i64, Option<Interval>)> {
        let Some((kept_from, kept)) = self.before.take() else { return Vec::new() };
        let old = intervals_of(&kept);
        let new = intervals_of(&self.pieces[kept_from..]);
        let old: BTreeMap<i64, &RawInterval<'_>> = old.iter().map(|raw| (raw.start, raw)).collect();
        let mut changes = Vec::new();
        for raw in &new {
            if old.get(&raw.start).is_none_or(|known| **known != *raw) {
                changes.push((raw.start, Some(raw.named(name))));
            }
        }
        for &start in old.keys() {
            if new.binary_search_by_key(&start, |raw| raw.start).is_err() {
                changes.push((start, None));
            }
        }
        changes.sort_by_key(|change| change.0);
        changes
    }

    /// Every interval.
    pub(super) fn intervals(&self, name: &dyn Fn(NodeId) -> ComponentId) -> Vec<Interval> {
        intervals_of(&self.pieces).iter().map(|raw| raw.named(name)).collect()
    }

    /// Forgets what ended before `horizon`, but for the interval in force then.
    pub(super) fn forget_before(&mut self, horizon: i64) {
        let first = self.interval_before(horizon.saturating_add(1));
        self.pieces.drain(..first);
    }
}

#[derive(PartialEq)]
struct RawInterval<'a> {
    start: i64,
    end: Option<i64>,
    state: ServiceState,
    causes: Vec<(i64, &'a [NodeId])>,
}

impl RawInterval<'_> {
    fn named(&self, name: &dyn Fn(NodeId) -> ComponentId) -> Interval {
        let mut causes = self.causes.iter().map(|&(at, nodes)| {
            let mut names: Vec<ComponentId> = nodes.iter().map(|&node| name(node)).collect();
            names.sort_unstable();
            (Timestamp(at), names)
        });
        Interval {
            start: Timestamp(self.start),
            end: self.end.map(Timestamp),
            state: self.state,
            cause: causes.next().map(|cause| cause.1).unwrap_or_default(),
            cause_moves: causes.collect(),
        }
    }
}

fn intervals_of(pieces: &[Piece]) -> Vec<RawInterval<'_>> {
    let mut intervals: Vec<RawInterval<'_>> = Vec::new();
    let mut open = false;
    for (at, verdict) in pieces {
        let last = intervals.last_mut().filter(|_| open);
        match (verdict, last) {
            (Some(verdict), Some(last)) if last.state == verdict.state => {
                last.causes.push((*at, &verdict.cause));
            }
            (verdict, last) => {
                if let Some(last) = last {
                    last.end = Some(*at);
                }
                open = verdict.is_some();
                if let Some(verdict) = verdict {
                    intervals.push(RawInterval {
                        start: *at,
                        end: None,
                        state: verdict.state,
                        causes: vec![(*at, &verdict.cause)],
                    });
                }
            }
        }
    }
    intervals
}
