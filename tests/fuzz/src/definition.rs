//! The records of `padwacht.definitions`.

use correlate::model::Names;
use store::wire::DefinitionRecord;

use crate::services::check_written;
use crate::{alloc, check_reason};

/// The key, a line feed, the value; without a line feed a tombstone.
pub(crate) fn run(input: &[u8]) {
    let mut parts = input.splitn(2, |&byte| byte == b'\n');
    let (key, value) = (parts.next().unwrap_or_default(), parts.next());
    let read = alloc::bounded(input.len(), 1_000, || DefinitionRecord::decode(key, value));
    let record = match read {
        Ok(record) => record,
        Err(error) => return check_reason(&error.to_string(), 8 * input.len()),
    };
    assert_eq!(record.key().as_bytes(), key);
    let encoded = record.encode().expect("what was read can be written");
    let again = DefinitionRecord::decode(&encoded.key, encoded.value.as_deref());
    assert_eq!(again.as_ref(), Ok(&record));
    let mut names = Names::new();
    for _ in 0..2 {
        assert_eq!(DefinitionRecord::decode_with(key, value, &mut names).as_ref(), Ok(&record));
    }
    if let DefinitionRecord::Service { definition: Some(definition), .. } = &record {
        check_written(definition);
    }
}
