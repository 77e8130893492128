//! What the pipeline set aside, as the page lists it.

use correlate::model::Timestamp;

use super::pager::Pager;
use crate::urls;

/// Why something was set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetAsideReason {
    /// A record that cannot be read.
    Undecodable,
    /// A sample whose instant no right clock gives.
    ImplausibleTime,
    /// A sample that came after everything around it was forgotten.
    TooLate,
    /// A definition that contradicts others.
    Refused,
    /// Records that the log dropped before they were read.
    Lost,
    /// A file of the stage that cannot be used.
    Damaged,
}

impl SetAsideReason {
    pub(crate) const ALL: [SetAsideReason; 6] = [
        SetAsideReason::Undecodable,
        SetAsideReason::ImplausibleTime,
        SetAsideReason::TooLate,
        SetAsideReason::Refused,
        SetAsideReason::Lost,
        SetAsideReason::Damaged,
    ];

    pub(crate) const fn key(self) -> &'static str {
        match self {
            SetAsideReason::Undecodable => "set-aside-undecodable",
            SetAsideReason::ImplausibleTime => "set-aside-implausible-time",
            SetAsideReason::TooLate => "set-aside-too-late",
            SetAsideReason::Refused => "set-aside-refused",
            SetAsideReason::Lost => "set-aside-lost",
            SetAsideReason::Damaged => "set-aside-damaged",
        }
    }

    /// The value of the query parameter `kind`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            SetAsideReason::Undecodable => "undecodable",
            SetAsideReason::ImplausibleTime => "implausible_time",
            SetAsideReason::TooLate => "too_late",
            SetAsideReason::Refused => "refused",
            SetAsideReason::Lost => "lost",
            SetAsideReason::Damaged => "damaged",
        }
    }
}

/// One line of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAsideRow {
    /// When the record was appended, or the file found.
    pub at: Timestamp,
    /// Why, in a word.
    pub reason: SetAsideReason,
    /// Where it lies: topic, partition and offset.
    pub place: String,
    /// The record's key, the sample's component or the file's name.
    pub key: String,
    /// Why, in full; English, as the stage says it.
    pub detail: String,
    /// How many samples or records it stands for.
    pub count: u64,
}

/// The address of a neighbouring page of the list, where there is one.
pub(crate) fn neighbour(
    reason: Option<SetAsideReason>,
    pager: &Pager,
    forward: bool,
) -> Option<String> {
    let page = if forward { pager.next() } else { pager.previous() };
    page.map(|page| urls::set_aside(reason, page))
}
