//! The file formats of `padwacht replay`, exactly as SEMANTICS.md, "Replay",
//! writes them: bytes to facts, intervals to bytes.
//!
//! Nothing here opens a file. A bad line never ends a reader: it is yielded
//! as a [`BadLine`], and the caller decides.

mod csv;
mod output;
mod samples;
mod services;
mod windows;

use std::fmt;

use crate::model::Timestamp;

pub use output::{IntervalWriter, write_intervals};
pub use samples::SampleLines;
pub use services::{
    RawService, RawServices, ServiceEntry, read_services, refuse_duplicates, split_services,
};
pub use windows::read_windows;

/// A place in an input that cannot be used, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadLine {
    /// Line number, from 1.
    pub line: u64,
    /// What is allowed and what was found.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Reads milliseconds since 1970, or RFC 3339, of which parts of a
/// millisecond are cut off downward.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(millis) = text.parse() {
        return Some(Timestamp(millis));
    }
    const NANOS_PER_MILLI: i128 = 1_000_000;
    let parsed: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(parsed.as_nanosecond().div_euclid(NANOS_PER_MILLI)).ok().map(Timestamp)
}

/// The most characters of a bad line that an error repeats.
const SHOWN_MAX: usize = 80;

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
