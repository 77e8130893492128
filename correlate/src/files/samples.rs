//! Samples: CSV with the header `at,component,state`.

use rustc_hash::FxHashMap;

use super::csv::{three_fields, trim_end};
use super::{BadLine, parse_time, shown};
use crate::model::{ComponentId, ComponentState, Sample};

/// Reads a samples file given in pieces of whole lines.
#[derive(Default)]
pub struct SampleLines {
    lines_read: u64,
    header_seen: bool,
    /// One text per component, shared by its samples.
    names: FxHashMap<Box<str>, ComponentId>,
}

const HEADER: &str = "at,component,state";

impl SampleLines {
    /// A reader that expects the header first.
    pub fn new() -> SampleLines {
        SampleLines::default()
    }

    /// Reads a piece that ends at the end of a line or of the file, and hands
    /// each sample or bad line over, in order. Blank lines are passed over.
    pub fn read(&mut self, piece: &[u8], mut take: impl FnMut(Result<Sample, BadLine>)) {
        let mut rest = piece;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = trim_end(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or_default();
            self.lines_read += 1;
            let result = if self.header_seen {
                if line.is_empty() {
                    continue;
                }
                self.sample(line)
            } else {
                self.header_seen = true;
                match line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) {
                    header if header == HEADER.as_bytes() => continue,
                    other => Err(format!(
                        "expected the header {HEADER}, found {}",
                        shown(&String::from_utf8_lossy(other))
                    )),
                }
            };
            take(result.map_err(|reason| BadLine { line: self.lines_read, reason }));
        }
    }

    /// Whether the header was there: an empty file has none.
    ///
    /// # Errors
    /// The file ended before its header.
    pub fn end(&self) -> Result<(), BadLine> {
        if self.header_seen {
            return Ok(());
        }
        Err(BadLine { line: 1, reason: format!("expected the header {HEADER}, found no line") })
    }

    fn sample(&mut self, line: &[u8]) -> Result<Sample, String> {
        let line = std::str::from_utf8(line).map_err(|error| {
            format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1)
        })?;
        let [at, component, state] = three_fields(line)?;
        let time = parse_time(&at).ok_or_else(|| {
            format!("at must be milliseconds since 1970 or RFC 3339, found {}", shown(&at))
        })?;
        if component.is_empty() {
            return Err(String::from("component must not be empty"));
        }
        let state: ComponentState = state
            .parse()
            .map_err(|_| format!("state must be up, down or unknown, found {}", shown(&state)))?;
        Ok(Sample { at: time, component: self.component(&component), state })
    }

    fn component(&mut self, name: &str) -> ComponentId {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let id = ComponentId::from(name);
        self.names.insert(Box::from(name), id.clone());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<String> {
        let mut lines = SampleLines::new();
        let mut out = Vec::new();
        lines.read(text.as_bytes(), |result| {
            out.push(match result {
                Ok(sample) => format!("{} {} {}", sample.at, sample.component, sample.state),
                Err(bad) => bad.to_string(),
            });
        });
        out
    }

    #[test]
    fn both_forms_of_time_are_read() {
        let text = "at,component,state\n1000,a/device/1,up\r\n2026-01-01T00:00:00.5Z,b,down\n\n";
        assert_eq!(read(text), ["1000 a/device/1 up", "1767225600500 b down"]);
    }

    #[test]
    fn bad_lines_name_line_and_reason() {
        let text = "at,component,state\nnoon,a,up\n1,,up\n1,a,UP\n1,a\n7,a,unknown";
        assert_eq!(
            read(text),
            [
                "line 2: at must be milliseconds since 1970 or RFC 3339, found \"noon\"",
                "line 3: component must not be empty",
                "line 4: state must be up, down or unknown, found \"UP\"",
                "line 5: expected 3 fields, found 2",
                "7 a unknown",
            ]
        );
        assert_eq!(
            read("time,id\n"),
            ["line 1: expected the header at,component,state, found \"time,id\""]
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            SampleLines::new().read(&bytes, |_| {});
        }

        #[test]
        fn pieces_read_as_the_whole(cut in 0usize..4) {
            let lines = ["at,component,state\n", "1,a,up\n", "2,b,down\n", "3,a,unknown"];
            let mut reader = SampleLines::new();
            let mut count = 0;
            for piece in [lines[..cut].concat(), lines[cut..].concat()] {
                reader.read(piece.as_bytes(), |result| count += u32::from(result.is_ok()));
            }
            prop_assert_eq!(count, 3);
        }
    }
}
