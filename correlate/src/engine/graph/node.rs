//! One node of the graph, kept small: there is one for every component and
//! every service.

use smallvec::SmallVec;

use super::super::steps::Steps;
use super::super::value::Value;
use crate::model::{ComponentId, ComponentState, Period};

/// Index of a node in its graph.
pub(crate) type NodeId = u32;
/// Index of a service, the same in all tables of one evaluator.
pub(crate) type ServiceIndex = u32;
/// Sorted pieces of a value as a function of time.
pub(crate) type Pieces = SmallVec<[(i64, Value); 8]>;

/// What a node computes from its children.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// For [`Kind::Service`], when each child holds; for leaves, the merged
    /// windows on the component.
    pub(crate) periods: Box<[Period]>,
    pub(super) parents: SmallVec<[NodeId; 4]>,
    /// More than that of every child.
    pub(super) height: u32,
    /// How many parents and services hold on to it.
    pub(super) users: u32,
    pub(crate) steps: Steps<Value>,
}

impl Node {
    pub(super) fn new(kind: Kind, children: Box<[NodeId]>, height: u32) -> Node {
        Node {
            kind,
            children,
            periods: Box::default(),
            parents: SmallVec::new(),
            height,
            users: 0,
            steps: Steps::new(),
        }
    }

    /// The first instant after `at` at which the component's own state
    /// changes; window edges in between do not count.
    pub(super) fn next_state_change(&self, at: i64) -> i64 {
        let state = self.steps.at(at).state();
        let later = self.steps.inside(at, i64::MAX).iter();
        later.clone().find(|step| step.1.state() != state).map_or(i64::MAX, |step| step.0)
    }

    /// Adds a leaf's values while the component is `state` on `[from, until)`.
    pub(super) fn put_leaf_pieces(
        &self,
        from: i64,
        until: i64,
        state: ComponentState,
        pieces: &mut Pieces,
    ) {
        let (outside, inside) = (Value::leaf(state, false), Value::leaf(state, true));
        pieces.push((from, outside));
        for window in &self.periods {
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
    }
}
