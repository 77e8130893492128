//! Settings of the Kafka clients: what the operator gives, and what the log's
//! promises need.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;

use super::super::LogError;

/// How long one append may take, retries included, in milliseconds.
const DELIVERY_TIMEOUT_MS: &str = "30000";

/// How long the producer waits for company before it sends: appends come in
/// batches already, so this only joins concurrent ones.
const LINGER_MS: &str = "2";

/// Records that wait in the producer, all appends together, in KiB: some
/// batches of the largest size; appends wait for room beyond that.
const PRODUCER_QUEUE_KIBIBYTES: &str = "131072";

/// Records fetched ahead for one reader, in KiB. More only costs memory, some
/// times as much as this when records are small: it is a tenth of a second of
/// work at full speed.
const READER_QUEUE_KIBIBYTES: &str = "4096";

/// Most bytes that one fetch brings of one partition, as they were packed:
/// reports unpack to ten times as much, and the reader sees none of them until
/// librdkafka has unpacked all.
const FETCH_BYTES: &str = "262144";

/// How soon a reader with a full queue fetches again, in milliseconds; the
/// default of a second would starve a reader that just emptied it.
const FETCH_QUEUE_BACKOFF_MS: &str = "5";

/// librdkafka needs a group's name to assign partitions by hand. Nobody joins
/// it, and nothing is committed to it.
const GROUP_ID: &str = "padwacht-reader";

/// Properties that the log's promises depend on, so that nobody else sets them.
const RESERVED: [&str; 13] = [
    "acks",
    "allow.auto.create.topics",
    "request.required.acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "metadata.broker.list",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "isolation.level",
    "message.max.bytes",
];

/// How to reach a Kafka cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaConfig {
    /// Bootstrap servers: `host:port`, several separated by commas.
    pub brokers: String,
    /// Copies of each record in topics that are made, from 1 to the number of
    /// brokers. With three or more, an append needs all but one of them.
    pub replication_factor: u16,
    /// Further properties of librdkafka, for security (`security.protocol`,
    /// `sasl.mechanism`, `ssl.ca.location`, ...) and tuning. The user that they
    /// name needs Describe, Read, Write and DescribeConfigs on the topics
    /// `padwacht.*`, Create to make them, and IdempotentWrite on the cluster.
    pub properties: BTreeMap<String, String>,
}

impl KafkaConfig {
    /// A cluster without security settings and with one copy of each record.
    pub fn plain(brokers: impl Into<String>) -> KafkaConfig {
        KafkaConfig { brokers: brokers.into(), replication_factor: 1, properties: BTreeMap::new() }
    }

    pub(super) fn validate(&self) -> Result<(), LogError> {
        let refuse = |reason: String| {
            Err(LogError::Refused { doing: "use the Kafka settings".to_owned(), reason })
        };
        if self.brokers.trim().is_empty() {
            return refuse("brokers must be host:port, separated by commas, found none".to_owned());
        }
        if self.replication_factor == 0 {
            return refuse("replication_factor must be at least 1, found 0".to_owned());
        }
        match self.properties.keys().find(|name| RESERVED.contains(&name.as_str())) {
            Some(name) => refuse(format!("the property {name} is set by padwacht itself")),
            None => Ok(()),
        }
    }

    /// How many copies must be written for an append to succeed: all but one,
    /// so that one broker may be away.
    pub(super) fn min_insync_replicas(&self) -> u16 {
        self.replication_factor.saturating_sub(1).max(1)
    }

    fn client(&self, defaults: &[(&str, &str)], fixed: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", "padwacht").set("log.connection.close", "false");
        for (name, value) in defaults {
            config.set(*name, *value);
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        // librdkafka lets producers make a topic by asking for it, with whatever
        // partitions the broker gives topics by default.
        config.set("allow.auto.create.topics", "false");
        for (name, value) in fixed {
            config.set(*name, *value);
        }
        config
    }

    pub(super) fn producer(&self) -> ClientConfig {
        self.client(
            &[
                ("compression.type", "zstd"),
                ("linger.ms", LINGER_MS),
                ("message.timeout.ms", DELIVERY_TIMEOUT_MS),
                ("queue.buffering.max.kbytes", PRODUCER_QUEUE_KIBIBYTES),
                ("queue.buffering.max.messages", "500000"),
            ],
            &[("enable.idempotence", "true"), ("acks", "all")],
        )
    }

    pub(super) fn admin(&self) -> ClientConfig {
        self.client(&[], &[])
    }

    pub(super) fn reader(&self) -> ClientConfig {
        self.client(
            &[
                ("group.id", GROUP_ID),
                ("fetch.message.max.bytes", FETCH_BYTES),
                ("fetch.queue.backoff.ms", FETCH_QUEUE_BACKOFF_MS),
                ("queued.max.messages.kbytes", READER_QUEUE_KIBIBYTES),
            ],
            &[
                ("auto.offset.reset", "error"),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("enable.partition.eof", "true"),
            ],
        )
    }
}

impl fmt::Debug for KafkaConfig {
    /// Names the properties, but keeps their values back: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaConfig")
            .field("brokers", &self.brokers)
            .field("replication_factor", &self.replication_factor)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(change: impl FnOnce(&mut KafkaConfig), expected: &str) {
        let mut config = KafkaConfig::plain("localhost:9092");
        change(&mut config);
        let error = config.validate().expect_err("must be refused");
        assert_eq!(error.to_string(), format!("cannot use the Kafka settings: {expected}"));
    }

    #[test]
    fn settings_that_would_break_a_promise_are_refused() {
        refused(
            |c| c.brokers = " ".to_owned(),
            "brokers must be host:port, separated by commas, found none",
        );
        refused(|c| c.replication_factor = 0, "replication_factor must be at least 1, found 0");
        refused(
            |c| drop(c.properties.insert("acks".to_owned(), "1".to_owned())),
            "the property acks is set by padwacht itself",
        );
    }

    #[test]
    fn one_broker_may_be_away_when_there_are_copies() {
        for (copies, needed) in [(1, 1), (2, 1), (3, 2), (5, 4)] {
            let config = KafkaConfig { replication_factor: copies, ..KafkaConfig::plain("b:1") };
            assert_eq!(config.min_insync_replicas(), needed);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut config = KafkaConfig::plain("b:1");
        config.properties.insert("sasl.password".to_owned(), "hunter2".to_owned());
        let printed = format!("{config:?}");
        assert!(printed.contains("sasl.password") && !printed.contains("hunter2"), "{printed}");
    }
}
