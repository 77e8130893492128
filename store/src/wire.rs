//! What the records of the log say: bytes to values and back, no IO.
//!
//! `padwacht.samples` carries [`DeviceReport`]s (protobuf, the schema is
//! `proto/padwacht/v1/samples.proto`); `padwacht.definitions` carries
//! [`DefinitionRecord`]s (JSON). A record that cannot be decoded is poison: the
//! reader sets it aside with the [`WireError`] as reason and goes on.
//! Decoding never panics, whatever the bytes.

mod definition;
mod plain;
mod report;

/// The code that prost makes of `proto/`.
pub(crate) mod proto {
    #![expect(unreachable_pub, reason = "generated: the samples are public, checkpoints are not")]
    #![expect(missing_docs, reason = "generated: the names of enum values speak for themselves")]
    include!(concat!(env!("OUT_DIR"), "/padwacht.v1.rs"));
}

pub use definition::DefinitionRecord;
pub use plain::{PlainSample, visit_plain_report};
pub use proto::{ComponentSample, DeviceReport, Evidence, State};
pub use report::{
    MAX_AT_MS, decode_report, encode_report, report_key, report_samples, visit_samples,
};

/// Topic of the samples: [`DeviceReport`]s, kept by age.
pub const SAMPLES_TOPIC: &str = "padwacht.samples";

/// Topic of the definitions: [`DefinitionRecord`]s, compacted.
pub const DEFINITIONS_TOPIC: &str = "padwacht.definitions";

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
    /// The value of this key does not say what it must.
    #[error("the definition at key {key:?} is refused: {reason}")]
    Definition {
        /// The record's key.
        key: String,
        /// Where, what is allowed, and what was found.
        reason: String,
    },
}
