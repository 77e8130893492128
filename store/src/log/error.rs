//! What can go wrong with a log.

use std::error::Error;
use std::path::PathBuf;

/// Why a log refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Nobody made this topic.
    #[error("topic {topic} does not exist; run `padwacht migrate`, which makes it")]
    UnknownTopic {
        /// Its name.
        topic: String,
    },
    /// The topic has fewer partitions.
    #[error("topic {topic} has partitions 0 to {last}, not {partition}", last = .partitions.saturating_sub(1))]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// What was asked for.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// No topic can be like this.
    #[error("topic {topic:?} is not possible: {reason}")]
    InvalidTopic {
        /// The name that was given.
        topic: String,
        /// What is allowed and what was found.
        reason: String,
    },
    /// The topic exists, but is another one than was asked for.
    #[error(
        "topic {topic} exists with {found}, but {wanted} is configured; \
         set the configuration back, or delete the topic"
    )]
    TopicMismatch {
        /// Its name.
        topic: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A record that no log takes; nothing of its batch was appended.
    #[error("record {index} of the batch for topic {topic} is refused: {reason}")]
    InvalidRecord {
        /// The topic.
        topic: String,
        /// Its place in the batch, from 0.
        index: usize,
        /// What is allowed and what was found.
        reason: String,
    },
    /// Too much at once; nothing was appended.
    #[error("the batch for topic {topic} is refused: {reason}; append it in smaller parts")]
    BatchTooLarge {
        /// The topic.
        topic: String,
        /// What is allowed and what was found.
        reason: String,
    },
    /// The offset is not in the log: it was dropped by retention, or it lies
    /// after the end, which means that the log was replaced or lost its tail.
    #[error(
        "topic {topic}, partition {partition} has no offset {offset}: \
         the earliest retained is {earliest}, the next will be {end}"
    )]
    OffsetOutOfRange {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// What was asked for.
        offset: u64,
        /// The earliest offset that can be read.
        earliest: u64,
        /// One more than the last offset.
        end: u64,
    },
    /// The broker is away or busy; the same call may succeed later.
    #[error("cannot {doing}: {reason}")]
    Unavailable {
        /// What was attempted, such as `append to topic padwacht.samples`.
        doing: String,
        /// What the client says.
        reason: String,
    },
    /// The broker refuses, or the settings are wrong; trying again does not help.
    #[error("cannot {doing}: {reason}")]
    Refused {
        /// What was attempted.
        doing: String,
        /// What the client or the broker says.
        reason: String,
    },
    /// Another process has the embedded log open.
    #[error(
        "the embedded log in {path:?} is in use by another process; \
         stages in separate processes need Kafka"
    )]
    InUse {
        /// Its directory.
        path: PathBuf,
    },
    /// The embedded log cannot read or write its files. After a failed write
    /// it takes nothing more until it is opened again.
    #[error("the embedded log in {path:?} cannot {doing}")]
    Storage {
        /// Its directory.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// What the storage engine says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The embedded log holds something that this version cannot read.
    #[error("the embedded log in {path:?} is damaged or of another version: {reason}")]
    Damaged {
        /// Its directory.
        path: PathBuf,
        /// Where and what.
        reason: String,
    },
}

impl LogError {
    /// Whether the same call may succeed later without anybody's doing
    /// anything: the broker is away, starting, or short of replicas.
    pub fn is_retriable(&self) -> bool {
        matches!(self, LogError::Unavailable { .. })
    }
}
