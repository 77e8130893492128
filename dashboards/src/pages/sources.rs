//! The systems that states come from: all of them, and one in full.

use askama::Template;
use correlate::model::Timestamp;

use crate::shell::{Section, Shell};
use crate::view::source::{
    Explained, SourceCallRow, SourceFailureRow, SourceFindingRow, SourceHead, SourceReason,
    explained,
};

/// Every source in short, `/sources`.
#[derive(Template, Debug)]
#[template(path = "sources.html")]
pub struct SourcesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// By name.
    pub sources: Vec<SourceHead>,
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

    /// A setting is named as it stands in the configuration, a fact in words.
    fn finding_name(&self, finding: &SourceFindingRow) -> String {
        finding.name.replace('_', " ")
    }
}
