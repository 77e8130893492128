//! What the stage could not use, and how many rows that may make.
//!
//! Per topic, partition and kind the first [`SINGLES_MAX`] between two
//! checkpoints get a row each; the rest share one that counts them. Beginning
//! anew at a checkpoint makes the same rows again when the epochs after it are
//! taken in again.

use std::collections::BTreeMap;

use correlate::model::{Sample, Timestamp};
use store::log::StoredRecord;
use store::series::{Edge, SetAside, SetAsideKind};
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};

/// Rows of their own per topic, partition and kind between two checkpoints:
/// enough to see what is wrong, few enough that a flood that lasts for the
/// thirty days that rows are kept stays far below a gigabyte.
const SINGLES_MAX: u64 = 20;

/// Samples of one epoch of which is kept how they were known: as many as all
/// ports of a large network that fail together. A source should say it of
/// edges only; one that says it of every sample costs no more than this.
pub(super) const EDGES_MAX: usize = 200_000;

/// The topic of files of the stage itself.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// Which record a sample came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    pub(super) partition: u32,
    pub(super) offset: u64,
    /// When the record was appended.
    pub(super) at: Timestamp,
    pub(super) size_bytes: u64,
}

impl Origin {
    pub(super) fn of(partition: u32, record: &StoredRecord) -> Origin {
        let value = record.value.as_ref().map_or(0, |value| value.len());
        Origin {
            partition,
            offset: record.offset,
            at: Timestamp(record.timestamp_ms),
            size_bytes: (record.key.len() + value) as u64,
        }
    }

    /// A row about the record itself.
    pub(super) fn record(
        self,
        topic: &str,
        kind: SetAsideKind,
        key: &[u8],
        reason: String,
    ) -> SetAside {
        SetAside {
            topic: topic.to_owned(),
            partition: self.partition,
            offset: self.offset,
            kind,
            at: self.at,
            key: String::from_utf8_lossy(key).into_owned(),
            reason,
            size_bytes: self.size_bytes,
            count: 1,
        }
    }

    /// A row about a sample in the record.
    pub(super) fn sample(self, kind: SetAsideKind, sample: &Sample, why: &str) -> SetAside {
        let Sample { at, component, state } = sample;
        let reason = format!("{component} was {state} at {} ms: {why}", at.millis());
        self.record(SAMPLES_TOPIC, kind, component.as_str().as_bytes(), reason)
    }
}

/// What was read from records.
#[derive(Default, Debug)]
pub(super) struct Decoded {
    pub(super) samples: Vec<Sample>,
    /// Which records they came in.
    pub(super) origins: Origins,
    pub(super) set_aside: Vec<SetAside>,
    /// How those samples were known that may begin a state.
    pub(super) edges: Vec<Edge>,
    /// How many edges there were before the record that was last begun.
    edges_before: usize,
}

impl Decoded {
    pub(super) fn add(&mut self, origin: Origin, samples: Vec<Sample>) {
        self.origins.0.push((self.samples.len(), origin));
        self.samples.extend(samples);
    }

    /// The samples that are put behind the others next came in this record.
    pub(super) fn begin(&mut self, origin: Origin) {
        self.edges_before = self.edges.len();
        self.origins.0.push((self.samples.len(), origin));
    }

    /// The record that was last begun does not count.
    pub(super) fn take_back(&mut self) {
        if let Some((first, _)) = self.origins.0.pop() {
            self.samples.truncate(first);
            self.edges.truncate(self.edges_before);
        }
    }

    pub(super) fn append(&mut self, mut other: Decoded) {
        let shift = self.samples.len();
        let origins = other.origins.0.iter();
        self.origins.0.extend(origins.map(|&(first, origin)| (first + shift, origin)));
        self.samples.append(&mut other.samples);
        self.set_aside.append(&mut other.set_aside);
        let room = EDGES_MAX.saturating_sub(self.edges.len());
        self.edges.extend(other.edges.into_iter().take(room));
    }

    /// Keeps how a sample was known that may begin a state.
    pub(super) fn keep_edge(&mut self, edge: Edge) {
        if self.edges.len() < EDGES_MAX {
            self.edges.push(edge);
        }
    }
}

/// The records of a list of samples, each with its first sample.
#[derive(Default, Debug)]
pub(super) struct Origins(Vec<(usize, Origin)>);

impl Origins {
    /// The record of the sample at `index`.
    pub(super) fn of(&self, index: usize) -> Option<Origin> {
        let rank = self.0.partition_point(|origin| origin.0 <= index);
        rank.checked_sub(1).map(|last| self.0[last].1)
    }
}

/// A definition or window that could not be used.
pub(super) fn definition(
    partition: u32,
    record: &StoredRecord,
    kind: SetAsideKind,
    reason: String,
) -> SetAside {
    Origin::of(partition, record).record(DEFINITIONS_TOPIC, kind, &record.key, reason)
}

/// A file of the stage's own that could not be used.
pub(super) fn file(epoch: u64, name: &str, reason: String, at: Timestamp) -> SetAside {
    let origin = Origin { partition: 0, offset: epoch, at, size_bytes: 0 };
    origin.record(CHECKPOINT, SetAsideKind::Damaged, name.as_bytes(), reason)
}

#[derive(Default)]
struct Seen {
    singles: u64,
    /// The row that counts the others.
    rest: Option<SetAside>,
}

/// Decides which rows are written.
#[derive(Default)]
pub(super) struct Ledger {
    seen: BTreeMap<(String, u32, SetAsideKind), Seen>,
}

impl Ledger {
    /// The rows for what one epoch found.
    pub(super) fn rows(&mut self, found: Vec<SetAside>) -> Vec<SetAside> {
        let mut rows: Vec<SetAside> = Vec::new();
        let mut counted: BTreeMap<(String, u32, SetAsideKind), SetAside> = BTreeMap::new();
        for one in joined(found) {
            let SetAside { topic, partition, kind, count, .. } = &one;
            let labels = [("topic", topic.clone()), ("kind", kind.as_str().to_owned())];
            metrics::counter!("padwacht_correlate_set_aside_total", &labels).increment(*count);
            let key = (topic.clone(), *partition, *kind);
            let seen = self.seen.entry(key.clone()).or_default();
            if seen.singles < SINGLES_MAX {
                seen.singles += 1;
                tracing::warn!(
                    topic,
                    partition,
                    offset = one.offset,
                    kind = kind.as_str(),
                    key = one.key,
                    reason = one.reason,
                    "set aside"
                );
                rows.push(one);
                continue;
            }
            match &mut seen.rest {
                Some(rest) => rest.count += one.count,
                rest => *rest = Some(one),
            }
            counted.extend(seen.rest.clone().map(|rest| (key, rest)));
        }
        rows.extend(counted.into_values());
        rows
    }

    /// Begins anew after a checkpoint.
    pub(super) fn reset(&mut self) {
        self.seen.clear();
    }
}

/// One row for what was found in one record.
fn joined(found: Vec<SetAside>) -> Vec<SetAside> {
    let mut joined: Vec<SetAside> = Vec::with_capacity(found.len());
    for one in found {
        let same = |known: &SetAside| {
            (&known.topic, known.partition, known.offset, known.kind)
                == (&one.topic, one.partition, one.offset, one.kind)
        };
        match joined.last_mut().filter(|known| same(known)) {
            Some(known) => known.count += one.count,
            None => joined.push(one),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(offset: u64) -> SetAside {
        let origin = Origin { partition: 1, offset, at: Timestamp(5), size_bytes: 9 };
        origin.record("t", SetAsideKind::Undecodable, b"k", String::from("no"))
    }

    #[test]
    fn a_flood_makes_few_rows_and_counts_the_rest() {
        let mut ledger = Ledger::default();
        let rows = ledger.rows((0..1_000).map(found).collect());
        assert_eq!(rows.len() as u64, SINGLES_MAX + 1);
        let rest = rows.last().expect("there are some");
        assert_eq!((rest.offset, rest.count), (SINGLES_MAX, 1_000 - SINGLES_MAX));
        let rows = ledger.rows((1_000..1_010).map(found).collect());
        let counts: Vec<_> = rows.iter().map(|row| (row.offset, row.count)).collect();
        assert_eq!(counts, [(SINGLES_MAX, 1_010 - SINGLES_MAX)]);
    }

    #[test]
    fn after_a_checkpoint_the_same_epochs_give_the_same_rows() {
        let mut ledger = Ledger::default();
        let epochs = || [(0..15), (15..40)].map(|epoch| epoch.map(found).collect::<Vec<_>>());
        let first = epochs().map(|epoch| ledger.rows(epoch));
        ledger.reset();
        assert_eq!(epochs().map(|epoch| ledger.rows(epoch)), first);
    }

    #[test]
    fn samples_of_one_record_share_a_row() {
        let rows = Ledger::default().rows(vec![found(3), found(3), found(4)]);
        let counts: Vec<_> = rows.iter().map(|row| (row.offset, row.count)).collect();
        assert_eq!(counts, [(3, 2), (4, 1)]);
    }

    #[test]
    fn a_sample_is_traced_to_its_record() {
        let sample = |at| Sample {
            at: Timestamp(at),
            component: "c".into(),
            state: correlate::model::ComponentState::Up,
        };
        let origin = |offset| Origin { partition: 0, offset, at: Timestamp(0), size_bytes: 0 };
        let mut first = Decoded::default();
        first.add(origin(7), vec![sample(1), sample(2)]);
        let mut second = Decoded::default();
        second.add(origin(8), vec![]);
        second.add(origin(9), vec![sample(3)]);
        first.append(second);
        let offsets = [0, 1, 2].map(|index| first.origins.of(index).map(|origin| origin.offset));
        assert_eq!(offsets, [Some(7), Some(7), Some(9)]);
    }
}
