//! The contract on a real Kafka broker, and what only Kafka can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use store::log::{KafkaConfig, KafkaLog, Log, LogError, ReadLimits, Record, TopicKind, TopicSpec};
use tempfile::TempDir;
use uuid::Uuid;

use crate::contract::{Subject, WAIT, read_to_end};

/// The broker that `make test` started.
fn brokers() -> String {
    std::env::var("PADWACHT_TEST_KAFKA").expect(
        "PADWACHT_TEST_KAFKA names no Kafka broker: run `make test`, which starts one, or \
         PADWACHT_TEST_KAFKA=$(deploy/kafka/run.sh start) cargo test -p store",
    )
}

struct Kafka {
    log: Arc<KafkaLog>,
    topic: String,
}

impl Kafka {
    async fn new() -> Kafka {
        Kafka { log: open(&brokers()), topic: format!("padwacht.test-{}", Uuid::now_v7()) }
    }
}

fn open(brokers: &str) -> Arc<KafkaLog> {
    Arc::new(KafkaLog::open(KafkaConfig::plain(brokers)).expect("good settings"))
}

fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", brokers()).create().expect("a client")
}

async fn ensure(log: &KafkaLog, topic: &str, kind: TopicKind) {
    let spec = TopicSpec { name: topic.to_owned(), partitions: 1, kind };
    log.ensure_topic(&spec).await.expect("a topic");
}

#[async_trait]
impl Subject for Kafka {
    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(&self.log) as Arc<dyn Log>
    }

    fn topic(&self) -> &str {
        &self.topic
    }

    async fn reopen(&mut self) {
        self.log = open(&brokers());
    }

    async fn drop_everything_in(&self, topic: &str) {
        let partitions = self.log.partitions(topic).await.expect("exists");
        let mut offsets = TopicPartitionList::new();
        for partition in 0..partitions {
            let partition = i32::try_from(partition).expect("few");
            offsets.add_partition_offset(topic, partition, Offset::End).expect("an offset");
        }
        let deleted = admin().delete_records(&offsets, &AdminOptions::new()).await.expect("asked");
        for element in deleted.elements() {
            element.error().expect("deleted");
        }
    }
}

crate::run_contract!(super::Kafka::new);

#[tokio::test]
async fn topics_are_made_with_the_policy_that_they_need() {
    let subject = Kafka::new().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let cases = [
        (TopicKind::Compacted, [("cleanup.policy", "compact"), ("min.insync.replicas", "1")]),
        (TopicKind::Retained(day), [("cleanup.policy", "delete"), ("retention.ms", "86400000")]),
    ];
    for (index, (kind, expected)) in cases.into_iter().enumerate() {
        let topic = format!("{}-{index}", subject.topic);
        ensure(&subject.log, &topic, kind).await;
        let mut resources = admin()
            .describe_configs([&ResourceSpecifier::Topic(&topic)], &AdminOptions::new())
            .await
            .expect("asked");
        let resource = resources.pop().expect("one").expect("told");
        for (name, value) in expected {
            let entry = resource.get(name).expect("a topic has it");
            assert_eq!(entry.value.as_deref(), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn a_hole_at_the_end_is_empty_and_not_an_error() {
    let Kafka { log, topic } = Kafka::new().await;
    ensure(&log, &topic, TopicKind::Retained(WAIT)).await;
    abort_a_transaction_on(topic.clone()).await;
    // The record that was taken back, and the mark that says so; the broker
    // writes the mark some time after it agreed to.
    let both_written = async {
        loop {
            let end = log.bounds(&topic, 0).await.expect("exists").end;
            if end >= 2 {
                return end;
            }
        }
    };
    let end = tokio::time::timeout(WAIT, both_written).await.expect("written");
    for _ in 0..2 {
        assert_eq!(read_to_end(&*log, &topic, 0, 0).await, []);
    }
    log.append(&topic, vec![Record::new("k", "v")]).await.expect("appended");
    let read = log.read(&topic, 0, 0, ReadLimits::default(), WAIT).await.expect("readable");
    assert_eq!(read.iter().map(|record| record.offset).collect::<Vec<_>>(), [end]);
}

/// Another program's transaction leaves offsets that hold nothing for us.
async fn abort_a_transaction_on(topic: String) {
    let abort = move || {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", brokers())
            .set("transactional.id", &topic)
            .create()
            .expect("a client");
        producer.init_transactions(WAIT).expect("a coordinator");
        producer.begin_transaction().expect("begins");
        producer.send(BaseRecord::to(&topic).key("k").payload("taken back")).expect("room");
        producer.flush(WAIT).expect("sent");
        producer.abort_transaction(WAIT).expect("aborts");
    };
    tokio::task::spawn_blocking(abort).await.expect("no panic");
}

#[tokio::test]
async fn settings_that_the_client_does_not_take_are_refused() {
    let mut config = KafkaConfig::plain("127.0.0.1:1");
    config.properties.insert("security.protocol".to_owned(), "rot13".to_owned());
    let error = KafkaLog::open(config).map(drop).expect_err("no such protocol");
    assert!(matches!(error, LogError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("security.protocol"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_is_worth_another_try() {
    // Port 1 of loopback: nobody listens there.
    let log = open("127.0.0.1:1");
    let (check, append, read) = tokio::join!(
        log.check(),
        log.append("topic", vec![Record::new("k", "v")]),
        log.read("topic", 0, 0, ReadLimits::default(), Duration::ZERO),
    );
    for error in [
        check.map(drop).expect_err("nobody there"),
        append.expect_err("nobody there"),
        read.map(drop).expect_err("nobody there"),
    ] {
        assert!(error.is_retriable(), "{error}");
        assert!(error.to_string().contains("127.0.0.1:1"), "says where: {error}");
    }
}

/// A broker of a test's own, which it may kill.
struct Broker {
    data: TempDir,
    address: String,
}

impl Broker {
    fn start() -> Broker {
        let data = tempfile::tempdir().expect("a directory");
        let address = run_script(&["start"], data.path());
        Broker { data, address }
    }

    fn kill_9(&self) {
        let pid = std::fs::read_to_string(self.data.path().join("broker.pid")).expect("runs");
        let killed = Command::new("kill").args(["-9", pid.trim()]).status().expect("runs");
        assert!(killed.success());
    }

    fn start_again(&self) {
        assert_eq!(run_script(&["start"], self.data.path()), self.address);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        run_script(&["stop"], self.data.path());
    }
}

fn run_script(args: &[&str], data: &Path) -> String {
    let script: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "deploy", "kafka", "run.sh"].iter().collect();
    // Its standard error is the test's, so that a failure is seen.
    let output = Command::new(script)
        .args(args)
        .arg("--data")
        .arg(data)
        .env("PADWACHT_KAFKA_HEAP", "256m")
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{args:?} failed");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Appends `rounds` batches, each until it is acknowledged.
async fn append_stubbornly(log: Arc<KafkaLog>, rounds: std::ops::Range<u32>) {
    for round in rounds {
        let record = |n| Record::new(format!("key-{n}"), format!("{round}-{n}"));
        let batch: Vec<Record> = (0..20).map(record).collect();
        while let Err(error) = log.append("samples", batch.clone()).await {
            assert!(error.is_retriable(), "{error}");
        }
    }
}

/// Reads until every record of `rounds` batches was seen; offsets only grow.
async fn read_stubbornly(log: Arc<KafkaLog>, rounds: u32) {
    let mut seen = BTreeSet::new();
    let mut offset = 0;
    while seen.len() < rounds as usize * 20 {
        match log.read("samples", 0, offset, ReadLimits::default(), Duration::from_secs(1)).await {
            Ok(records) => {
                for record in records {
                    assert!(record.offset >= offset, "{} again", record.offset);
                    offset = record.offset + 1;
                    seen.insert(record.value.expect("no tombstone"));
                }
            }
            Err(error) => assert!(error.is_retriable(), "{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_broker_is_killed() {
    const ROUNDS: u32 = 60;
    let broker = Broker::start();
    let log = open(&broker.address);
    ensure(&log, "samples", TopicKind::Retained(WAIT)).await;
    let reading = tokio::spawn(read_stubbornly(Arc::clone(&log), ROUNDS));
    append_stubbornly(Arc::clone(&log), 0..ROUNDS / 2).await;
    let appending = tokio::spawn(append_stubbornly(Arc::clone(&log), ROUNDS / 2..ROUNDS));
    let broker = tokio::task::spawn_blocking(move || {
        broker.kill_9();
        broker.start_again();
        broker
    })
    .await
    .expect("restarts");
    appending.await.expect("appends everything");
    reading.await.expect("reads everything");

    // A reader that starts anew sees each record too, and each key in order.
    let mut newest: BTreeMap<_, u32> = BTreeMap::new();
    for record in read_to_end(&*open(&broker.address), "samples", 0, 0).await {
        let value = String::from_utf8(record.value.expect("no tombstone").to_vec()).expect("text");
        let round: u32 = value.split('-').next().expect("a round").parse().expect("a number");
        let before = newest.insert(record.key, round).map_or(0, |before| before + 1);
        assert!(round <= before, "{value} after round {before}: a round is missing");
    }
    assert_eq!(newest.len(), 20);
    assert!(newest.values().all(|round| *round == ROUNDS - 1));
}
