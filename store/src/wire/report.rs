//! Device reports: what one reading said about a device and its ports.

use bytes::Bytes;
use correlate::model::{ComponentId, ComponentState, Sample, Timestamp};
use prost::Message;

use super::{ComponentSample, DeviceReport, State, WireError};

/// The last instant that a sample may have: 2299-12-31T23:59:59.999Z, where
/// ClickHouse's `DateTime64(3)` ends. The first is 1970.
pub const MAX_AT_MS: i64 = 10_413_791_999_999;

/// The key of a report's record: `<nms>/device/<device>`.
pub fn report_key(report: &DeviceReport) -> Bytes {
    format!("{}/device/{}", report.nms, report.device).into()
}

/// The value of a report's record.
pub fn encode_report(report: &DeviceReport) -> Bytes {
    report.encode_to_vec().into()
}

/// Reads the value of a report's record. Fields that this version does not
/// know, and kinds of evidence that it does not know, are left alone.
///
/// # Errors
/// Bytes that are no report; an empty `nms`, `device`, `kind` or `native_id`;
/// a slash in `nms` or `kind`; a state that is unspecified or unknown; an
/// instant before 1970 or after [`MAX_AT_MS`].
pub fn decode_report(value: &[u8]) -> Result<DeviceReport, WireError> {
    let report = DeviceReport::decode(value)?;
    visit_samples(&report, |_, _, _| ())?;
    Ok(report)
}

/// The samples of a report, in its order.
///
/// # Errors
/// As [`decode_report`].
pub fn report_samples(report: &DeviceReport) -> Result<Vec<Sample>, WireError> {
    let mut samples = Vec::with_capacity(report.samples.len());
    visit_samples(report, |component, at, state| {
        samples.push(Sample { at, component: ComponentId::from(component), state });
    })?;
    Ok(samples)
}

/// Calls `visit` with the component id, the instant and the state of each
/// sample, without making an id of it: for readers that look ids up.
/// On an error, the samples before the bad one have been visited.
///
/// # Errors
/// As [`decode_report`].
pub fn visit_samples(
    report: &DeviceReport,
    mut visit: impl FnMut(&str, Timestamp, ComponentState),
) -> Result<(), WireError> {
    let refuse = |reason: String| WireError::Report {
        nms: report.nms.clone(),
        device: report.device.clone(),
        reason,
    };
    check_part("nms", &report.nms).map_err(refuse)?;
    check_native("device", &report.device).map_err(refuse)?;
    check_instant("observed_at_ms", report.observed_at_ms).map_err(refuse)?;

    let mut component = String::with_capacity(report.nms.len() + 32);
    for (index, sample) in report.samples.iter().enumerate() {
        let state =
            check_sample(sample).map_err(|reason| refuse(format!("samples[{index}]: {reason}")))?;
        component.clear();
        for part in [&report.nms, "/", &sample.kind, "/", &sample.native_id] {
            component.push_str(part);
        }
        visit(&component, Timestamp(sample.at_ms), state);
    }
    Ok(())
}

fn check_sample(sample: &ComponentSample) -> Result<ComponentState, String> {
    check_part("kind", &sample.kind)?;
    check_native("native_id", &sample.native_id)?;
    check_instant("at_ms", sample.at_ms)?;
    match State::try_from(sample.state) {
        Ok(State::Up) => Ok(ComponentState::Up),
        Ok(State::Down) => Ok(ComponentState::Down),
        Ok(State::Unknown) => Ok(ComponentState::Unknown),
        Ok(State::Unspecified) => Err("state must be up, down or unknown, found none".to_owned()),
        Err(_) => {
            Err(format!("state must be up (1), down (2) or unknown (3), found {}", sample.state))
        }
    }
}

fn check_native(field: &str, value: &str) -> Result<(), String> {
    if value.is_empty() { Err(format!("{field} must not be empty")) } else { Ok(()) }
}

/// A part of a component id that another part follows.
fn check_part(field: &str, value: &str) -> Result<(), String> {
    check_native(field, value)?;
    if value.contains('/') {
        return Err(format!("{field} must not have a slash, found {value:?}"));
    }
    Ok(())
}

fn check_instant(field: &str, at_ms: i64) -> Result<(), String> {
    if (0..=MAX_AT_MS).contains(&at_ms) {
        return Ok(());
    }
    Err(format!("{field} must be from 0 to {MAX_AT_MS} (years 1970 to 2299), found {at_ms}"))
}

impl From<ComponentState> for State {
    fn from(state: ComponentState) -> State {
        match state {
            ComponentState::Up => State::Up,
            ComponentState::Down => State::Down,
            ComponentState::Unknown => State::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Evidence;
    use super::*;

    fn sample() -> ComponentSample {
        ComponentSample {
            kind: "port".to_owned(),
            native_id: "4711".to_owned(),
            at_ms: 1_000,
            state: State::Down.into(),
            evidence: Evidence::Poll.into(),
            uncertainty_ms: 60_000,
            reason: 0,
        }
    }

    fn report() -> DeviceReport {
        DeviceReport {
            nms: "ams1".to_owned(),
            device: "42".to_owned(),
            observed_at_ms: 1_500,
            samples: vec![sample()],
        }
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut DeviceReport), expected: &str) {
        let mut changed = report();
        change(&mut changed);
        let error = decode_report(&encode_report(&changed)).expect_err("must be refused");
        let WireError::Report { reason, .. } = error else { panic!("not about a report: {error}") };
        assert_eq!(reason, expected);
    }

    #[test]
    fn a_report_becomes_samples_with_full_ids() {
        let samples = report_samples(&report()).expect("valid");
        let expected = Sample {
            at: Timestamp(1_000),
            component: "ams1/port/4711".into(),
            state: ComponentState::Down,
        };
        assert_eq!(samples, [expected]);
        assert_eq!(report_key(&report()), "ams1/device/42");
    }

    #[test]
    fn refusals_say_where_and_what() {
        refused(|r| r.nms.clear(), "nms must not be empty");
        refused(|r| r.nms = "a/b".to_owned(), "nms must not have a slash, found \"a/b\"");
        refused(|r| r.device.clear(), "device must not be empty");
        refused(
            |r| r.observed_at_ms = -1,
            "observed_at_ms must be from 0 to 10413791999999 (years 1970 to 2299), found -1",
        );
        refused(|r| r.samples[0].kind.clear(), "samples[0]: kind must not be empty");
        refused(|r| r.samples[0].native_id.clear(), "samples[0]: native_id must not be empty");
        refused(
            |r| r.samples[0].state = 0,
            "samples[0]: state must be up, down or unknown, found none",
        );
        refused(
            |r| r.samples.push(ComponentSample { state: 9, ..sample() }),
            "samples[1]: state must be up (1), down (2) or unknown (3), found 9",
        );
        refused(
            |r| r.samples[0].at_ms = i64::MAX,
            "samples[0]: at_ms must be from 0 to 10413791999999 (years 1970 to 2299), \
             found 9223372036854775807",
        );
    }

    #[test]
    fn evidence_of_a_later_version_is_no_poison() {
        let mut later = report();
        later.samples[0].evidence = 99;
        assert_eq!(decode_report(&encode_report(&later)), Ok(later));
    }

    #[test]
    fn bytes_that_are_no_report_are_refused() {
        let error = decode_report(b"\xff\xff\xff").expect_err("no protobuf");
        assert!(matches!(error, WireError::Protobuf(_)), "{error}");
        assert!(decode_report(b"").is_err(), "an empty value names no NMS");
    }

    prop_compose! {
        fn any_sample()(
            kind in "[a-z]{1,8}",
            native_id in "[a-z0-9/]{1,12}",
            at_ms in 0..=MAX_AT_MS,
            state in 1..=3i32,
            evidence in 0..=4i32,
            uncertainty_ms: u32,
            reason in 0..=9i32,
        ) -> ComponentSample {
            ComponentSample { kind, native_id, at_ms, state, evidence, uncertainty_ms, reason }
        }
    }

    proptest! {
        #[test]
        fn reports_read_back_unchanged(
            nms in "[a-z0-9]{1,8}",
            device in "[a-z0-9]{1,8}",
            observed_at_ms in 0..=MAX_AT_MS,
            samples in prop::collection::vec(any_sample(), 0..20),
        ) {
            let report = DeviceReport { nms, device, observed_at_ms, samples };
            prop_assert_eq!(decode_report(&encode_report(&report)), Ok(report));
        }

        #[test]
        fn arbitrary_bytes_never_panic(value in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_report(&value);
        }

        #[test]
        fn a_report_with_flipped_bytes_never_panics(
            samples in prop::collection::vec(any_sample(), 1..5),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut value = encode_report(&DeviceReport { samples, ..report() }).to_vec();
            for (place, byte) in flips {
                let place = place.index(value.len());
                value[place] ^= byte;
            }
            let _ = decode_report(&value);
        }
    }
}
