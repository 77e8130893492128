//! Reports read in place: no text is copied and nothing is allocated.
//!
//! Only the plain form that [`encode_report`](super::encode_report) writes is
//! read here: every field in order, none twice, none unknown, all valid.
//! Anything else is left to [`decode_report`](super::decode_report), which
//! also says what is wrong. What is read here, it reads the same.

use correlate::model::{ComponentState, Timestamp};

use super::report::MAX_AT_MS;
use super::{Evidence, Reason};

/// Tags of the fields: the number, and how the value is written.
const TEXT_1: u8 = 0x0a;
const TEXT_2: u8 = 0x12;
const NUMBER_3: u8 = 0x18;
const NUMBER_4: u8 = 0x20;
const MESSAGE_4: u8 = 0x22;
const NUMBER_5: u8 = 0x28;
const NUMBER_6: u8 = 0x30;
const NUMBER_7: u8 = 0x38;

/// Bytes of the longest number.
const NUMBER_BYTES_MAX: usize = 10;

/// One sample, its texts still in the bytes of the record. The id of its
/// component is `<nms>/<kind>/<native_id>`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlainSample<'a> {
    /// Name of the NMS account.
    pub nms: &'a str,
    /// `device`, `port`, ...
    pub kind: &'a str,
    /// The NMS's own id of the component.
    pub native_id: &'a str,
    /// When the state held in the network.
    pub at: Timestamp,
    /// What was observed.
    pub state: ComponentState,
    /// What it rests on; what this version does not know is unspecified.
    pub evidence: Evidence,
    /// The state may have begun up to this much before `at`.
    pub uncertainty_ms: u32,
    /// Why the state is what it is; what this version does not know is unspecified.
    pub reason: Reason,
    /// When ingest read it, by its clock.
    pub observed_at: Timestamp,
}

impl PlainSample<'_> {
    /// Whether `id` is the id of its component.
    pub fn is_of(&self, id: &str) -> bool {
        let rest = id.strip_prefix(self.nms).and_then(|rest| rest.strip_prefix('/'));
        let rest = rest.and_then(|rest| rest.strip_prefix(self.kind));
        rest.and_then(|rest| rest.strip_prefix('/')) == Some(self.native_id)
    }
}

/// Calls `visit` with each sample of a report's record. `None` when the record
/// is not plain or not valid: what was visited until then does not count.
pub fn visit_plain_report<'a>(
    value: &'a [u8],
    mut visit: impl FnMut(PlainSample<'a>),
) -> Option<()> {
    let mut report = Rest(value);
    let nms = report.field(TEXT_1)?.part()?;
    report.field(TEXT_2)?.native()?;
    let observed_at = match report.field(NUMBER_3) {
        Some(field) => field.instant()?,
        None => Timestamp(0),
    };
    while !report.0.is_empty() {
        visit(sample(nms, observed_at, report.field(MESSAGE_4)?.bytes()?)?);
    }
    Some(())
}

fn sample<'a>(nms: &'a str, observed_at: Timestamp, bytes: &'a [u8]) -> Option<PlainSample<'a>> {
    let mut rest = Rest(bytes);
    let kind = rest.field(TEXT_1)?.part()?;
    let native_id = rest.field(TEXT_2)?.native()?;
    let at = match rest.field(NUMBER_3) {
        Some(field) => field.instant()?,
        None => Timestamp(0),
    };
    let state = match rest.field(NUMBER_4)?.number()? {
        1 => ComponentState::Up,
        2 => ComponentState::Down,
        3 => ComponentState::Unknown,
        _ => return None,
    };
    // They are cut to 32 bits, as prost cuts them.
    let evidence = match rest.field(NUMBER_5) {
        Some(field) => Evidence::try_from(field.number()? as i32).unwrap_or_default(),
        None => Evidence::Unspecified,
    };
    let uncertainty_ms = match rest.field(NUMBER_6) {
        Some(field) => field.number()? as u32,
        None => 0,
    };
    let reason = match rest.field(NUMBER_7) {
        Some(field) => Reason::try_from(field.number()? as i32).unwrap_or_default(),
        None => Reason::Unspecified,
    };
    rest.0.is_empty().then_some(PlainSample {
        nms,
        kind,
        native_id,
        at,
        state,
        evidence,
        uncertainty_ms,
        reason,
        observed_at,
    })
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Passes over `tag` if the next field has it.
    fn field(&mut self, tag: u8) -> Option<&mut Rest<'a>> {
        let (&first, rest) = self.0.split_first()?;
        (first == tag).then(|| {
            self.0 = rest;
            self
        })
    }

    /// Seven bits a byte, the lowest first; the last one has its top bit clear.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for index in 0..self.0.len().min(NUMBER_BYTES_MAX) {
            let byte = self.0[index];
            // The tenth byte has room for one bit.
            if index + 1 == NUMBER_BYTES_MAX && byte > 1 {
                return None;
            }
            number |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.0 = &self.0[index + 1..];
                return Some(number);
            }
        }
        None
    }

    fn instant(&mut self) -> Option<Timestamp> {
        let at_ms = i64::try_from(self.number()?).ok()?;
        (at_ms <= MAX_AT_MS).then_some(Timestamp(at_ms))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A text that is not empty.
    fn native(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok().filter(|text| !text.is_empty())
    }

    /// A text that another part of the id can follow.
    fn part(&mut self) -> Option<&'a str> {
        self.native().filter(|text| !text.as_bytes().contains(&b'/'))
    }
}

#[cfg(test)]
mod tests {
    use correlate::model::{ComponentId, Sample};
    use proptest::prelude::*;

    use super::super::{
        ComponentSample, DeviceReport, decode_report, encode_report, report_samples,
    };
    use super::*;

    /// Evidence, uncertainty, reason and when it was read.
    type Known = (Evidence, u32, Reason, i64);

    fn plain(value: &[u8]) -> Option<(Vec<Sample>, Vec<Known>)> {
        let (mut samples, mut known) = (Vec::new(), Vec::new());
        visit_plain_report(value, |sample| {
            let component = ComponentId::of(sample.nms, sample.kind, sample.native_id);
            samples.push(Sample { at: sample.at, component, state: sample.state });
            let PlainSample { evidence, uncertainty_ms, reason, observed_at, .. } = sample;
            known.push((evidence, uncertainty_ms, reason, observed_at.millis()));
        })?;
        Some((samples, known))
    }

    fn known(report: &DeviceReport) -> Vec<Known> {
        let samples = report.samples.iter();
        let read_at = report.observed_at_ms;
        samples.map(|s| (s.evidence(), s.uncertainty_ms, s.reason(), read_at)).collect()
    }

    prop_compose! {
        fn any_sample()(
            kind in "[a-zé]{1,8}",
            native_id in "[a-z0-9/é]{1,12}",
            at_ms in prop_oneof![0..=MAX_AT_MS, Just(0), Just(MAX_AT_MS)],
            state in 1..=3i32,
            evidence in prop_oneof![0..=4i32, any::<i32>()],
            uncertainty_ms: u32,
            reason in prop_oneof![0..=9i32, any::<i32>()],
        ) -> ComponentSample {
            ComponentSample { kind, native_id, at_ms, state, evidence, uncertainty_ms, reason }
        }
    }

    prop_compose! {
        fn any_report()(
            nms in "[a-z0-9é]{1,8}",
            device in "[a-z0-9/]{1,8}",
            observed_at_ms in prop_oneof![0..=MAX_AT_MS, Just(0)],
            samples in prop::collection::vec(any_sample(), 0..6),
        ) -> DeviceReport {
            DeviceReport { nms, device, observed_at_ms, samples }
        }
    }

    /// What is read in place is what prost reads.
    fn agree(value: &[u8]) {
        if let Some((samples, found)) = plain(value) {
            let report = decode_report(value).expect("it was read in place");
            assert_eq!(report_samples(&report), Ok(samples));
            assert_eq!(known(&report), found);
        }
    }

    #[test]
    fn an_id_belongs_to_its_parts_alone() {
        let (at, state) = (Timestamp(0), ComponentState::Up);
        let sample = PlainSample {
            nms: "ams1",
            kind: "port",
            native_id: "4/7",
            at,
            state,
            evidence: Evidence::Poll,
            uncertainty_ms: 0,
            reason: Reason::Unspecified,
            observed_at: at,
        };
        assert!(sample.is_of("ams1/port/4/7"));
        for other in ["ams1/port/4/", "ams1/port/4/77", "ams/port/4/7", "ams1/por/t/4/7", ""] {
            assert!(!sample.is_of(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_report_that_we_write_is_plain(report in any_report()) {
            let (samples, found) = plain(&encode_report(&report)).expect("plain");
            prop_assert_eq!(report_samples(&report), Ok(samples));
            prop_assert_eq!(known(&report), found);
        }

        #[test]
        fn changed_bytes_are_read_as_prost_reads_them(
            report in any_report(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut value = encode_report(&report).to_vec();
            for (place, byte) in changes {
                let place = place.index(value.len());
                value[place] ^= byte;
            }
            agree(&value);
            agree(&value[..cut.index(value.len())]);
        }

        #[test]
        fn arbitrary_bytes_are_read_as_prost_reads_them(
            value in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            agree(&value);
        }
    }
}
