//! The product: maximal intervals of one state, gapless per service.

use super::{ComponentId, ServiceId, ServiceState, Timestamp};

/// One maximal interval `[start, end)` of one state of a service.
///
/// `start < end` always; `end: None` means that it is still open. The
/// identity is `(service, start)`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Interval {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it; `None` while it is open.
    pub end: Option<Timestamp>,
    /// The state throughout.
    pub state: ServiceState,
    /// The components to blame at `start`, sorted bytewise.
    pub cause: Vec<ComponentId>,
    /// How the cause moves within the interval: each later instant at which
    /// it changes, with the cause from then on. Empty when it does not.
    pub cause_moves: Vec<(Timestamp, Vec<ComponentId>)>,
}

/// What became of one interval identity: its new content, or that no interval
/// starts there any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntervalRevision {
    /// Whose interval.
    pub service: ServiceId,
    /// The identity together with `service`.
    pub start: Timestamp,
    /// The interval that starts there now; `None` withdraws it.
    pub interval: Option<Interval>,
}
