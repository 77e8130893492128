//! Appending: one idempotent producer, and the wait for its acknowledgements.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{
    BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext, ThreadedProducer,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::partition::partition_of;
use super::super::{LogError, Record};
use super::config::KafkaConfig;
use super::context::{Context, LastError};
use super::failure::{failed, failed_on};

/// Records handed to the producer before other tasks get their turn.
const RECORDS_AT_ONCE: usize = 1_000;

/// How often a full producer queue is tried again.
const FULL_QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// How long an append waits for room in a full producer queue: as long as the
/// records in it have to be delivered.
const FULL_QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

/// The producer; its client also answers questions about the cluster, because
/// it is polled all the time.
pub(super) type Producer = ThreadedProducer<AppendContext>;

pub(super) struct Appender {
    config: KafkaConfig,
    /// Replaced after an error that it cannot recover from.
    producer: Mutex<Arc<Producer>>,
}

impl Appender {
    pub(super) fn new(config: KafkaConfig) -> Result<Appender, LogError> {
        let producer = Mutex::new(Arc::new(make_producer(&config)?));
        Ok(Appender { config, producer })
    }

    pub(super) fn client(&self) -> Arc<Producer> {
        Arc::clone(&self.producer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn append(
        &self,
        topic: &str,
        partitions: u32,
        batch: &[Record],
    ) -> Result<(), LogError> {
        let producer = self.client();
        let delivery = Arc::new(Delivery::of(batch.len()));
        let appended = match enqueue(&producer, topic, partitions, batch, &delivery).await {
            Ok(()) => delivery.wait().await,
            Err(error) => Err(error),
        };
        appended.map_err(|error| {
            if producer.client().fatal_error().is_some() {
                self.replace(&producer);
            }
            failed_on("append to", topic, &error, last_error(&producer))
        })
    }

    /// Puts a new producer in the place of `broken`, unless somebody did.
    fn replace(&self, broken: &Arc<Producer>) {
        let mut current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, broken) {
            match make_producer(&self.config) {
                Ok(producer) => *current = Arc::new(producer),
                Err(error) => tracing::error!(%error, "kafka producer cannot be made again"),
            }
        }
    }
}

pub(super) fn last_error(producer: &Producer) -> &LastError {
    &producer.client().context().base.last_error
}

fn make_producer(config: &KafkaConfig) -> Result<Producer, LogError> {
    Producer::from_config_and_context(&config.producer(), AppendContext::default())
        .map_err(|error| failed("make a Kafka producer".to_owned(), &error, &LastError::default()))
}

/// Hands the whole batch to the producer, waiting for room as needed. After an
/// error, some records are on their way all the same.
async fn enqueue(
    producer: &Producer,
    topic: &str,
    partitions: u32,
    batch: &[Record],
    delivery: &Arc<Delivery>,
) -> Result<(), KafkaError> {
    let deadline = Instant::now() + FULL_QUEUE_TIMEOUT;
    let mut sent = 0;
    while sent < batch.len() {
        let part = &batch[sent..batch.len().min(sent + RECORDS_AT_ONCE)];
        let (taken, refusal) = send(producer, topic, partitions, part, delivery);
        sent += taken;
        match refusal {
            None => tokio::task::yield_now().await,
            Some(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull))
                if Instant::now() < deadline =>
            {
                tokio::time::sleep(FULL_QUEUE_PAUSE).await;
            }
            Some(error) => return Err(error),
        }
    }
    Ok(())
}

/// Hands over as many records as the producer takes, and says what stopped it.
fn send(
    producer: &Producer,
    topic: &str,
    partitions: u32,
    records: &[Record],
    delivery: &Arc<Delivery>,
) -> (usize, Option<KafkaError>) {
    for (index, record) in records.iter().enumerate() {
        let partition = i32::try_from(partition_of(&record.key, partitions))
            .expect("a topic has at most MAX_PARTITIONS partitions");
        let mut message = BaseRecord::<[u8], [u8], _>::with_opaque_to(topic, Arc::clone(delivery))
            .partition(partition)
            .key(&record.key);
        if let Some(value) = &record.value {
            message = message.payload(value);
        }
        if let Err((error, _)) = producer.send(message) {
            return (index, Some(error));
        }
    }
    (records.len(), None)
}

/// The acknowledgements that one append still waits for.
pub(super) struct Delivery {
    waiting: AtomicUsize,
    failure: Mutex<Option<KafkaError>>,
    done: Notify,
}

impl Delivery {
    fn of(records: usize) -> Delivery {
        let done = Notify::new();
        if records == 0 {
            done.notify_one();
        }
        Delivery { waiting: AtomicUsize::new(records), failure: Mutex::default(), done }
    }

    /// Waits until each record was acknowledged or given up; the producer
    /// gives up after `message.timeout.ms`.
    async fn wait(&self) -> Result<(), KafkaError> {
        self.done.notified().await;
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    fn one_done(&self, failure: Option<KafkaError>) {
        if let Some(error) = failure {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        if self.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.done.notify_one();
        }
    }
}

/// The producer's context: [`Context`], and who waits for a record.
#[derive(Default)]
pub(super) struct AppendContext {
    base: Context,
}

impl ClientContext for AppendContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.base.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.base.error(error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for AppendContext {
    type DeliveryOpaque = Arc<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Arc<Delivery>) {
        match result {
            Ok(_) => {
                self.base.last_error.clear();
                delivery.one_done(None);
            }
            Err((error, _)) => delivery.one_done(Some(error.clone())),
        }
    }
}
