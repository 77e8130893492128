//! What may stand in the files, and what becomes of what may not.

use std::io::Write;

use super::{Case, EXPECTED, PERIOD, SAMPLES, SERVICES, check, read, text};

const FILES: [&str; 4] = ["--samples", "s.csv", "--services", "v.json"];

const ALL_UNKNOWN: &str = "service,start,end,state,cause\n\
    redundant,0,240000,unknown,n/device/1 n/port/2 n/port/3\n\
    single,0,240000,unknown,n/port/2\n";

fn case(samples: &[u8], services: &str) -> Case {
    Case::new(&[("s.csv", samples), ("v.json", services.as_bytes())])
}

/// Ends with status 2, says `expected`, and writes nothing anywhere.
#[track_caller]
fn refused(case: &Case, args: &[&str], expected: &str) {
    let output = case.run(&[args, &PERIOD[..], &["--out", "o.csv"]].concat());
    assert_eq!(text(&output.stderr), format!("padwacht: {expected}\n"));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(2));
    assert!(!case.path("o.csv").exists() && !case.path("o.csv.part").exists());
    let output = case.run(&[args, &PERIOD[..]].concat());
    assert_eq!(text(&output.stdout), "", "nothing is written to standard output either");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn without_samples_everything_is_unknown() {
    check(&case(b"at,component,state\n", SERVICES), &FILES, ALL_UNKNOWN);
    check(&case(b"at,component,state", SERVICES), &FILES, ALL_UNKNOWN);
    check(&case(b"\xef\xbb\xbfat,component,state\r\n\r\n", SERVICES), &FILES, ALL_UNKNOWN);
}

#[test]
fn an_empty_file_lacks_its_header() {
    let header = "s.csv: line 1: expected the header at,component,state, found no line";
    let empty = case(b"", SERVICES);
    refused(&empty, &FILES, header);
    // Standard input is empty.
    let args = ["--samples", "-", "--services", "v.json"];
    refused(&empty, &args, &header.replace("s.csv", "-"));
    let case = Case::new(&[("s.csv", SAMPLES.as_bytes()), ("v.json", b"[]"), ("m.csv", b"")]);
    let args = [&FILES[..], &["--maintenance", "m.csv"]].concat();
    refused(&case, &args, "m.csv: line 1: expected the header target,from,to, found \"\"");
}

#[test]
fn no_services_give_the_header_alone() {
    check(&case(SAMPLES.as_bytes(), " [ ]\n"), &FILES, "service,start,end,state,cause\n");
}

#[test]
fn files_from_a_spreadsheet_are_read() {
    let samples: String = SAMPLES
        .lines()
        .skip(1)
        .map(|line| format!("\"{}\"\r\n", line.replace(',', "\",\"")))
        .collect();
    let samples = format!("\u{feff}at,component,state\r\n{samples}");
    let services = format!("\u{feff}{}", SERVICES.replace('\n', "\r\n"));
    let windows = "\u{feff}target,from,to\r\n\"n/port/2\",1970-01-01T02:00:00+01:00,9000000\r\n";
    let case = Case::new(&[
        ("s.csv", samples.as_bytes()),
        ("v.json", services.as_bytes()),
        ("m.csv", windows.as_bytes()),
    ]);
    check(&case, &[&FILES[..], &["--maintenance", "m.csv"]].concat(), EXPECTED);
}

#[test]
fn ids_with_commas_and_quotes_are_quoted_again() {
    let samples =
        b"at,component,state\n0,\"port \"\"a\"\", left\",down\n60000,\"port \"\"a\"\", left\",up\n";
    let services = r#"[{"id": "one, two", "path": "port \"a\", left"}]"#;
    check(
        &case(samples, services),
        &FILES,
        "service,start,end,state,cause\n\
         \"one, two\",0,60000,down,\"port \"\"a\"\", left\"\n\
         \"one, two\",60000,240000,up,\n",
    );
}

#[test]
fn times_may_be_written_in_any_zone() {
    let samples = SAMPLES
        .replace("\n60000,", "\n1970-01-01T01:01:00+01:00,")
        .replace("\n120000,", "\n1969-12-31T23:32:00.000-00:30,")
        .replace("\n180000,", "\n1970-01-01t00:03:00.0009z,");
    check(&case(samples.as_bytes(), SERVICES), &FILES, EXPECTED);
    let case = case(SAMPLES.as_bytes(), SERVICES);
    for (from, until) in [
        ("1970-01-01T00:00:00Z", "240000"),
        ("1970-01-01T05:30:00+05:30", "1969-12-31T16:04:00-08:00"),
        ("1970-01-01t00:00:00.0009z", "1970-01-01 00:04:00.000Z"),
    ] {
        let output = case.run(&[&FILES[..], &["--from", from, "--until", until]].concat());
        assert_eq!(text(&output.stderr), "");
        assert_eq!(text(&output.stdout), EXPECTED, "from {from} until {until}");
    }
}

#[test]
fn every_form_of_a_duration_means_the_same() {
    let case = case(b"at,component,state\n0,n/port/2,up\n", SERVICES);
    let run = |limit: &str| {
        let period = ["--from", "0", "--until", "3600000", "--stale-after", limit];
        let output = case.run(&[&FILES[..], &period[..]].concat());
        (output.status.code(), text(&output.stdout).to_owned())
    };
    let (status, expected) = run("900000");
    assert_eq!(status, Some(0));
    assert!(expected.ends_with("single,0,900000,up,\nsingle,900000,3600000,unknown,n/port/2\n"));
    for limit in ["900s", "15m", "0h15m", "900000ms"] {
        assert_eq!(run(limit), (Some(0), expected.clone()), "{limit}");
    }
    for limit in ["", "15", "15min", "-1s", "1.5m", "15 m", "99999999999999999999"] {
        let status = if limit == "15" { 0 } else { 2 };
        assert_eq!(run(limit).0, Some(status), "{limit:?}");
    }
}

#[test]
fn a_period_must_have_an_end_after_its_start() {
    let case = case(SAMPLES.as_bytes(), SERVICES);
    for (from, until) in [("5", "5"), ("6", "5")] {
        let output = case.run(&[&FILES[..], &["--from", from, "--until", until]].concat());
        assert_eq!(text(&output.stderr), "padwacht: --until must be after --from\n");
        assert_eq!(output.status.code(), Some(2));
    }
    for time in ["2026-01-01", "2026-01-01T00:00:00", "20260101T000000Z", "noon", ""] {
        let output = case.run(&[&FILES[..], &["--from", time, "--until", "5"]].concat());
        assert_eq!(output.status.code(), Some(2), "{time}");
    }
}

fn gz(text: &str) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(text.as_bytes()).expect("compressed");
    gz.finish().expect("compressed")
}

#[test]
fn compressed_files_may_be_joined_from_several() {
    let (first, second) = SAMPLES.split_at(SAMPLES.len() / 2);
    let zst = |text: &str| zstd::encode_all(text.as_bytes(), 3).expect("compressed");
    let case = Case::new(&[
        ("s.csv.gz", &[gz(first), gz(second)].concat()),
        ("s.csv.zst", &[zst(first), zst(second)].concat()),
        ("v.json", SERVICES.as_bytes()),
    ]);
    check(&case, &["--samples", "s.csv.gz", "--services", "v.json"], EXPECTED);
    check(&case, &["--samples", "s.csv.zst", "--services", "v.json"], EXPECTED);
}

#[test]
fn a_compressed_file_that_is_cut_or_damaged_gives_nothing() {
    let whole = gz(&SAMPLES.repeat(50));
    let zst = zstd::encode_all(SAMPLES.as_bytes(), 3).expect("compressed");
    let case = Case::new(&[
        ("cut.gz", &whole[..whole.len() - 9]),
        ("cut.zst", &zst[..zst.len() - 3]),
        ("plain.gz", SAMPLES.as_bytes()),
        ("plain.zst", SAMPLES.as_bytes()),
        ("v.json", SERVICES.as_bytes()),
    ]);
    for file in ["cut.gz", "cut.zst", "plain.gz", "plain.zst", "none.csv"] {
        let args = ["--samples", file, "--services", "v.json", "--out", "o.csv", "--skip-bad"];
        let output = case.run(&[&args[..], &PERIOD[..]].concat());
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(text(&output.stderr).contains(file), "{}", text(&output.stderr));
        assert!(!case.path("o.csv").exists());
    }
}

#[test]
fn services_and_windows_are_refused_with_their_place_too() {
    let cases = [
        (
            "{}",
            "v.json: line 1: expected a JSON list of services: invalid type: map, expected a sequence at line 1 column 0",
        ),
        (
            "[\n\n{\"id\":\"a\",\"path\":\"c\"},\n{\"id\":\"a\",\"path\":\"c\"}]",
            "v.json: line 4: service a is already defined on line 3",
        ),
        (
            "[{\"id\":\"a\",\"path\":\"c\",\"path\":\"d\"}]",
            "v.json: line 1: service a: path is given twice",
        ),
        (
            "[{\"id\":\"a\",\"versions\":[{\"path\":\"c\"},{\"from\":7,\"path\":{\"any\":[\"c\",{\"all\":[3]}]}}]}]",
            "v.json: line 1: service a, version 2: at path.any[1].all[0]: expected a component id or an \
          object with all, any, at_least or service, found a number",
        ),
    ];
    for (services, expected) in cases {
        refused(&case(SAMPLES.as_bytes(), services), &FILES, expected);
    }
    let not_text = Case::new(&[("s.csv", SAMPLES.as_bytes()), ("v.json", b"[\"\xff\"]")]);
    refused(&not_text, &FILES, "v.json: line 1: the file is not UTF-8");
    let windows = b"target,from,to\n\nn/port/2,5,5\n";
    let case = Case::new(&[
        ("s.csv", SAMPLES.as_bytes()),
        ("v.json", SERVICES.as_bytes()),
        ("m.csv", windows),
    ]);
    let args = [&FILES[..], &["--maintenance", "m.csv"]].concat();
    refused(&case, &args, "m.csv: line 3: to must be after from, found from 5 to 5");
}

#[test]
fn skipped_lines_are_counted_over_all_files() {
    let samples = format!("{SAMPLES}x,n/port/2,up\n1,\u{e9}\n");
    let services = SERVICES.replacen('[', "[7,", 1);
    let windows = "target,from,to\nx,9,5\n";
    let case = Case::new(&[
        ("s.csv", samples.as_bytes()),
        ("v.json", services.as_bytes()),
        ("m.csv", windows.as_bytes()),
    ]);
    let args = [&FILES[..], &["--maintenance", "m.csv", "--skip-bad", "--out", "o.csv"]].concat();
    let output = case.run(&[&args[..], &PERIOD[..]].concat());
    assert!(output.status.success());
    let said = text(&output.stderr);
    for part in
        ["v.json: line 1: a service must be", "m.csv: line 2: to must", "s.csv: line 8: at must"]
    {
        assert!(said.contains(&format!("padwacht: skipped {part}")), "{said}");
    }
    assert!(said.ends_with("padwacht: skipped 4 bad lines in all\n"), "{said}");
    assert_eq!(read(&case.path("o.csv")), EXPECTED);
}

#[test]
fn an_endless_line_is_a_bad_line() {
    let samples = format!("{SAMPLES}{}\n", "x".repeat(3 << 20));
    let output = case(samples.as_bytes(), SERVICES).run(&[&FILES[..], &PERIOD[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.starts_with("padwacht: s.csv: line 8: ") && said.len() < 400, "{said}");
}
