//! Services: a JSON list of `{"id", "path"}` or `{"id", "versions"}`.
//!
//! [`read_services`] reads a file as a whole. Its steps are there too, for who
//! spreads the reading over threads: [`split_services`] finds the entries,
//! [`RawService::read`] reads one, on its own, and [`refuse_duplicates`] looks
//! at all of them in the order of the file.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use serde_json::value::RawValue;

use super::{BadLine, parse_time};
use crate::model::{Names, ServiceDefinition, ServiceError, ServiceId};

/// A service and the line on which its object begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceEntry {
    /// Line number, from 1.
    pub line: u64,
    /// The service.
    pub definition: ServiceDefinition,
}

/// Reads a whole services file. A file that is no JSON list is one bad line;
/// otherwise each entry is read or refused on its own, and the second
/// of two with one id is refused.
pub fn read_services(file: &str) -> Vec<Result<ServiceEntry, BadLine>> {
    let entries = match split_services(file) {
        Ok(entries) => entries,
        Err(bad) => return vec![Err(bad)],
    };
    let mut names = Names::for_services(entries.len());
    let mut read: Vec<_> = entries.map(|entry| entry.read(&mut names)).collect();
    refuse_duplicates(&mut read);
    read
}

/// Finds the entries of a services file and reads none of them.
///
/// # Errors
/// The file is no JSON list.
pub fn split_services(file: &str) -> Result<RawServices<'_>, BadLine> {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let entries: Vec<&RawValue> = serde_json::from_str(file).map_err(|error| {
        let line = error.line().max(1) as u64;
        BadLine { line, reason: format!("expected a JSON list of services: {error}") }
    })?;
    Ok(RawServices { entries: entries.into_iter(), lines: LineCounter::new(file) })
}

/// The entries of a services file, in its order.
pub struct RawServices<'f> {
    entries: std::vec::IntoIter<&'f RawValue>,
    lines: LineCounter<'f>,
}

impl<'f> Iterator for RawServices<'f> {
    type Item = RawService<'f>;

    fn next(&mut self) -> Option<RawService<'f>> {
        let text = self.entries.next()?.get();
        let (line, column) = self.lines.place_of(text);
        Some(RawService { line, column, text })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for RawServices<'_> {}

/// One entry of a services file: JSON, but not yet known to be a service.
#[derive(Clone, Copy, Debug)]
pub struct RawService<'f> {
    line: u64,
    /// Bytes before it on its line.
    column: usize,
    text: &'f str,
}

impl RawService<'_> {
    /// Reads the entry. `names` may be shared with the entries around it, and
    /// need not be: it decides which ids share their text, and nothing else.
    ///
    /// # Errors
    /// It is no service; the reason names the place within it.
    pub fn read(&self, names: &mut Names) -> Result<ServiceEntry, BadLine> {
        let line = self.line;
        match ServiceDefinition::parse(self.text, names, &parse_time) {
            Ok(definition) => Ok(ServiceEntry { line, definition }),
            // Such as a number beyond all bounds: splitting does not look at that.
            Err(ServiceError::Json { line: within, column, reason }) => {
                let before = if within <= 1 { self.column } else { 0 };
                let line = line + within.saturating_sub(1) as u64;
                Err(BadLine { line, reason: format!("{reason}, at column {}", before + column) })
            }
            Err(error) => Err(BadLine { line, reason: error.to_string() }),
        }
    }
}

/// Refuses the second of two services with one id; `entries` are in the order
/// of the file. What was refused before takes no id.
pub fn refuse_duplicates(entries: &mut [Result<ServiceEntry, BadLine>]) {
    // Sorted by hash, those with one id are neighbours, the first one first:
    // much cheaper than a table that would hold every id once more.
    let mut hashes: Vec<(u64, usize)> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        if let Ok(entry) = entry {
            hashes.push((FxBuildHasher.hash_one(entry.definition.id.as_str()), index));
        }
    }
    hashes.sort_unstable();
    for same in hashes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        let mut firsts: BTreeMap<ServiceId, u64> = BTreeMap::new();
        for &(_, index) in same {
            let Ok(ServiceEntry { line, definition }) = &entries[index] else { continue };
            let (line, id) = (*line, definition.id.clone());
            if let Some(first) = firsts.get(&id) {
                let reason = format!("service {id} is already defined on line {first}");
                entries[index] = Err(BadLine { line, reason });
            } else {
                firsts.insert(id, line);
            }
        }
    }
}

/// Finds where parts of a text begin, in order.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    line_start: usize,
}

impl<'a> LineCounter<'a> {
    fn new(text: &'a str) -> LineCounter<'a> {
        LineCounter { text, at: 0, line: 1, line_start: 0 }
    }

    /// The line on which `part`, a slice of the text, begins, and how many
    /// bytes stand before it there.
    fn place_of(&mut self, part: &str) -> (u64, usize) {
        let offset = part.as_ptr() as usize - self.text.as_ptr() as usize;
        for end in memchr::memchr_iter(b'\n', &self.text.as_bytes()[self.at..offset]) {
            self.line += 1;
            self.line_start = self.at + end + 1;
        }
        self.at = offset;
        (self.line, offset - self.line_start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Vec<String> {
        read_services(file)
            .into_iter()
            .map(|result| match result {
                Ok(entry) => format!("{}: {}", entry.line, entry.definition.id),
                Err(bad) => bad.to_string(),
            })
            .collect()
    }

    #[test]
    fn other_fields_are_ignored_and_lines_counted() {
        let file = "[\n {\"id\":\"a\",\"path\":\"c\",\"name\":\"x\"},\n\n {\"id\":\"b\",\n\"path\":{\"all\":[]}},\
                    {\"id\":\"a\",\"path\":\"d\"}]";
        assert_eq!(
            read(file),
            [
                "2: a",
                "line 4: service b, version 1: at path.all: the list must not be empty",
                "line 5: service a is already defined on line 2",
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_one_bad_line() {
        assert_eq!(read("[\n{]").len(), 1);
        assert!(
            read("[\n{]")[0].starts_with("line 2: expected a JSON list"),
            "{:?}",
            read("[\n{]")
        );
        assert!(read("{}")[0].starts_with("line 1: expected a JSON list"));
    }
    #[test]
    fn what_only_reading_finds_is_placed_in_the_file() {
        assert_eq!(
            read(
                "[ {\"id\":\"a\",\"path\":\"\\ud800\"},\n {\"id\":\"b\",\"versions\":[{\n \
                 \"to\":1e999,\"path\":\"c\"}]}]"
            ),
            [
                "line 1: unexpected end of hex escape, at column 27",
                "line 3: number out of range, at column 11",
            ]
        );
    }

    #[test]
    fn a_refused_service_takes_no_id() {
        let file = "[{\"id\":\"a\",\"path\":7},{\"id\":\"a\",\"path\":\"c\"},{\"id\":\"a\",\"path\":\"d\"}]";
        assert_eq!(read(file)[1..], ["1: a", "line 1: service a is already defined on line 1"],);
    }

    #[test]
    fn ids_share_their_text() {
        let file = r#"[{"id":"a","path":"c"},{"id":"b","path":{"all":["c",{"service":"a"}]}}]"#;
        let read: Vec<ServiceEntry> = read_services(file).into_iter().flatten().collect();
        let texts = |index: usize| {
            let path = &read[index].definition.versions()[0].path;
            path.components()[0].as_str().as_ptr()
        };
        assert_eq!(texts(0), texts(1));
        let referred = read[1].definition.versions()[0].path.service_refs()[0].as_str();
        assert!(std::ptr::eq(read[0].definition.id.as_str(), referred));
    }
}
