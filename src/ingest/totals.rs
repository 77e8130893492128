//! What one account came to since the process started, for its source status.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts up.
#[derive(Default, Debug)]
pub(super) struct Total(AtomicU64);

impl Total {
    pub(super) fn add(&self, more: impl TryInto<u64>) {
        self.0.fetch_add(more.try_into().unwrap_or(0), Ordering::Relaxed);
    }
}

/// The totals of one account.
#[derive(Default, Debug)]
pub(super) struct Totals {
    /// Readings of everything.
    pub(super) polls: Total,
    /// Readings of all ways.
    pub(super) readings: Total,
    /// Polls whose state was not ok.
    pub(super) polls_not_ok: Total,
    /// Requests to the NMS, repeats included.
    pub(super) requests: Total,
    /// Bytes of bodies, after decompression.
    pub(super) bytes: Total,
    pub(super) reports: Total,
    /// Reports that no reader could use; not appended.
    pub(super) reports_refused: Total,
    pub(super) samples: Total,
    /// Records that are in the log.
    pub(super) appended: Total,
    pub(super) append_failures: Total,
    /// Inventories that are in the records.
    pub(super) inventories: Total,
}

/// The total whose change tells that the inventory is another one.
pub(crate) const INVENTORIES: &str = "inventories";

impl Totals {
    /// All of them, by names that do not change.
    pub(super) fn snapshot(&self) -> BTreeMap<String, u64> {
        [
            ("polls", &self.polls),
            ("readings", &self.readings),
            ("polls_not_ok", &self.polls_not_ok),
            ("requests", &self.requests),
            ("bytes", &self.bytes),
            ("reports", &self.reports),
            ("reports_refused", &self.reports_refused),
            ("samples", &self.samples),
            ("records_appended", &self.appended),
            ("append_failures", &self.append_failures),
            (INVENTORIES, &self.inventories),
        ]
        .map(|(name, total)| (name.to_owned(), total.0.load(Ordering::Relaxed)))
        .into()
    }
}
