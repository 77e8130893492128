//! The states of components and of services, and their text forms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an NMS says of a component, or that nobody can say.
///
/// The order is Kleene's: `Down < Unknown < Up`, so that `all` is the minimum
/// and `any` the maximum.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum ComponentState {
    /// It does not work.
    Down = 0,
    /// Nobody can say; so it is before the first sample.
    #[default]
    Unknown = 1,
    /// It works.
    Up = 2,
}

impl ComponentState {
    /// `up`, `down` or `unknown`, as in files, series and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            ComponentState::Down => "down",
            ComponentState::Unknown => "unknown",
            ComponentState::Up => "up",
        }
    }

    /// Of two samples at one instant, the one that counts: `down` wins over
    /// `up`, and `up` over `unknown`.
    #[must_use]
    pub fn strongest(self, other: ComponentState) -> ComponentState {
        use ComponentState::{Down, Unknown, Up};
        match (self, other) {
            (Down, _) | (_, Down) => Down,
            (Up, _) | (_, Up) => Up,
            (Unknown, Unknown) => Unknown,
        }
    }
}

/// The state of a service over an interval; see SEMANTICS, "State of a
/// service at an instant".
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum ServiceState {
    /// The path works and nothing in it is down.
    Up = 0,
    /// The path works, but something in it is down: redundancy is lost.
    Degraded = 1,
    /// The path does not work.
    Down = 2,
    /// The path does not work, and planned work explains it.
    Maintenance = 3,
    /// Nobody can say.
    #[default]
    Unknown = 4,
}

impl ServiceState {
    /// Every state, in the order of its number.
    pub const ALL: [ServiceState; 5] = [
        ServiceState::Up,
        ServiceState::Degraded,
        ServiceState::Down,
        ServiceState::Maintenance,
        ServiceState::Unknown,
    ];

    /// The name in files, series and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            ServiceState::Up => "up",
            ServiceState::Degraded => "degraded",
            ServiceState::Down => "down",
            ServiceState::Maintenance => "maintenance",
            ServiceState::Unknown => "unknown",
        }
    }
}

/// The text is no state; [`fmt::Display`] says which are.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("state must be {allowed}, found {found:?}")]
pub struct StateError {
    allowed: &'static str,
    found: String,
}

impl FromStr for ComponentState {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self, StateError> {
        match text {
            "up" => Ok(ComponentState::Up),
            "down" => Ok(ComponentState::Down),
            "unknown" => Ok(ComponentState::Unknown),
            _ => Err(StateError { allowed: "up, down or unknown", found: text.to_owned() }),
        }
    }
}

impl FromStr for ServiceState {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self, StateError> {
        ServiceState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            StateError {
                allowed: "up, degraded, down, maintenance or unknown",
                found: text.to_owned(),
            }
        })
    }
}

impl fmt::Display for ComponentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
