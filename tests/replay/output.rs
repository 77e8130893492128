//! Where the intervals go, what else is said, and what a signal leaves behind.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::{Case, EXPECTED, PERIOD, SAMPLES, SERVICES, read, text};

const FILES: [&str; 4] = ["--samples", "s.csv", "--services", "v.json"];

fn case() -> Case {
    Case::new(&[("s.csv", SAMPLES.as_bytes()), ("v.json", SERVICES.as_bytes())])
}

fn names(case: &Case) -> Vec<String> {
    let entries = std::fs::read_dir(case.dir.path()).expect("listed");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("listed").file_name().into_string().expect("ASCII"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn quiet_says_nothing_at_all() {
    let case = case();
    let output = case.run(&[&FILES[..], &PERIOD[..], &["--quiet", "--out", "o.csv"]].concat());
    assert!(output.status.success());
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("", ""));
    assert_eq!(read(&case.path("o.csv")), EXPECTED);
}

#[test]
fn a_file_that_is_there_is_replaced_and_nothing_stays_beside_it() {
    let case = case();
    std::fs::write(case.path("o.csv"), EXPECTED.repeat(9)).expect("written");
    let output = case.run(&[&FILES[..], &PERIOD[..], &["--out", "o.csv"]].concat());
    assert!(output.status.success());
    assert_eq!(read(&case.path("o.csv")), EXPECTED);
    assert_eq!(names(&case), ["o.csv", "s.csv", "v.json"]);
}

#[test]
fn bad_input_leaves_the_file_of_before_alone() {
    let case = Case::new(&[
        ("s.csv", format!("{SAMPLES}x").as_bytes()),
        ("v.json", SERVICES.as_bytes()),
        ("o.csv", b"of before"),
    ]);
    let output = case.run(&[&FILES[..], &PERIOD[..], &["--out", "o.csv"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(read(&case.path("o.csv")), "of before");
    assert_eq!(names(&case), ["o.csv", "s.csv", "v.json"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let case = case();
    for out in [".", "none/o.csv"] {
        let output = case.run(&[&FILES[..], &PERIOD[..], &["--out", out]].concat());
        assert_eq!(output.status.code(), Some(1), "{out}");
        let said = text(&output.stderr);
        assert!(said.contains(&format!("write intervals to {out}")), "{said}");
    }
    assert_eq!(names(&case), ["s.csv", "v.json"]);
}

#[test]
fn a_dash_is_standard_output_and_a_pipe_is_written_to() {
    let case = case();
    for out in ["-", "/dev/stdout"] {
        let output = case.run(&[&FILES[..], &PERIOD[..], &["--out", out]].concat());
        assert_eq!(text(&output.stderr), "");
        assert_eq!(text(&output.stdout), EXPECTED, "{out}");
    }
    assert_eq!(names(&case), ["s.csv", "v.json"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let services: Vec<String> =
        (0..20_000).map(|n| format!("{{\"id\":\"{n}\",\"path\":\"n/port/2\"}}")).collect();
    let services = format!("[{}]", services.join(","));
    let case = Case::new(&[("s.csv", SAMPLES.as_bytes()), ("v.json", services.as_bytes())]);
    let mut command = case.command(&[&FILES[..], &PERIOD[..]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut first = [0; 8];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("it writes");
    assert_eq!(&first, b"service,");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
fn a_signal_ends_the_work_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let case = case();
        std::fs::write(case.path("o.csv"), "of before").expect("written");
        let args = ["--samples", "-", "--services", "v.json", "--out", "o.csv"];
        let mut command = case.command(&[&args[..], &PERIOD[..]].concat());
        let mut child =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        // More than a pipe holds: when it is written, the samples are being read.
        let mut input = child.stdin.take().expect("piped");
        input.write_all(SAMPLES.as_bytes()).expect("written");
        for _ in 0..20_000 {
            input.write_all(b"60000,n/port/2,down\n").expect("written");
        }
        kill_process(Pid::from_child(&child), signal).expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.signal(), Some(signal.as_raw()), "{:?}", output.status);
        assert_eq!(text(&output.stderr), "");
        assert_eq!(read(&case.path("o.csv")), "of before");
        assert_eq!(names(&case), ["o.csv", "s.csv", "v.json"]);
        drop(input);
    }
}
