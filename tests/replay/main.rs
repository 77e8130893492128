//! `padwacht replay` as a user runs it: files in, files out, exit status and
//! error texts. Needs nothing but the binary.

mod input;
mod output;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use correlate::files::write_intervals;
use proof::story::Story;

struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new(files: &[(&str, &[u8])]) -> Case {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, content) in files {
            std::fs::write(dir.path().join(name), content).expect("written");
        }
        Case { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        command.current_dir(self.dir.path()).arg("replay").args(args).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

const SERVICES: &str = r#"[
 {"id": "redundant", "name": "Two legs", "path": {"all": ["n/device/1", {"any": ["n/port/2", "n/port/3"]}]}},
 {"id": "single", "path": "n/port/2"}
]"#;

const SAMPLES: &str = "at,component,state\n\
    0,n/device/1,up\n0,n/port/2,up\n0,n/port/3,up\n\
    60000,n/port/2,down\n120000,n/port/3,down\n180000,n/port/2,up\n";

const EXPECTED: &str = "service,start,end,state,cause\n\
    redundant,0,60000,up,\n\
    redundant,60000,120000,degraded,n/port/2\n\
    redundant,120000,180000,down,n/port/2 n/port/3\n\
    redundant,180000,240000,degraded,n/port/3\n\
    single,0,60000,up,\n\
    single,60000,180000,down,n/port/2\n\
    single,180000,240000,up,\n";

const PERIOD: [&str; 4] = ["--from", "0", "--until", "1970-01-01T00:04:00Z"];

#[track_caller]
fn check(case: &Case, args: &[&str], expected: &str) {
    let output = case.run(&[args, &PERIOD[..]].concat());
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), expected);
    assert!(output.status.success());
}

#[test]
fn intervals_come_out_with_their_causes() {
    let case = Case::new(&[("s.csv", SAMPLES.as_bytes()), ("v.json", SERVICES.as_bytes())]);
    for workers in ["1", "2", "4"] {
        let args = ["--samples", "s.csv", "--services", "v.json", "--workers", workers];
        check(&case, &args, EXPECTED);
    }
}

#[test]
fn the_order_of_the_lines_does_not_matter() {
    let mut lines: Vec<&str> = SAMPLES.lines().collect();
    lines[1..].reverse();
    let shuffled = lines.join("\r\n");
    let case = Case::new(&[("s.csv", shuffled.as_bytes()), ("v.json", SERVICES.as_bytes())]);
    check(&case, &["--samples", "s.csv", "--services", "v.json"], EXPECTED);
}

#[test]
fn compressed_files_and_standard_input_are_read() {
    let zst = zstd::encode_all(SAMPLES.as_bytes(), 3).expect("compressed");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, SAMPLES.as_bytes()).expect("compressed");
    let gz = gz.finish().expect("compressed");
    let case = Case::new(&[
        ("s.csv.zst", &zst),
        ("s.csv.gz", &gz),
        ("s.csv", SAMPLES.as_bytes()),
        ("v.json", SERVICES.as_bytes()),
    ]);
    check(&case, &["--samples", "s.csv.zst", "--services", "v.json"], EXPECTED);
    check(&case, &["--samples", "s.csv.gz", "--services", "v.json"], EXPECTED);
    let mut command = case.command(&["--samples", "-", "--services", "v.json"]);
    let input = std::fs::File::open(case.path("s.csv")).expect("opened");
    let output = command.args(PERIOD).stdin(input).output().expect("the binary runs");
    assert_eq!(text(&output.stdout), EXPECTED);
}

#[test]
fn windows_staleness_and_clipping_follow_semantics() {
    let windows = "target,from,to\nn/port/2,60000,90000\nservice:single,100000,110000\n";
    let case = Case::new(&[
        ("s.csv", SAMPLES.as_bytes()),
        ("v.json", SERVICES.as_bytes()),
        ("m.csv", windows.as_bytes()),
    ]);
    let args = [
        "--samples",
        "s.csv",
        "--services",
        "v.json",
        "--maintenance",
        "m.csv",
        "--stale-after",
        "100s",
        "--from",
        "30s-is-no-time",
        "--until",
        "0",
    ];
    assert_eq!(case.run(&args).status.code(), Some(2));
    let output = case.run(&[
        "--samples",
        "s.csv",
        "--services",
        "v.json",
        "--maintenance",
        "m.csv",
        "--stale-after",
        "100s",
        "--from",
        "70000",
        "--until",
        "300000",
    ]);
    assert_eq!(
        text(&output.stdout),
        "service,start,end,state,cause\n\
         redundant,70000,100000,degraded,n/port/2\n\
         redundant,100000,120000,unknown,n/device/1 n/port/3\n\
         redundant,120000,160000,down,n/port/2 n/port/3\n\
         redundant,160000,300000,unknown,n/device/1 n/port/2\n\
         single,70000,90000,maintenance,n/port/2\n\
         single,90000,100000,down,n/port/2\n\
         single,100000,110000,maintenance,n/port/2\n\
         single,110000,160000,down,n/port/2\n\
         single,160000,180000,unknown,n/port/2\n\
         single,180000,280000,up,\n\
         single,280000,300000,unknown,n/port/2\n"
    );
}

#[test]
fn a_bad_line_names_file_line_and_reason_and_writes_nothing() {
    let cases: [(&str, &str, &str); 4] = [
        (
            "at,component,state\n0,a,up\n5,a,UP\n",
            SERVICES,
            "padwacht: s.csv: line 3: state must be up, down or unknown, found \"UP\"\n",
        ),
        (
            "component,at\n",
            SERVICES,
            "padwacht: s.csv: line 1: expected the header at,component,state, found \"component,at\"\n",
        ),
        (
            SAMPLES,
            "[{\"id\":\"x\",\n\"path\":{\"any\":[]}}]",
            "padwacht: v.json: line 1: service x, version 1: at path.any: the list must not be empty\n",
        ),
        (
            SAMPLES,
            "[\n{\"id\":\"x\",\"path\":{\"all\":[\"a\",{\"service\":\"y\"}]}},\n\
                   {\"id\":\"y\",\"path\":{\"service\":\"x\"}}]",
            "padwacht: v.json: line 3: service y, version 1: at path: references form a cycle: y → x → y\n",
        ),
    ];
    for (samples, services, expected) in cases {
        let case = Case::new(&[("s.csv", samples.as_bytes()), ("v.json", services.as_bytes())]);
        let args = ["--samples", "s.csv", "--services", "v.json", "--out", "o.csv"];
        let output = case.run(&[&args[..], &PERIOD[..]].concat());
        assert_eq!(text(&output.stderr), expected);
        assert_eq!(output.status.code(), Some(2));
        assert!(!case.path("o.csv").exists());
    }
}

#[test]
fn skip_bad_counts_shows_ten_and_does_the_rest() {
    let bad: String = (0..12).map(|_| "x,n/port/2,up\n").collect();
    let samples = format!("{SAMPLES}{bad}");
    let case = Case::new(&[("s.csv", samples.as_bytes()), ("v.json", SERVICES.as_bytes())]);
    let args = ["--samples", "s.csv", "--services", "v.json", "--skip-bad", "--out", "o.csv"];
    let output = case.run(&[&args[..], &PERIOD[..]].concat());
    assert!(output.status.success());
    let complaints = text(&output.stderr);
    assert_eq!(complaints.matches("padwacht: skipped s.csv: line").count(), 10);
    assert!(complaints.ends_with("padwacht: skipped 12 bad lines in all\n"), "{complaints}");
    assert_eq!(read(&case.path("o.csv")), EXPECTED);
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("read")
}

#[test]
fn every_story_comes_out_of_the_binary_as_told() {
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("correlate/tests/scenarios");
    let stories = Story::read_all(&stories).unwrap_or_else(|error| panic!("{error}"));
    for story in stories {
        let files = story.files();
        let case = Case::new(&[
            ("s.csv", files.samples.as_bytes()),
            ("v.json", files.services.as_bytes()),
            ("m.csv", files.maintenance.as_bytes()),
        ]);
        let (from, until) = (files.period.from.to_string(), files.period.until.to_string());
        let mut args = vec!["--samples", "s.csv", "--services", "v.json", "--maintenance", "m.csv"];
        args.extend(["--from", &from, "--until", &until, "--workers", "2"]);
        let limit = story.stale_after_ms.map(|limit| limit.to_string());
        args.extend(limit.iter().flat_map(|limit| ["--stale-after", limit]));
        let output = case.run(&args);
        assert_eq!(text(&output.stderr), "", "{}", story.file.display());
        let told: Vec<_> = story.expected.into_iter().collect();
        let mut expected = String::new();
        write_intervals(&mut expected, &told, files.period);
        assert_eq!(text(&output.stdout), expected, "{}", story.file.display());
    }
}
