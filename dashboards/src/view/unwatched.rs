//! Components that services name and that their NMS does not watch.

use correlate::model::Timestamp;

/// Why nobody watches a component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnwatchedBecause {
    /// The NMS is told not to look at it.
    Disabled,
    /// The NMS is told not to alert on it.
    Ignored,
    /// The NMS does not list it any more.
    Gone,
}

impl UnwatchedBecause {
    const fn key(self) -> &'static str {
        match self {
            UnwatchedBecause::Disabled => "unwatched-disabled",
            UnwatchedBecause::Ignored => "unwatched-ignored",
            UnwatchedBecause::Gone => "unwatched-gone",
        }
    }
}

/// A component that nobody watches, and who names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnwatchedRow {
    /// The component's id.
    pub component: String,
    /// What its device is called.
    pub device: String,
    /// Why.
    pub because: UnwatchedBecause,
    /// When its NMS last mentioned it.
    pub last_seen_at: Timestamp,
    /// What has taken its place, as far as names tell.
    pub replaced_by: Option<String>,
    /// The services that name it: ids and names.
    pub services: Vec<(String, String)>,
}

impl UnwatchedRow {
    pub(crate) const fn because_key(&self) -> &'static str {
        match self.replaced_by {
            Some(_) => "unwatched-replaced",
            None => self.because.key(),
        }
    }
}
