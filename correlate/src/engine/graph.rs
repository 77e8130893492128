//! The graph of path expressions: one node per distinct sub-expression, each
//! with its value as a step function of time.
//!
//! A change enters at a leaf and climbs to the parents for as long as it can
//! matter there, lowest nodes first, so that each node is computed once per
//! batch. Nothing here knows services' states, windows' origins or output.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::steps::Steps;
use super::value::{Tally, Value};
use crate::model::{ComponentId, ComponentState, Period};

/// Index of a node in its graph.
pub(crate) type NodeId = u32;
/// Index of a service, the same in all tables of one evaluator.
pub(crate) type ServiceIndex = u32;

/// What a node computes from its children.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// A component.
    Leaf(ComponentId),
    /// At least so many of the children; `all` and `any` are cases of it.
    AtLeast(u32),
    /// A service, by the version that holds at the instant; its children are
    /// the roots of its versions.
    Service(ServiceIndex),
}

pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) children: Box<[NodeId]>,
    /// For [`Kind::Service`], when each child holds.
    pub(crate) periods: Box<[Period]>,
    parents: Vec<NodeId>,
    /// Longer than that of every child.
    height: u32,
    /// How many parents and services hold on to it.
    users: u32,
    pub(crate) steps: Steps<Value>,
    /// For leaves, the merged windows on the component.
    pub(crate) windows: Vec<Period>,
}

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

    fn merge(self, other: Touch) -> Touch {
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

/// The nodes of one evaluator.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    free: Vec<NodeId>,
    /// Finds equal sub-expressions.
    known: FxHashMap<(Kind, Box<[NodeId]>), NodeId>,
    /// Touched nodes by height, lowest first.
    pending: BTreeMap<(u32, NodeId), Touch>,
}

impl Graph {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    /// How many nodes are alive.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// The leaf of a component, made when it is new.
    pub(crate) fn leaf(&mut self, id: &ComponentId) -> NodeId {
        self.intern(Kind::Leaf(id.clone()), Vec::new())
    }

    /// The leaf of a component, if anything has named it.
    pub(crate) fn find_leaf(&self, id: &ComponentId) -> Option<NodeId> {
        self.known.get(&(Kind::Leaf(id.clone()), Box::default())).copied()
    }

    /// The node that needs `needed` of `children`.
    pub(crate) fn at_least(&mut self, needed: u32, mut children: Vec<NodeId>) -> NodeId {
        children.sort_unstable();
        let total = children.len();
        if needed == 1 || needed as usize == total {
            // Repeats change neither a minimum nor a maximum.
            children.dedup();
        }
        let needed = if needed == 1 { 1 } else { needed.min(children.len() as u32) };
        match children[..] {
            [only] => only,
            _ => self.intern(Kind::AtLeast(needed), children),
        }
    }

    /// The node of a referenced service, made without versions when it is new.
    pub(crate) fn service(&mut self, service: ServiceIndex) -> NodeId {
        self.intern(Kind::Service(service), Vec::new())
    }

    fn intern(&mut self, kind: Kind, children: Vec<NodeId>) -> NodeId {
        let key = (kind, children.into_boxed_slice());
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let height = self.height_above(&key.1);
        let node = Node {
            kind: key.0.clone(),
            children: key.1.clone(),
            periods: Box::default(),
            parents: Vec::new(),
            height,
            users: 0,
            steps: Steps::new(),
            windows: Vec::new(),
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.nodes[id as usize] = node;
                id
            }
            None => {
                let id = NodeId::try_from(self.nodes.len())
                    .expect("fewer than 2^32 nodes fit in memory");
                self.nodes.push(node);
                id
            }
        };
        for child in key.1.iter().copied() {
            self.hold(child);
            self.node_mut(child).parents.push(id);
        }
        if !key.1.is_empty() {
            let first = self.recompute(id, i64::MIN, i64::MAX);
            self.node_mut(id).steps = Steps::from_sorted(first);
        }
        self.known.insert(key, id);
        id
    }

    fn height_above(&self, children: &[NodeId]) -> u32 {
        children.iter().map(|&child| self.node(child).height + 1).max().unwrap_or(0)
    }

    /// Counts one more user of a node.
    pub(crate) fn hold(&mut self, id: NodeId) {
        self.node_mut(id).users += 1;
    }

    /// Counts one user less, and removes what nobody uses any more. Leaves
    /// stay: a later definition may name them, and their past is theirs.
    pub(crate) fn release(&mut self, id: NodeId) {
        let mut released = vec![id];
        while let Some(id) = released.pop() {
            let node = self.node_mut(id);
            node.users -= 1;
            if node.users > 0 || matches!(node.kind, Kind::Leaf(_)) {
                continue;
            }
            let kind = node.kind.clone();
            let children = std::mem::take(&mut node.children);
            let height = node.height;
            node.steps = Steps::new();
            node.periods = Box::default();
            // A service's node is known by the service alone.
            let key = match kind {
                Kind::Service(_) => (kind, Box::default()),
                _ => (kind, children.clone()),
            };
            self.known.remove(&key);
            self.pending.remove(&(height, id));
            for child in children {
                self.drop_parent(child, id);
                released.push(child);
            }
            self.free.push(id);
        }
    }

    fn drop_parent(&mut self, child: NodeId, parent: NodeId) {
        let parents = &mut self.node_mut(child).parents;
        if let Some(position) = parents.iter().position(|&known| known == parent) {
            parents.swap_remove(position);
        }
    }

    /// Gives the node of a service the roots of its versions.
    pub(crate) fn set_versions(&mut self, id: NodeId, versions: &[(Period, NodeId)]) {
        for &(_, root) in versions {
            self.hold(root);
            self.node_mut(root).parents.push(id);
        }
        let node = self.node_mut(id);
        let old = std::mem::take(&mut node.children);
        node.children = versions.iter().map(|version| version.1).collect();
        node.periods = versions.iter().map(|version| version.0).collect();
        for root in old {
            self.drop_parent(root, id);
            self.release(root);
        }
        self.raise(id);
        self.touch(id, Touch::everything(i64::MIN, i64::MAX));
    }

    /// Restores "higher than every child" from `id` upwards. References form
    /// no cycle, so this ends.
    fn raise(&mut self, id: NodeId) {
        let mut low = vec![id];
        while let Some(id) = low.pop() {
            let height = self.height_above(&self.node(id).children);
            let node = self.node_mut(id);
            if node.height >= height {
                continue;
            }
            let old = std::mem::replace(&mut node.height, height);
            low.extend_from_slice(&node.parents);
            if let Some(touch) = self.pending.remove(&(old, id)) {
                self.pending.insert((height, id), touch);
            }
        }
    }

    /// Replaces a component's state function on `[from, until)`; `states` are
    /// sorted and the first is at `from`.
    pub(crate) fn set_states(
        &mut self,
        leaf: NodeId,
        from: i64,
        until: i64,
        states: &[(i64, ComponentState)],
    ) {
        let node = self.node_mut(leaf);
        let mut pieces = Vec::with_capacity(states.len());
        for (index, &(at, state)) in states.iter().enumerate() {
            let end = states.get(index + 1).map_or(until, |next| next.0);
            pieces.extend(node.leaf_pieces(at, end, state));
        }
        let before = node.steps.inside(from, until).iter().map(|step| step.1);
        let seen: Vec<Value> = std::iter::once(node.steps.at(from))
            .chain(before)
            .chain(pieces.iter().map(|piece| piece.1))
            .collect();
        if node.steps.splice(from, until, &pieces) {
            let any = |state| seen.iter().any(|value| value.state() == state);
            let touch = Touch {
                from,
                until,
                value: true,
                down_set: any(ComponentState::Down),
                unknown_set: any(ComponentState::Unknown),
            };
            self.touch(leaf, touch);
        }
    }

    /// Replaces the windows on a component; `windows` are sorted and disjoint.
    pub(crate) fn set_windows(&mut self, leaf: NodeId, windows: Vec<Period>) {
        let node = self.node_mut(leaf);
        node.windows = windows;
        let mut at = i64::MIN;
        let mut touched: Option<Touch> = None;
        while at != i64::MAX {
            let state = node.steps.at(at).state();
            let until = node.next_state_change(at);
            let pieces = node.leaf_pieces(at, until, state);
            if node.steps.splice(at, until, &pieces) {
                let touch = Touch::everything(at, until);
                touched = Some(touched.map_or(touch, |before| before.merge(touch)));
            }
            at = until;
        }
        if let Some(touch) = touched {
            self.touch(leaf, touch);
        }
    }

    /// Marks a node as changed on a period.
    pub(crate) fn touch(&mut self, id: NodeId, touch: Touch) {
        let key = (self.node(id).height, id);
        self.pending.entry(key).and_modify(|known| *known = known.merge(touch)).or_insert(touch);
    }

    /// Carries all touches upwards and calls `arrived` for every node of a
    /// service that was touched.
    pub(crate) fn settle_services(&mut self, mut arrived: impl FnMut(ServiceIndex, Touch)) {
        while let Some(((_, id), touch)) = self.pending.pop_first() {
            if let Kind::Service(index) = self.node(id).kind {
                arrived(index, touch);
            }
            let outgoing = self.pass(id, touch);
            if !outgoing.matters() {
                continue;
            }
            for index in 0..self.node(id).parents.len() {
                let parent = self.node(id).parents[index];
                self.touch(parent, outgoing);
            }
        }
    }

    /// Recomputes a node and says what of the touch is felt above it.
    fn pass(&mut self, id: NodeId, touch: Touch) -> Touch {
        if matches!(self.node(id).kind, Kind::Leaf(_)) {
            return touch;
        }
        let unknown_before = touch.unknown_set && self.is_unknown_within(id, touch);
        let changed = touch.value && {
            let pieces = self.recompute(id, touch.from, touch.until);
            self.node_mut(id).steps.splice(touch.from, touch.until, &pieces)
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

    /// The value of a node on `[from, until)` from those of its children.
    fn recompute(&self, id: NodeId, from: i64, until: i64) -> Vec<(i64, Value)> {
        let node = self.node(id);
        match node.kind {
            Kind::Service(_) => self.recompute_service(node, from, until),
            Kind::AtLeast(needed) => self.recompute_tally(node, needed, from, until),
            Kind::Leaf(_) => vec![(from, Value::default())],
        }
    }

    fn recompute_tally(
        &self,
        node: &Node,
        needed: u32,
        from: i64,
        until: i64,
    ) -> Vec<(i64, Value)> {
        let mut tally = Tally::default();
        let mut events: Vec<(i64, Value, Value)> = Vec::new();
        for &child in &node.children {
            let steps = &self.node(child).steps;
            let mut value = steps.at(from);
            tally.add(value);
            for &(at, next) in steps.inside(from, until) {
                events.push((at, value, next));
                value = next;
            }
        }
        events.sort_unstable_by_key(|event| event.0);
        let mut pieces = vec![(from, tally.value(needed))];
        let mut events = events.into_iter().peekable();
        while let Some((at, old, new)) = events.next() {
            tally.remove(old);
            tally.add(new);
            if events.peek().is_none_or(|next| next.0 != at) {
                pieces.push((at, tally.value(needed)));
            }
        }
        pieces
    }

    fn recompute_service(&self, node: &Node, from: i64, until: i64) -> Vec<(i64, Value)> {
        let whole = Period::new(crate::model::Timestamp(from), crate::model::Timestamp(until));
        let mut pieces = vec![(from, Value::default())];
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
        pieces
    }

    /// The root that stands for a service's node at `at`, and when that ends.
    pub(crate) fn version_root(&self, id: NodeId, at: i64) -> (Option<NodeId>, i64) {
        let node = self.node(id);
        let rank = node.periods.partition_point(|period| period.from.millis() <= at);
        let next = node.periods.get(rank).map_or(i64::MAX, |period| period.from.millis());
        match rank.checked_sub(1).map(|index| (index, node.periods[index])) {
            Some((index, period)) if at < period.until.millis() => {
                (Some(node.children[index]), period.until.millis().min(next))
            }
            _ => (None, next),
        }
    }

    /// Drops values before `horizon` from every node.
    pub(crate) fn forget_before(&mut self, horizon: i64) {
        for node in &mut self.nodes {
            node.steps.forget_before(horizon);
        }
    }
}

impl Node {
    /// The first instant after `at` at which the component's own state
    /// changes; window edges in between do not count.
    fn next_state_change(&self, at: i64) -> i64 {
        let state = self.steps.at(at).state();
        let later = self.steps.inside(at, i64::MAX).iter();
        later.clone().find(|step| step.1.state() != state).map_or(i64::MAX, |step| step.0)
    }

    /// A leaf's values while the component is `state` on `[from, until)`.
    fn leaf_pieces(&self, from: i64, until: i64, state: ComponentState) -> Vec<(i64, Value)> {
        let (outside, inside) = (Value::leaf(state, false), Value::leaf(state, true));
        let mut pieces = vec![(from, outside)];
        for window in &self.windows {
            let (start, end) = (window.from.millis().max(from), window.until.millis().min(until));
            if start >= end {
                continue;
            }
            if pieces.last().is_some_and(|piece| piece.0 == start) {
                pieces.pop();
            }
            pieces.push((start, inside));
            if end < until {
                pieces.push((end, outside));
            }
        }
        pieces
    }
}
