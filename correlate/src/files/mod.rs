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
    let parsed: jiff::Timestamp = is_rfc_3339(text).then(|| text.parse().ok())??;
    i64::try_from(parsed.as_nanosecond().div_euclid(NANOS_PER_MILLI)).ok().map(Timestamp)
}

/// Whether a text has the form of RFC 3339, `2026-01-31T23:59:59.999+01:00`:
/// ISO 8601 has many more, and one that is nearly right is not guessed at.
fn is_rfc_3339(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let is = |found: &u8, form: &u8| match form {
        b'0' => found.is_ascii_digit(),
        b'T' => matches!(found, b'T' | b't' | b' '),
        form => found == form,
    };
    let matches = |found: &[u8], form: &[u8]| {
        found.len() == form.len() && found.iter().zip(form).all(|(found, form)| is(found, form))
    };
    let Some((instant, rest)) = text.as_bytes().split_at_checked(FORM.len()) else { return false };
    let offset = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
    };
    let zone = match offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', clock @ ..] => matches(clock, b"00:00"),
        _ => false,
    };
    zone && matches(instant, FORM)
}

/// The most characters of a bad line that an error repeats.
const SHOWN_MAX: usize = 80;

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected_ms: Option<i64>) {
        assert_eq!(parse_time(text), expected_ms.map(Timestamp), "{text}");
    }

    #[test]
    fn a_time_is_milliseconds_or_rfc_3339() {
        check("-5", Some(-5));
        check("1970-01-01T00:00:01Z", Some(1_000));
        check("1970-01-01t01:00:00+01:00", Some(0));
        check("1969-12-31 23:59:59.9991z", Some(-1));
        check("1970-01-01T00:00:00.000000009-00:30", Some(1_800_000));
        check("2016-12-31T23:59:60Z", Some(1_483_228_799_000));
    }

    #[test]
    fn what_is_only_nearly_a_time_is_refused() {
        for text in [
            "",
            "noon",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00Z",
            "19700101T000000Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00+01",
            "1970-01-01T00:00:00+01:00[Europe/Amsterdam]",
            "1970-13-01T00:00:00Z",
            "1970-01-01T00:00:00Z ",
            "1970-01-01T00:00:00é",
        ] {
            check(text, None);
        }
    }
}
