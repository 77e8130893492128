//! Dropping what the embedded log need not keep any more.

use std::sync::{Arc, PoisonError};

use super::super::{LogError, TOMBSTONE_RETENTION, TopicKind};
use super::topic::{Bounds, Partition, Topic};
use super::{Shared, format};

/// Records dropped in one batch: appends wait no longer than that.
const MAX_DROPPED_AT_ONCE: usize = 10_000;

impl Shared {
    pub(super) fn enforce_retention(&self, now_ms: i64) -> Result<u64, LogError> {
        let topics: Vec<Arc<Topic>> = {
            let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
            topics.values().cloned().collect()
        };
        let mut dropped = 0;
        for topic in topics {
            let spec = topic.spec();
            let retention = match spec.kind {
                TopicKind::Retained(retention) => retention,
                TopicKind::Compacted => TOMBSTONE_RETENTION,
            };
            let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
            let cutoff_ms = now_ms.saturating_sub(retention_ms);
            for (number, partition) in (0..).zip(topic.all_partitions()) {
                let bounds_key = format::bounds_key(&spec.name, number);
                dropped += match spec.kind {
                    TopicKind::Retained(_) => {
                        self.drop_old_records(partition, &bounds_key, cutoff_ms)?
                    }
                    TopicKind::Compacted => self.drop_old_tombstones(partition, cutoff_ms)?,
                };
            }
        }
        Ok(dropped)
    }

    /// Drops records from the front until one is not older than `cutoff_ms`.
    fn drop_old_records(
        &self,
        partition: &Partition,
        bounds_key: &str,
        cutoff_ms: i64,
    ) -> Result<u64, LogError> {
        let mut dropped = 0;
        loop {
            let mut writer = self.lock_writer()?;
            let bounds = *partition.bounds.borrow();
            let mut write = self.db.batch().durability(Some(fjall::PersistMode::SyncAll));
            let mut earliest = bounds.earliest;
            let range = bounds.earliest.to_be_bytes()..bounds.end.to_be_bytes();
            for entry in partition.records.range(range).take(MAX_DROPPED_AT_ONCE) {
                let (key, value) = entry.into_inner().map_err(self.storage("read"))?;
                let record = self.decode(&key, value)?;
                if record.timestamp_ms >= cutoff_ms {
                    break;
                }
                earliest = record.offset + 1;
                write.remove(&partition.records, key);
            }
            let count = write.len();
            if count == 0 {
                return Ok(dropped);
            }
            let kept = Bounds { earliest, ..bounds };
            write.insert(&self.meta, bounds_key, format::encode_bounds(kept));
            // Before the records go: a reader of them must not find a silent hole.
            partition.bounds.send_replace(kept);
            self.commit(&mut writer, write, "drop old records")?;
            dropped += count as u64;
        }
    }

    fn drop_old_tombstones(&self, partition: &Partition, cutoff_ms: i64) -> Result<u64, LogError> {
        let Some(keys) = &partition.keys else {
            return Ok(0);
        };
        let mut old = Vec::new();
        for entry in keys.iter() {
            let (key, value) = entry.into_inner().map_err(self.storage("read"))?;
            if tombstone_before(&value, cutoff_ms).is_some() {
                old.push(key);
            }
        }
        for part in old.chunks(MAX_DROPPED_AT_ONCE) {
            let mut writer = self.lock_writer()?;
            let mut write = self.db.batch().durability(Some(fjall::PersistMode::SyncAll));
            for key in part {
                // Looked up again: the key may have come back meanwhile.
                let newest = keys.get(key).map_err(self.storage("read a key"))?;
                if let Some(offset) = newest.and_then(|v| tombstone_before(&v, cutoff_ms)) {
                    write.remove(&partition.records, offset.to_be_bytes());
                    write.remove(keys, key.clone());
                }
            }
            self.commit(&mut writer, write, "drop old tombstones")?;
        }
        Ok(old.len() as u64)
    }
}

/// The offset of a key's newest record if that is a tombstone older than `cutoff_ms`.
fn tombstone_before(newest: &[u8], cutoff_ms: i64) -> Option<u64> {
    let newest = format::decode_newest(newest)?;
    newest.tombstone_ms.filter(|ms| *ms < cutoff_ms).map(|_| newest.offset)
}
