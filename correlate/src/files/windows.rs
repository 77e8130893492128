//! Maintenance windows: CSV with the header `target,from,to`.

use super::csv::{three_fields, trim_end};
use super::{BadLine, parse_time, shown};
use crate::model::{Period, Target, Window};

const HEADER: &str = "target,from,to";

/// Reads a whole maintenance file; each window with its line number.
pub fn read_windows(file: &[u8]) -> Vec<Result<(u64, Window), BadLine>> {
    let mut windows = Vec::new();
    let lines = file.split(|&byte| byte == b'\n').map(trim_end);
    for (number, line) in (1..).zip(lines) {
        if number == 1 {
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            if line != HEADER.as_bytes() {
                let found = shown(&String::from_utf8_lossy(line));
                let reason = format!("expected the header {HEADER}, found {found}");
                windows.push(Err(BadLine { line: number, reason }));
            }
        } else if !line.is_empty() {
            let window = window(line).map(|window| (number, window));
            windows.push(window.map_err(|reason| BadLine { line: number, reason }));
        }
    }
    windows
}

fn window(line: &[u8]) -> Result<Window, String> {
    let line = std::str::from_utf8(line).map_err(|error| {
        format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1)
    })?;
    let [target, from, to] = three_fields(line)?;
    let edge = |name: &str, text: &str| {
        parse_time(text).ok_or_else(|| {
            format!("{name} must be milliseconds since 1970 or RFC 3339, found {}", shown(text))
        })
    };
    let period = Period::new(edge("from", &from)?, edge("to", &to)?);
    if target.is_empty() || target == "service:" {
        return Err(String::from("target must be a component or service:<id>"));
    }
    if period.is_empty() {
        return Err(format!("to must be after from, found from {from} to {to}"));
    }
    Ok(Window { target: Target::parse(&target), period })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_refusals_keep_their_lines() {
        let file =
            b"target,from,to\na/port/1,10,20\nservice:s,1970-01-01T00:00:01Z,2000\nx,5,5\nx,a,9\n";
        let read: Vec<String> = read_windows(file)
            .into_iter()
            .map(|result| match result {
                Ok((line, window)) => {
                    let Period { from, until } = window.period;
                    format!("{line}: {} {from} {until}", window.target)
                }
                Err(bad) => bad.to_string(),
            })
            .collect();
        assert_eq!(
            read,
            [
                "2: a/port/1 10 20",
                "3: service:s 1000 2000",
                "line 4: to must be after from, found from 5 to 5",
                "line 5: from must be milliseconds since 1970 or RFC 3339, found \"a\"",
            ]
        );
    }
}
