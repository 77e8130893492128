//! What a source asked of its NMS, and what that cost: plain numbers that a
//! source of any kind can fill, for metrics and for people.
//!
//! Holds no part of a body and no credentials.

use std::collections::BTreeMap;

use correlate::model::Timestamp;

use super::fault::{Fault, SourceError};

/// Everything asked so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Since when this has been counted: when the source was opened.
    pub since: Option<Timestamp>,
    /// One entry for every kind of call that was made, by its name.
    pub calls: Vec<CallStats>,
    /// What failed lately, the newest first; bounded by the source.
    pub errors: Vec<CallError>,
}

/// What one kind of call came to. Totals since [`Traffic::since`], unless it
/// says otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallStats {
    /// A fixed name without ids, such as `devices`; a label of metrics.
    pub kind: &'static str,
    /// Requests sent, repeats included.
    pub calls: u64,
    /// Requests that were sent again after a failure.
    pub repeats: u64,
    /// Questions that were answered from what was read before, without a request.
    pub cached: u64,
    /// Bytes of bodies as they came, compressed or not.
    pub wire_bytes: u64,
    /// Bytes of bodies after decompression.
    pub bytes: u64,
    /// Rows that were decoded.
    pub rows: u64,
    /// How long whole exchanges took lately.
    pub latency: Latency,
    /// Failed requests, by what went wrong.
    pub errors: BTreeMap<Fault, u64>,
    /// Requests that had to wait for the throttle.
    pub throttle_waits: u64,
    /// How long they waited together, in milliseconds.
    pub throttle_wait_ms: u64,
    /// When the last request ended.
    pub last_at: Option<Timestamp>,
    /// When the last one with a usable answer ended.
    pub last_success_at: Option<Timestamp>,
}

/// How long calls took, in milliseconds, over the last hour or two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Latency {
    /// How many calls this is about; 0 if there was none, and then the rest is 0.
    pub calls: u64,
    /// Half of them took at most this long; exact to an eighth.
    pub p50_ms: u64,
    /// 99 of 100 took at most this long; exact to an eighth.
    pub p99_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

/// Failures of one kind of call for one reason, since this is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallError {
    /// See [`CallStats::kind`].
    pub kind: &'static str,
    /// What went wrong, in words for the operator.
    pub error: SourceError,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

/// Something that a source found out about its NMS by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Learned {
    /// What: a fixed name, such as `time_zone`, the same as that of the setting
    /// which overrides it, if there is one.
    pub name: &'static str,
    /// The value in use, for people.
    pub value: String,
    /// What it rests on, for people: `read from 3 devices in both formats`.
    pub how: String,
    /// The configuration sets it, whatever was found.
    pub overridden: bool,
}
