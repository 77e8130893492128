//! From a source's reports to records of the log, within the log's limits.
//! What no reader could use is refused here and never reaches the log.

use correlate::model::ComponentState;
use ingest::source::{DeviceReport, Evidence, ObservedSample, Reason};
use store::log::{MAX_KEY_BYTES, MAX_RECORD_BYTES, Record};
use store::wire::{self, ComponentSample, State};

use super::append::Outcome;
use crate::batches::Batches;

/// The reports of one poll, ready for the log.
#[derive(Default, Debug)]
pub(super) struct Encoded {
    /// In the order of the reports.
    pub(super) batches: Outcome,
    /// How many reports, or parts of them, are left out.
    pub(super) refused: usize,
    /// Why the first of them is.
    pub(super) first_refusal: Option<String>,
}

/// Encodes `reports` of the account `nms`, one record each; a report that is
/// too long for a record becomes several of the same key.
pub(super) fn encode(nms: &str, reports: &[DeviceReport]) -> Encoded {
    let mut batches = Batches::default();
    let mut encoded = Encoded::default();
    for report in reports {
        let samples = report.samples.iter().map(sample).collect();
        let report = wire::DeviceReport {
            nms: nms.to_owned(),
            device: report.device.to_string(),
            observed_at_ms: report.observed_at.millis(),
            samples,
        };
        encode_report(report, MAX_RECORD_BYTES, &mut |record| match record {
            Ok(record) => batches.push(record),
            Err(reason) => {
                encoded.refused += 1;
                encoded.first_refusal.get_or_insert(reason);
            }
        });
    }
    encoded.batches = batches.done;
    encoded
}

fn encode_report(
    mut report: wire::DeviceReport,
    record_bytes_max: usize,
    give: &mut impl FnMut(Result<Record, String>),
) {
    if let Err(error) = wire::visit_samples(&report, |_, _, _| ()) {
        return give(Err(error.to_string()));
    }
    let (key, value) = (wire::report_key(&report), wire::encode_report(&report));
    if key.len() > MAX_KEY_BYTES {
        let reason = format!("the id of a device has {} bytes", report.device.len());
        return give(Err(reason));
    }
    if key.len() + value.len() <= record_bytes_max {
        return give(Ok(Record::new(key, value)));
    }
    if report.samples.len() < 2 {
        let reason = format!("one sample of device {} has {} bytes", report.device, value.len());
        return give(Err(reason));
    }
    let samples = report.samples.split_off(report.samples.len() / 2);
    let rest = wire::DeviceReport { samples, ..report.clone() };
    encode_report(report, record_bytes_max, give);
    encode_report(rest, record_bytes_max, give);
}

fn sample(sample: &ObservedSample) -> ComponentSample {
    let state = match sample.state {
        ComponentState::Up => State::Up,
        ComponentState::Down => State::Down,
        ComponentState::Unknown => State::Unknown,
    };
    let evidence = match sample.evidence {
        Evidence::Poll => wire::Evidence::Poll,
        Evidence::EventLog => wire::Evidence::EventLog,
        Evidence::Push => wire::Evidence::Push,
        Evidence::Outage => wire::Evidence::Outage,
    };
    ComponentSample {
        kind: sample.kind.as_str().to_owned(),
        native_id: sample.native_id.to_string(),
        at_ms: sample.at.millis(),
        state: state.into(),
        evidence: evidence.into(),
        uncertainty_ms: sample.uncertainty_ms,
        reason: sample.reason.map(reason).unwrap_or_default().into(),
    }
}

fn reason(reason: Reason) -> wire::Reason {
    match reason {
        Reason::Disabled => wire::Reason::Disabled,
        Reason::Ignored => wire::Reason::Ignored,
        Reason::NeverPolled => wire::Reason::NeverPolled,
        Reason::AdminShut => wire::Reason::AdminShut,
        Reason::DeviceDown => wire::Reason::DeviceDown,
        Reason::ManagementLost => wire::Reason::ManagementLost,
        Reason::Gone => wire::Reason::Gone,
        Reason::OddStatus => wire::Reason::OddStatus,
        Reason::CheckUnknown => wire::Reason::CheckUnknown,
    }
}

#[cfg(test)]
mod tests {
    use correlate::model::Timestamp;
    use ingest::source::Kind;

    use super::*;

    fn observed(native_id: &str) -> ObservedSample {
        ObservedSample {
            kind: Kind::Port,
            native_id: native_id.into(),
            at: Timestamp(1_000),
            state: ComponentState::Down,
            evidence: Evidence::EventLog,
            uncertainty_ms: 60_000,
            reason: Some(Reason::AdminShut),
        }
    }

    fn report(device: &str, samples: Vec<ObservedSample>) -> DeviceReport {
        DeviceReport { device: device.into(), observed_at: Timestamp(1_500), samples }
    }

    fn decode(record: &Record) -> wire::DeviceReport {
        wire::decode_report(record.value.as_ref().expect("a value")).expect("a good report")
    }

    #[test]
    fn a_report_is_one_record_under_its_device() {
        let encoded = encode("ams1", &[report("42", vec![observed("4711")])]);
        let [batch] = encoded.batches.as_slice() else { panic!("one batch") };
        let [record] = batch.as_slice() else { panic!("one record") };
        assert_eq!(record.key, "ams1/device/42");
        let expected = wire::DeviceReport {
            nms: "ams1".to_owned(),
            device: "42".to_owned(),
            observed_at_ms: 1_500,
            samples: vec![ComponentSample {
                kind: "port".to_owned(),
                native_id: "4711".to_owned(),
                at_ms: 1_000,
                state: State::Down.into(),
                evidence: wire::Evidence::EventLog.into(),
                uncertainty_ms: 60_000,
                reason: wire::Reason::AdminShut.into(),
            }],
        };
        assert_eq!(decode(record), expected);
    }

    #[test]
    fn a_long_report_becomes_records_of_the_same_device_in_order() {
        let long = "9".repeat(1_000);
        let samples = (0..2_000).map(|port| observed(&format!("{port}{long}"))).collect();
        let encoded = encode("ams1", &[report("42", samples)]);
        assert_eq!(encoded.refused, 0);
        let records: Vec<&Record> = encoded.batches.iter().flatten().collect();
        assert!(records.len() > 2, "{} records", records.len());
        for record in &records {
            let bytes = record.key.len() + record.value.as_ref().map_or(0, bytes::Bytes::len);
            assert!(bytes <= MAX_RECORD_BYTES, "{bytes} bytes");
            assert_eq!(record.key, "ams1/device/42");
        }
        let ports = records.iter().flat_map(|record| decode(record).samples);
        let expected = (0..2_000).map(|port| format!("{port}{long}"));
        assert!(ports.map(|sample| sample.native_id).eq(expected));
    }

    #[test]
    fn what_no_reader_could_use_is_left_out_and_counted() {
        let mut early = observed("1");
        early.at = Timestamp(-1);
        let reports = [
            report("1", vec![early]),
            report("2", vec![observed("2")]),
            report(&"3".repeat(MAX_KEY_BYTES), vec![observed("3")]),
            report("4", vec![observed(&"4".repeat(MAX_RECORD_BYTES))]),
        ];
        let encoded = encode("ams1", &reports);
        assert_eq!(encoded.refused, 3);
        assert!(encoded.first_refusal.expect("a reason").contains("at_ms must be from 0"));
        let keys: Vec<_> = encoded.batches.concat().into_iter().map(|record| record.key).collect();
        assert_eq!(keys, ["ams1/device/2"]);
    }
}
