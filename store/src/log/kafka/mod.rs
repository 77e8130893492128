//! The log on Apache Kafka, for stages in separate processes.
//!
//! Appends go through one idempotent producer with `acks=all`. Each reader of a
//! partition has a consumer of its own, assigned by hand: no consumer group
//! is joined and no offset is committed. An offset that is gone is an error and
//! never a silent jump.
//!
//! librdkafka reconnects and retries by itself; what still fails after the
//! times given here comes back as [`LogError::Unavailable`].

mod config;
mod context;
mod failure;
mod producer;
mod reader;
mod topics;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

pub use self::config::KafkaConfig;
use self::producer::Appender;
use self::reader::Readers;
use super::record::validate_batch;
use super::{Log, LogError, ReadLimits, Record, StoredRecord, TopicSpec};

/// How long a broker may take to answer a question (metadata, offsets, admin).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A log on a Kafka cluster; see the module's text.
pub struct KafkaLog {
    config: KafkaConfig,
    appender: Appender,
    readers: Readers,
    /// How many partitions each topic has, as far as known.
    partitions: Mutex<HashMap<String, u32>>,
}

impl KafkaLog {
    /// Makes the clients. It does not wait for a broker: a stage may start
    /// before Kafka does.
    ///
    /// # Errors
    /// [`LogError::Refused`] for settings that librdkafka does not take, or
    /// that this log sets itself.
    pub fn open(config: KafkaConfig) -> Result<KafkaLog, LogError> {
        config.validate()?;
        Ok(KafkaLog {
            appender: Appender::new(config.clone())?,
            readers: Readers::new(config.clone()),
            partitions: Mutex::default(),
            config,
        })
    }

    async fn check_partition(&self, topic: &str, partition: u32) -> Result<(), LogError> {
        let partitions = self.partitions(topic).await?;
        if partition < partitions {
            return Ok(());
        }
        Err(LogError::UnknownPartition { topic: topic.to_owned(), partition, partitions })
    }

    /// Forgets a topic that turned out to be gone.
    fn noting_absence<T>(&self, topic: &str, result: Result<T, LogError>) -> Result<T, LogError> {
        if let Err(LogError::UnknownTopic { .. }) = &result {
            self.known_partitions().remove(topic);
        }
        result
    }

    fn known_partitions(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Log for KafkaLog {
    async fn ensure_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        spec.validate()?;
        topics::ensure(&self.config, &self.appender.client(), spec).await?;
        self.known_partitions().insert(spec.name.clone(), spec.partitions);
        Ok(())
    }

    async fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        if let Some(partitions) = self.known_partitions().get(topic) {
            return Ok(*partitions);
        }
        let partitions = topics::partitions(&self.appender.client(), topic).await?;
        self.known_partitions().insert(topic.to_owned(), partitions);
        Ok(partitions)
    }

    async fn append(&self, topic: &str, batch: Vec<Record>) -> Result<(), LogError> {
        validate_batch(topic, &batch)?;
        let partitions = self.partitions(topic).await?;
        let appended = self.appender.append(topic, partitions, &batch).await;
        self.noting_absence(topic, appended)
    }

    async fn read(
        &self,
        topic: &str,
        partition: u32,
        offset: u64,
        limits: ReadLimits,
        wait: Duration,
    ) -> Result<Vec<StoredRecord>, LogError> {
        self.check_partition(topic, partition).await?;
        let client = self.appender.client();
        let read = self.readers.read(&client, topic, partition, offset, limits, wait).await;
        self.noting_absence(topic, read)
    }

    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError> {
        self.check_partition(topic, partition).await?;
        let bounds = topics::bounds(&self.appender.client(), topic, partition).await;
        self.noting_absence(topic, bounds)
    }

    async fn check(&self) -> Result<String, LogError> {
        topics::check(&self.config, &self.appender.client()).await
    }
}

/// Runs a client call that blocks its thread.
async fn blocking<T: Send + 'static>(
    client: &Arc<producer::Producer>,
    call: impl FnOnce(&producer::Producer) -> T + Send + 'static,
) -> T {
    let client = Arc::clone(client);
    match tokio::task::spawn_blocking(move || call(&client)).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
