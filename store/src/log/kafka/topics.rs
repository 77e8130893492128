//! Questions to the cluster: topics, their partitions and bounds, and making them.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;
use tokio::time::Instant;

use super::super::{LogError, TOMBSTONE_RETENTION, TopicKind, TopicSpec};
use super::config::KafkaConfig;
use super::context::Context;
use super::failure::{failed, failed_on};
use super::producer::{Producer, last_error};
use super::{REQUEST_TIMEOUT, blocking};

/// How often a new topic is looked for until the cluster shows it.
const NEW_TOPIC_PAUSE: Duration = Duration::from_millis(20);

/// Longest time before a segment is closed: only closed segments are dropped
/// or compacted, so this bounds how much more than needed is kept.
const MAX_SEGMENT_MS: u128 = 24 * 60 * 60 * 1_000;

/// How many partitions the topic has.
pub(super) async fn partitions(client: &Arc<Producer>, topic: &str) -> Result<u32, LogError> {
    let name = topic.to_owned();
    let metadata = blocking(client, move |client| {
        client.client().fetch_metadata(Some(&name), REQUEST_TIMEOUT)
    })
    .await
    .map_err(|error| failed_on("find", topic, &error, last_error(client)))?;
    last_error(client).clear();
    let unknown = || LogError::UnknownTopic { topic: topic.to_owned() };
    let found = metadata.topics().iter().find(|found| found.name() == topic).ok_or_else(unknown)?;
    if let Some(error) = found.error() {
        let error = KafkaError::MetadataFetch(error.into());
        return Err(failed_on("find", topic, &error, last_error(client)));
    }
    match u32::try_from(found.partitions().len()) {
        Ok(partitions) if partitions > 0 => Ok(partitions),
        _ => Err(unknown()),
    }
}

/// The offsets `[earliest, end)` of a partition, asked of its leader.
pub(super) async fn bounds(
    client: &Arc<Producer>,
    topic: &str,
    partition: u32,
) -> Result<Range<u64>, LogError> {
    let (name, number) = (topic.to_owned(), partition_number(partition));
    let (earliest, end) = blocking(client, move |client| {
        client.client().fetch_watermarks(&name, number, REQUEST_TIMEOUT)
    })
    .await
    .map_err(|error| failed_on("ask for the offsets of", topic, &error, last_error(client)))?;
    last_error(client).clear();
    match (u64::try_from(earliest), u64::try_from(end)) {
        (Ok(earliest), Ok(end)) => Ok(earliest..end),
        _ => Err(LogError::Unavailable {
            doing: format!("ask for the offsets of topic {topic}"),
            reason: format!("the broker answered {earliest} and {end}"),
        }),
    }
}

pub(super) fn partition_number(partition: u32) -> i32 {
    i32::try_from(partition).expect("checked against the partitions that the topic has")
}

/// Makes the topic unless it exists; then compares.
pub(super) async fn ensure(
    config: &KafkaConfig,
    client: &Arc<Producer>,
    spec: &TopicSpec,
) -> Result<(), LogError> {
    let admin = AdminClient::from_config_and_context(&config.admin(), Context::default())
        .map_err(|error| failed("make a Kafka client".to_owned(), &error, last_error(client)))?;
    match partitions(client, &spec.name).await {
        Err(LogError::UnknownTopic { .. }) => {
            create(config, client, &admin, spec).await?;
            await_leaders(client, spec).await?;
        }
        Err(other) => return Err(other),
        Ok(_) => {}
    }
    let found = partitions(client, &spec.name).await?;
    compare(&admin, spec, found).await
}

async fn create(
    config: &KafkaConfig,
    client: &Arc<Producer>,
    admin: &AdminClient<Context>,
    spec: &TopicSpec,
) -> Result<(), LogError> {
    let properties = topic_properties(config, spec.kind);
    let partitions = i32::try_from(spec.partitions).expect("at most MAX_PARTITIONS");
    let copies = i32::from(config.replication_factor);
    let mut topic = NewTopic::new(&spec.name, partitions, TopicReplication::Fixed(copies));
    for (name, value) in &properties {
        topic = topic.set(name, value);
    }
    let refused = |error: KafkaError| failed_on("make", &spec.name, &error, last_error(client));
    let results = admin.create_topics([&topic], &admin_options()).await.map_err(refused)?;
    for result in results {
        match result {
            // Somebody else made it meanwhile; it is compared like any other.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, RDKafkaErrorCode::InvalidReplicationFactor)) => {
                return Err(LogError::Refused {
                    doing: format!("make topic {}", spec.name),
                    reason: format!(
                        "replication_factor is {copies}, and the cluster has fewer brokers"
                    ),
                });
            }
            Err((_, code)) => return Err(refused(KafkaError::AdminOp(code))),
        }
    }
    Ok(())
}

fn admin_options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST_TIMEOUT))
        .operation_timeout(Some(REQUEST_TIMEOUT))
}

fn topic_properties(config: &KafkaConfig, kind: TopicKind) -> Vec<(&'static str, String)> {
    let mut properties = vec![
        ("min.insync.replicas", config.min_insync_replicas().to_string()),
        // Retention counts from here, whatever a producer's clock says.
        ("message.timestamp.type", "LogAppendTime".to_owned()),
    ];
    match kind {
        TopicKind::Retained(retention) => {
            let retention_ms = retention.as_millis();
            let segment_ms = (retention_ms / 4).clamp(60_000, MAX_SEGMENT_MS);
            properties.push(("cleanup.policy", "delete".to_owned()));
            properties.push(("retention.ms", retention_ms.min(i64::MAX as u128).to_string()));
            properties.push(("segment.ms", segment_ms.to_string()));
        }
        TopicKind::Compacted => {
            properties.push(("cleanup.policy", "compact".to_owned()));
            let kept_ms = TOMBSTONE_RETENTION.as_millis();
            properties.push(("delete.retention.ms", kept_ms.to_string()));
            properties.push(("segment.ms", MAX_SEGMENT_MS.to_string()));
        }
    }
    properties
}

/// A new topic is known to some brokers before it has leaders everywhere.
async fn await_leaders(client: &Arc<Producer>, spec: &TopicSpec) -> Result<(), LogError> {
    let deadline = Instant::now() + REQUEST_TIMEOUT;
    for partition in 0..spec.partitions {
        loop {
            match bounds(client, &spec.name, partition).await {
                Ok(_) => break,
                Err(error) => {
                    let early = matches!(error, LogError::UnknownTopic { .. });
                    if Instant::now() > deadline || !(early || error.is_retriable()) {
                        return Err(error);
                    }
                    tokio::time::sleep(NEW_TOPIC_PAUSE).await;
                }
            }
        }
    }
    Ok(())
}

async fn compare(
    admin: &AdminClient<Context>,
    spec: &TopicSpec,
    partitions: u32,
) -> Result<(), LogError> {
    let wanted_policy = match spec.kind {
        TopicKind::Retained(_) => "delete",
        TopicKind::Compacted => "compact",
    };
    let mismatch = |found: &str, policy: &str| {
        let describe = |n: u32, policy: &str| format!("{n} partitions and cleanup.policy {policy}");
        Err(LogError::TopicMismatch {
            topic: spec.name.clone(),
            found: describe(partitions, found),
            wanted: describe(spec.partitions, policy),
        })
    };
    let Some(found) = properties_of(admin, &spec.name).await else {
        return match partitions == spec.partitions {
            true => Ok(()),
            false => mismatch("unknown", wanted_policy),
        };
    };
    let found_policy = found.get("cleanup.policy").map_or("unknown", String::as_str);
    if partitions != spec.partitions || found_policy != wanted_policy {
        return mismatch(found_policy, wanted_policy);
    }
    if let (TopicKind::Retained(retention), Some(found_ms)) = (spec.kind, found.get("retention.ms"))
        && *found_ms != retention.as_millis().to_string()
    {
        tracing::warn!(
            topic = spec.name,
            found_ms,
            configured_ms = retention.as_millis(),
            "topic keeps records for another time than configured; change it with Kafka's tools"
        );
    }
    Ok(())
}

/// The topic's properties, unless the cluster will not tell them.
async fn properties_of(
    admin: &AdminClient<Context>,
    topic: &str,
) -> Option<std::collections::BTreeMap<String, String>> {
    let told = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &admin_options()).await;
    let reason = match told.map(|mut resources| resources.pop()) {
        Ok(Some(Ok(resource))) => {
            let entries = resource.entries.into_iter();
            return Some(entries.filter_map(|e| e.value.map(|value| (e.name, value))).collect());
        }
        Ok(Some(Err(code))) => code.to_string(),
        Ok(None) => "the answer was empty".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::warn!(topic, reason, "kafka does not tell the topic's properties; not compared");
    None
}

/// For `padwacht doctor`.
pub(super) async fn check(
    config: &KafkaConfig,
    client: &Arc<Producer>,
) -> Result<String, LogError> {
    let doing = || format!("reach Kafka at {}", config.brokers);
    let (metadata, cluster) = blocking(client, |client| {
        let metadata = client.client().fetch_metadata(None, REQUEST_TIMEOUT);
        (metadata, client.client().fetch_cluster_id(REQUEST_TIMEOUT))
    })
    .await;
    let metadata = metadata.map_err(|error| failed(doing(), &error, last_error(client)))?;
    last_error(client).clear();
    let brokers = metadata.brokers().len();
    if brokers < usize::from(config.replication_factor) {
        return Err(LogError::Refused {
            doing: doing(),
            reason: format!(
                "replication_factor is {}, and the cluster has {brokers} brokers",
                config.replication_factor
            ),
        });
    }
    let without_leader: Vec<String> = metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions().iter().map(move |partition| (topic, partition)))
        .filter(|(_, partition)| partition.leader() < 0)
        .map(|(topic, partition)| format!("{}/{}", topic.name(), partition.id()))
        .collect();
    if !without_leader.is_empty() {
        return Err(LogError::Unavailable {
            doing: doing(),
            reason: format!("partitions without a leader: {}", without_leader.join(", ")),
        });
    }
    let cluster = cluster.unwrap_or_else(|| "of unknown id".to_owned());
    Ok(format!("Kafka cluster {cluster} at {}: {brokers} brokers", config.brokers))
}
