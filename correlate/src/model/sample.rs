//! One observation of one component.

use serde::{Deserialize, Serialize};

use super::{ComponentId, ComponentState, Timestamp};

/// `component` was in `state` at `at`.
///
/// `at` is when the state held in the network, not when anybody heard of it.
/// Repeating a sample changes nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// When the state held in the network.
    pub at: Timestamp,
    /// What was observed.
    pub component: ComponentId,
    /// What it was seen to be.
    pub state: ComponentState,
}
