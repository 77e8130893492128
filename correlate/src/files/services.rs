//! Services: a JSON list of `{"id", "path"}` or `{"id", "versions"}`.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{BadLine, parse_time};
use crate::model::{ServiceDefinition, ServiceId};

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
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let entries: Vec<&RawValue> = match serde_json::from_str(file) {
        Ok(entries) => entries,
        Err(error) => {
            let line = error.line().max(1) as u64;
            let reason = format!("expected a JSON list of services: {error}");
            return vec![Err(BadLine { line, reason })];
        }
    };
    let mut lines = LineCounter { text: file, at: 0, line: 1 };
    let mut first_line: BTreeMap<ServiceId, u64> = BTreeMap::new();
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        let line = lines.line_of(entry.get());
        let definition = serde_json::from_str(entry.get())
            .map_err(|error| error.to_string())
            .and_then(|value: Value| {
                ServiceDefinition::from_json(&value, &parse_time).map_err(|error| error.to_string())
            })
            .and_then(|definition| match first_line.get(&definition.id) {
                Some(first) => {
                    Err(format!("service {} is already defined on line {first}", definition.id))
                }
                None => Ok(definition),
            });
        read.push(match definition {
            Ok(definition) => {
                first_line.insert(definition.id.clone(), line);
                Ok(ServiceEntry { line, definition })
            }
            Err(reason) => Err(BadLine { line, reason }),
        });
    }
    read
}

/// Finds line numbers of parts of a text, in order.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line on which `part`, a slice of the text, begins.
    fn line_of(&mut self, part: &str) -> u64 {
        let offset = part.as_ptr() as usize - self.text.as_ptr() as usize;
        let passed = &self.text.as_bytes()[self.at..offset.max(self.at)];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.at = offset.max(self.at);
        self.line
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
}
