//! The table of a service's intervals.

use correlate::model::{ServiceState, Timestamp};

use super::cause::Cause;
use super::pager::Pager;

/// One interval `[start, end)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntervalRow {
    /// The state throughout.
    pub state: ServiceState,
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it; `None` while it is open.
    pub end: Option<Timestamp>,
    /// The components to blame at the start, with their names.
    pub causes: Vec<Cause>,
}

/// One page of intervals, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntervalTable {
    /// The rows of this page, newest first.
    pub rows: Vec<IntervalRow>,
    /// Which page of how many.
    pub pager: Pager,
}
