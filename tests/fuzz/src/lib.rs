//! Whatever reads bytes from outside or from disk, as functions from bytes to
//! nothing that panic when a property does not hold.
//!
//! `make test` runs them over the kept corpus and some mutations of it;
//! `make fuzz` lets libFuzzer look for more. An input that once broke something
//! stays in the corpus.

mod alloc;
mod definition;
mod durable;
mod edits;
mod path;
mod report;
mod samples;
mod services;
mod times;
mod trigger;
mod windows;

/// One reader and the properties that it must have.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, which is also its directory in `corpus/`.
    pub name: &'static str,
    /// Reads the bytes; panics when a property does not hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target { name: "samples", run: samples::run },
    Target { name: "services", run: services::run },
    Target { name: "windows", run: windows::run },
    Target { name: "path", run: path::run },
    Target { name: "times", run: times::run },
    Target { name: "report", run: report::run },
    Target { name: "definition", run: definition::run },
    Target { name: "trigger", run: trigger::run },
    Target { name: "checkpoint", run: durable::run_checkpoint },
    Target { name: "journal", run: durable::run_journal },
];

/// The most characters of a reason for refusing something: it repeats parts of
/// what was found, and not all of it.
const REASON_CHARS_MAX: usize = 1_500;

#[track_caller]
fn check_reason(reason: &str, ids: usize) {
    assert!(!reason.is_empty());
    let chars = reason.chars().count();
    assert!(chars <= REASON_CHARS_MAX + ids, "{chars} characters: {reason}");
}
