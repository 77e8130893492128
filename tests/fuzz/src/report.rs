//! The records of `padwacht.samples`.

use correlate::model::Sample;
use store::wire::{MAX_AT_MS, decode_report, encode_report, report_samples, visit_samples};

use crate::{alloc, check_reason};

pub(crate) fn run(value: &[u8]) {
    // The least sample takes two bytes of protobuf.
    let read = alloc::bounded(value.len(), 200, || decode_report(value));
    let report = match read {
        Ok(report) => report,
        Err(error) => return check_reason(&error.to_string(), 2 * value.len()),
    };
    assert_eq!(decode_report(&encode_report(&report)).as_ref(), Ok(&report));
    let samples = report_samples(&report).expect("a decoded report is valid");
    let mut visited = Vec::new();
    visit_samples(&report, |component, at, state| {
        visited.push(Sample { at, component: component.into(), state });
    })
    .expect("a decoded report is valid");
    assert_eq!(visited, samples);
    for sample in samples {
        assert!((0..=MAX_AT_MS).contains(&sample.at.millis()));
        let (nms, kind, native_id) = sample.component.parts().expect("an id has three parts");
        assert!(nms == report.nms && !kind.is_empty() && !native_id.is_empty());
    }
}
