//! From the records of one partition to samples.
//!
//! Pollers repeat themselves: a device reports the same components each time,
//! and after a device comes the one that came after it before. So the ids of
//! each device's last report are kept, and a sample of the same component
//! shares its id instead of making one. It is never wrong about an id: what
//! is kept is compared with what the record says.

use std::collections::HashMap;

use bytes::Bytes;
use correlate::model::{ComponentId, Sample, Timestamp};
use store::evidence::StateReason;
use store::log::StoredRecord;
use store::series::{Edge, EdgeEvidence, SetAsideKind};
use store::wire::{
    Evidence, Reason, SAMPLES_TOPIC, WireError, decode_report, report_samples, visit_plain_report,
};

use super::set_aside::{Decoded, Origin};

/// What is kept for one partition may take so much memory; then all of it is
/// forgotten and gathered anew. It is enough for 400,000 components, and there
/// are eight partitions by default.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a device takes beside its key, and a component beside its id: handles,
/// counters, and the table that finds the device.
const DEVICE_BYTES: usize = 160;
const COMPONENT_BYTES: usize = 40;

/// The ids in the last report of a device, in its order.
struct Device {
    key: Bytes,
    components: Vec<ComponentId>,
}

/// Decodes the records of one partition.
pub(super) struct Decoder {
    partition: u32,
    devices: Vec<Device>,
    index: HashMap<Bytes, usize>,
    /// The device of the record before.
    last: usize,
    kept_bytes: usize,
    kept_bytes_max: usize,
}

impl Decoder {
    pub(super) fn new(partition: u32) -> Decoder {
        Decoder {
            partition,
            devices: Vec::new(),
            index: HashMap::new(),
            last: 0,
            kept_bytes: 0,
            kept_bytes_max: KEPT_BYTES_MAX,
        }
    }

    /// The samples of records; a record that cannot be read is set aside.
    pub(super) fn decode(&mut self, records: &[StoredRecord]) -> Decoded {
        let mut decoded = Decoded::default();
        // Most devices report themselves and a port.
        decoded.samples.reserve(records.len() * 2);
        for record in records {
            let origin = Origin::of(self.partition, record);
            decoded.begin(origin);
            if self.read_plain(record, &mut decoded).is_some() {
                continue;
            }
            decoded.take_back();
            match read_any(record) {
                Ok((samples, edges)) => {
                    decoded.add(origin, samples);
                    edges.into_iter().for_each(|edge| decoded.keep_edge(edge));
                }
                Err(error) => {
                    let (kind, reason) = (SetAsideKind::Undecodable, error.to_string());
                    let found = origin.record(SAMPLES_TOPIC, kind, &record.key, reason);
                    decoded.set_aside.push(found);
                }
            }
        }
        decoded
    }

    fn read_plain(&mut self, record: &StoredRecord, decoded: &mut Decoded) -> Option<()> {
        let value = record.value.as_deref()?;
        let known = self.locate(&record.key);
        let device = &mut self.devices[known];
        let mut place = 0;
        let read = visit_plain_report(value, |sample| {
            let component = match device.components.get(place) {
                Some(known) if sample.is_of(known.as_str()) => known.clone(),
                _ => {
                    let fresh = ComponentId::of(sample.nms, sample.kind, sample.native_id);
                    self.kept_bytes += COMPONENT_BYTES + fresh.as_str().len();
                    self.kept_bytes -= device.keep(place, fresh.clone());
                    fresh
                }
            };
            place += 1;
            if may_be_edge(sample.evidence, sample.uncertainty_ms, sample.reason) {
                decoded.keep_edge(Edge {
                    component: component.clone(),
                    at: sample.at,
                    state: sample.state,
                    known: EdgeEvidence {
                        source: sample.evidence.into(),
                        uncertainty_ms: sample.uncertainty_ms,
                        observed_at: sample.observed_at,
                        reason: StateReason::of_wire(sample.reason),
                    },
                });
            }
            decoded.samples.push(Sample { at: sample.at, component, state: sample.state });
        });
        if self.kept_bytes > self.kept_bytes_max {
            let Decoder { partition, kept_bytes_max, .. } = *self;
            *self = Decoder { kept_bytes_max, ..Decoder::new(partition) };
        }
        read
    }

    fn locate(&mut self, key: &Bytes) -> usize {
        let guess = self.last + 1;
        if self.devices.get(guess).is_some_and(|device| device.key == *key) {
            self.last = guess;
            return guess;
        }
        self.last = match self.index.get(key) {
            Some(&known) => known,
            None => {
                let fresh = self.devices.len();
                self.index.insert(key.clone(), fresh);
                self.devices.push(Device { key: key.clone(), components: Vec::new() });
                self.kept_bytes += DEVICE_BYTES + key.len();
                fresh
            }
        };
        self.last
    }
}

impl Device {
    /// Keeps an id at `place`, which is at most the end, and returns how many
    /// bytes were kept there before.
    fn keep(&mut self, place: usize, id: ComponentId) -> usize {
        match self.components.get_mut(place) {
            Some(other) => COMPONENT_BYTES + std::mem::replace(other, id).as_str().len(),
            None => {
                self.components.push(id);
                0
            }
        }
    }
}

/// Whether a sample may begin a state, or a new reason for one: sources say 0
/// and `poll` of a mere renewal, and no reason.
fn may_be_edge(evidence: Evidence, uncertainty_ms: u32, reason: Reason) -> bool {
    uncertainty_ms > 0
        || reason != Reason::Unspecified
        || !matches!(evidence, Evidence::Poll | Evidence::Unspecified)
}

fn read_any(record: &StoredRecord) -> Result<(Vec<Sample>, Vec<Edge>), WireError> {
    let report = decode_report(record.value.as_deref().unwrap_or_default())?;
    let samples = report_samples(&report)?;
    let observed_at = Timestamp(report.observed_at_ms);
    let known = samples.iter().zip(&report.samples);
    let known =
        known.filter(|(_, said)| may_be_edge(said.evidence(), said.uncertainty_ms, said.reason()));
    let edges = known.map(|(sample, said)| Edge {
        component: sample.component.clone(),
        at: sample.at,
        state: sample.state,
        known: EdgeEvidence {
            source: said.evidence().into(),
            uncertainty_ms: said.uncertainty_ms,
            observed_at,
            reason: StateReason::of_wire(said.reason()),
        },
    });
    let edges = edges.collect();
    Ok((samples, edges))
}

#[cfg(test)]
mod tests {
    use store::wire::{ComponentSample, DeviceReport, State, encode_report, report_key};

    use super::*;

    fn report(device: &str, ports: &[&str]) -> DeviceReport {
        let sample = |port: &&str| ComponentSample {
            kind: "port".to_owned(),
            native_id: (*port).to_owned(),
            at_ms: 1,
            state: State::Up.into(),
            ..ComponentSample::default()
        };
        DeviceReport {
            nms: "n".to_owned(),
            device: device.to_owned(),
            observed_at_ms: 2,
            samples: ports.iter().map(sample).collect(),
        }
    }

    fn stored(report: &DeviceReport) -> StoredRecord {
        let (key, value) = (report_key(report), Some(encode_report(report)));
        StoredRecord { offset: 0, timestamp_ms: 0, key, value }
    }

    fn decoded(decoder: &mut Decoder, reports: &[DeviceReport]) -> Vec<String> {
        let records: Vec<_> = reports.iter().map(stored).collect();
        let samples = decoder.decode(&records).samples;
        let expected = reports.iter().flat_map(|report| report_samples(report).expect("valid"));
        assert!(samples.iter().cloned().eq(expected));
        samples.iter().map(|sample| sample.component.to_string()).collect()
    }

    #[test]
    fn ports_that_come_go_and_swap_are_told_apart() {
        let mut decoder = Decoder::new(0);
        for ports in [&["1", "2"][..], &["2", "1"], &["1", "2", "3"], &[], &["3"], &["1", "2"]] {
            let reports = [report("a", ports), report("b", &["9"]), report("a", ports)];
            let found = decoded(&mut decoder, &reports);
            assert_eq!(found.len(), 2 * ports.len() + 1);
        }
    }

    #[test]
    fn a_component_that_is_reported_again_shares_its_id() {
        let mut decoder = Decoder::new(0);
        let records = [stored(&report("a", &["1"])), stored(&report("b", &["2"]))];
        let first = decoder.decode(&records).samples;
        let second = decoder.decode(&records).samples;
        for (first, second) in first.iter().zip(&second) {
            assert!(std::ptr::eq(first.component.as_str(), second.component.as_str()));
        }
    }

    #[test]
    fn how_an_edge_was_known_is_kept_and_of_a_renewal_nothing() {
        let mut renewed = report("a", &["1", "2", "3", "4"]);
        for sample in &mut renewed.samples {
            sample.evidence = Evidence::Poll.into();
        }
        renewed.samples[1].uncertainty_ms = 60_000;
        renewed.samples[2].evidence = Evidence::EventLog.into();
        renewed.samples[3].reason = Reason::AdminShut.into();
        // Fields that no version knows make it readable in the other way only.
        let odd = StoredRecord {
            value: Some([encode_report(&renewed).as_ref(), &[0x98, 0x06, 0x01]].concat().into()),
            ..stored(&renewed)
        };
        let mut decoder = Decoder::new(0);
        for record in [stored(&renewed), odd] {
            let found = decoder.decode(&[record]);
            let found: Vec<_> = found
                .edges
                .iter()
                .map(|edge| {
                    let EdgeEvidence { source, uncertainty_ms, reason, .. } = edge.known;
                    (edge.component.as_str(), source.as_str(), uncertainty_ms, reason)
                })
                .collect();
            let expected = [
                ("n/port/2", "poll", 60_000, None),
                ("n/port/3", "event_log", 0, None),
                ("n/port/4", "poll", 0, Some(StateReason::AdminShut)),
            ];
            assert_eq!(found, expected);
        }
        let mut broken = renewed.clone();
        broken.samples[2].state = 9;
        assert_eq!(decoder.decode(&[stored(&broken)]).edges, [], "the record counts whole or not");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut decoder = Decoder { kept_bytes_max: 10_000, ..Decoder::new(0) };
        for number in 0..1_000 {
            let port = number.to_string();
            decoded(&mut decoder, &[report(&port, &["1", &port]), report("same", &[&port])]);
            let of_device = |device: &Device| {
                let ids = device.components.iter().map(|id| COMPONENT_BYTES + id.as_str().len());
                DEVICE_BYTES + device.key.len() + ids.sum::<usize>()
            };
            let kept: usize = decoder.devices.iter().map(of_device).sum();
            assert_eq!(decoder.kept_bytes, kept);
            assert!(kept <= 10_000);
        }
    }

    #[test]
    fn a_bad_record_is_set_aside_whole_and_the_rest_counts() {
        let good = report("a", &["1", "2"]);
        let mut half = report("a", &["1", "2"]);
        half.samples[1].state = 9;
        let empty = StoredRecord { value: None, ..stored(&good) };
        let mut decoder = Decoder::new(0);
        let good_record = StoredRecord { offset: 7, ..stored(&good) };
        let found = decoder.decode(&[stored(&half), empty, good_record]);
        assert_eq!(found.set_aside.len(), 2);
        assert_eq!(found.origins.of(0).map(|origin| origin.offset), Some(7));
        assert!(found.samples.into_iter().eq(report_samples(&good).expect("valid")));
    }
}
