//! The path of a service with the state of every node.

use correlate::model::ComponentState;

/// What a node of a path is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PathNodeKind {
    /// A component: `<nms>/<kind>/<native>`.
    Component {
        /// The component's id.
        id: String,
        /// The kind as the NMS says it: `device`, `port`, …; decides the icon.
        kind: String,
    },
    /// Another service.
    Service {
        /// That service's id; empty where the reader may not know it.
        id: String,
    },
    /// Every child is needed.
    All,
    /// One child is enough.
    Any,
    /// `k` children are enough.
    AtLeast(u32),
}

/// A node of a path, with what is beneath it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathNode {
    /// What it is.
    pub kind: PathNodeKind,
    /// What people call it; empty for groups.
    pub name: String,
    /// A second line, such as the site or the customer; may be empty.
    pub detail: String,
    /// The id of the device that it is or belongs to; empty when that is not
    /// known.
    pub device: String,
    /// Its value now, in three-valued logic.
    pub state: ComponentState,
    /// Inside a maintenance window of its own now.
    pub in_maintenance: bool,
    /// One of the components to blame for the service's state now.
    pub is_cause: bool,
    /// What is beneath it, in the order of the definition.
    pub children: Vec<PathNode>,
}

/// The path that holds now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathView {
    /// The root; `None` when no version of the definition holds now.
    pub root: Option<PathNode>,
}

/// The name of a node's state, as the key of its text.
pub(crate) const fn component_state_key(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Up => "state-component-up",
        ComponentState::Unknown => "state-component-unknown",
        ComponentState::Down => "state-component-down",
    }
}
