//! How a change climbs: which nodes are touched, and what each is worth then.

use rustc_hash::FxHashMap;

use super::super::value::{Tally, Value};
use super::{Graph, Kind, Node, NodeId, Pieces, ServiceIndex};
use crate::model::{ComponentState, Period, Timestamp};

/// That something beneath a node changed on `[from, until)`, and what kind of
/// change it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Touch {
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// The value itself may differ.
    value: bool,
    /// The set of leaves that are down, or planned, may differ.
    down_set: bool,
    /// The set of leaves that are unknown may differ.
    unknown_set: bool,
}

impl Touch {
    /// Anything may have changed on `[from, until)`.
    pub(crate) const fn everything(from: i64, until: i64) -> Touch {
        Touch { from, until, value: true, down_set: true, unknown_set: true }
    }

    /// A leaf changed; `seen` says whether it was or is down, and unknown.
    pub(super) const fn of_leaf(from: i64, until: i64, seen: (bool, bool)) -> Touch {
        Touch { from, until, value: true, down_set: seen.0, unknown_set: seen.1 }
    }

    pub(super) fn merge(self, other: Touch) -> Touch {
        Touch {
            from: self.from.min(other.from),
            until: self.until.max(other.until),
            value: self.value || other.value,
            down_set: self.down_set || other.down_set,
            unknown_set: self.unknown_set || other.unknown_set,
        }
    }

    fn matters(self) -> bool {
        self.value || self.down_set || self.unknown_set
    }
}

/// Nodes that were touched and not yet recomputed.
#[derive(Default)]
pub(super) struct Pending {
    touches: FxHashMap<NodeId, Touch>,
    /// The touched nodes by height. A node whose height has grown since moves
    /// up when its turn comes.
    levels: Vec<Vec<NodeId>>,
}

impl Pending {
    fn put(&mut self, id: NodeId, height: u32, touch: Touch) {
        match self.touches.entry(id) {
            std::collections::hash_map::Entry::Occupied(mut known) => {
                let merged = known.get().merge(touch);
                known.insert(merged);
            }
            std::collections::hash_map::Entry::Vacant(fresh) => {
                fresh.insert(touch);
                self.queue(id, height);
            }
        }
    }

    fn queue(&mut self, id: NodeId, height: u32) {
        let level = height as usize;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(id);
    }

    /// The node is no more.
    pub(super) fn forget(&mut self, id: NodeId) {
        if !self.touches.is_empty() {
            self.touches.remove(&id);
        }
    }
}

/// What recomputing needs again and again.
#[derive(Default)]
struct Scratch {
    pieces: Pieces,
    events: Vec<(i64, Value, Value)>,
}

impl Graph {
    /// Marks a node as changed on a period.
    pub(crate) fn touch(&mut self, id: NodeId, touch: Touch) {
        let height = self.node(id).height;
        self.pending.put(id, height, touch);
    }

    /// Carries all touches upwards and calls `arrived` for every node of a
    /// service that was touched.
    pub(crate) fn settle_services(&mut self, mut arrived: impl FnMut(ServiceIndex, Touch)) {
        let mut scratch = Scratch::default();
        let mut level = 0;
        while level < self.pending.levels.len() {
            // A touch climbs, so a level that was done gets nothing more.
            let nodes = std::mem::take(&mut self.pending.levels[level]);
            for id in nodes {
                let height = self.node(id).height;
                if height as usize > level {
                    self.pending.queue(id, height);
                    continue;
                }
                let Some(touch) = self.pending.touches.remove(&id) else { continue };
                if let Kind::Service(index) = self.node(id).kind {
                    arrived(index, touch);
                }
                let outgoing = self.pass(id, touch, &mut scratch);
                if !outgoing.matters() {
                    continue;
                }
                for index in 0..self.node(id).parents.len() {
                    let parent = self.node(id).parents[index];
                    self.touch(parent, outgoing);
                }
            }
            level += 1;
        }
    }

    /// Recomputes a node and says what of the touch is felt above it.
    fn pass(&mut self, id: NodeId, touch: Touch, scratch: &mut Scratch) -> Touch {
        if matches!(self.node(id).kind, Kind::Leaf(_)) {
            return touch;
        }
        let unknown_before = touch.unknown_set && self.is_unknown_within(id, touch);
        let changed = touch.value && {
            self.recompute(id, touch.from, touch.until, scratch);
            self.node_mut(id).steps.splice(touch.from, touch.until, &scratch.pieces)
        };
        let unknown_set =
            touch.unknown_set && (changed || unknown_before || self.is_unknown_within(id, touch));
        Touch { value: changed, unknown_set, ..touch }
    }

    fn is_unknown_within(&self, id: NodeId, touch: Touch) -> bool {
        let steps = &self.node(id).steps;
        let unknown = |value: Value| {
            value.state() == ComponentState::Unknown || value.second() == ComponentState::Unknown
        };
        unknown(steps.at(touch.from))
            || steps.inside(touch.from, touch.until).iter().any(|step| unknown(step.1))
    }

    /// Gives a new node its value from those of its children.
    pub(super) fn recompute_whole(&mut self, id: NodeId) {
        let mut scratch = Scratch::default();
        self.recompute(id, i64::MIN, i64::MAX, &mut scratch);
        self.node_mut(id).steps.splice(i64::MIN, i64::MAX, &scratch.pieces);
    }

    /// Puts the value of a node on `[from, until)`, from those of its
    /// children, into `scratch.pieces`.
    fn recompute(&self, id: NodeId, from: i64, until: i64, scratch: &mut Scratch) {
        let node = self.node(id);
        scratch.pieces.clear();
        match node.kind {
            Kind::Service(_) => self.recompute_service(node, from, until, &mut scratch.pieces),
            Kind::AtLeast(needed) => self.recompute_tally(node, needed, (from, until), scratch),
            Kind::Leaf(_) => scratch.pieces.push((from, Value::default())),
        }
    }

    fn recompute_tally(
        &self,
        node: &Node,
        needed: u32,
        (from, until): (i64, i64),
        scratch: &mut Scratch,
    ) {
        let Scratch { pieces, events } = scratch;
        let mut tally = Tally::default();
        events.clear();
        for &child in &node.children {
            let steps = &self.node(child).steps;
            let mut value = steps.at(from);
            tally.add(value);
            for &(at, next) in steps.inside(from, until) {
                events.push((at, value, next));
                value = next;
            }
        }
        pieces.push((from, tally.value(needed)));
        events.sort_unstable_by_key(|event| event.0);
        for (index, &(at, old, new)) in events.iter().enumerate() {
            tally.remove(old);
            tally.add(new);
            if events.get(index + 1).is_none_or(|next| next.0 != at) {
                pieces.push((at, tally.value(needed)));
            }
        }
    }

    fn recompute_service(&self, node: &Node, from: i64, until: i64, pieces: &mut Pieces) {
        let whole = Period::new(Timestamp(from), Timestamp(until));
        pieces.push((from, Value::default()));
        for (&root, period) in node.children.iter().zip(&node.periods) {
            let part = period.intersect(&whole);
            if part.is_empty() {
                continue;
            }
            let (start, end) = (part.from.millis(), part.until.millis());
            let steps = &self.node(root).steps;
            if pieces.last().is_some_and(|piece| piece.0 == start) {
                pieces.pop();
            }
            pieces.push((start, steps.at(start)));
            pieces.extend_from_slice(steps.inside(start, end));
            if end < until {
                pieces.push((end, Value::default()));
            }
        }
    }
}
