//! The path as a diagram: the expression becomes a series-parallel graph from
//! the network (left) to the service (right).
//!
//! ```text
//! all[a, any[b, c], d]         a ─┬─ b ─┬─ d ── service
//!                                 └─ c ─┘
//! ```
//! `all` is a chain, `any` a fork that joins again, `at_least` a fork that
//! joins in a node that says "2 of 3". A fork that follows another gets a
//! joint between them, so that n and m legs make n + m edges and not n × m.

use correlate::model::{ComponentState, ServiceState};
use serde::Serialize;

use super::path::{PathNode, PathNodeKind};
use crate::urls;

/// The most nodes that are drawn; beyond it nobody can read the diagram, and
/// the list says the same.
const NODES_MAX: usize = 240;

/// A node of the diagram.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct GraphNode {
    id: usize,
    /// `device`, `port`, `component`, `service`, `gate`, `joint` or `end`.
    role: &'static str,
    label: String,
    detail: String,
    state: &'static str,
    is_cause: bool,
    in_maintenance: bool,
    href: Option<String>,
}

/// An edge of the diagram; it has the state of what it comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct GraphEdge {
    from: usize,
    to: usize,
    state: &'static str,
}

/// The diagram.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(crate) struct Graph {
    nodes: Vec<GraphNode>,
    edges: Vec<GraphEdge>,
}

/// The diagram of a path that ends in a service; `None` when it is too large
/// to be read.
pub(crate) fn graph(
    root: &PathNode,
    service: &str,
    state: Option<ServiceState>,
    gate_text: &dyn Fn(u32, usize) -> String,
) -> Option<Graph> {
    let mut drawing = Drawing { graph: Graph::default(), gate_text };
    let exits = drawing.draw(root, &[]);
    let end =
        drawing.plain("end", service.to_owned(), state.map_or("unknown", ServiceState::as_str));
    drawing.connect(&exits, end);
    (drawing.graph.nodes.len() <= NODES_MAX).then_some(drawing.graph)
}

struct Drawing<'a> {
    graph: Graph,
    gate_text: &'a dyn Fn(u32, usize) -> String,
}

impl Drawing<'_> {
    /// Draws one expression after `entries` and says where it ends.
    fn draw(&mut self, node: &PathNode, entries: &[usize]) -> Vec<usize> {
        if self.graph.nodes.len() > NODES_MAX {
            return entries.to_vec();
        }
        match &node.kind {
            PathNodeKind::Component { .. } | PathNodeKind::Service { .. } => {
                let leaf = self.leaf(node);
                self.connect(entries, leaf);
                vec![leaf]
            }
            PathNodeKind::All => {
                node.children.iter().fold(entries.to_vec(), |at, child| self.draw(child, &at))
            }
            PathNodeKind::Any => self.fork(node, entries),
            PathNodeKind::AtLeast(k) => {
                let exits = self.fork(node, entries);
                let label = (self.gate_text)(*k, node.children.len());
                let gate = self.plain("gate", label, node.state.as_str());
                self.connect(&exits, gate);
                vec![gate]
            }
        }
    }

    fn fork(&mut self, node: &PathNode, entries: &[usize]) -> Vec<usize> {
        let joint = (entries.len() > 1 && node.children.len() > 1).then(|| {
            let state = self.best(entries);
            let joint = self.plain("joint", String::new(), state);
            self.connect(entries, joint);
            [joint]
        });
        let entries = joint.as_ref().map_or(entries, |joint| &joint[..]);
        node.children.iter().flat_map(|child| self.draw(child, entries)).collect()
    }

    /// The state behind a joint: legs are alternatives, so the best one.
    fn best(&self, entries: &[usize]) -> &'static str {
        let has = |state: &str| entries.iter().any(|at| self.graph.nodes[*at].state == state);
        ["up", "unknown", "down"].into_iter().find(|state| has(state)).unwrap_or("unknown")
    }

    fn leaf(&mut self, node: &PathNode) -> usize {
        let (role, href) = match &node.kind {
            PathNodeKind::Service { id } => ("service", Some(urls::service(id))),
            PathNodeKind::Component { kind, .. } if kind == "device" => ("device", None),
            PathNodeKind::Component { kind, .. } if kind == "port" => ("port", None),
            _ => ("component", None),
        };
        self.push(GraphNode {
            id: 0,
            role,
            label: node.name.clone(),
            detail: node.detail.clone(),
            state: node.state.as_str(),
            is_cause: node.is_cause,
            in_maintenance: node.in_maintenance,
            href,
        })
    }

    fn plain(&mut self, role: &'static str, label: String, state: &'static str) -> usize {
        self.push(GraphNode {
            id: 0,
            role,
            label,
            detail: String::new(),
            state,
            is_cause: false,
            in_maintenance: false,
            href: None,
        })
    }

    fn push(&mut self, node: GraphNode) -> usize {
        let id = self.graph.nodes.len();
        self.graph.nodes.push(GraphNode { id, ..node });
        id
    }

    fn connect(&mut self, from: &[usize], to: usize) {
        for &from in from {
            let state = self.graph.nodes[from].state;
            self.graph.edges.push(GraphEdge { from, to, state });
        }
    }
}

/// The name of a node's state, as the key of its text and class.
pub(crate) const fn state_key(state: &ComponentState) -> &'static str {
    match state {
        ComponentState::Up => "state-component-up",
        ComponentState::Unknown => "state-component-unknown",
        ComponentState::Down => "state-component-down",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str, state: ComponentState) -> PathNode {
        PathNode {
            kind: PathNodeKind::Component { id: name.to_owned(), kind: "device".to_owned() },
            name: name.to_owned(),
            detail: String::new(),
            state,
            in_maintenance: false,
            is_cause: false,
            children: Vec::new(),
        }
    }

    fn group(kind: PathNodeKind, children: Vec<PathNode>) -> PathNode {
        PathNode { kind, name: String::new(), children, ..leaf("", ComponentState::Up) }
    }

    #[track_caller]
    fn check(root: &PathNode, expected: &str) {
        let graph = graph(root, "svc", None, &|k, n| format!("{k}/{n}")).expect("small");
        let name = |at: usize| match graph.nodes[at].role {
            "joint" => "*",
            _ => graph.nodes[at].label.as_str(),
        };
        let edges: Vec<String> = graph
            .edges
            .iter()
            .map(|edge| format!("{}>{}", name(edge.from), name(edge.to)))
            .collect();
        assert_eq!(edges.join(" "), expected);
    }

    fn ups(names: &str) -> Vec<PathNode> {
        names.split(' ').map(|name| leaf(name, ComponentState::Up)).collect()
    }

    #[test]
    fn series_is_a_chain_and_redundancy_a_fork() {
        let fork = group(PathNodeKind::Any, ups("b c"));
        let path = group(
            PathNodeKind::All,
            vec![leaf("a", ComponentState::Up), fork, leaf("d", ComponentState::Up)],
        );
        check(&path, "a>b a>c b>d c>d d>svc");
    }

    #[test]
    fn forks_in_a_row_meet_in_a_joint() {
        let path = group(
            PathNodeKind::All,
            vec![group(PathNodeKind::Any, ups("a b")), group(PathNodeKind::Any, ups("c d"))],
        );
        check(&path, "a>* b>* *>c *>d c>svc d>svc");
    }

    #[test]
    fn k_of_n_joins_in_a_gate() {
        check(&group(PathNodeKind::AtLeast(2), ups("a b c")), "a>2/3 b>2/3 c>2/3 2/3>svc");
    }

    #[test]
    fn a_path_too_large_to_read_is_not_drawn() {
        let names: Vec<String> = (0..300).map(|n| n.to_string()).collect();
        let path = group(PathNodeKind::All, ups(&names.join(" ")));
        assert_eq!(graph(&path, "svc", None, &|_, _| String::new()), None);
    }
}
