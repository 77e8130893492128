//! The log inside one process, on fjall.
//!
//! Each partition is a keyspace of its own, `offset → record`, written in
//! order; a compacted partition has a second one, `key → newest offset`. One
//! append is one atomic batch, synced to disk before it is acknowledged: after
//! a crash it is in the log as a whole or not at all.
//!
//! An append to a compacted topic drops the superseded record of each key in
//! the same batch, so the topic is always fully compacted. Age is enforced
//! only by [`EmbeddedLog::enforce_retention`], which the owner calls.
//!
//! One process at a time: a second one gets [`LogError::InUse`].

mod append;
mod format;
mod retention;
mod topic;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use correlate::model::Timestamp;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use tokio::time::Instant;

use self::topic::{Bounds, Partition, Topic};
use super::record::{Gathered, validate_batch};
use super::{Log, LogError, ReadLimits, Record, StoredRecord, TopicSpec};

/// Block cache: readers follow the tail, which is in memory anyway.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// Journal on disk before the oldest memtables are flushed: bounds the time
/// that opening after a crash takes.
const MAX_JOURNAL_BYTES: u64 = 128 * 1024 * 1024;

/// A wait as good as for ever, for waits that no clock can hold.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A durable log in a directory of this process's own; see the module's text.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    db: Database,
    /// Topics and the bounds of their partitions; see [`mod@format`].
    meta: Keyspace,
    topics: RwLock<HashMap<String, Arc<Topic>>>,
    /// Held by whoever writes records or bounds.
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    /// A write failed, so what is on disk may differ from what is in memory.
    broken: bool,
}

impl EmbeddedLog {
    /// Opens the log in `path`, or makes an empty one there.
    ///
    /// # Errors
    /// [`LogError::InUse`] when another process has it; otherwise files that
    /// cannot be read or written.
    pub async fn open(path: impl AsRef<Path>) -> Result<EmbeddedLog, LogError> {
        let path = path.as_ref().to_owned();
        blocking(move || Shared::open(path))
            .await
            .map(|shared| EmbeddedLog { shared: Arc::new(shared) })
    }

    /// Drops the records that their topic need not keep any more at `now`:
    /// of retained topics what is older than the retention, of compacted ones
    /// the tombstones older than [`super::TOMBSTONE_RETENTION`]. Gives the
    /// number of records dropped.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub async fn enforce_retention(&self, now: Timestamp) -> Result<u64, LogError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.enforce_retention(now.millis())).await
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn ensure_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        spec.validate()?;
        let (shared, spec) = (Arc::clone(&self.shared), spec.clone());
        blocking(move || shared.ensure_topic(&spec)).await
    }

    async fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        Ok(self.shared.topic(topic)?.spec().partitions)
    }

    async fn append(&self, topic: &str, batch: Vec<Record>) -> Result<(), LogError> {
        validate_batch(topic, &batch)?;
        let topic = self.shared.topic(topic)?;
        if batch.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.append(&topic, &batch)).await
    }

    async fn read(
        &self,
        topic: &str,
        partition: u32,
        offset: u64,
        limits: ReadLimits,
        wait: Duration,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let topic = self.shared.topic(topic)?;
        let mut bounds = topic.partition(partition)?.bounds.subscribe();
        let deadline = Instant::now() + wait.min(LONGEST_WAIT);
        loop {
            let seen = *bounds.borrow_and_update();
            topic.check_offset(partition, offset, seen)?;
            if offset < seen.end {
                let (shared, topic) = (Arc::clone(&self.shared), Arc::clone(&topic));
                let records =
                    blocking(move || shared.scan(&topic, partition, offset..seen.end, limits))
                        .await?;
                if !records.is_empty() {
                    return Ok(records);
                }
            }
            // The sender lives in `topic`, so a closed channel is a timeout at worst.
            if !matches!(tokio::time::timeout_at(deadline, bounds.changed()).await, Ok(Ok(()))) {
                return Ok(Vec::new());
            }
        }
    }

    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError> {
        let bounds = *self.shared.topic(topic)?.partition(partition)?.bounds.borrow();
        Ok(bounds.earliest..bounds.end)
    }

    async fn check(&self) -> Result<String, LogError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            // Refused when an earlier write failed.
            drop(shared.lock_writer()?);
            shared.db.persist(PersistMode::SyncAll).map_err(shared.storage("sync"))?;
            let bytes = shared.db.disk_space().map_err(shared.storage("measure"))?;
            let topics = shared.topics.read().unwrap_or_else(PoisonError::into_inner).len();
            Ok(format!("embedded log in {:?}: {topics} topics, {bytes} bytes", shared.path))
        })
        .await
    }
}

impl Shared {
    fn open(path: PathBuf) -> Result<Shared, LogError> {
        let failed = |doing: &'static str| {
            let path = path.clone();
            move |error: fjall::Error| match error {
                fjall::Error::Locked => LogError::InUse { path },
                other => LogError::Storage { path, doing, source: Box::new(other) },
            }
        };
        let db = Database::builder(&path)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(MAX_JOURNAL_BYTES)
            .open()
            .map_err(failed("open"))?;
        let meta = db.keyspace("meta", KeyspaceCreateOptions::default).map_err(failed("open"))?;
        let shared = Shared {
            path: path.clone(),
            db,
            meta,
            topics: RwLock::default(),
            writer: Mutex::default(),
        };
        shared.load_topics()?;
        Ok(shared)
    }

    fn topic(&self, name: &str) -> Result<Arc<Topic>, LogError> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(name).cloned().ok_or_else(|| LogError::UnknownTopic { topic: name.to_owned() })
    }

    /// The right to write; refused for good after a failed write.
    fn lock_writer(&self) -> Result<std::sync::MutexGuard<'_, Writer>, LogError> {
        match self.writer.lock() {
            Ok(writer) if !writer.broken => Ok(writer),
            _ => Err(LogError::Storage {
                path: self.path.clone(),
                doing: "write, because an earlier write failed; restart to recover",
                source: Box::new(fjall::Error::Poisoned),
            }),
        }
    }

    /// The records of `range`, as far as `limits` allow.
    fn scan(
        &self,
        topic: &Topic,
        partition: u32,
        range: Range<u64>,
        limits: ReadLimits,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let Partition { records, bounds, .. } = topic.partition(partition)?;
        let mut gathered = Gathered::new(limits);
        let keys = range.start.to_be_bytes()..range.end.to_be_bytes();
        for entry in records.range(keys) {
            let (key, value) = entry.into_inner().map_err(self.storage("read"))?;
            if gathered.push(self.decode(&key, value)?) {
                break;
            }
        }
        // Retention moves `earliest` before it drops anything, so an offset
        // that is still good now had nothing missing when it was read.
        let now: Bounds = *bounds.borrow();
        topic.check_offset(partition, range.start, now)?;
        Ok(gathered.records)
    }

    fn decode(&self, key: &[u8], value: fjall::Slice) -> Result<StoredRecord, LogError> {
        format::decode_record(key, value)
            .ok_or_else(|| self.damaged(format!("the record at key {key:?} cannot be read")))
    }

    fn damaged(&self, reason: String) -> LogError {
        LogError::Damaged { path: self.path.clone(), reason }
    }

    fn storage(&self, doing: &'static str) -> impl FnOnce(fjall::Error) -> LogError + use<> {
        let path = self.path.clone();
        move |error| LogError::Storage { path, doing, source: Box::new(error) }
    }
}

/// Runs what blocks on the disk where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(LogError::Unavailable {
                doing: "use the embedded log".to_owned(),
                reason: "the process is shutting down".to_owned(),
            }),
        },
    }
}
