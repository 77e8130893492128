//! Reading: one consumer for each reader of a partition, kept between reads.
//!
//! A consumer stands at an offset and fetches ahead. A read that goes on where
//! the last one ended takes the consumer that stands there; any other read
//! gets a new one, so no record of an older position can slip in.
//!
//! An empty answer must mean that there is nothing, not that a broker is away
//! or slow. So before a read comes back empty, the partition's leader is asked
//! for the end.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::super::record::Gathered;
use super::super::{LogError, ReadLimits, StoredRecord};
use super::REQUEST_TIMEOUT;
use super::config::KafkaConfig;
use super::context::{Context, LastError};
use super::failure::{failed_on, passes};
use super::producer::Producer;
use super::topics::{bounds, partition_number};

/// Consumers kept for each partition: the stage that follows it, and somebody
/// who looks something up.
const MAX_IDLE_PER_PARTITION: usize = 2;

/// How long records that the leader has may be on their way to a consumer
/// that stood at the end, before a new consumer looks again.
const IN_FLIGHT_TIMEOUT: Duration = Duration::from_secs(1);

/// Records taken from a consumer before other tasks get their turn.
const RECORDS_AT_ONCE: usize = 1_000;

/// A wait as good as for ever, for waits that no clock can hold.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The consumers that no read uses at present.
pub(super) struct Readers {
    config: KafkaConfig,
    idle: Mutex<HashMap<(String, u32), Vec<Reader>>>,
}

/// A consumer of one partition.
struct Reader {
    topic: String,
    partition: u32,
    /// Where the next record is expected; there may be gaps.
    position: u64,
    /// Up to here, the log was seen to hold nothing from `position` on.
    void_until: u64,
    consumer: Arc<OwnConsumer>,
}

/// What a consumer said while a read waited.
enum Heard {
    Record(StoredRecord),
    /// There is nothing more at present.
    End,
    /// The offset is not in the log.
    OutOfRange,
    Failed(LogError),
}

impl Readers {
    pub(super) fn new(config: KafkaConfig) -> Readers {
        Readers { config, idle: Mutex::default() }
    }

    pub(super) async fn read(
        &self,
        client: &Arc<Producer>,
        topic: &str,
        partition: u32,
        offset: u64,
        limits: ReadLimits,
        wait: Duration,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let mut reader = match self.take(topic, partition, offset) {
            Some(reader) => reader,
            None => {
                let bounds = bounds(client, topic, partition).await?;
                if offset < bounds.start || offset > bounds.end {
                    return Err(out_of_range(topic, partition, offset, bounds));
                }
                Reader::new(&self.config, topic, partition, offset)?
            }
        };
        let first = match reader.wait_for_record(wait.min(LONGEST_WAIT)).await {
            Some(first) => Some(first),
            None => reader.look_again(&self.config, client).await?,
        };
        let records = match first {
            None => Vec::new(),
            Some(Heard::Record(first)) => reader.gather(first, limits).await,
            Some(Heard::Failed(error)) => return Err(error),
            Some(Heard::OutOfRange | Heard::End) => {
                let bounds = bounds(client, topic, partition).await?;
                return Err(out_of_range(topic, partition, offset, bounds));
            }
        };
        self.put_back(reader);
        Ok(records)
    }

    fn take(&self, topic: &str, partition: u32, offset: u64) -> Option<Reader> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let readers = idle.get_mut(&(topic.to_owned(), partition))?;
        let index = readers.iter().position(|reader| reader.position == offset)?;
        Some(readers.remove(index))
    }

    fn put_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let readers = idle.entry((reader.topic.clone(), reader.partition)).or_default();
        readers.push(reader);
        if readers.len() > MAX_IDLE_PER_PARTITION {
            readers.remove(0);
        }
    }
}

impl Reader {
    fn new(
        config: &KafkaConfig,
        topic: &str,
        partition: u32,
        position: u64,
    ) -> Result<Reader, LogError> {
        let refused = |error: KafkaError| failed_on("read", topic, &error, &LastError::default());
        let consumer: StreamConsumer<Context> =
            StreamConsumer::from_config_and_context(&config.reader(), Context::default())
                .map_err(refused)?;
        let offset = i64::try_from(position).expect("within the bounds that Kafka told");
        let mut assignment = TopicPartitionList::with_capacity(1);
        assignment
            .add_partition_offset(topic, partition_number(partition), Offset::Offset(offset))
            .and_then(|()| consumer.assign(&assignment))
            .map_err(refused)?;
        Ok(Reader {
            topic: topic.to_owned(),
            partition,
            position,
            void_until: position,
            consumer: Arc::new(OwnConsumer(Some(consumer))),
        })
    }

    /// Waits for a record; an end that was passed meanwhile does not count.
    async fn wait_for_record(&self, wait: Duration) -> Option<Heard> {
        let heard = async {
            let mut stream = self.consumer.stream();
            loop {
                match self.hear(&mut stream).await {
                    Heard::End => {}
                    heard => return heard,
                }
            }
        };
        tokio::time::timeout(wait, heard).await.ok()
    }

    /// Nothing came: finds out whether there is nothing. `None` when so.
    async fn look_again(
        &mut self,
        config: &KafkaConfig,
        client: &Arc<Producer>,
    ) -> Result<Option<Heard>, LogError> {
        let bounds = bounds(client, &self.topic, self.partition).await?;
        if self.position < bounds.start || self.position > bounds.end {
            return Ok(Some(Heard::OutOfRange));
        }
        if bounds.end <= self.position.max(self.void_until) {
            return Ok(None);
        }
        if let Some(heard) = self.wait_for_record(IN_FLIGHT_TIMEOUT).await {
            return Ok(Some(heard));
        }
        // A consumer that starts now and reaches the end without a record
        // proves that there is a hole up to `bounds.end`.
        *self = Reader::new(config, &self.topic, self.partition, self.position)?;
        let consumer = Arc::clone(&self.consumer);
        let mut stream = consumer.stream();
        match tokio::time::timeout(REQUEST_TIMEOUT, self.hear(&mut stream)).await {
            Ok(Heard::End) => {
                self.void_until = bounds.end;
                Ok(None)
            }
            Ok(heard) => Ok(Some(heard)),
            Err(_) => Err(LogError::Unavailable {
                doing: format!("read topic {}", self.topic),
                reason: format!(
                    "partition {} has records from offset {} on, and the broker did not send them",
                    self.partition, self.position
                ),
            }),
        }
    }

    /// What the consumer says next, leaving out what passes by itself.
    async fn hear<'a>(
        &self,
        stream: &mut (impl Stream<Item = Result<BorrowedMessage<'a>, KafkaError>> + Unpin),
    ) -> Heard {
        loop {
            let error = match stream.next().await {
                Some(Ok(message)) => return Heard::Record(stored(&message)),
                Some(Err(error)) => error,
                None => KafkaError::Canceled,
            };
            let code = error.rdkafka_error_code();
            match (&error, code) {
                (KafkaError::PartitionEOF(_), _) => return Heard::End,
                (
                    _,
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange),
                ) => {
                    return Heard::OutOfRange;
                }
                // The consumer goes on by itself; who waits too long asks the leader.
                (_, Some(code)) if passes(code) => {}
                // About the group that nobody joins.
                (
                    _,
                    Some(
                        RDKafkaErrorCode::GroupAuthorizationFailed | RDKafkaErrorCode::PollExceeded,
                    ),
                ) => {}
                _ => {
                    let last = &self.consumer.context().last_error;
                    return Heard::Failed(failed_on("read", &self.topic, &error, last));
                }
            }
        }
    }

    /// The first record and whatever else is at hand, within the limits.
    async fn gather(&mut self, first: StoredRecord, limits: ReadLimits) -> Vec<StoredRecord> {
        let mut gathered = Gathered::new(limits);
        self.position = first.offset + 1;
        let mut full = gathered.push(first);
        let consumer = Arc::clone(&self.consumer);
        let mut stream = consumer.stream();
        while !full {
            // These records come first. What an error here says is found again
            // by the next read that stays empty, because it asks the leader.
            let Some(Some(Ok(message))) = stream.next().now_or_never() else { break };
            let record = stored(&message);
            self.position = record.offset + 1;
            full = gathered.push(record);
            if gathered.records.len().is_multiple_of(RECORDS_AT_ONCE) {
                tokio::task::yield_now().await;
            }
        }
        gathered.records
    }
}

/// A consumer that is closed where blocking is allowed: closing waits until
/// its threads have ended.
struct OwnConsumer(Option<StreamConsumer<Context>>);

impl Deref for OwnConsumer {
    type Target = StreamConsumer<Context>;

    fn deref(&self) -> &StreamConsumer<Context> {
        self.0.as_ref().expect("only taken when dropped")
    }
}

impl Drop for OwnConsumer {
    fn drop(&mut self) {
        let consumer = self.0.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}

fn stored(message: &BorrowedMessage<'_>) -> StoredRecord {
    StoredRecord {
        offset: u64::try_from(message.offset()).expect("Kafka counts offsets from 0"),
        timestamp_ms: message.timestamp().to_millis().unwrap_or_default(),
        key: message.key().map(Bytes::copy_from_slice).unwrap_or_default(),
        value: message.payload().map(Bytes::copy_from_slice),
    }
}

fn out_of_range(
    topic: &str,
    partition: u32,
    offset: u64,
    bounds: std::ops::Range<u64>,
) -> LogError {
    let (topic, earliest, end) = (topic.to_owned(), bounds.start, bounds.end);
    if (earliest..=end).contains(&offset) {
        return LogError::Unavailable {
            doing: format!("read topic {topic}"),
            reason: format!(
                "the broker of partition {partition} changed; offset {offset} is there"
            ),
        };
    }
    LogError::OffsetOutOfRange { topic, partition, offset, earliest, end }
}
