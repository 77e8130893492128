//! The timeline of one service as segments of one state and one cause, the
//! intervals they add up to, and the difference between two timelines.
//!
//! Nothing here knows how a verdict comes about.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::graph::NodeId;
use super::verdict::Verdict;
use crate::model::{ComponentId, Interval, ServiceState, Timestamp};

/// What a service was from one instant until the next segment, as a snapshot
/// keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
    /// Nearly always one: most services never change.
    pieces: SmallVec<[Piece; 1]>,
    /// What [`Timeline::changed`] compares with.
    before: Option<Box<Before>>,
}

/// The pieces from number `from` on as they were before the first change.
struct Before {
    from: usize,
    pieces: SmallVec<[Piece; 1]>,
}

fn state_of(piece: &Piece) -> Option<ServiceState> {
    piece.1.as_ref().map(|verdict| verdict.state)
}

impl Timeline {
    pub(super) fn from_pieces(pieces: Vec<Piece>) -> Timeline {
        Timeline { pieces: pieces.into(), before: None }
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
    pub(super) fn splice(&mut self, from: i64, until: i64, fresh: &mut Vec<Piece>) {
        let keep_from = self.interval_before(from);
        match &mut self.before {
            None => {
                let pieces = self.pieces[keep_from..].iter().cloned().collect();
                self.before = Some(Box::new(Before { from: keep_from, pieces }));
            }
            Some(before) if keep_from < before.from => {
                let earlier = &self.pieces[keep_from..before.from];
                before.pieces.insert_many(0, earlier.iter().cloned());
                before.from = keep_from;
            }
            Some(_) => {}
        }
        let first = self.pieces.partition_point(|piece| piece.0 < from);
        let end = self.pieces.partition_point(|piece| piece.0 < until);
        let value_before =
            |index: usize| index.checked_sub(1).and_then(|at| self.pieces[at].1.clone());
        let resumed = (until != i64::MAX).then(|| value_before(end));
        let mut last = value_before(first);
        let mut later: SmallVec<[Piece; 1]> = self.pieces.drain(end..).collect();
        self.pieces.truncate(first);
        let mut put = |at: i64, verdict: Option<Verdict>| {
            if verdict != last {
                last.clone_from(&verdict);
                self.pieces.push((at, verdict));
            }
        };
        for (at, verdict) in fresh.drain(..) {
            put(at, verdict);
        }
        if let Some(resumed) = resumed {
            if later.first().is_some_and(|piece| piece.0 == until) {
                put(until, later.remove(0).1);
            } else {
                put(until, resumed);
            }
        }
        self.pieces.extend(later);
    }

    /// Replaces what lies before `origin`; `past` is sorted. Nobody may wait
    /// for [`Timeline::changed`].
    pub(super) fn rewrite_before(&mut self, origin: i64, mut past: Vec<Piece>) {
        let rank = self.pieces.partition_point(|piece| piece.0 <= origin);
        let there = rank.checked_sub(1).and_then(|last| self.pieces[last].1.clone());
        past.retain(|piece| piece.0 < origin);
        if past.last().and_then(|piece| piece.1.as_ref()) != there.as_ref() {
            past.push((origin, there));
        }
        past.extend(self.pieces.drain(rank..));
        self.pieces = past.into();
        self.before = None;
    }

    /// What became of the intervals since the last call: by start, the new
    /// content or `None` for one that is no more.
    pub(super) fn changed(
        &mut self,
        name: &dyn Fn(NodeId) -> ComponentId,
        mut put: impl FnMut(i64, Option<Interval>),
    ) {
        let Some(before) = self.before.take() else { return };
        let mut old = Intervals::of(&before.pieces).peekable();
        let mut new = Intervals::of(&self.pieces[before.from..]).peekable();
        loop {
            match (old.peek(), new.peek()) {
                (Some(was), Some(is)) if was.start == is.start => {
                    if was != is {
                        put(is.start, Some(is.named(name)));
                    }
                    old.next();
                    new.next();
                }
                (Some(was), is) if is.is_none_or(|is| was.start < is.start) => {
                    put(was.start, None);
                    old.next();
                }
                (_, Some(is)) => {
                    put(is.start, Some(is.named(name)));
                    new.next();
                }
                (_, None) => break,
            }
        }
    }

    /// Every interval.
    pub(super) fn intervals(&self, name: &dyn Fn(NodeId) -> ComponentId) -> Vec<Interval> {
        Intervals::of(&self.pieces).map(|raw| raw.named(name)).collect()
    }

    /// Forgets what ended before `horizon`. An interval that ends there stays:
    /// a change at the very horizon may make it go on.
    pub(super) fn forget_before(&mut self, horizon: i64) {
        let first = self.interval_before(horizon);
        if first > 0 {
            self.pieces.drain(..first);
            self.pieces.shrink_to_fit();
        }
    }
}

/// Pieces of one state, the first of which begins the interval.
struct RawInterval<'a> {
    start: i64,
    end: Option<i64>,
    state: ServiceState,
    pieces: &'a [Piece],
}

impl PartialEq for RawInterval<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.end, self.pieces) == (other.start, other.end, other.pieces)
    }
}

impl RawInterval<'_> {
    fn named(&self, name: &dyn Fn(NodeId) -> ComponentId) -> Interval {
        let mut causes = self.pieces.iter().map(|(at, verdict)| {
            let nodes = verdict.iter().flat_map(|verdict| &verdict.cause);
            let mut names: Vec<ComponentId> = nodes.map(|&node| name(node)).collect();
            names.sort_unstable();
            (Timestamp(*at), names)
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

/// The intervals that sorted pieces add up to.
struct Intervals<'a> {
    rest: &'a [Piece],
}

impl<'a> Intervals<'a> {
    fn of(pieces: &'a [Piece]) -> Intervals<'a> {
        Intervals { rest: pieces }
    }
}

impl<'a> Iterator for Intervals<'a> {
    type Item = RawInterval<'a>;

    fn next(&mut self) -> Option<RawInterval<'a>> {
        let first = self.rest.iter().position(|piece| piece.1.is_some())?;
        let rest = &self.rest[first..];
        let state = state_of(&rest[0])?;
        let count = rest.iter().take_while(|piece| state_of(piece) == Some(state)).count();
        let (pieces, rest) = rest.split_at(count);
        self.rest = rest;
        Some(RawInterval {
            start: pieces[0].0,
            end: rest.first().map(|piece| piece.0),
            state,
            pieces,
        })
    }
}
