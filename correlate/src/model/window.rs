//! Maintenance windows.

use serde::{Deserialize, Serialize};

use super::{ComponentId, Period, ServiceId};

/// What a window is on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Target {
    /// One component.
    Component(ComponentId),
    /// A service as a whole; `service:<id>` in files.
    Service(ServiceId),
}

impl Target {
    /// Reads the form of files and the API: `service:<id>` is a service,
    /// anything else a component.
    pub fn parse(text: &str) -> Target {
        match text.strip_prefix("service:") {
            Some(id) => Target::Service(ServiceId::from(id)),
            None => Target::Component(ComponentId::from(text)),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Component(id) => write!(f, "{id}"),
            Target::Service(id) => write!(f, "service:{id}"),
        }
    }
}

/// Planned work on `target` during `period`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Window {
    /// What is worked on.
    pub target: Target,
    /// When.
    pub period: Period,
}
