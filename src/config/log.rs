//! `[log]` and `[kafka]`: the record log between the stages.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::reader::{Reader, Section};
use super::rule::{BROKERS, DurationIn, Whole};
use super::tree::{Node, Value};
use super::{GeneralConfig, InClear, Origin, Problem};

/// One partition gives about one core of correlation; 64 outlast any machine
/// this runs on.
const PARTITIONS: Whole = Whole { min: 1, max: 256 };
const PARTITIONS_DEFAULT: u32 = 8;
/// Samples are the raw truth: from them everything can be computed again.
const RETENTION: DurationIn =
    DurationIn { min: Duration::from_secs(3_600), max: Duration::from_secs(3_650 * DAY_S) };
const RETENTION_DEFAULT: Duration = Duration::from_secs(90 * DAY_S);
const REPLICATION: Whole = Whole { min: 1, max: 7 };
const REPLICATION_DEFAULT: u32 = 1;
const DAY_S: u64 = 86_400;

/// librdkafka properties that the log's promises rest on (`store::log` sets
/// them), and those that have a setting of their own.
const OWN_PROPERTIES: [&str; 12] = [
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "isolation.level",
    "message.max.bytes",
    "metadata.broker.list",
    "request.required.acks",
];

/// Where the log is.
#[derive(Clone, Debug)]
pub(crate) enum LogPlace {
    /// In files of this process; only `padwacht all` and `demo` can use it.
    Embedded {
        /// Its directory.
        dir: PathBuf,
    },
    /// In Kafka.
    Kafka(KafkaConfig),
}

/// `[log]`.
#[derive(Clone, Debug)]
pub(crate) struct LogConfig {
    /// Where the log is.
    pub place: LogPlace,
    /// Partitions of the samples topic when it is made.
    pub samples_partitions: u32,
    /// How long samples are kept.
    pub samples_retention: Duration,
}

/// `[kafka]`.
#[derive(Clone, Debug)]
pub(crate) struct KafkaConfig {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// Copies of each partition when a topic is made.
    pub replication_factor: u16,
    /// Further librdkafka properties (TLS, SASL); any of them may be a secret.
    pub properties: Vec<(String, SecretString)>,
}

pub(super) fn read(reader: &Reader<'_>, general: &GeneralConfig, in_clear: InClear) -> LogConfig {
    let kafka = reader.section("kafka");
    let brokers = kafka.optional("brokers", &BROKERS);
    let replication_factor = kafka.or("replication_factor", &REPLICATION, REPLICATION_DEFAULT);
    let replication_factor = u16::try_from(replication_factor).expect("the rule keeps it small");
    let properties = properties(reader, &kafka);
    if let Some(host) =
        brokers.as_ref().and_then(|brokers| open_host(brokers, &properties, in_clear))
    {
        let how = "set \"security.protocol\" to \"ssl\" or \"sasl_ssl\" under [kafka.properties], and \
                   leave enable.ssl.certificate.verification on";
        kafka.conflict("brokers", &in_clear.refusal(&host, how));
    }
    let place = match brokers {
        Some(brokers) => LogPlace::Kafka(KafkaConfig { brokers, replication_factor, properties }),
        None => LogPlace::Embedded { dir: general.data_dir.join("log") },
    };
    let section = reader.section("log");
    LogConfig {
        place,
        samples_partitions: section.or("samples_partitions", &PARTITIONS, PARTITIONS_DEFAULT),
        samples_retention: section.or("samples_retention", &RETENTION, RETENTION_DEFAULT),
    }
}

/// The broker with which librdkafka speaks in clear, or without looking whom it
/// speaks with, where `in_clear` does not reach.
fn open_host(
    brokers: &str,
    properties: &[(String, SecretString)],
    in_clear: InClear,
) -> Option<String> {
    let set = |name: &str| {
        let found = properties.iter().rev().find(|(set, _)| set == name);
        found.map(|(_, value)| value.expose_secret().trim().to_ascii_lowercase())
    };
    let is_encrypted = matches!(set("security.protocol").as_deref(), Some("ssl" | "sasl_ssl"));
    let is_checked = set("enable.ssl.certificate.verification")
        .is_none_or(|word| matches!(word.as_str(), "true" | "t" | "1"));
    if is_encrypted && is_checked {
        return None;
    }
    let hosts = brokers.split(',').filter_map(|broker| broker.trim().rsplit_once(':'));
    let far = hosts.map(|(host, _)| host).find(|host| !in_clear.reaches_host(host));
    far.map(str::to_owned)
}

fn properties(reader: &Reader<'_>, kafka: &Section<'_>) -> Vec<(String, SecretString)> {
    let Some(node) = kafka.raw("properties") else { return Vec::new() };
    let Value::Table(members) = &node.value else {
        let allowed = String::from("a section, written [kafka.properties]");
        let (origin, found) = (node.origin.clone(), node.value.quoted());
        let key = kafka.key("properties");
        reader.problem(Problem::Value { origin, key, allowed, found });
        return Vec::new();
    };
    members.iter().filter_map(|(name, node)| property(reader, kafka, name, node)).collect()
}

/// One property. A name that ends in `_file` names a file with the value.
/// Variable names have no dots: `SASL_MECHANISM` is `sasl.mechanism`.
fn property(
    reader: &Reader<'_>,
    kafka: &Section<'_>,
    name: &str,
    node: &Node,
) -> Option<(String, SecretString)> {
    let (stem, is_file) = name.strip_suffix("_file").map_or((name, false), |stem| (stem, true));
    let name = if node.origin.is_variable() { stem.replace('_', ".") } else { stem.to_owned() };
    let key = kafka.key(&format!("properties.{name}"));
    let origin = node.origin.clone();
    if OWN_PROPERTIES.contains(&name.as_str()) {
        let reason = String::from("is set by padwacht itself, as its guarantees rest on it");
        reader.problem(Problem::Conflict { origin, key, reason });
        return None;
    }
    let value = match &node.value {
        Value::Text(path) if is_file => read_file(reader, path, &key, &origin)?,
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Other(_) | Value::List(_) | Value::Table(_) => {
            let allowed = String::from("text, a whole number, true or false (quote dotted names)");
            let found = node.value.quoted();
            reader.problem(Problem::Value { origin, key, allowed, found });
            return None;
        }
    };
    reader.note(key, String::from("(set, hidden)"), origin);
    Some((name, SecretString::from(value)))
}

fn read_file(reader: &Reader<'_>, path: &str, key: &str, origin: &Origin) -> Option<String> {
    match reader.world().read_file(path.as_ref()) {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => {
            reader.problem(Problem::Value {
                origin: origin.clone(),
                key: format!("{key}_file"),
                allowed: String::from("the path of a readable file that holds the value"),
                found: format!("{path:?}, which cannot be read: {error}"),
            });
            None
        }
    }
}
