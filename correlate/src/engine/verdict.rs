//! The state and cause of one service at one instant, and how long they hold
//! if nothing else is said: SEMANTICS, "State of a service at an instant".

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::graph::{Graph, Kind, NodeId};
use super::value::Value;
use crate::model::{ComponentState, ServiceState};

/// Leaves to blame; sorted by node, not by name.
pub(crate) type Cause = SmallVec<[NodeId; 4]>;

/// What the search for a cause needs again and again.
#[derive(Default)]
pub(crate) struct Search {
    open: Vec<NodeId>,
    seen: FxHashSet<NodeId>,
}

/// What a service is at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    pub(crate) state: ServiceState,
    /// Leaves to blame.
    pub(crate) cause: Cause,
}

/// Which nodes a search for the cause goes through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// Through nodes that are in this state, to leaves that are.
    First(ComponentState),
    /// Through nodes that are down in the second evaluation.
    Second,
    /// To every leaf that is down.
    AnyDown,
}

impl Blame {
    fn follows(self, value: Value) -> bool {
        match self {
            Blame::First(state) => value.state() == state,
            Blame::Second => value.second() == ComponentState::Down,
            Blame::AnyDown => value.has_down(),
        }
    }
}

/// The verdict on the expression at `root` at `at`, and the next instant at
/// which it may differ. `in_service_window` says whether `at` lies in a
/// window on the service itself.
pub(crate) fn judge(
    graph: &Graph,
    root: NodeId,
    at: i64,
    in_service_window: bool,
    search: &mut Search,
) -> (Verdict, i64) {
    let (value, mut next) = graph.node(root).steps.at_and_next(at);
    let (state, blame) = match value.state() {
        ComponentState::Unknown => (ServiceState::Unknown, Blame::First(ComponentState::Unknown)),
        ComponentState::Down if value.second() == ComponentState::Down => {
            (ServiceState::Maintenance, Blame::Second)
        }
        ComponentState::Down if in_service_window => {
            (ServiceState::Maintenance, Blame::First(ComponentState::Down))
        }
        ComponentState::Down => (ServiceState::Down, Blame::First(ComponentState::Down)),
        ComponentState::Up if value.has_down() => (ServiceState::Degraded, Blame::AnyDown),
        ComponentState::Up => {
            return (Verdict { state: ServiceState::Up, cause: Cause::new() }, next);
        }
    };
    let cause = search.leaves(graph, root, at, blame, &mut next);
    (Verdict { state, cause }, next)
}

impl Search {
    /// The leaves that `blame` reaches from `root`; lowers `next` to the first
    /// later instant at which any value that was looked at changes.
    fn leaves(
        &mut self,
        graph: &Graph,
        root: NodeId,
        at: i64,
        blame: Blame,
        next: &mut i64,
    ) -> Cause {
        let mut leaves = Cause::new();
        self.seen.clear();
        self.open.clear();
        self.open.push(root);
        while let Some(id) = self.open.pop() {
            let node = graph.node(id);
            match node.kind {
                Kind::Leaf(_) => leaves.push(id),
                Kind::Service(_) => {
                    let (version, until) = graph.version_root(id, at);
                    *next = (*next).min(until);
                    if let Some(version) = version {
                        self.follow(graph, version, at, blame, next);
                    }
                }
                Kind::AtLeast(_) => {
                    for &child in &node.children {
                        self.follow(graph, child, at, blame, next);
                    }
                }
            }
        }
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    fn follow(&mut self, graph: &Graph, child: NodeId, at: i64, blame: Blame, next: &mut i64) {
        let node = graph.node(child);
        let (value, changes) = node.steps.at_and_next(at);
        *next = (*next).min(changes);
        if blame.follows(value) && (matches!(node.kind, Kind::Leaf(_)) || self.seen.insert(child)) {
            self.open.push(child);
        }
    }
}
