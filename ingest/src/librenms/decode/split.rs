//! Cuts the rows out of an answer while it arrives, so that a list of any
//! length is never in memory: only one row is, and what stands around the rows.
//!
//! ```text
//! {"status":"ok","devices":[ {…}, {…} ],"count":2}
//!  └──── envelope ─────────┘ row  row └─ envelope ┘
//! ```
//! Knows brackets, strings and escapes; the rows and the envelope are checked
//! by the JSON parser that reads them. Does no IO.

use super::marks::Marks;

/// A row larger than this is no row. Real ones are under 4 kB; notes and
/// descriptions are TEXT columns of at most 64 kB each.
const ROW_BYTES_MAX: usize = 1024 * 1024;

/// Of a row that did not end in its first chunk, so much more is taken at a
/// time: about what is missing of it.
const PIECE_BYTES: usize = 4096;

/// What stands around the rows is some hundred bytes; error messages with a
/// trace are the largest seen.
const ENVELOPE_BYTES_MAX: usize = 256 * 1024;

/// Why an answer cannot be cut into rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(in crate::librenms) enum SplitError {
    /// See [`ROW_BYTES_MAX`].
    #[error("a row is larger than {ROW_BYTES_MAX} bytes")]
    RowTooLarge,
    /// See [`ENVELOPE_BYTES_MAX`].
    #[error("more than {ENVELOPE_BYTES_MAX} bytes stand around the rows")]
    EnvelopeTooLarge,
    /// Something in the list is not `{…}`.
    #[error("the list holds something that is no object")]
    NoObject,
}

/// What takes the rows.
pub(in crate::librenms) trait Rows {
    /// Why a row stops everything.
    type Error: From<SplitError>;

    /// Takes the row that `bytes` begin with, if it can be read without being
    /// cut out, and those behind it if only `gap` stands between them.
    fn known(&mut self, bytes: &[u8], gap: &[u8]) -> Known;

    /// Takes a row, with the places of its quotes and brackets.
    fn cut(&mut self, row: &[u8], places: &[u32]) -> Result<(), Self::Error>;
}

/// What became of rows that are not cut out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) enum Known {
    /// One or more were taken, and are so long.
    Taken(usize),
    /// The first goes on behind the bytes that were given.
    GoesOn,
    /// It must be cut out, if it has all come.
    No,
}

/// Where the next byte belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Around the rows.
    Envelope,
    /// In the list, between rows.
    Between,
    /// In a row.
    Row,
}

/// Cuts one answer. Feed it every chunk, then take the [`envelope`](Splitter::envelope).
#[derive(Debug)]
pub(in crate::librenms) struct Splitter {
    list_key: &'static str,
    /// The rows are in lists within the list.
    nested: bool,
    /// The next byte is in one of those.
    in_inner: bool,
    place: Place,
    /// Open brackets around the next byte of the envelope; the list's own is
    /// the second.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// What earlier chunks held of the current row.
    row: Vec<u8>,
    /// What stood between the last two rows.
    gap: Vec<u8>,
    /// Where the current row has its quotes and brackets.
    marks: Marks,
    envelope: Vec<u8>,
    /// Where in the envelope its latest string begins and ends, quotes apart.
    token: (usize, usize),
    /// The next value is that of `list_key`.
    at_list: bool,
    list_seen: bool,
}

impl Splitter {
    /// Cuts the list that stands under `list_key` in the outermost object. With
    /// `nested`, its rows may stand in lists of their own, however many.
    pub(in crate::librenms) fn new(list_key: &'static str, nested: bool) -> Splitter {
        Splitter {
            list_key,
            nested,
            in_inner: false,
            place: Place::Envelope,
            depth: 0,
            in_string: false,
            escaped: false,
            row: Vec::new(),
            gap: Vec::new(),
            marks: Marks::default(),
            envelope: Vec::new(),
            token: (0, 0),
            at_list: false,
            list_seen: false,
        }
    }

    /// Takes the next bytes and hands every row that ends in them to `rows`.
    pub(in crate::librenms) fn feed<S: Rows>(
        &mut self,
        chunk: &[u8],
        rows: &mut S,
    ) -> Result<(), S::Error> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = match self.place {
                Place::Envelope => self.around(rest)?,
                Place::Between => self.between(rest)?,
                Place::Row => self.within(rest, rows)?,
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// The answer without its rows, and whether the list was there.
    pub(in crate::librenms) fn envelope(self) -> (Vec<u8>, bool) {
        (self.envelope, self.list_seen)
    }

    /// Takes bytes of the envelope, up to the start of the list. How many?
    fn around(&mut self, bytes: &[u8]) -> Result<usize, SplitError> {
        for (i, &byte) in bytes.iter().enumerate() {
            if self.envelope.len() == ENVELOPE_BYTES_MAX {
                return Err(SplitError::EnvelopeTooLarge);
            }
            self.envelope.push(byte);
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        self.token.1 = self.envelope.len() - 1;
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => {
                    self.in_string = true;
                    self.token = (self.envelope.len(), self.envelope.len());
                }
                b':' if self.depth == 1 => {
                    let token = &self.envelope[self.token.0..self.token.1];
                    self.at_list = token == self.list_key.as_bytes();
                }
                b',' if self.depth == 1 => self.at_list = false,
                b'[' if self.depth == 1 && self.at_list => {
                    self.depth = 2;
                    self.at_list = false;
                    self.list_seen = true;
                    self.place = Place::Between;
                    return Ok(i + 1);
                }
                b'{' | b'[' => self.depth += 1,
                // Too many of them are the JSON parser's to refuse.
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(bytes.len())
    }

    /// Takes bytes between rows, up to the next one. How many?
    fn between(&mut self, bytes: &[u8]) -> Result<usize, SplitError> {
        let Some(until) = gap(bytes) else { return Ok(bytes.len()) };
        match bytes[until] {
            // Left for `within`, which counts it.
            b'{' => {
                self.place = Place::Row;
                Ok(until)
            }
            b'[' if self.nested && !self.in_inner => {
                self.in_inner = true;
                Ok(until + 1)
            }
            b']' if self.in_inner => {
                self.in_inner = false;
                Ok(until + 1)
            }
            b']' => {
                self.envelope.push(b']');
                self.depth = 1;
                self.place = Place::Envelope;
                Ok(until + 1)
            }
            _ => Err(SplitError::NoObject),
        }
    }

    /// Takes bytes of a row, up to its end, and of those behind it that can be
    /// read without being cut out. How many?
    fn within<S: Rows>(&mut self, bytes: &[u8], rows: &mut S) -> Result<usize, S::Error> {
        if !self.row.is_empty() {
            return self.on_with_row(bytes, rows);
        }
        let mut taken = 0;
        let goes_on = loop {
            match rows.known(&bytes[taken..], &self.gap) {
                Known::Taken(length) => taken += length,
                other => break other == Known::GoesOn,
            }
            match self.next_row(&bytes[taken..]) {
                Some(gap) => taken += gap,
                None => {
                    self.place = Place::Between;
                    return Ok(taken);
                }
            }
        };
        let rest = &bytes[taken..];
        let row = &rest[..rest.len().min(ROW_BYTES_MAX)];
        // Its end is looked for only where it may be.
        let end = if goes_on { None } else { self.marks.end_of(row) };
        let Some(end) = end else {
            if row.len() == ROW_BYTES_MAX {
                return Err(SplitError::RowTooLarge.into());
            }
            self.row.extend_from_slice(row);
            return Ok(bytes.len());
        };
        rows.cut(&row[..end], self.marks.places())?;
        self.marks.clear();
        self.place = Place::Between;
        Ok(taken + end)
    }

    /// Where the next row begins, if one does.
    fn next_row(&mut self, bytes: &[u8]) -> Option<usize> {
        if bytes.strip_prefix(&*self.gap).is_some_and(|rest| rest.starts_with(b"{")) {
            return Some(self.gap.len());
        }
        let until = gap(bytes).filter(|&until| bytes[until] == b'{')?;
        self.gap.clear();
        self.gap.extend_from_slice(&bytes[..until]);
        Some(until)
    }

    /// The same for a row of which an earlier chunk had the start.
    fn on_with_row<S: Rows>(&mut self, bytes: &[u8], rows: &mut S) -> Result<usize, S::Error> {
        let (had, piece) = (self.row.len(), &bytes[..bytes.len().min(PIECE_BYTES)]);
        self.row.extend_from_slice(piece);
        let end = match rows.known(&self.row, &self.gap) {
            Known::Taken(end) => Some(end),
            Known::GoesOn => None,
            Known::No => {
                let end = self.marks.end_of(&self.row);
                if let Some(end) = end {
                    rows.cut(&self.row[..end], self.marks.places())?;
                }
                end
            }
        };
        let Some(end) = end else {
            return match self.row.len() > ROW_BYTES_MAX {
                true => Err(SplitError::RowTooLarge.into()),
                false => Ok(piece.len()),
            };
        };
        self.row.clear();
        self.marks.clear();
        self.place = Place::Between;
        Ok(end - had)
    }
}

/// How many bytes stand before the next one that is not between rows.
fn gap(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b','))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The rows that were cut out.
    impl Rows for Vec<String> {
        type Error = SplitError;

        fn known(&mut self, _: &[u8], _: &[u8]) -> Known {
            Known::No
        }

        fn cut(&mut self, row: &[u8], _: &[u32]) -> Result<(), SplitError> {
            self.push(String::from_utf8_lossy(row).into_owned());
            Ok(())
        }
    }

    /// Cuts `text`, fed in pieces of `step` bytes.
    fn cut(text: &[u8], step: usize) -> Result<(Vec<String>, String, bool), SplitError> {
        cut_by(Splitter::new("rows", false), text, step)
    }

    fn cut_by(
        mut splitter: Splitter,
        text: &[u8],
        step: usize,
    ) -> Result<(Vec<String>, String, bool), SplitError> {
        let mut rows = Vec::new();
        for chunk in text.chunks(step) {
            splitter.feed(chunk, &mut rows)?;
        }
        let (envelope, list_seen) = splitter.envelope();
        Ok((rows, String::from_utf8_lossy(&envelope).into_owned(), list_seen))
    }

    #[track_caller]
    fn check(text: &str, rows: &[&str], envelope: &str) {
        for step in 1..=text.len() {
            let (found, around, list_seen) = cut(text.as_bytes(), step).unwrap();
            assert_eq!(found, rows, "in steps of {step}");
            assert_eq!(around, envelope, "in steps of {step}");
            assert!(list_seen);
        }
    }

    #[test]
    fn rows_are_cut_out_wherever_the_chunks_end() {
        check(r#"{"rows":[]}"#, &[], r#"{"rows":[]}"#);
        check(
            r#"{ "status" : "ok", "rows" : [ {"a":1} , {"b":[{"c":"]}"}]} ], "count":2 }"#,
            &[r#"{"a":1}"#, r#"{"b":[{"c":"]}"}]}"#],
            r#"{ "status" : "ok", "rows" : [], "count":2 }"#,
        );
    }

    #[test]
    fn brackets_and_quotes_in_texts_do_not_count() {
        check(
            r#"{"m":"\"rows\":[{","rows":[{"a":"\\"},{"b":"\"}]"},{"c":"{"}]}"#,
            &[r#"{"a":"\\"}"#, r#"{"b":"\"}]"}"#, r#"{"c":"{"}"#],
            r#"{"m":"\"rows\":[{","rows":[]}"#,
        );
    }

    #[test]
    fn only_the_list_of_the_outermost_object_counts() {
        let nested = r#"{"x":{"rows":[{"a":1}]},"y":"rows","z":[1]}"#;
        assert_eq!(cut(nested.as_bytes(), 3).unwrap(), (vec![], nested.to_owned(), false));
    }

    #[test]
    fn a_list_of_something_else_is_refused() {
        for text in [r#"{"rows":[1]}"#, r#"{"rows":[["a"]]}"#, r#"{"rows":[null]}"#] {
            assert_eq!(cut(text.as_bytes(), 4), Err(SplitError::NoObject), "{text}");
        }
    }

    #[test]
    fn lists_within_the_list_are_one_where_that_is_said() {
        for (text, rows) in [
            (r#"{"rows":[[{"a":1},{"b":[2]}]],"count":1}"#, &[r#"{"a":1}"#, r#"{"b":[2]}"#][..]),
            (r#"{"rows":[ [ {"a":1} ] , [ {"b":2} ] ],"count":2}"#, &[r#"{"a":1}"#, r#"{"b":2}"#]),
            (r#"{"rows":[[]]}"#, &[]),
            (r#"{"rows":[]}"#, &[]),
            (r#"{"rows":[{"a":1}]}"#, &[r#"{"a":1}"#]),
        ] {
            for step in 1..=text.len() {
                let (found, envelope, list_seen) =
                    cut_by(Splitter::new("rows", true), text.as_bytes(), step).unwrap();
                assert_eq!(found, rows, "{text} in steps of {step}");
                assert!(list_seen && envelope.starts_with(r#"{"rows":[]"#), "{envelope}");
            }
        }
        for text in [r#"{"rows":[[["a"]]]}"#, r#"{"rows":[[1]]}"#, r#"{"rows":[[],null]}"#] {
            let found = cut_by(Splitter::new("rows", true), text.as_bytes(), 4);
            assert_eq!(found, Err(SplitError::NoObject), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_and_not_stored() {
        let row = format!(r#"{{"rows":[{{"a":"{}"#, "x".repeat(ROW_BYTES_MAX));
        assert_eq!(cut(row.as_bytes(), 4096), Err(SplitError::RowTooLarge));
        let envelope = format!(r#"{{"a":"{}"#, "x".repeat(ENVELOPE_BYTES_MAX));
        assert_eq!(cut(envelope.as_bytes(), 4096), Err(SplitError::EnvelopeTooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_or_refused_alike_in_any_steps(
            bytes in vec(prop::sample::select(br#"{}[]",:\ rows1a"#.to_vec()), 0..200),
            step in 1usize..50,
        ) {
            prop_assert_eq!(cut(&bytes, step), cut(&bytes, 200));
        }
    }
}
