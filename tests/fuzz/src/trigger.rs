//! The records of `padwacht.triggers`.

use store::wire::Trigger;

use crate::{alloc, check_reason};

pub(crate) fn run(value: &[u8]) {
    match alloc::bounded(value.len(), 50, || Trigger::decode(value)) {
        Ok(trigger) => {
            let record = trigger.encode().expect("a decoded trigger is valid");
            let value = record.value.expect("no tombstone");
            assert_eq!(Trigger::decode(&value), Ok(trigger));
        }
        Err(error) => check_reason(&error.to_string(), value.len()),
    }
}
