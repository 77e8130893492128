//! The strip of states over time.

use correlate::model::{Period, ServiceState, Timestamp};

use super::cause::Cause;

/// How much time the strip shows, up to now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Zoom {
    /// The last 24 hours.
    #[default]
    Hours24,
    /// The last seven days.
    Days7,
    /// The last thirty days.
    Days30,
}

impl Zoom {
    /// Every zoom, shortest first.
    pub const ALL: [Zoom; 3] = [Zoom::Hours24, Zoom::Days7, Zoom::Days30];

    /// The value of the query parameter `zoom`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Zoom::Hours24 => "24h",
            Zoom::Days7 => "7d",
            Zoom::Days30 => "30d",
        }
    }

    /// Reads the query parameter; anything else is the last 24 hours.
    pub fn from_param(text: &str) -> Zoom {
        Zoom::ALL.into_iter().find(|zoom| zoom.as_str() == text).unwrap_or_default()
    }

    /// The length in milliseconds.
    pub const fn millis(self) -> i64 {
        const DAY_MS: i64 = 86_400_000;
        match self {
            Zoom::Hours24 => DAY_MS,
            Zoom::Days7 => 7 * DAY_MS,
            Zoom::Days30 => 30 * DAY_MS,
        }
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Zoom::Hours24 => "zoom-24h",
            Zoom::Days7 => "zoom-7d",
            Zoom::Days30 => "zoom-30d",
        }
    }
}

/// A piece of the strip, clipped to the period shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The state throughout.
    pub state: ServiceState,
    /// The first instant in the strip.
    pub start: Timestamp,
    /// The first instant after it; "now" while it is open.
    pub end: Timestamp,
    /// The components to blame.
    pub causes: Vec<Cause>,
}

/// The states of one service over the last day, week or month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timeline {
    /// How much time is shown.
    pub zoom: Zoom,
    /// The period shown.
    pub period: Period,
    /// The states in order; gaps are times at which the service did not exist.
    pub segments: Vec<Segment>,
}
