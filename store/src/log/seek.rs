//! Finding a place in a log by time and by key, with reads alone.

use std::time::Duration;

use super::partition::partition_of;
use super::{Log, LogError, ReadLimits};

/// One record is enough to see its time.
const ONE: ReadLimits = ReadLimits { records: 1, bytes: 1 };

/// The partition of the records with `key`.
///
/// # Errors
/// As [`Log::partitions`].
pub async fn partition_of_key(log: &dyn Log, topic: &str, key: &[u8]) -> Result<u32, LogError> {
    Ok(partition_of(key, log.partitions(topic).await?))
}

/// The offset of the first record of a partition that was appended at
/// `from_ms` (milliseconds since 1970) or later; the end where there is none.
/// The clock of the log may have gone back a little: then it is one of them.
///
/// It halves what is left, so a billion records take thirty reads.
///
/// # Errors
/// As [`Log::bounds`] and [`Log::read`].
pub async fn offset_at(
    log: &dyn Log,
    topic: &str,
    partition: u32,
    from_ms: i64,
) -> Result<u64, LogError> {
    let bounds = log.bounds(topic, partition).await?;
    let (mut low, mut high) = (bounds.start, bounds.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let read = log.read(topic, partition, middle, ONE, Duration::ZERO).await?;
        match read.first() {
            // Offsets may have gaps: the record found may lie after the middle.
            Some(record) if record.offset < high && record.timestamp_ms < from_ms => {
                low = record.offset + 1;
            }
            _ => high = middle,
        }
    }
    Ok(low)
}
