//! Every story through the file formats of `padwacht replay`: written, read
//! back by the product's readers, and played in one go.

use correlate::dataflow::{Control, LinesPiece, Options, Workers};
use correlate::files::{read_services, read_windows, write_intervals};
use correlate::model::{Interval, Period, ServiceId, Timestamp};

use crate::every_story;
use crate::player::expected;

#[test]
fn the_files_of_replay_give_the_same() {
    every_story(|story| {
        let files = story.files();
        let options =
            Options { workers: 2, stale_after_ms: story.stale_after_ms, origin: Timestamp::MIN };
        let mut workers = Workers::start(options, None).expect("starts");
        let mut controls = Vec::new();
        for entry in read_services(&files.services) {
            let entry = entry.map_err(|bad| format!("services, {bad}"))?;
            controls.push(Control::Define(entry.definition.into()));
        }
        for window in read_windows(files.maintenance.as_bytes()) {
            let (line, window) = window.map_err(|bad| format!("maintenance, {bad}"))?;
            controls.push(Control::Window(line.to_string(), Some(window)));
        }
        workers.control(controls).expect("runs");
        let bytes = files.samples.as_bytes().to_vec();
        workers.feed_lines(0, LinesPiece { number: 0, bytes }).expect("runs");
        if let Some(bad) = workers.lines_read().expect("runs").first_bad.first() {
            return Err(format!("samples, {bad}"));
        }
        let period = files.period;
        workers.settle(period.until.plus_millis(-1)).expect("runs");
        let found = written(&workers.intervals().expect("runs"), period);
        let told: Vec<_> = expected(story).into_iter().collect();
        let told = written(&told, period);
        if found == told { Ok(()) } else { Err(format!("expected\n{told}found\n{found}")) }
    });
}

fn written(intervals: &[(ServiceId, Vec<Interval>)], period: Period) -> String {
    let mut text = String::new();
    write_intervals(&mut text, intervals, period);
    text
}
