//! Cuts records into batches that the log takes. It never splits or drops a
//! record.

use bytes::Bytes;
use store::log::{MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Record};

/// Records in batches within the limits of [`store::log::Log::append`].
#[derive(Default, Debug)]
pub(crate) struct Batches {
    /// In order; none is empty.
    pub done: Vec<Vec<Record>>,
    /// Of the last batch.
    bytes: usize,
}

impl Batches {
    /// Adds a record that is itself within the limits of a record.
    pub(crate) fn push(&mut self, record: Record) {
        let bytes = record.key.len() + record.value.as_ref().map_or(0, Bytes::len);
        match self.done.last_mut() {
            Some(batch)
                if batch.len() < MAX_BATCH_RECORDS && self.bytes + bytes <= MAX_BATCH_BYTES =>
            {
                batch.push(record);
                self.bytes += bytes;
            }
            _ => {
                self.done.push(vec![record]);
                self.bytes = bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use store::log::MAX_RECORD_BYTES;

    use super::*;

    #[test]
    fn batches_keep_the_limits_of_the_log() {
        let mut batches = Batches::default();
        let value = Bytes::from(vec![0; MAX_RECORD_BYTES - 1]);
        for _ in 0..75 {
            batches.push(Record::new("k", value.clone()));
        }
        let lengths: Vec<usize> = batches.done.iter().map(Vec::len).collect();
        assert_eq!(lengths, [37, 37, 1]);
        let mut batches = Batches::default();
        for _ in 0..=MAX_BATCH_RECORDS {
            batches.push(Record::tombstone("k"));
        }
        let lengths: Vec<usize> = batches.done.iter().map(Vec::len).collect();
        assert_eq!(lengths, [MAX_BATCH_RECORDS, 1]);
    }
}
