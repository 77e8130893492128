//! The services file of `padwacht replay`.

use std::collections::BTreeSet;

use correlate::files::{parse_time, read_services, refuse_duplicates, split_services};
use correlate::model::{Names, ServiceDefinition};
use serde_json::{Value, json};

use crate::{alloc, check_reason};

pub(crate) fn run(input: &[u8]) {
    let Ok(file) = std::str::from_utf8(input) else { return };
    let read = alloc::bounded(file.len(), 1_000, || read_services(file));
    let lines = file.matches('\n').count() as u64 + 1;
    let mut ids = BTreeSet::new();
    for entry in &read {
        match entry {
            Ok(entry) => {
                assert!((1..=lines).contains(&entry.line));
                assert!(ids.insert(entry.definition.id.clone()), "{} twice", entry.definition.id);
                check_written(&entry.definition);
            }
            Err(bad) => {
                assert!((1..=lines).contains(&bad.line), "{bad} of {lines} lines");
                check_reason(&bad.reason, file.len());
            }
        }
    }

    let Ok(entries) = split_services(file) else { return };
    let mut apart: Vec<_> = entries.map(|entry| entry.read(&mut Names::new())).collect();
    refuse_duplicates(&mut apart);
    assert_eq!(apart, read, "entry by entry it reads as something else");
    let Ok(Value::Array(values)) = serde_json::from_str(file) else { return };
    for (value, entry) in values.iter().zip(&read) {
        // A field that is given twice is not seen in a value.
        if let Ok(entry) = entry {
            let same = ServiceDefinition::from_json(value, &parse_time);
            assert_eq!(same.as_ref(), Ok(&entry.definition), "as a value it is something else");
        }
    }
}

/// What was read can be written and read again.
pub(crate) fn check_written(definition: &ServiceDefinition) {
    let versions = definition.versions().iter().map(|version| {
        let (from, to) = (version.period.from.millis(), version.period.until.millis());
        json!({ "from": from, "to": to, "path": version.path.to_json() })
    });
    let versions: Vec<Value> = versions.collect();
    let text = json!({ "versions": versions, "id": definition.id.as_str() }).to_string();
    let again = ServiceDefinition::parse(&text, &mut Names::new(), &|_| None);
    assert_eq!(again.as_ref(), Ok(definition), "{text}");
}
