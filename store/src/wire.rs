//! What the records of the log say: bytes to values and back, no IO.
//!
//! `padwacht.samples` carries [`DeviceReport`]s (protobuf, the schema is
//! `proto/padwacht/v1/samples.proto`); `padwacht.definitions` carries
//! [`DefinitionRecord`]s (JSON); `padwacht.triggers` carries [`Trigger`]s
//! (JSON). A record that cannot be decoded is poison: the reader sets it aside
//! with the [`WireError`] as reason and goes on.
//! Decoding never panics, whatever the bytes.

mod definition;
mod plain;
mod report;
mod trigger;

/// The code that prost makes of `proto/`.
pub(crate) mod proto {
    #![expect(unreachable_pub, reason = "generated: the samples are public, checkpoints are not")]
    #![expect(missing_docs, reason = "generated: the names of enum values speak for themselves")]
    include!(concat!(env!("OUT_DIR"), "/padwacht.v1.rs"));
}

use std::time::Duration;

pub use definition::DefinitionRecord;
pub use plain::{PlainSample, visit_plain_report};
pub use proto::{ComponentSample, DeviceReport, Evidence, Reason, State};
pub use report::{
    MAX_AT_MS, decode_report, encode_report, report_key, report_samples, visit_samples,
};
pub use trigger::{Subject, Trigger};

use crate::log::{TopicKind, TopicSpec};

/// Topic of the samples: [`DeviceReport`]s, kept by age.
pub const SAMPLES_TOPIC: &str = "padwacht.samples";

/// Topic of the definitions: [`DefinitionRecord`]s, compacted.
pub const DEFINITIONS_TOPIC: &str = "padwacht.definitions";

/// Topic of the triggers: [`Trigger`]s, kept for [`TRIGGERS_RETENTION`].
pub const TRIGGERS_TOPIC: &str = "padwacht.triggers";

/// Partitions of the topic of the triggers: a push is a line of text, so one
/// keeps up with any NMS, and a reader has one place to follow.
pub const TRIGGERS_PARTITIONS: u32 = 1;

/// How long triggers are kept. Whoever was away for longer has read everything
/// anew since, so an old trigger is worth nothing.
pub const TRIGGERS_RETENTION: Duration = Duration::from_secs(3_600);

/// The topic of the triggers as it should be.
pub fn triggers_topic() -> TopicSpec {
    TopicSpec {
        name: TRIGGERS_TOPIC.to_owned(),
        partitions: TRIGGERS_PARTITIONS,
        kind: TopicKind::Retained(TRIGGERS_RETENTION),
    }
}

/// Why a record cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A tombstone where only values belong.
    #[error("the record has no value")]
    Empty,
    /// The bytes are no `padwacht.v1.DeviceReport`.
    #[error("the value is no DeviceReport: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// A report with a field that says nothing.
    #[error("the report on {nms:?} device {device:?} is refused: {reason}")]
    Report {
        /// Its NMS, as found.
        nms: String,
        /// Its device, as found.
        device: String,
        /// Where, what is allowed, and what was found.
        reason: String,
    },
    /// The key is neither `service/<id>` nor `window/<id>`.
    #[error("the key must be service/<id> or window/<id>, found {0:?}")]
    Key(String),
    /// A trigger that names nothing that can be read.
    #[error("{0}")]
    Trigger(String),
    /// The value of this key does not say what it must.
    #[error("the definition at key {key:?} is refused: {reason}")]
    Definition {
        /// The record's key.
        key: String,
        /// Where, what is allowed, and what was found.
        reason: String,
    },
}
