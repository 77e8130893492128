//! What a source asked of its NMS, and what that cost: plain numbers that a
//! source of any kind can fill, for metrics and for people.
//!
//! Holds no part of a body and no credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

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
    /// The value in use.
    pub value: Found,
    /// What it rests on.
    pub basis: Basis,
    /// What was found, where a setting overrides it and something was found.
    pub found: Option<Found>,
}

/// A value that was found out; without words, which are the pages' to choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// A name or a number that reads the same in every language.
    Name(String),
    /// Once in this time.
    Every(Duration),
    /// Yes or no.
    Is(bool),
    /// A clock.
    Clock {
        /// The IANA name of its zone; `None` while several fit.
        zone: Option<String>,
        /// Its present offset from UTC.
        offset: String,
    },
}

/// In English, for logs and the command line.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Name(name) => f.write_str(name),
            Found::Every(every) => write!(f, "{} s", every.as_secs_f64()),
            Found::Is(is) => f.write_str(if *is { "yes" } else { "no" }),
            Found::Clock { zone: Some(zone), offset } => write!(f, "{zone} (now {offset})"),
            Found::Clock { zone: None, offset } => {
                write!(f, "offset {offset} now; which zone is not known yet")
            }
        }
    }
}

/// What a value rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// The configuration sets it, whatever was found.
    Set,
    /// The NMS was asked for it.
    Asked,
    /// The NMS's own list of its pollers.
    Pollers,
    /// The times of its polls over several readings.
    PollTimes,
    /// The NMS's default, until more readings tell.
    Assumed,
    /// The interval in which the NMS polls.
    PollingInterval,
    /// The throttle, and how long the answer takes.
    Throttle,
    /// Our own default.
    Default,
    /// It could be read.
    Readable,
    /// The account of the NMS may not see it.
    Forbidden,
    /// The NMS does not have it: its version is too old, or it is off there.
    Missing,
    /// Every version of the product has it, or none.
    Product,
    /// There is more of it than this is made for.
    TooMuch,
    /// The dates of its answers, held against our clock.
    Date,
    /// Devices read both in its local time and in UTC, over so many months.
    BothClocks {
        /// From 1.
        months: u32,
    },
}

impl Basis {
    /// A short name that does not change, for the API and for texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Basis::Set => "set",
            Basis::Asked => "asked",
            Basis::Pollers => "pollers",
            Basis::PollTimes => "poll_times",
            Basis::Assumed => "assumed",
            Basis::PollingInterval => "polling_interval",
            Basis::Throttle => "throttle",
            Basis::Default => "default",
            Basis::Readable => "readable",
            Basis::Forbidden => "forbidden",
            Basis::Missing => "missing",
            Basis::Product => "product",
            Basis::TooMuch => "too_much",
            Basis::Date => "date",
            Basis::BothClocks { .. } => "both_clocks",
        }
    }
}
