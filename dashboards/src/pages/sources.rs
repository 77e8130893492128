//! The systems that states come from: all of them, and one in full.

use askama::Template;
use correlate::model::Timestamp;

use super::accounts::AccountRow;
use crate::shell::{Section, Shell};
use crate::view::source::{
    Explained, SourceAbilityRow, SourceAlarmRow, SourceCallRow, SourceFailureRow, SourceFindingRow,
    SourceHead, SourceReason, explained,
};
use crate::view::unwatched::UnwatchedRow;

/// Every source in short, `/sources`.
#[derive(Template, Debug)]
#[template(path = "sources.html")]
pub struct SourcesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// By name.
    pub sources: Vec<SourceHead>,
    /// The accounts, those of the configuration first.
    pub accounts: Vec<AccountRow>,
    /// Whether the reader may enter some.
    pub may_edit: bool,
    /// Whether one was just saved.
    pub is_saved: bool,
}

impl SourcesPage {
    const SECTION: Section = Section::Sources;
}

/// One source, `/sources/{name}`.
#[derive(Template, Debug)]
#[template(path = "source.html")]
pub struct SourcePage {
    /// What surrounds it.
    pub shell: Shell,
    /// In short.
    pub head: SourceHead,
    /// Why the source is not in order, while it is not.
    pub reason: Option<SourceReason>,
    /// When it answered as if all were well and not credibly, the newest first.
    pub alarms: Vec<SourceAlarmRow>,
    /// What services name of it and nobody watches.
    pub unwatched: Vec<UnwatchedRow>,
    /// How long the last full reading took, in milliseconds.
    pub poll_ms: u64,
    /// Since when calls are counted.
    pub counted_since: Option<Timestamp>,
    /// By kind.
    pub calls: Vec<SourceCallRow>,
    /// The newest first.
    pub failures: Vec<SourceFailureRow>,
    /// What was found out about the NMS.
    pub findings: Vec<SourceFindingRow>,
    /// What it can be asked for.
    pub abilities: Vec<SourceAbilityRow>,
    /// Nothing is asked of it before then, as too much failed in a row.
    pub left_alone_until: Option<Timestamp>,
}

impl SourcePage {
    const SECTION: Section = Section::Sources;

    fn explained(&self, fault: &str) -> Option<Explained> {
        explained(fault)
    }

    fn total(&self, of: fn(&SourceCallRow) -> u64) -> u64 {
        self.calls.iter().map(of).sum()
    }

    fn calls_made(&self) -> u64 {
        self.total(|row| row.calls)
    }

    fn calls_failed(&self) -> u64 {
        self.total(|row| row.failed)
    }

    fn wire_bytes(&self) -> u64 {
        self.total(|row| row.wire_bytes)
    }

    fn bytes(&self) -> u64 {
        self.total(|row| row.bytes)
    }

    fn throttle_waits(&self) -> u64 {
        self.total(|row| row.throttle_waits)
    }

    fn throttle_wait_ms(&self) -> u64 {
        self.total(|row| row.throttle_wait_ms)
    }
}
