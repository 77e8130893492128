//! What ingest measured at an NMS account: plain figures for people, stored
//! as one JSON text beside the account's status, and overwritten with it.

use std::collections::BTreeMap;

use correlate::model::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::RecordsError;
use super::text;

/// What ingest measured. Stored as it stands here, so names do not change; what
/// is missing in older rows is the default.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceDetail {
    /// How long the last full reading took, in milliseconds.
    pub poll_ms: u64,
    /// The age of the newest evidence in the last poll, in milliseconds.
    pub data_age_ms: Option<u64>,
    /// Devices in the last list.
    pub devices: u64,
    /// Devices whose evidence is too old to say anything.
    pub devices_stale: u64,
    /// Ports that are known.
    pub ports: u64,
    /// Since when calls are counted.
    pub counted_since: Option<Timestamp>,
    /// One entry for every kind of call.
    pub calls: Vec<SourceCalls>,
    /// What failed lately, the newest first.
    pub errors: Vec<SourceFailure>,
    /// What ingest found out about the NMS by itself.
    pub learned: Vec<SourceFinding>,
    /// What the source can be asked for.
    pub capabilities: Vec<SourceCapability>,
    /// Nothing is asked of the NMS before then, as too much failed in a row.
    pub left_alone_until: Option<Timestamp>,
    /// When the NMS gave answers that cannot be right, the newest first; the last 50.
    /// Kept from report to report: what a report says here is passed over.
    pub alarms: Vec<SourceAlarm>,
}

/// What one kind of call came to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceCalls {
    /// Its name, such as `devices`.
    pub kind: String,
    /// Requests, repeats included.
    pub calls: u64,
    /// Requests that were sent again after a failure.
    pub repeats: u64,
    /// Answers from what was read before.
    pub cached: u64,
    /// Bytes as they came.
    pub wire_bytes: u64,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Rows that were decoded.
    pub rows: u64,
    /// Half of the calls of the last hour or two took at most this long, ms.
    pub p50_ms: u64,
    /// 99 of 100 took at most this long, ms.
    pub p99_ms: u64,
    /// The longest took so long, ms.
    pub max_ms: u64,
    /// Failed requests, by kind of fault.
    pub errors: BTreeMap<String, u64>,
    /// Requests that waited for the throttle.
    pub throttle_waits: u64,
    /// How long they waited together, ms.
    pub throttle_wait_ms: u64,
    /// When the last one ended.
    pub last_at: Option<Timestamp>,
    /// When the last one with a usable answer ended.
    pub last_success_at: Option<Timestamp>,
}

/// Failures of one kind of call for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceFailure {
    /// The kind of call.
    pub call: String,
    /// The kind of fault: a short name that does not change.
    pub fault: String,
    /// What an operator should know and do. Cut at 1,000 characters.
    pub message: String,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

/// A time in which an NMS answered as if all were well, and not credibly.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceAlarm {
    /// The kind of fault: a short name that does not change.
    pub fault: String,
    /// What an operator should know and do, as of the newest report. Cut at 1,000 characters.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was over; `None` while it lasts.
    pub until: Option<Timestamp>,
}

/// Whether a source can be asked for something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceCapability {
    /// For what: a name that does not change, such as `changes`.
    pub name: String,
    /// Whether it can.
    pub can: bool,
    /// What that rests on: a short name that does not change.
    pub how: String,
}

/// Something that ingest found out about an NMS.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceFinding {
    /// What: a name that does not change.
    pub name: String,
    /// The value in use.
    pub value: FindingValue,
    /// What it rests on: a short name that does not change; older rows have a
    /// sentence. Cut at 1,000 characters.
    pub how: String,
    /// Over how many months that is, where that tells something.
    #[serde(default)]
    pub months: Option<u32>,
    /// The configuration sets it.
    pub overridden: bool,
    /// What was found, where the configuration sets something.
    #[serde(default)]
    pub found: Option<FindingValue>,
}

/// A value that was found out. Names in older rows are sentences.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FindingValue {
    /// Once in this time.
    Every {
        /// Milliseconds.
        every_ms: u64,
    },
    /// Yes or no.
    Is {
        /// Which of them.
        is: bool,
    },
    /// A clock.
    Clock {
        /// Its present offset from UTC, such as `+02`.
        offset: String,
        /// The IANA name of its zone, once that is known.
        zone: Option<String>,
    },
    /// What reads the same in every language. Cut at 1,000 characters.
    Name(String),
}

impl SourceDetail {
    pub(super) fn to_text(&self) -> Result<String, RecordsError> {
        let mut detail = self.clone();
        for failure in &mut detail.errors {
            failure.message = text::foreign(&failure.message);
        }
        for alarm in &mut detail.alarms {
            alarm.message = text::foreign(&alarm.message);
        }
        for finding in &mut detail.learned {
            for value in std::iter::once(&mut finding.value).chain(&mut finding.found) {
                if let FindingValue::Name(name) = value {
                    *name = text::foreign(name);
                }
            }
            finding.how = text::foreign(&finding.how);
        }
        serde_json::to_string(&detail)
            .map_err(|error| RecordsError::invalid("detail", error.to_string()))
    }

    pub(super) fn from_text(text: &str) -> Result<SourceDetail, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_an_older_version_reads_as_nothing_measured() {
        assert_eq!(SourceDetail::from_text("{}"), Ok(SourceDetail::default()));
        let newer = r#"{"devices":3,"calls":[{"kind":"ports","unheard_of":1}]}"#;
        let read = SourceDetail::from_text(newer).expect("reads");
        assert_eq!((read.devices, read.calls[0].kind.as_str()), (3, "ports"));
    }

    #[test]
    fn findings_read_back_and_so_do_those_of_an_older_version() {
        let values = [
            FindingValue::Every { every_ms: 300_000 },
            FindingValue::Is { is: false },
            FindingValue::Clock { offset: "+02".to_owned(), zone: None },
            FindingValue::Name("26.7.0".to_owned()),
        ];
        let finding = |value| SourceFinding {
            name: "version".to_owned(),
            value,
            how: "asked".to_owned(),
            months: Some(3),
            overridden: false,
            found: Some(FindingValue::Is { is: true }),
        };
        let learned = values.map(finding).into();
        let detail = SourceDetail { learned, ..SourceDetail::default() };
        let text = detail.to_text().expect("writes");
        assert_eq!(SourceDetail::from_text(&text), Ok(detail));
        let older =
            r#"{"learned":[{"name":"a","value":"5 s","how":"asked for","overridden":false}]}"#;
        let read = SourceDetail::from_text(older).expect("reads");
        assert_eq!(read.learned[0].value, FindingValue::Name("5 s".to_owned()));
    }

    #[test]
    fn what_was_written_reads_back_without_what_no_database_takes() {
        let failure = SourceFailure {
            call: "devices".to_owned(),
            fault: "timed_out".to_owned(),
            message: "slow\0".to_owned(),
            first_at: Timestamp(1),
            last_at: Timestamp(2),
            times: 3,
        };
        let detail = SourceDetail { errors: vec![failure], ports: 9, ..SourceDetail::default() };
        let read = SourceDetail::from_text(&detail.to_text().expect("a text")).expect("reads");
        assert_eq!((read.ports, read.errors[0].message.as_str()), (9, "slow"));
    }
}
