//! The systems that states come from, as their pages show them.

use std::fmt;

use correlate::model::Timestamp;

/// How far a source can be trusted now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceCondition {
    /// Read, and believable.
    Ok,
    /// It answers, but not all of it can be believed.
    Suspect,
    /// It cannot be read.
    Down,
}

impl SourceCondition {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            SourceCondition::Ok => "source-ok",
            SourceCondition::Suspect => "source-suspect",
            SourceCondition::Down => "source-down",
        }
    }

    /// What that means for what the source watches.
    pub(crate) const fn meaning_key(self) -> &'static str {
        match self {
            SourceCondition::Ok => "source-ok-meaning",
            SourceCondition::Suspect => "notice-source-suspect-meaning",
            SourceCondition::Down => "notice-source-down-meaning",
        }
    }

    /// The colour class of a badge.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            SourceCondition::Ok => "up",
            SourceCondition::Suspect => "degraded",
            SourceCondition::Down => "down",
        }
    }

    pub(crate) const fn icon(self) -> &'static str {
        match self {
            SourceCondition::Ok => "check-circle-fill",
            SourceCondition::Suspect => "exclamation-triangle-fill",
            SourceCondition::Down => "x-octagon-fill",
        }
    }
}

/// One source in short.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceHead {
    /// Its name, as in the configuration.
    pub name: String,
    /// How it fares.
    pub condition: SourceCondition,
    /// Since when.
    pub since: Timestamp,
    /// When ingest last reported on it.
    pub reported_at: Timestamp,
    /// When it last gave anything usable.
    pub last_success_at: Option<Timestamp>,
    /// Ingest has not reported for so long that this says little about now.
    pub is_silent: bool,
    /// Devices in the last list.
    pub devices: u64,
    /// Devices whose evidence is too old.
    pub devices_stale: u64,
    /// Ports that are known.
    pub ports: u64,
    /// The age of the newest evidence, in milliseconds.
    pub data_age_ms: Option<u64>,
}

/// Why a source is not in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceReason {
    /// The kind of fault, by its name in metrics.
    pub fault: String,
    /// What the ingest stage says about it; English.
    pub message: String,
}

/// What one kind of call came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceCallRow {
    /// Its name, as in metrics and the log.
    pub kind: String,
    /// Requests, repeats included.
    pub calls: u64,
    /// Of these, how many failed.
    pub failed: u64,
    /// Answers from what was read before.
    pub cached: u64,
    /// Bytes as they came.
    pub wire_bytes: u64,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Half took at most this long, ms.
    pub p50_ms: u64,
    /// 99 of 100 took at most this long, ms.
    pub p99_ms: u64,
    /// The longest took so long, ms.
    pub max_ms: u64,
    /// Requests that waited for the throttle.
    pub throttle_waits: u64,
    /// How long they waited together, ms.
    pub throttle_wait_ms: u64,
    /// When the last one ended.
    pub last_at: Option<Timestamp>,
}

/// Failures of one kind of call for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFailureRow {
    /// The kind of call.
    pub call: String,
    /// The kind of fault, by its name in metrics.
    pub fault: String,
    /// What the ingest stage says about it; English.
    pub message: String,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

/// Something that was found out about an NMS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFindingRow {
    /// What: the name of the setting that overrides it, or of the fact.
    pub name: String,
    /// The value in use.
    pub value: String,
    /// What it rests on; English.
    pub how: String,
    /// The configuration sets it.
    pub overridden: bool,
}

/// A kind of fault that there are words for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Explained {
    kind: &'static str,
    /// The key of what it means.
    pub(crate) meaning: &'static str,
    /// The key of what to do.
    pub(crate) remedy: &'static str,
}

macro_rules! explained {
    ($($kind:literal $meaning:literal $remedy:literal)*) => {
        &[$(Explained { kind: $kind, meaning: $meaning, remedy: $remedy }),*]
    };
}

/// Every kind of fault that a source can have, by its name in metrics.
const FAULTS: &[Explained] = explained! {
    "unauthorized" "fault-unauthorized" "fault-unauthorized-do"
    "forbidden" "fault-forbidden" "fault-forbidden-do"
    "not_found" "fault-not-found" "fault-not-found-do"
    "rejected" "fault-rejected" "fault-rejected-do"
    "throttled" "fault-throttled" "fault-throttled-do"
    "server_failed" "fault-server-failed" "fault-server-failed-do"
    "overloaded" "fault-overloaded" "fault-overloaded-do"
    "unavailable" "fault-unavailable" "fault-unavailable-do"
    "timed_out" "fault-timed-out" "fault-timed-out-do"
    "unreachable" "fault-unreachable" "fault-unreachable-do"
    "tls" "fault-tls" "fault-tls-do"
    "redirected" "fault-redirected" "fault-redirected-do"
    "not_json" "fault-not-json" "fault-not-json-do"
    "malformed" "fault-malformed" "fault-malformed-do"
    "truncated" "fault-truncated" "fault-truncated-do"
    "too_large" "fault-too-large" "fault-too-large-do"
    "empty" "fault-empty" "fault-empty-do"
    "shrunk" "fault-shrunk" "fault-shrunk-do"
    "foreign_rows" "fault-foreign-rows" "fault-foreign-rows-do"
    "zone_unknown" "fault-zone-unknown" "fault-zone-unknown-do"
    "clock_ahead" "fault-clock-ahead" "fault-clock-ahead-do"
    "stalled" "fault-stalled" "fault-stalled-do"
    "paused" "fault-paused" "fault-paused-do"
    "misconfigured" "fault-misconfigured" "fault-misconfigured-do"
};

/// Whether the pages say what a kind of fault means and what to do about it.
pub fn explains_fault(kind: &str) -> bool {
    explained(kind).is_some()
}

pub(crate) fn explained(kind: &str) -> Option<Explained> {
    FAULTS.iter().find(|known| known.kind == kind).copied()
}

/// A number of bytes as people read it: `812 B`, `3,4 kB`, `251 MB`.
pub(crate) struct Bytes {
    pub(crate) bytes: u64,
    /// The decimal mark.
    pub(crate) mark: char,
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
        if self.bytes < 1_000 {
            return write!(f, "{} B", self.bytes);
        }
        // In tenths of the unit, so that nothing is lost in a float.
        let mut tenths = self.bytes / 100;
        let mut unit = 0;
        while tenths >= 10_000 && unit + 1 < UNITS.len() {
            tenths /= 1_000;
            unit += 1;
        }
        match tenths {
            0..100 => write!(f, "{}{}{} {}", tenths / 10, self.mark, tenths % 10, UNITS[unit]),
            _ => write!(f, "{} {}", tenths / 10, UNITS[unit]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_in_the_unit_that_fits() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1,0 kB"),
            (9_949, "9,9 kB"),
            (12_345, "12 kB"),
            (999_999, "999 kB"),
            (1_000_000, "1,0 MB"),
            (251_000_000, "251 MB"),
            (u64::MAX, "18446 PB"),
        ] {
            assert_eq!(Bytes { bytes, mark: ',' }.to_string(), expected, "{bytes}");
        }
    }
}
