//! Path expressions, as a value and as text.

use correlate::model::{Names, PathExpr, ServiceDefinition, ServiceError};
use serde_json::Value;

use crate::{alloc, check_reason};

pub(crate) fn run(input: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(input) else { return };
    let read = alloc::bounded(input.len(), 1_000, || PathExpr::from_json(&value));
    match &read {
        Ok(path) => {
            assert_eq!(PathExpr::from_json(&path.to_json()).as_ref(), Ok(path));
            let mut nodes = 0;
            path.walk(&mut |expr| {
                nodes += 1;
                if let PathExpr::AtLeast(k, items) = expr {
                    assert!((1..=items.len()).contains(&(*k as usize)));
                }
                let leaf = matches!(expr, PathExpr::Component(_) | PathExpr::Service(_));
                assert_eq!(expr.children().is_empty(), leaf, "an empty list");
            });
            assert!(nodes <= PathExpr::MAX_NODES);
            for id in path.service_refs() {
                assert!(path.place_of_service(id).is_some());
            }
        }
        Err(error) => {
            check_reason(&error.reason, 0);
            assert!(resolve(&error.place, &value), "{error} is not in {value}");
        }
    }

    // Values have no field twice, so the text says the same.
    let text = format!("{{\"id\":\"s\",\"path\":{value}}}");
    match (read, ServiceDefinition::parse(&text, &mut Names::new(), &|_| None)) {
        (Ok(path), Ok(definition)) => assert_eq!(definition.versions()[0].path, path),
        (Err(error), Err(ServiceError::Path { error: same, version: 1, .. })) => {
            assert_eq!(error, same);
        }
        (read, parsed) => panic!("as value {read:?}, as text {parsed:?}"),
    }
}

/// Whether `place`, such as `path.all[1].any`, is a place in `value`.
fn resolve(place: &str, value: &Value) -> bool {
    let Some(mut rest) = place.strip_prefix("path") else { return false };
    let mut value = value;
    while let Some(step) = rest.strip_prefix('.') {
        let end = step.find(['.', '[']).unwrap_or(step.len());
        let Some(field) = value.get(&step[..end]) else { return false };
        (value, rest) = (field, &step[end..]);
        if let Some((index, after)) = rest.strip_prefix('[').and_then(|s| s.split_once(']')) {
            let item = index.parse::<usize>().ok().and_then(|index| value.get(index));
            let Some(item) = item else { return false };
            (value, rest) = (item, after);
        }
    }
    rest.is_empty()
}
