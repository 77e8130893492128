//! What the embedded log writes: keys sort as offsets do, integers are big-endian.
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `<topic>#<partition>` | offset u64 | kind u8 (0 tombstone, 1 value), timestamp_ms i64, key length u32, key, payload |
//! | `<topic>#<partition>#keys` | record key | newest offset u64, and timestamp_ms i64 if it is a tombstone |
//! | `meta` | `topic/<topic>` | JSON of [`TopicForm`] |
//! | `meta` | `bounds/<topic>/<partition>` | earliest u64, end u64 |
//!
//! The storage engine checks its blocks itself; lengths are checked again here.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::record::{Record, StoredRecord, TopicKind, TopicSpec};
use super::topic::Bounds;

const TOMBSTONE: u8 = 0;
const VALUE: u8 = 1;
const HEADER_BYTES: usize = 1 + 8 + 4;

/// Prefix of the topics in `meta`.
pub(super) const TOPIC_PREFIX: &str = "topic/";

/// A topic in `meta`; fields are only ever added.
#[derive(Serialize, Deserialize)]
struct TopicForm {
    partitions: u32,
    /// Absent when the topic is compacted.
    retention_ms: Option<u64>,
}

pub(super) fn encode_topic(spec: &TopicSpec) -> Vec<u8> {
    let retention_ms = match spec.kind {
        TopicKind::Retained(retention) => {
            Some(u64::try_from(retention.as_millis()).unwrap_or(u64::MAX))
        }
        TopicKind::Compacted => None,
    };
    let form = TopicForm { partitions: spec.partitions, retention_ms };
    serde_json::to_vec(&form).expect("numbers and options always have a JSON form")
}

pub(super) fn decode_topic(key: &[u8], value: &[u8]) -> Option<TopicSpec> {
    let name = std::str::from_utf8(key).ok()?.strip_prefix(TOPIC_PREFIX)?;
    let form: TopicForm = serde_json::from_slice(value).ok()?;
    let kind = form
        .retention_ms
        .map_or(TopicKind::Compacted, |ms| TopicKind::Retained(Duration::from_millis(ms)));
    Some(TopicSpec { name: name.to_owned(), partitions: form.partitions, kind })
}

pub(super) fn topic_key(topic: &str) -> String {
    format!("{TOPIC_PREFIX}{topic}")
}

pub(super) fn bounds_key(topic: &str, partition: u32) -> String {
    format!("bounds/{topic}/{partition}")
}

pub(super) fn encode_bounds(bounds: Bounds) -> [u8; 16] {
    let mut value = [0; 16];
    value[..8].copy_from_slice(&bounds.earliest.to_be_bytes());
    value[8..].copy_from_slice(&bounds.end.to_be_bytes());
    value
}

pub(super) fn decode_bounds(value: &[u8]) -> Option<Bounds> {
    let (earliest, end) = value.split_first_chunk::<8>()?;
    let bounds = Bounds {
        earliest: u64::from_be_bytes(*earliest),
        end: u64::from_be_bytes(end.try_into().ok()?),
    };
    (bounds.earliest <= bounds.end).then_some(bounds)
}

pub(super) fn encode_record(record: &Record, timestamp_ms: i64) -> Vec<u8> {
    let payload = record.value.as_deref().unwrap_or_default();
    let key_bytes = u32::try_from(record.key.len()).expect("keys are at most MAX_KEY_BYTES long");
    let mut value = Vec::with_capacity(HEADER_BYTES + record.key.len() + payload.len());
    value.push(if record.value.is_some() { VALUE } else { TOMBSTONE });
    value.extend_from_slice(&timestamp_ms.to_be_bytes());
    value.extend_from_slice(&key_bytes.to_be_bytes());
    value.extend_from_slice(&record.key);
    value.extend_from_slice(payload);
    value
}

/// The record shares the engine's memory: no copy.
pub(super) fn decode_record(key: &[u8], value: fjall::Slice) -> Option<StoredRecord> {
    let offset = u64::from_be_bytes(key.try_into().ok()?);
    let (kind, rest) = value.split_first()?;
    let (timestamp_ms, rest) = rest.split_first_chunk::<8>()?;
    let (key_bytes, rest) = rest.split_first_chunk::<4>()?;
    let (kind, timestamp_ms) = (*kind, i64::from_be_bytes(*timestamp_ms));
    let key_bytes = u32::from_be_bytes(*key_bytes) as usize;
    if kind > VALUE || key_bytes > rest.len() {
        return None;
    }
    let whole = Bytes::from_owner(value);
    let payload_start = HEADER_BYTES + key_bytes;
    Some(StoredRecord {
        offset,
        timestamp_ms,
        key: whole.slice(HEADER_BYTES..payload_start),
        value: (kind == VALUE).then(|| whole.slice(payload_start..)),
    })
}

/// The newest record of a key in a compacted partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Newest {
    pub(super) offset: u64,
    /// When it was appended, if it is a tombstone.
    pub(super) tombstone_ms: Option<i64>,
}

pub(super) fn encode_newest(newest: Newest) -> Vec<u8> {
    let mut value = newest.offset.to_be_bytes().to_vec();
    if let Some(timestamp_ms) = newest.tombstone_ms {
        value.extend_from_slice(&timestamp_ms.to_be_bytes());
    }
    value
}

pub(super) fn decode_newest(value: &[u8]) -> Option<Newest> {
    let (offset, rest) = value.split_first_chunk::<8>()?;
    let tombstone_ms = match rest {
        [] => None,
        _ => Some(i64::from_be_bytes(rest.try_into().ok()?)),
    };
    Some(Newest { offset: u64::from_be_bytes(*offset), tombstone_ms })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_read_back_unchanged(
            offset: u64,
            timestamp_ms: i64,
            key in prop::collection::vec(any::<u8>(), 0..50),
            payload in prop::option::of(prop::collection::vec(any::<u8>(), 0..50)),
        ) {
            let record = Record { key: key.into(), value: payload.map(Bytes::from) };
            let value = encode_record(&record, timestamp_ms);
            let read = decode_record(&offset.to_be_bytes(), value.into()).expect("just written");
            prop_assert_eq!(
                read,
                StoredRecord { offset, timestamp_ms, key: record.key, value: record.value }
            );
        }

        #[test]
        fn damaged_bytes_are_refused_without_a_panic(
            key in prop::collection::vec(any::<u8>(), 0..12),
            value in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let _ = decode_record(&key, value.clone().into());
            let _ = decode_bounds(&value);
            let _ = decode_newest(&value);
            let _ = decode_topic(&key, &value);
        }

        #[test]
        fn the_newest_record_of_a_key_reads_back(offset: u64, tombstone_ms: Option<i64>) {
            let newest = Newest { offset, tombstone_ms };
            prop_assert_eq!(decode_newest(&encode_newest(newest)), Some(newest));
        }
    }

    #[test]
    fn topics_read_back_unchanged() {
        for kind in [TopicKind::Compacted, TopicKind::Retained(Duration::from_millis(5))] {
            let spec = TopicSpec { name: "a.b".to_owned(), partitions: 3, kind };
            let value = encode_topic(&spec);
            assert_eq!(decode_topic(topic_key("a.b").as_bytes(), &value), Some(spec));
        }
    }
}
