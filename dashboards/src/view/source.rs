//! The systems that states come from, as their pages show them.

use std::fmt;

use correlate::model::Timestamp;

use crate::locale::Locale;

/// How far a source can be trusted now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceCondition {
    /// Read, and believable.
    Ok,
    /// It answers, but not all of it can be believed.
    Suspect,
    /// It answers as if all were well, with something that cannot be right.
    Alarm,
    /// It cannot be read.
    Down,
}

impl SourceCondition {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            SourceCondition::Ok => "source-ok",
            SourceCondition::Suspect => "source-suspect",
            SourceCondition::Alarm => "source-alarm",
            SourceCondition::Down => "source-down",
        }
    }

    /// What that means for what the source watches.
    pub(crate) const fn meaning_key(self) -> &'static str {
        match self {
            SourceCondition::Ok => "source-ok-meaning",
            SourceCondition::Suspect => "notice-source-suspect-meaning",
            SourceCondition::Alarm => "notice-alarm-meaning",
            SourceCondition::Down => "notice-source-down-meaning",
        }
    }

    /// The colour class of a badge.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            SourceCondition::Ok => "up",
            SourceCondition::Suspect => "degraded",
            SourceCondition::Alarm | SourceCondition::Down => "down",
        }
    }

    pub(crate) const fn icon(self) -> &'static str {
        match self {
            SourceCondition::Ok => "check-circle-fill",
            SourceCondition::Suspect => "exclamation-diamond",
            SourceCondition::Alarm => "exclamation-triangle-fill",
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

/// A time in which an NMS answered as if all were well, and not credibly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceAlarmRow {
    /// The kind of fault, by its name in metrics.
    pub fault: String,
    /// What the ingest stage says about it; English.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was over; `None` while it lasts.
    pub until: Option<Timestamp>,
}

/// Something that was found out about an NMS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFindingRow {
    /// What: the name of the setting that overrides it, or of the fact.
    pub name: String,
    /// The value in use.
    pub value: FoundValue,
    /// What it rests on, by its name in the API.
    pub how: String,
    /// Over how many months that is.
    pub months: Option<u32>,
    /// The configuration sets it.
    pub overridden: bool,
    /// What was found, where the configuration sets something.
    pub found: Option<FoundValue>,
}

/// Whether a source can be asked for something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceAbilityRow {
    /// For what, by its name in the API.
    pub name: String,
    /// Whether it can.
    pub can: bool,
    /// What that rests on, by its name in the API.
    pub how: String,
}

/// A value that was found out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FoundValue {
    /// What reads the same in every language.
    Name(String),
    /// Once in so many milliseconds.
    EveryMs(u64),
    /// Yes or no.
    Is(bool),
    /// A clock.
    Clock {
        /// Its present offset from UTC.
        offset: String,
        /// Its zone, once that is known.
        zone: Option<String>,
    },
}

impl FoundValue {
    fn text_in(&self, locale: &Locale) -> String {
        match self {
            FoundValue::Name(name) => name.clone(),
            FoundValue::EveryMs(ms) if ms % 1_000 != 0 => format!("{} ms", locale.number(ms)),
            FoundValue::EveryMs(ms) => locale.millis(ms),
            FoundValue::Is(is) => locale.t(if *is { "finding-yes" } else { "finding-no" }),
            FoundValue::Clock { offset, zone: Some(zone) } => {
                locale.t2("finding-zone", ("zone", zone), ("offset", offset))
            }
            FoundValue::Clock { offset, zone: None } => {
                locale.t1("finding-offset", "offset", offset)
            }
        }
    }
}

/// A name of the API and the key of its text.
type Worded = (&'static str, &'static str);

/// What is found out about a source.
const FINDINGS: &[Worded] = &[
    ("version", "finding-version"),
    ("nms_interval", "finding-polling-interval"),
    ("ping_interval", "finding-ping-interval"),
    ("event_log", "finding-event-log"),
    ("event_log_cursor", "finding-event-log-cursor"),
    ("stale_after", "finding-stale-after"),
    ("list_of_pollers", "finding-list-of-pollers"),
    ("poll_interval", "finding-poll-interval"),
    ("glance_interval", "finding-glance-interval"),
    ("changes_interval", "finding-changes-interval"),
    ("sessions_interval", "finding-sessions-interval"),
    ("checks_interval", "finding-checks-interval"),
    ("inventory_interval", "finding-inventory-interval"),
    ("time_zone", "finding-time-zone"),
    ("clock_agrees", "finding-clock-agrees"),
    ("clock_ahead", "finding-clock-ahead"),
    ("clock_behind", "finding-clock-behind"),
];

/// What findings rest on.
const BASES: &[Worded] = &[
    ("set", "basis-set"),
    ("asked", "basis-asked"),
    ("pollers", "basis-pollers"),
    ("poll_times", "basis-poll-times"),
    ("assumed", "basis-assumed"),
    ("polling_interval", "basis-polling-interval"),
    ("throttle", "basis-throttle"),
    ("default", "basis-default"),
    ("readable", "basis-readable"),
    ("forbidden", "basis-forbidden"),
    ("missing", "basis-missing"),
    ("product", "basis-product"),
    ("too_much", "basis-too-much"),
    ("too_short", "basis-too-short"),
    ("date", "basis-date"),
    ("both_clocks", "basis-both-clocks"),
];

/// What a source can be asked for.
const ABILITIES: &[Worded] = &[
    ("changes", "ability-changes"),
    ("glance", "ability-glance"),
    ("glance_ports", "ability-glance-ports"),
    ("push", "ability-push"),
    ("backfill", "ability-backfill"),
    ("sessions", "ability-sessions"),
    ("checks", "ability-checks"),
    ("inventory", "ability-inventory"),
];

fn key_of(words: &[Worded], name: &str) -> Option<&'static str> {
    words.iter().find(|(known, _)| *known == name).map(|(_, key)| *key)
}

/// Whether the pages say what a finding of this basis rests on.
pub fn explains_basis(name: &str) -> bool {
    key_of(BASES, name).is_some()
}

/// Whether the pages have words for what a source can be asked for.
pub fn explains_ability(name: &str) -> bool {
    key_of(ABILITIES, name).is_some()
}

impl SourceAbilityRow {
    /// What it is, in words; the bare name where there are none.
    pub(crate) fn name_in(&self, locale: &Locale) -> String {
        key_of(ABILITIES, &self.name).map_or_else(|| self.name.clone(), |key| locale.t(key))
    }

    /// What it rests on, in words; as it was written where there are none.
    pub(crate) fn basis_in(&self, locale: &Locale) -> String {
        // Nothing else tells of these.
        if matches!(self.name.as_str(), "sessions" | "checks") && self.how == "forbidden" {
            return locale.t("basis-forbidden-unknown");
        }
        key_of(BASES, &self.how).map_or_else(|| self.how.clone(), |key| locale.t(key))
    }
}

impl SourceFindingRow {
    /// What it is, in words; the bare name where there are none.
    pub(crate) fn name_in(&self, locale: &Locale) -> String {
        key_of(FINDINGS, &self.name).map_or_else(|| self.name.clone(), |key| locale.t(key))
    }

    /// The value, in words.
    pub(crate) fn value_in(&self, locale: &Locale) -> String {
        self.value.text_in(locale)
    }

    /// What was found where something else is set, in words.
    pub(crate) fn found_in(&self, locale: &Locale) -> Option<String> {
        self.found.as_ref().map(|found| found.text_in(locale))
    }

    /// What it rests on, in words; as it was written where there are none.
    pub(crate) fn basis_in(&self, locale: &Locale) -> String {
        match (key_of(BASES, &self.how), self.months) {
            (Some("basis-both-clocks"), Some(months)) => {
                locale.count("basis-both-clocks", u64::from(months))
            }
            (Some(key), _) => locale.t(key),
            (None, _) => self.how.clone(),
        }
    }
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
