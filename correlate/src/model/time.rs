//! Instants and periods: milliseconds since 1970-01-01T00:00:00Z, always UTC.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant in milliseconds since 1970-01-01T00:00:00Z (UTC, no leap
/// seconds). Negative values are instants before 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Before every instant that a fact can have.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After every instant that a fact can have; the end of what is open.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis`, held at the ends of the range.
    #[must_use]
    #[inline]
    pub const fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Timestamp::MIN => f.write_str("-∞"),
            Timestamp::MAX => f.write_str("∞"),
            Timestamp(ms) => write!(f, "{ms}"),
        }
    }
}

/// A period `[from, until)`: it holds its start and not its end.
///
/// ```text
///   from            until
///    [---------------)
/// ```
/// A period with `from >= until` is empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Period {
    /// The first instant in the period.
    pub from: Timestamp,
    /// The first instant after the period; [`Timestamp::MAX`] when open.
    pub until: Timestamp,
}

impl Period {
    /// The period `[from, until)`.
    pub const fn new(from: Timestamp, until: Timestamp) -> Period {
        Period { from, until }
    }

    /// Whether `at` lies in the period.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether no instant lies in the period.
    pub fn is_empty(&self) -> bool {
        self.from >= self.until
    }

    /// The part that both periods hold; empty when they do not meet.
    #[must_use]
    pub fn intersect(&self, other: &Period) -> Period {
        Period { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Length in milliseconds; 0 when empty, held at `i64::MAX` when open.
    pub fn millis(&self) -> i64 {
        if self.is_empty() { 0 } else { self.until.0.saturating_sub(self.from.0) }
    }
}
