//! Instants as files and flags write them.

use correlate::files::parse_time;
use correlate::model::Timestamp;

use crate::alloc;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let read = alloc::bounded(text.len(), 16, || parse_time(text));
    let Some(at) = read else { return };
    assert_eq!(parse_time(&at.to_string()), Some(at));
    if let Ok(millis) = text.parse::<i64>() {
        assert_eq!(at, Timestamp(millis), "milliseconds are taken as they are");
    } else {
        assert!(text.is_ascii(), "RFC 3339 has no such characters");
        let shortest = "0000-00-00T00:00:00Z".len();
        assert!(text.len() >= shortest, "{text:?} is too short for RFC 3339");
    }
}
