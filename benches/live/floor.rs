//! The floor: a consumer that reads the same records and does nothing with
//! them.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use store::wire::SAMPLES_TOPIC;

/// How long a broker on the same machine may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads the samples from the offset of each partition to its end; one thread
/// beside those of librdkafka.
pub(crate) fn read_and_discard(brokers: &str, from: &[u64]) -> Duration {
    let start = Instant::now();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "padwacht-bench")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.message.max.bytes", "4194304")
        .set("fetch.queue.backoff.ms", "5")
        .create()
        .expect("good settings");
    let mut assignment = TopicPartitionList::new();
    for (partition, &offset) in (0..).zip(from) {
        let offset = Offset::Offset(i64::try_from(offset).expect("Kafka counts so"));
        assignment.add_partition_offset(SAMPLES_TOPIC, partition, offset).expect("a good offset");
    }
    consumer.assign(&assignment).expect("the partitions are there");
    let mut bytes = 0;
    let mut ended = 0;
    while ended < from.len() {
        match consumer.poll(PATIENCE) {
            Some(Ok(message)) => bytes += message.payload().map_or(0, <[u8]>::len),
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            other => panic!("the broker says no more: {other:?}"),
        }
    }
    std::hint::black_box(bytes);
    start.elapsed()
}
