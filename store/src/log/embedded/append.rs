//! Appending to the embedded log: one batch, one sync.

use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use fjall::{OwnedWriteBatch, PersistMode};

use super::super::partition::partition_of;
use super::super::{LogError, Record, TopicKind};
use super::format::{self, Newest};
use super::topic::{Bounds, Partition, Topic};
use super::{Shared, Writer};

impl Shared {
    pub(super) fn append(&self, topic: &Topic, batch: &[Record]) -> Result<(), LogError> {
        let spec = topic.spec();
        let mut writer = self.lock_writer()?;
        let timestamp_ms = now_ms();
        let mut write = self.db.batch().durability(Some(PersistMode::SyncAll));
        let mut ends: BTreeMap<u32, Bounds> = BTreeMap::new();
        let newest_in_batch = match spec.kind {
            TopicKind::Compacted => newest_indices(batch),
            TopicKind::Retained(_) => HashMap::new(),
        };

        for (index, record) in batch.iter().enumerate() {
            let number = partition_of(&record.key, spec.partitions);
            let partition = topic.partition(number)?;
            let bounds = ends.entry(number).or_insert_with(|| *partition.bounds.borrow());
            let offset = bounds.end;
            bounds.end += 1;
            if partition.keys.is_none() {
                write.insert(
                    &partition.records,
                    offset.to_be_bytes(),
                    format::encode_record(record, timestamp_ms),
                );
            } else if newest_in_batch.get(record.key.as_ref()) == Some(&index) {
                self.supersede(&mut write, partition, record, offset, timestamp_ms)?;
            }
        }
        for (number, bounds) in &ends {
            let key = format::bounds_key(&spec.name, *number);
            write.insert(&self.meta, key, format::encode_bounds(*bounds));
        }
        self.commit(&mut writer, write, "append")?;
        for (number, bounds) in ends {
            topic.partition(number)?.bounds.send_replace(bounds);
        }
        Ok(())
    }

    /// Adds the newest record of its key, and drops the one before it.
    fn supersede(
        &self,
        write: &mut OwnedWriteBatch,
        partition: &Partition,
        record: &Record,
        offset: u64,
        timestamp_ms: i64,
    ) -> Result<(), LogError> {
        let Some(keys) = &partition.keys else {
            return Ok(());
        };
        if let Some(value) = keys.get(&record.key).map_err(self.storage("read a key"))? {
            let before = format::decode_newest(&value).ok_or_else(|| {
                self.damaged(format!("the newest offset of key {:?} cannot be read", record.key))
            })?;
            write.remove(&partition.records, before.offset.to_be_bytes());
        }
        let tombstone_ms = record.value.is_none().then_some(timestamp_ms);
        let key = record.key.as_ref();
        write.insert(keys, key, format::encode_newest(Newest { offset, tombstone_ms }));
        let value = format::encode_record(record, timestamp_ms);
        write.insert(&partition.records, offset.to_be_bytes(), value);
        Ok(())
    }

    /// Commits and syncs; a failure closes the log for writing, because the
    /// disk may now hold offsets that memory does not know of.
    pub(super) fn commit(
        &self,
        writer: &mut Writer,
        write: OwnedWriteBatch,
        doing: &'static str,
    ) -> Result<(), LogError> {
        write.commit().map_err(|error| {
            writer.broken = true;
            self.storage(doing)(error)
        })
    }
}

/// The place of the last record of each key in the batch.
fn newest_indices(batch: &[Record]) -> HashMap<&[u8], usize> {
    batch.iter().enumerate().map(|(index, record)| (record.key.as_ref(), index)).collect()
}

/// Now, in milliseconds since 1970; 0 on a clock set before that.
fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
