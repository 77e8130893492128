//! The record log between the stages: append a batch, read from an offset.
//!
//! [`Log`] has two implementations that pass one contract test
//! (`tests/log_contract`): [`EmbeddedLog`], on disk inside one process, and
//! [`KafkaLog`], for stages in separate processes. Both put a record into the
//! partition that Kafka's own clients would choose for its key.
//!
//! A log never looks inside a record, never keeps a reader's position (that
//! belongs to the reader's checkpoint) and never groups readers.

mod embedded;
mod error;
mod kafka;
mod partition;
mod record;
mod seek;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;

pub use embedded::EmbeddedLog;
pub use error::LogError;
pub use kafka::{KafkaConfig, KafkaLog};
pub use record::{
    MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_KEY_BYTES, MAX_PARTITIONS, MAX_RECORD_BYTES,
    ReadLimits, Record, StoredRecord, TOMBSTONE_RETENTION, TopicKind, TopicSpec,
};
pub use seek::{offset_at, partition_of_key};

/// A partitioned, durable, append-only log of keyed records.
///
/// Offsets count from 0 in each partition, only grow, also across restarts,
/// and may have gaps (compaction, or Kafka's own records).
#[async_trait]
pub trait Log: Send + Sync {
    /// Makes sure that the topic exists as `spec` says. Repeating it changes
    /// nothing.
    ///
    /// # Errors
    /// [`LogError::TopicMismatch`] when it exists with other partitions or of
    /// the other kind; [`LogError::InvalidTopic`] for a name or a number that
    /// no topic can have.
    async fn ensure_topic(&self, spec: &TopicSpec) -> Result<(), LogError>;

    /// How many partitions the topic has; they are numbered from 0.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`].
    async fn partitions(&self, topic: &str) -> Result<u32, LogError>;

    /// Appends `batch`; when it returns `Ok`, every record is durable (on
    /// disk, or acknowledged by every in-sync replica). Records with one key
    /// keep their order. An empty batch is nothing to do.
    ///
    /// After an error, none, some or (Kafka) all records may be in the log:
    /// append the batch again when [`LogError::is_retriable`]; readers must
    /// bear a record twice. Dropping the future leaves the same doubt.
    ///
    /// # Errors
    /// One of the limits ([`MAX_RECORD_BYTES`], [`MAX_KEY_BYTES`],
    /// [`MAX_BATCH_RECORDS`], [`MAX_BATCH_BYTES`]), which append nothing; an
    /// unknown topic; or a log that is away or broken.
    async fn append(&self, topic: &str, batch: Vec<Record>) -> Result<(), LogError>;

    /// Reads records from `offset` on, in order. Returns as soon as there is
    /// at least one, with what is at hand up to `limits`; waits up to `wait`
    /// for the first. Empty means: there was nothing to read from `offset`.
    ///
    /// Continue at the last record's offset plus one. A dropped future has
    /// no effect.
    ///
    /// # Errors
    /// [`LogError::OffsetOutOfRange`] for an offset before the earliest that
    /// is retained, or after the end; an unknown topic or partition; or a log
    /// that is away or broken.
    async fn read(
        &self,
        topic: &str,
        partition: u32,
        offset: u64,
        limits: ReadLimits,
        wait: Duration,
    ) -> Result<Vec<StoredRecord>, LogError>;

    /// The offsets `[earliest, end)` of a partition: `earliest` can be read,
    /// `end` is what the next record will get.
    ///
    /// # Errors
    /// An unknown topic or partition, or a log that is away.
    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError>;

    /// Tries the log for `padwacht doctor`, and says in a line what it is.
    ///
    /// # Errors
    /// What is wrong, in words for the operator.
    async fn check(&self) -> Result<String, LogError>;
}
