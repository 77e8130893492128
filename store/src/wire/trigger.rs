//! Triggers: word from outside that something is worth reading again at once.
//!
//! A trigger is a hint and never a state: who reads it asks the NMS, and a
//! trigger that is lost, doubled or wrong costs a request and no truth.

use bytes::Bytes;
use correlate::model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MAX_AT_MS, WireError};
use crate::log::Record;

/// Longest account name, device id and job id: far above any that is in use,
/// and what a stranger could put on the log stays small.
const MAX_PART_BYTES: usize = 200;

/// One record of `padwacht.triggers`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Trigger {
    /// Name of the NMS account, the first part of every component id.
    pub nms: String,
    /// When it reached us, by our clock.
    pub received_at: Timestamp,
    /// What to read again.
    pub subject: Subject,
}

/// What a trigger asks to be read again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// Something changed, and nobody said what: whatever tells cheapest.
    Anything,
    /// This device and its ports, by the NMS's own id.
    Device(String),
    /// The inventory, for the job with this id.
    Inventory(String),
}

/// The form on the log. Fields are only ever added; readers leave alone what
/// they do not know.
#[derive(Serialize, Deserialize)]
struct Json {
    nms: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inventory_job: Option<String>,
    received_at_ms: i64,
}

impl Trigger {
    /// The record's key: `<nms>/device/<id>`, or `<nms>`.
    pub fn key(&self) -> String {
        match &self.subject {
            Subject::Device(device) => format!("{}/device/{device}", self.nms),
            Subject::Anything | Subject::Inventory(_) => self.nms.clone(),
        }
    }

    /// The record for the log. [`Trigger::decode`] reads it back unchanged.
    ///
    /// # Errors
    /// What `decode` would refuse.
    pub fn encode(&self) -> Result<Record, WireError> {
        check(self)?;
        let (device, inventory_job) = match &self.subject {
            Subject::Anything => (None, None),
            Subject::Device(device) => (Some(device.clone()), None),
            Subject::Inventory(job) => (None, Some(job.clone())),
        };
        let received_at_ms = self.received_at.millis();
        let json = Json { nms: self.nms.clone(), device, inventory_job, received_at_ms };
        let value = serde_json::to_vec(&json).expect("texts and a number are JSON");
        Ok(Record::new(self.key(), Bytes::from(value)))
    }

    /// Reads a record's value. Of a record that names a job and a device, the
    /// job counts.
    ///
    /// # Errors
    /// [`WireError::Trigger`]: no JSON of this form; an `nms`, device or job
    /// that is empty, too long or has control characters; a slash in `nms`;
    /// an instant before 1970 or after [`MAX_AT_MS`].
    pub fn decode(value: &[u8]) -> Result<Trigger, WireError> {
        let json: Json = serde_json::from_slice(value)
            .map_err(|error| WireError::Trigger(format!("the value is no trigger: {error}")))?;
        let subject = match (json.inventory_job, json.device) {
            (Some(job), _) => Subject::Inventory(job),
            (None, Some(device)) => Subject::Device(device),
            (None, None) => Subject::Anything,
        };
        let trigger =
            Trigger { nms: json.nms, received_at: Timestamp(json.received_at_ms), subject };
        check(&trigger)?;
        Ok(trigger)
    }
}

fn check(trigger: &Trigger) -> Result<(), WireError> {
    check_part("nms", &trigger.nms)?;
    if trigger.nms.contains('/') {
        let reason = format!("nms must not have a slash, found {:?}", trigger.nms);
        return Err(WireError::Trigger(reason));
    }
    match &trigger.subject {
        Subject::Anything => {}
        Subject::Device(device) => check_part("device", device)?,
        Subject::Inventory(job) => check_part("inventory_job", job)?,
    }
    let at_ms = trigger.received_at.millis();
    if (0..=MAX_AT_MS).contains(&at_ms) {
        return Ok(());
    }
    Err(WireError::Trigger(format!(
        "received_at_ms must be from 0 to {MAX_AT_MS} (years 1970 to 2299), found {at_ms}"
    )))
}

fn check_part(field: &str, value: &str) -> Result<(), WireError> {
    if value.is_empty() {
        return Err(WireError::Trigger(format!("{field} must not be empty")));
    }
    if value.len() > MAX_PART_BYTES {
        let reason =
            format!("{field} must have at most {MAX_PART_BYTES} bytes, found {}", value.len());
        return Err(WireError::Trigger(reason));
    }
    if value.chars().any(char::is_control) {
        return Err(WireError::Trigger(format!("{field} must not hold control characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trigger(subject: Subject) -> Trigger {
        Trigger { nms: "ams1".to_owned(), received_at: Timestamp(1_700_000_000_000), subject }
    }

    #[track_caller]
    fn check_form(subject: Subject, key: &str, value: &str) {
        let trigger = trigger(subject);
        let record = trigger.encode().expect("valid");
        let found = record.value.as_deref().expect("no tombstone");
        assert_eq!((&record.key[..], found), (key.as_bytes(), value.as_bytes()));
        assert_eq!(Trigger::decode(found), Ok(trigger));
    }

    #[track_caller]
    fn refused(value: &str, expected: &str) {
        let error = Trigger::decode(value.as_bytes()).expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_form_on_the_log_is_the_documented_one() {
        check_form(
            Subject::Device("42".to_owned()),
            "ams1/device/42",
            r#"{"nms":"ams1","device":"42","received_at_ms":1700000000000}"#,
        );
        check_form(Subject::Anything, "ams1", r#"{"nms":"ams1","received_at_ms":1700000000000}"#);
        check_form(
            Subject::Inventory("j1".to_owned()),
            "ams1",
            r#"{"nms":"ams1","inventory_job":"j1","received_at_ms":1700000000000}"#,
        );
    }

    #[test]
    fn what_a_later_version_adds_is_no_poison() {
        let value = br#"{"nms":"ams1","device":"42","received_at_ms":1,"port":"7"}"#;
        let read = Trigger::decode(value).expect("read");
        assert_eq!(read.subject, Subject::Device("42".to_owned()));
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        refused("{", "the value is no trigger: EOF while parsing an object at line 1 column 1");
        refused(r#"{"nms":"","received_at_ms":1}"#, "nms must not be empty");
        refused(r#"{"nms":"a/b","received_at_ms":1}"#, "nms must not have a slash, found \"a/b\"");
        refused(r#"{"nms":"a","device":"","received_at_ms":1}"#, "device must not be empty");
        refused(
            r#"{"nms":"a","device":"\u0000","received_at_ms":1}"#,
            "device must not hold control characters",
        );
        refused(
            r#"{"nms":"a","received_at_ms":-1}"#,
            "received_at_ms must be from 0 to 10413791999999 (years 1970 to 2299), found -1",
        );
        let long = "x".repeat(MAX_PART_BYTES + 1);
        refused(
            &format!(r#"{{"nms":"a","inventory_job":"{long}","received_at_ms":1}}"#),
            "inventory_job must have at most 200 bytes, found 201",
        );
    }

    proptest! {
        #[test]
        fn triggers_read_back_unchanged(
            nms in "[a-z0-9é\"]{1,8}",
            subject in prop_oneof![
                Just(Subject::Anything),
                "[0-9/é\"]{1,8}".prop_map(Subject::Device),
                "[0-9a-f-]{1,36}".prop_map(Subject::Inventory),
            ],
            at_ms in 0..=MAX_AT_MS,
        ) {
            let trigger = Trigger { nms, received_at: Timestamp(at_ms), subject };
            let value = trigger.encode().expect("valid").value.expect("no tombstone");
            prop_assert_eq!(Trigger::decode(&value), Ok(trigger));
        }

        #[test]
        fn arbitrary_bytes_never_panic(value in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Trigger::decode(&value);
        }
    }
}
