//! Topics of the embedded log: their keyspaces, and what is known of them in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use fjall::config::BlockSizePolicy;
use fjall::{Keyspace, KeyspaceCreateOptions, PersistMode};
use tokio::sync::watch;

use super::super::{LogError, TopicKind, TopicSpec};
use super::{Shared, format};

/// Memtable of a partition: flushed in some seconds at full speed, so that a
/// node with many partitions still fits in memory.
const MAX_MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;

/// Records are read in sequence, so larger blocks compress better for nothing.
const BLOCK_BYTES: u32 = 16 * 1024;

pub(super) struct Topic {
    spec: RwLock<TopicSpec>,
    partitions: Vec<Partition>,
}

pub(super) struct Partition {
    pub(super) records: Keyspace,
    /// Only in compacted topics.
    pub(super) keys: Option<Keyspace>,
    /// Written after the batch that made it true is on disk.
    pub(super) bounds: watch::Sender<Bounds>,
}

/// The offsets `[earliest, end)` of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bounds {
    pub(super) earliest: u64,
    pub(super) end: u64,
}

impl Topic {
    pub(super) fn spec(&self) -> TopicSpec {
        self.spec.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn all_partitions(&self) -> &[Partition] {
        &self.partitions
    }

    pub(super) fn partition(&self, partition: u32) -> Result<&Partition, LogError> {
        self.partitions.get(partition as usize).ok_or_else(|| {
            let TopicSpec { name, partitions, .. } = self.spec();
            LogError::UnknownPartition { topic: name, partition, partitions }
        })
    }

    /// Refuses an offset outside `[earliest, end]`; `end` can be waited at.
    pub(super) fn check_offset(
        &self,
        partition: u32,
        offset: u64,
        Bounds { earliest, end }: Bounds,
    ) -> Result<(), LogError> {
        if (earliest..=end).contains(&offset) {
            return Ok(());
        }
        let topic = self.spec().name;
        Err(LogError::OffsetOutOfRange { topic, partition, offset, earliest, end })
    }
}

impl Shared {
    pub(super) fn load_topics(&self) -> Result<(), LogError> {
        let mut topics = HashMap::new();
        for entry in self.meta.prefix(format::TOPIC_PREFIX) {
            let (key, value) = entry.into_inner().map_err(self.storage("read its topics"))?;
            let spec = format::decode_topic(&key, &value).ok_or_else(|| {
                self.damaged(format!("topic {:?} cannot be read", String::from_utf8_lossy(&key)))
            })?;
            topics.insert(spec.name.clone(), Arc::new(self.open_topic(spec)?));
        }
        *self.topics.write().unwrap_or_else(PoisonError::into_inner) = topics;
        Ok(())
    }

    pub(super) fn ensure_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        let _writer = self.lock_writer()?;
        let found = match self.topic(&spec.name) {
            Ok(topic) => Some(topic),
            Err(LogError::UnknownTopic { .. }) => None,
            Err(other) => return Err(other),
        };
        if let Some(topic) = &found {
            let existing = topic.spec();
            if existing == *spec {
                return Ok(());
            }
            same_shape(&existing, spec)?;
        }
        // The keyspaces come first: a topic that is listed is complete.
        let topic = match &found {
            Some(topic) => Arc::clone(topic),
            None => Arc::new(self.open_topic(spec.clone())?),
        };
        self.meta
            .insert(format::topic_key(&spec.name), format::encode_topic(spec))
            .and_then(|()| self.db.persist(PersistMode::SyncAll))
            .map_err(self.storage("write a topic"))?;
        *topic.spec.write().unwrap_or_else(PoisonError::into_inner) = spec.clone();
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        topics.insert(spec.name.clone(), topic);
        Ok(())
    }

    fn open_topic(&self, spec: TopicSpec) -> Result<Topic, LogError> {
        let mut partitions = Vec::with_capacity(spec.partitions as usize);
        for partition in 0..spec.partitions {
            partitions.push(self.open_partition(&spec, partition)?);
        }
        Ok(Topic { spec: RwLock::new(spec), partitions })
    }

    fn open_partition(&self, spec: &TopicSpec, partition: u32) -> Result<Partition, LogError> {
        let keyspace = |name: &str, block_bytes: u32| {
            let options = || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(MAX_MEMTABLE_BYTES)
                    .data_block_size_policy(BlockSizePolicy::all(block_bytes))
            };
            self.db.keyspace(name, options).map_err(self.storage("open a partition"))
        };
        let name = format!("{}#{partition}", spec.name);
        let records = keyspace(&name, BLOCK_BYTES)?;
        let keys = match spec.kind {
            TopicKind::Compacted => Some(keyspace(&format!("{name}#keys"), BLOCK_BYTES / 4)?),
            TopicKind::Retained(_) => None,
        };
        let stored = self
            .meta
            .get(format::bounds_key(&spec.name, partition))
            .map_err(self.storage("read the bounds of a partition"))?;
        let bounds = match stored {
            Some(value) => format::decode_bounds(&value).ok_or_else(|| {
                self.damaged(format!("the bounds of partition {name} cannot be read"))
            })?,
            None => Bounds::default(),
        };
        Ok(Partition { records, keys, bounds: watch::Sender::new(bounds) })
    }
}

/// Refuses to turn a topic into another one; a new retention is no other topic.
fn same_shape(existing: &TopicSpec, wanted: &TopicSpec) -> Result<(), LogError> {
    let kind = |spec: &TopicSpec| match spec.kind {
        TopicKind::Retained(_) => "records retained by age",
        TopicKind::Compacted => "compaction",
    };
    if existing.partitions == wanted.partitions && kind(existing) == kind(wanted) {
        return Ok(());
    }
    let describe = |spec: &TopicSpec| format!("{} partitions and {}", spec.partitions, kind(spec));
    Err(LogError::TopicMismatch {
        topic: wanted.name.clone(),
        found: describe(existing),
        wanted: describe(wanted),
    })
}
