//! The components to blame.

/// A component to blame for a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The component's id, `<nms>/<kind>/<native>`.
    pub component: String,
    /// What people call it, such as `core1.ams1` or `Gi0/0/1 · core1.ams1`;
    /// the id where the inventory has no name.
    pub name: String,
}

/// A component that is down or unknown now, and how much it takes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CauseImpact {
    /// The component.
    pub cause: Cause,
    /// Services that are down and name it as a cause.
    pub down: u64,
    /// Services that are degraded and name it as a cause.
    pub degraded: u64,
    /// Services that are in maintenance and name it as a cause.
    pub maintenance: u64,
    /// Services whose state is unknown because of it.
    pub unknown: u64,
}
