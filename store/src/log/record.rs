//! Records, topics, and the limits that both implementations hold.

use std::time::Duration;

use bytes::Bytes;

use super::LogError;

/// Longest key: Kafka keeps keys in memory when it compacts, and the embedded
/// log keeps them in an index.
pub const MAX_KEY_BYTES: usize = 4 * 1024;

/// Longest record, key and value together: below the 1,000,000 bytes that
/// Kafka brokers and clients accept by default, less the framing.
pub const MAX_RECORD_BYTES: usize = 900_000;

/// Most records in one append: what librdkafka queues by default.
pub const MAX_BATCH_RECORDS: usize = 100_000;

/// Most bytes in one append, keys and values together: it is held in memory
/// until it is durable.
pub const MAX_BATCH_BYTES: usize = 32 * 1024 * 1024;

/// Most partitions of a topic: each costs memory and files in both logs.
pub const MAX_PARTITIONS: u32 = 1_024;

/// How long a compacted topic keeps the tombstone of a key. A reader that was
/// away for longer must read the topic again from its earliest offset, or it
/// may miss that the key is gone.
pub const TOMBSTONE_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Longest topic name in bytes; Kafka allows 249, the embedded log adds a suffix.
const MAX_TOPIC_BYTES: usize = 200;

/// What is appended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Chooses the partition, and what a compacted topic keeps the newest
    /// record of. Not empty.
    pub key: Bytes,
    /// The payload; `None` is a tombstone: the key is gone.
    pub value: Option<Bytes>,
}

impl Record {
    /// A record with a value.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Record {
        Record { key: key.into(), value: Some(value.into()) }
    }

    /// The record that says that `key` is gone.
    pub fn tombstone(key: impl Into<Bytes>) -> Record {
        Record { key: key.into(), value: None }
    }

    fn size_bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// What is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRecord {
    /// Its place in the partition.
    pub offset: u64,
    /// When it was appended, by the clock of the log (the broker's, for
    /// Kafka): milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp_ms: i64,
    /// The key; empty only when another program wrote a record without one.
    pub key: Bytes,
    /// The payload; `None` is a tombstone.
    pub value: Option<Bytes>,
}

impl StoredRecord {
    pub(super) fn size_bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// What a topic keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TopicKind {
    /// Every record for at least this long.
    Retained(Duration),
    /// The newest record of each key, and tombstones for [`TOMBSTONE_RETENTION`].
    Compacted,
}

/// A topic as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicSpec {
    /// Its name: ASCII letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// How many partitions, at least 1; cannot change later, because a key's
    /// partition would.
    pub partitions: u32,
    /// What it keeps.
    pub kind: TopicKind,
}

impl TopicSpec {
    pub(super) fn validate(&self) -> Result<(), LogError> {
        let refuse =
            |reason: String| Err(LogError::InvalidTopic { topic: self.name.clone(), reason });
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if self.name.is_empty() || self.name.len() > MAX_TOPIC_BYTES {
            return refuse(format!(
                "a name has 1 to {MAX_TOPIC_BYTES} characters, found {}",
                self.name.len()
            ));
        }
        if !self.name.bytes().all(allowed) || self.name == "." || self.name == ".." {
            return refuse("a name has ASCII letters, digits, '.', '_' and '-' only".to_owned());
        }
        if self.partitions == 0 || self.partitions > MAX_PARTITIONS {
            return refuse(format!(
                "partitions must be 1 to {MAX_PARTITIONS}, found {}",
                self.partitions
            ));
        }
        match self.kind {
            TopicKind::Retained(retention) if retention.as_millis() == 0 => {
                refuse("the retention must be at least 1 ms".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// How much one read may return. At least one record is returned if there is
/// one, so a limit of 0 counts as 1, and `bytes` may be passed by the last record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadLimits {
    /// Most records.
    pub records: usize,
    /// No further record once keys and values have reached this many bytes.
    pub bytes: usize,
}

impl Default for ReadLimits {
    /// 10,000 records or 4 MiB: some milliseconds of work for a reader.
    fn default() -> Self {
        ReadLimits { records: 10_000, bytes: 4 * 1024 * 1024 }
    }
}

/// A read in progress: the records so far, and whether the limits allow more.
pub(super) struct Gathered {
    limits: ReadLimits,
    bytes: usize,
    pub(super) records: Vec<StoredRecord>,
}

impl Gathered {
    pub(super) fn new(limits: ReadLimits) -> Gathered {
        Gathered { limits, bytes: 0, records: Vec::new() }
    }

    /// Adds a record; `true` when the read is full.
    pub(super) fn push(&mut self, record: StoredRecord) -> bool {
        self.bytes += record.size_bytes();
        self.records.push(record);
        self.records.len() >= self.limits.records || self.bytes >= self.limits.bytes
    }
}

/// Checks a batch against the limits that both implementations hold.
pub(super) fn validate_batch(topic: &str, batch: &[Record]) -> Result<(), LogError> {
    let too_large =
        |reason: String| Err(LogError::BatchTooLarge { topic: topic.to_owned(), reason });
    if batch.len() > MAX_BATCH_RECORDS {
        return too_large(format!("at most {MAX_BATCH_RECORDS} records, found {}", batch.len()));
    }
    let mut batch_bytes = 0;
    for (index, record) in batch.iter().enumerate() {
        let refuse = |reason: String| {
            Err(LogError::InvalidRecord { topic: topic.to_owned(), index, reason })
        };
        let record_bytes = record.size_bytes();
        if record.key.is_empty() {
            return refuse("the key must not be empty".to_owned());
        }
        if record.key.len() > MAX_KEY_BYTES {
            return refuse(format!(
                "the key has at most {MAX_KEY_BYTES} bytes, found {}",
                record.key.len()
            ));
        }
        if record_bytes > MAX_RECORD_BYTES {
            return refuse(format!(
                "key and value have at most {MAX_RECORD_BYTES} bytes, found {record_bytes}"
            ));
        }
        batch_bytes += record_bytes;
    }
    if batch_bytes > MAX_BATCH_BYTES {
        return too_large(format!("at most {MAX_BATCH_BYTES} bytes, found {batch_bytes}"));
    }
    Ok(())
}
