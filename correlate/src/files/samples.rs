//! Samples: CSV with the header `at,component,state`.
//!
//! Pollers write the same time many times over and repeat the order of their
//! components, so a line is first compared with what is to be expected, and
//! taken apart only when it differs.

use super::csv::{three_fields, trim_end};
use super::{BadLine, parse_time, shown};
use crate::engine::Digest;
use crate::model::ComponentState;

/// Reads a samples file, given in pieces of whole lines, into a [`Digest`].
pub struct SampleLines {
    lines_read: u64,
    header_seen: bool,
    time: KnownTime,
    digest: Digest,
}

const HEADER: &str = "at,component,state";

/// The longest line that is taken: ids, times and states are far shorter, and
/// a file that is no CSV is refused before it fills the memory.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;

/// The time of the line before, as text and as a value.
#[derive(Default)]
struct KnownTime {
    /// The text and the comma behind it, in the lower bytes.
    text: u128,
    mask: u128,
    bytes: usize,
    millis: i64,
}

impl KnownTime {
    const BYTES_MAX: usize = size_of::<u128>();

    fn learn(&mut self, text: &str, millis: i64) {
        let bytes = text.len() + 1;
        if bytes > Self::BYTES_MAX {
            *self = KnownTime::default();
            return;
        }
        let mut padded = [0; Self::BYTES_MAX];
        padded[..text.len()].copy_from_slice(text.as_bytes());
        padded[text.len()] = b',';
        let mask = u128::MAX >> (8 * (Self::BYTES_MAX - bytes));
        *self = KnownTime { text: u128::from_le_bytes(padded), mask, bytes, millis };
    }

    /// Whether `line` begins with this time.
    #[inline]
    fn begins(&self, line: &[u8]) -> bool {
        let head = line.first_chunk().map_or(0, |head| u128::from_le_bytes(*head));
        self.bytes > 0 && head & self.mask == self.text
    }
}

/// The state that a line ends with, and the bytes that it and the line end take.
#[inline]
fn plain_state(text: &[u8]) -> Option<(ComponentState, usize)> {
    match text {
        [b'u', b'p', b'\n', ..] => Some((ComponentState::Up, 3)),
        [b'd', b'o', b'w', b'n', b'\n', ..] => Some((ComponentState::Down, 5)),
        _ => None,
    }
}

impl Default for SampleLines {
    fn default() -> SampleLines {
        SampleLines::new()
    }
}

impl SampleLines {
    /// A reader that expects the header first.
    pub fn new() -> SampleLines {
        SampleLines {
            lines_read: 0,
            header_seen: false,
            time: KnownTime::default(),
            digest: Digest::new(),
        }
    }

    /// Goes on with lines from elsewhere in the file: `header` says whether
    /// they begin with the header. Lines are counted from 1 again.
    pub fn start_piece(&mut self, header: bool) {
        self.lines_read = 0;
        self.header_seen = !header;
    }

    /// How many lines were read since the last [`SampleLines::start_piece`],
    /// header and blank lines included.
    pub fn lines_read(&self) -> u64 {
        self.lines_read
    }

    /// What was read so far.
    pub fn digest(&mut self) -> &mut Digest {
        &mut self.digest
    }

    /// Reads a piece that ends at the end of a line or of the file, and hands
    /// each bad line over, in order. Blank lines are passed over.
    pub fn read(&mut self, piece: &[u8], mut refuse: impl FnMut(BadLine)) {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = self.read_expected(rest);
            let Some(length) =
                memchr::memchr(b'\n', rest).or((!rest.is_empty()).then_some(rest.len()))
            else {
                break;
            };
            let line = trim_end(&rest[..length]);
            rest = rest.get(length + 1..).unwrap_or_default();
            self.lines_read += 1;
            if let Err(reason) = self.line(line) {
                refuse(BadLine { line: self.lines_read, reason });
            }
        }
    }

    /// Reads lines for as long as they are the expected ones; returns the rest.
    #[inline]
    fn read_expected<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let mut rest = piece;
        while self.header_seen && self.time.begins(rest) {
            let Some((component, name)) = self.digest.guess(&rest[self.time.bytes..]) else {
                break;
            };
            let ahead = self.time.bytes + name;
            let Some((state, end)) = plain_state(&rest[ahead..]) else { break };
            self.digest.insert_guessed(component, self.time.millis, state);
            self.lines_read += 1;
            rest = &rest[ahead + end..];
        }
        rest
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("a line has at most {LINE_BYTES_MAX} bytes, found {}", line.len()));
        }
        if self.header_seen {
            return if line.is_empty() { Ok(()) } else { self.sample(line) };
        }
        self.header_seen = true;
        match line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) {
            header if header == HEADER.as_bytes() => Ok(()),
            other => Err(format!(
                "expected the header {HEADER}, found {}",
                shown(&String::from_utf8_lossy(other))
            )),
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

    fn sample(&mut self, line: &[u8]) -> Result<(), String> {
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
        self.time.learn(&at, time.millis());
        self.digest.insert(&component, time.millis(), state);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sample;
    use proptest::prelude::*;

    /// Samples as the digest hands them over, then the bad lines.
    fn read_pieces(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = SampleLines::new();
        let mut bad_lines = Vec::new();
        pieces.iter().for_each(|piece| lines.read(piece, |bad| bad_lines.push(bad.to_string())));
        let sample = |s: Sample| format!("{} {} {}", s.at, s.component, s.state);
        lines.digest().drain_samples().map(sample).chain(bad_lines).collect()
    }

    fn read(text: &str) -> Vec<String> {
        read_pieces(&[text.as_bytes()])
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
                "7 a unknown",
                "line 2: at must be milliseconds since 1970 or RFC 3339, found \"noon\"",
                "line 3: component must not be empty",
                "line 4: state must be up, down or unknown, found \"UP\"",
                "line 5: expected 3 fields, found 2",
            ]
        );
        assert_eq!(
            read("time,id\n"),
            ["line 1: expected the header at,component,state, found \"time,id\""]
        );
    }

    #[test]
    fn a_line_that_is_not_the_expected_one_is_still_read() {
        let text = "at,component,state\n5,a,up\n5,b,up\n6,a,up\n6,b,down\n6,b,down\r\n6,bb,up\n5,a,down\n7,c,unknown";
        assert_eq!(
            read(text),
            ["5 a down", "6 a up", "5 b up", "6 b down", "6 bb up", "7 c unknown"]
        );
    }

    #[test]
    fn a_component_with_a_comma_is_quoted_and_kept_apart() {
        let text = "at,component,state\n5,\"a,up\",up\n5,a,up\n6,\"a,up\",down\n6,a,up\n7,a,up";
        assert_eq!(read(text), ["5 a,up up", "6 a,up down", "5 a up", "6 a up", "7 a up"]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let line = "x".repeat(LINE_BYTES_MAX + 1);
        assert_eq!(
            read(&format!("at,component,state\n{line}\n1,a,up\n")),
            [
                "1 a up".to_owned(),
                format!("line 2: a line has at most 65536 bytes, found {}", line.len())
            ]
        );
    }

    fn any_line() -> impl Strategy<Value = String> {
        let at = prop_oneof![Just("1000"), Just("2000"), Just("1970-01-01T00:00:03Z"), Just("x")];
        let name = prop_oneof![Just("a"), Just("ab"), Just("b/é"), Just("\"a,b\""), Just("")];
        let state = prop_oneof![Just("up"), Just("down"), Just("unknown"), Just("up "), Just("")];
        let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")];
        (at, name, state, end)
            .prop_map(|(at, name, state, end)| format!("{at},{name},{state}{end}"))
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            SampleLines::new().read(&bytes, |_| {});
        }

        /// Each line alone never meets an expectation, so it takes the slow way.
        #[test]
        fn the_quick_way_reads_what_the_slow_way_reads(lines in proptest::collection::vec(any_line(), 0..40)) {
            let whole = format!("at,component,state\n{}", lines.concat());
            let mut slow = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                let mut reader = SampleLines::new();
                reader.start_piece(false);
                reader.read(line.as_bytes(), |bad| slow.push(Err((number, bad.reason))));
                slow.extend(reader.digest().drain_samples().map(Ok));
            }
            let mut quick = SampleLines::new();
            let mut refused = Vec::new();
            quick.read(whole.as_bytes(), |bad| refused.push(bad.reason));
            prop_assert_eq!(quick.lines_read() as usize, whole.matches('\n').count());
            let mut digest = Digest::new();
            for sample in slow.iter().filter_map(|line| line.as_ref().ok()) {
                digest.insert(sample.component.as_str(), sample.at.millis(), sample.state);
            }
            let reasons: Vec<String> = slow.into_iter().filter_map(|line| Some(line.err()?.1)).collect();
            prop_assert_eq!(refused, reasons);
            let quick: Vec<Sample> = quick.digest().drain_samples().collect();
            prop_assert_eq!(quick, digest.drain_samples().collect::<Vec<_>>());
        }
    }
}
