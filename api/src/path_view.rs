//! The path of a service as a tree with the state of every node now, for the
//! diagram. Pure: states, windows and names are given.
//!
//! The engine decides what a service's state is; this only colours a picture
//! by the same three-valued logic (SEMANTICS, "State of a service", step 1).

use std::collections::{HashMap, HashSet};

use correlate::model::{ComponentId, ComponentState, PathExpr, ServiceId};
use dashboards::{PathNode, PathNodeKind};

/// How deep references are followed. The records refuse cycles; this bounds a
/// picture made while one of them is being edited.
const REFERENCE_DEPTH_MAX: usize = 32;

/// What is known of the leaves.
#[derive(Default)]
pub(crate) struct Leaves {
    /// The latest state of each component; unknown where absent.
    pub(crate) states: HashMap<ComponentId, ComponentState>,
    /// Components inside a window of their own.
    pub(crate) in_maintenance: HashSet<ComponentId>,
    /// Components to blame for the service's state.
    pub(crate) causes: HashSet<ComponentId>,
    /// What people call a component, and a second line.
    pub(crate) names: HashMap<ComponentId, (String, String)>,
    /// The device that each component is or belongs to, where known.
    pub(crate) devices: HashMap<ComponentId, ComponentId>,
    /// The paths of the services referred to, as they hold now; absent where
    /// none holds.
    pub(crate) services: HashMap<ServiceId, Reference>,
}

/// A service that a path refers to.
pub(crate) struct Reference {
    /// What people call it.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) customer: String,
    /// Whether the reader may know more of it than what it needs.
    pub(crate) is_shown: bool,
    /// What it needs now; `None` when no version holds.
    pub(crate) path: Option<PathExpr>,
}

impl Leaves {
    /// The tree of `path`.
    pub(crate) fn tree(&self, path: &PathExpr) -> PathNode {
        let mut known = HashMap::new();
        self.node(path, &mut known)
    }

    fn node<'a>(
        &'a self,
        expr: &'a PathExpr,
        known: &mut HashMap<&'a ServiceId, ComponentState>,
    ) -> PathNode {
        let state = self.value(expr, known, 0);
        let (kind, name, detail) = match expr {
            PathExpr::Component(id) => {
                let (name, detail) = self
                    .names
                    .get(id)
                    .cloned()
                    .unwrap_or_else(|| (id.as_str().to_owned(), String::new()));
                let kind = id.parts().map_or("", |(_, kind, _)| kind).to_owned();
                (PathNodeKind::Component { id: id.as_str().to_owned(), kind }, name, detail)
            }
            PathExpr::Service(id) => {
                let (name, customer) = self.services.get(id).map_or_else(
                    || (String::from("–"), String::new()),
                    |reference| (reference.name.clone(), reference.customer.clone()),
                );
                let is_shown = self.services.get(id).is_some_and(|reference| reference.is_shown);
                let id = if is_shown { id.as_str() } else { "" };
                (PathNodeKind::Service { id: id.to_owned() }, name, customer)
            }
            PathExpr::All(_) => (PathNodeKind::All, String::new(), String::new()),
            PathExpr::Any(_) => (PathNodeKind::Any, String::new(), String::new()),
            PathExpr::AtLeast(k, _) => (PathNodeKind::AtLeast(*k), String::new(), String::new()),
        };
        let component = match expr {
            PathExpr::Component(id) => Some(id),
            _ => None,
        };
        PathNode {
            kind,
            name,
            detail,
            device: component
                .and_then(|id| self.devices.get(id))
                .map_or_else(String::new, |device| device.as_str().to_owned()),
            state,
            in_maintenance: component.is_some_and(|id| self.in_maintenance.contains(id)),
            is_cause: component.is_some_and(|id| self.causes.contains(id)),
            children: expr.children().iter().map(|child| self.node(child, known)).collect(),
        }
    }

    /// Kleene's value; each service referred to is evaluated once.
    fn value<'a>(
        &'a self,
        expr: &'a PathExpr,
        known: &mut HashMap<&'a ServiceId, ComponentState>,
        depth: usize,
    ) -> ComponentState {
        let unknown = ComponentState::Unknown;
        match expr {
            PathExpr::Component(id) => self.states.get(id).copied().unwrap_or(unknown),
            PathExpr::All(items) => {
                let values = items.iter().map(|item| self.value(item, known, depth));
                values.min().unwrap_or(unknown)
            }
            PathExpr::Any(items) => {
                let values = items.iter().map(|item| self.value(item, known, depth));
                values.max().unwrap_or(unknown)
            }
            PathExpr::AtLeast(k, items) => {
                let values: Vec<_> =
                    items.iter().map(|item| self.value(item, known, depth)).collect();
                at_least(*k, &values)
            }
            PathExpr::Service(id) => {
                if let Some(value) = known.get(id) {
                    return *value;
                }
                let path = self.services.get(id).and_then(|reference| reference.path.as_ref());
                let value = match path {
                    Some(path) if depth < REFERENCE_DEPTH_MAX => self.value(path, known, depth + 1),
                    _ => unknown,
                };
                known.insert(id, value);
                value
            }
        }
    }
}

fn at_least(k: u32, values: &[ComponentState]) -> ComponentState {
    let count = |state| values.iter().filter(|value| **value == state).count();
    let (up, unknown) = (count(ComponentState::Up), count(ComponentState::Unknown));
    let k = k as usize;
    if up >= k {
        ComponentState::Up
    } else if up + unknown < k {
        ComponentState::Down
    } else {
        ComponentState::Unknown
    }
}

/// The components in `path` and in the paths of the services it refers to.
pub(crate) fn components<'a>(
    path: &'a PathExpr,
    services: &'a HashMap<ServiceId, Reference>,
) -> Vec<&'a ComponentId> {
    let paths = services.values().filter_map(|reference| reference.path.as_ref());
    let mut all: Vec<_> =
        path.components().into_iter().chain(paths.flat_map(PathExpr::components)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use ComponentState::{Down, Unknown, Up};

    use super::*;

    fn leaves(states: &[(&str, ComponentState)]) -> Leaves {
        let states = states.iter().map(|(id, state)| (ComponentId::from(*id), *state));
        Leaves { states: states.collect(), ..Leaves::default() }
    }

    fn path(json: &str) -> PathExpr {
        let json = serde_json::from_str(json).expect("test gives JSON");
        PathExpr::from_json(&json).expect("test gives a path")
    }

    #[track_caller]
    fn check(json: &str, states: &[(&str, ComponentState)], expected: ComponentState) {
        assert_eq!(leaves(states).tree(&path(json)).state, expected, "{json}");
    }

    #[test]
    fn values_follow_kleene() {
        let states = [("u", Up), ("d", Down), ("q", Unknown)];
        check(r#"{"all":["u","q"]}"#, &states, Unknown);
        check(r#"{"all":["q","d"]}"#, &states, Down);
        check(r#"{"any":["q","d"]}"#, &states, Unknown);
        check(r#"{"any":["u","d"]}"#, &states, Up);
        check(r#"{"at_least":2,"of":["u","q","d"]}"#, &states, Unknown);
        check(r#"{"at_least":2,"of":["u","u","d"]}"#, &states, Up);
        check(r#"{"at_least":3,"of":["u","q","d"]}"#, &states, Down);
        check(r#""never heard of""#, &states, Unknown);
    }

    #[test]
    fn a_reference_has_the_value_of_its_path() {
        let mut leaves = leaves(&[("u", Up), ("d", Down)]);
        let (name, customer) = ("Ring".to_owned(), String::new());
        let reference = |path| Reference {
            name: name.clone(),
            customer: customer.clone(),
            is_shown: true,
            path,
        };
        leaves.services.insert("ring".into(), reference(Some(path(r#"{"all":["u","d"]}"#))));
        leaves.services.insert("gone".into(), reference(None));
        let tree = leaves
            .tree(&path(r#"{"any":[{"service":"ring"},{"service":"gone"},{"service":"never"}]}"#));
        let states: Vec<_> = tree.children.iter().map(|child| child.state).collect();
        assert_eq!(states, [Down, Unknown, Unknown]);
        assert_eq!(tree.children[0].name, "Ring");
    }

    #[test]
    fn a_cycle_ends_as_unknown() {
        let mut leaves = Leaves::default();
        leaves.services.insert(
            "a".into(),
            Reference {
                name: String::new(),
                customer: String::new(),
                is_shown: true,
                path: Some(path(r#"{"service":"a"}"#)),
            },
        );
        assert_eq!(leaves.tree(&path(r#"{"service":"a"}"#)).state, Unknown);
    }

    #[test]
    fn nodes_carry_names_kinds_and_blame() {
        let mut leaves = leaves(&[("ams1/port/7", Down)]);
        let port = ComponentId::from("ams1/port/7");
        leaves.names.insert(port.clone(), ("Gi0/0/1".to_owned(), "core1.ams1".to_owned()));
        leaves.devices.insert(port.clone(), "ams1/device/9".into());
        leaves.causes.insert(port);
        let tree = leaves.tree(&path(r#"{"all":["ams1/port/7","ams1/device/1"]}"#));
        let port = &tree.children[0];
        assert_eq!((port.name.as_str(), port.is_cause), ("Gi0/0/1", true));
        assert_eq!((port.device.as_str(), tree.device.as_str()), ("ams1/device/9", ""));
        assert!(
            matches!(&port.kind, PathNodeKind::Component { kind, .. } if kind == "port"),
            "{port:?}"
        );
        assert_eq!(tree.children[1].name, "ams1/device/1");
    }
}
