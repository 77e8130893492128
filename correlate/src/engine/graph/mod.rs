//! The graph of path expressions: one node per distinct sub-expression, each
//! with its value as a step function of time.
//!
//! A change enters at a leaf and climbs to the parents for as long as it can
//! matter there, lowest nodes first, so that each node is computed once per
//! batch. Nothing here knows services' states, windows' origins or output.

mod node;
mod settle;

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

use crate::model::{ComponentId, ComponentState, Period};

pub(crate) use node::{Kind, Node, NodeId, Pieces, ServiceIndex};
use settle::Pending;
pub(crate) use settle::Touch;

/// The nodes of one evaluator.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    free: Vec<NodeId>,
    /// Finds equal sub-expressions.
    known: HashTable<NodeId>,
    /// Leaves that are new since [`Graph::take_new_leaves`].
    new_leaves: Vec<NodeId>,
    pending: Pending,
}

/// What a node is known by; a service's node is known by the service alone.
fn hash(kind: &Kind, children: &[NodeId]) -> u64 {
    let mut hasher = FxHasher::default();
    match kind {
        Kind::Leaf(id) => id.as_str().hash(&mut hasher),
        Kind::AtLeast(needed) => (needed, children).hash(&mut hasher),
        Kind::Service(service) => service.hash(&mut hasher),
    }
    hasher.finish()
}

fn is(node: &Node, kind: &Kind, children: &[NodeId]) -> bool {
    node.kind == *kind && (!matches!(kind, Kind::AtLeast(_)) || *node.children == *children)
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
        self.find_leaf(id).unwrap_or_else(|| {
            let leaf = self.intern(Kind::Leaf(id.clone()), &[]);
            self.new_leaves.push(leaf);
            leaf
        })
    }

    /// The components of leaves that were made since the last call: nothing
    /// is known of their states yet.
    pub(crate) fn take_new_leaves(&mut self) -> Vec<ComponentId> {
        let new = std::mem::take(&mut self.new_leaves);
        new.into_iter().map(|leaf| self.component(leaf).clone()).collect()
    }

    /// The component of a leaf.
    ///
    /// # Panics
    /// The node is no leaf.
    pub(crate) fn component(&self, leaf: NodeId) -> &ComponentId {
        match &self.node(leaf).kind {
            Kind::Leaf(id) => id,
            _ => unreachable!("only leaves are asked for their component"),
        }
    }

    /// The leaf of a component, if anything has named it.
    pub(crate) fn find_leaf(&self, id: &ComponentId) -> Option<NodeId> {
        let mut hasher = FxHasher::default();
        id.as_str().hash(&mut hasher);
        let is_it = |&at: &NodeId| matches!(&self.node(at).kind, Kind::Leaf(known) if known == id);
        self.known.find(hasher.finish(), is_it).copied()
    }

    /// The node that needs `needed` of `children`.
    pub(crate) fn at_least(&mut self, needed: u32, mut children: SmallVec<[NodeId; 8]>) -> NodeId {
        children.sort_unstable();
        let total = children.len();
        if needed == 1 || needed as usize == total {
            // Repeats change neither a minimum nor a maximum.
            children.dedup();
        }
        let needed = if needed == 1 { 1 } else { needed.min(children.len() as u32) };
        match children[..] {
            [only] => only,
            _ => self.intern(Kind::AtLeast(needed), &children),
        }
    }

    /// The node of a referenced service, made without versions when it is new.
    pub(crate) fn service(&mut self, service: ServiceIndex) -> NodeId {
        self.intern(Kind::Service(service), &[])
    }

    fn intern(&mut self, kind: Kind, children: &[NodeId]) -> NodeId {
        let nodes = &self.nodes;
        let key = hash(&kind, children);
        let is_it = |&id: &NodeId| is(&nodes[id as usize], &kind, children);
        if let Some(&known) = self.known.find(key, is_it) {
            return known;
        }
        let node = Node::new(kind, children.into(), self.height_above(children));
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
        for &child in children {
            self.hold(child);
            self.node_mut(child).parents.push(id);
        }
        if !children.is_empty() {
            self.recompute_whole(id);
        }
        let nodes = &self.nodes;
        let hash_of = |&id: &NodeId| hash(&nodes[id as usize].kind, &nodes[id as usize].children);
        self.known.insert_unique(key, id, hash_of);
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
            let key = hash(&node.kind, &node.children);
            if let Ok(entry) = self.known.find_entry(key, |&known| known == id) {
                entry.remove();
            }
            let node = self.node_mut(id);
            let children = std::mem::take(&mut node.children);
            // A slot on the free list is no sub-expression of anything.
            *node = Node::new(Kind::AtLeast(0), Box::default(), 0);
            self.pending.forget(id);
            for &child in &children {
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
        for &root in &old {
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
            node.height = height;
            low.extend_from_slice(&node.parents);
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
        let mut pieces = Pieces::new();
        for (index, &(at, state)) in states.iter().enumerate() {
            let end = states.get(index + 1).map_or(until, |next| next.0);
            node.put_leaf_pieces(at, end, state, &mut pieces);
        }
        let before = node.steps.inside(from, until).iter().map(|step| step.1);
        let mut seen = (false, false);
        for value in std::iter::once(node.steps.at(from))
            .chain(before)
            .chain(pieces.iter().map(|piece| piece.1))
        {
            seen.0 |= value.state() == ComponentState::Down;
            seen.1 |= value.state() == ComponentState::Unknown;
        }
        if node.steps.splice(from, until, &pieces) {
            self.touch(leaf, Touch::of_leaf(from, until, seen));
        }
    }

    /// Replaces the windows on a component; `windows` are sorted and disjoint.
    pub(crate) fn set_windows(&mut self, leaf: NodeId, windows: Vec<Period>) {
        let node = self.node_mut(leaf);
        node.periods = windows.into_boxed_slice();
        let mut at = i64::MIN;
        let mut touched: Option<Touch> = None;
        let mut pieces = Pieces::new();
        while at != i64::MAX {
            let state = node.steps.at(at).state();
            let until = node.next_state_change(at);
            pieces.clear();
            node.put_leaf_pieces(at, until, state, &mut pieces);
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
