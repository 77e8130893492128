//! The contract on the embedded log, and what a crash may not do to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use correlate::model::Timestamp;
use store::log::{
    EmbeddedLog, Log, LogError, ReadLimits, Record, TOMBSTONE_RETENTION, TopicKind, TopicSpec,
};
use tempfile::TempDir;

use crate::contract::{Subject, read_to_end};

const TOPIC: &str = "padwacht.test";

struct Embedded {
    dir: TempDir,
    log: Option<Arc<EmbeddedLog>>,
}

impl Embedded {
    async fn new() -> Embedded {
        let dir = tempfile::tempdir().expect("a directory");
        let log = EmbeddedLog::open(dir.path()).await.expect("opens");
        Embedded { dir, log: Some(Arc::new(log)) }
    }

    fn embedded(&self) -> Arc<EmbeddedLog> {
        Arc::clone(self.log.as_ref().expect("open between two reopens"))
    }
}

#[async_trait]
impl Subject for Embedded {
    fn log(&self) -> Arc<dyn Log> {
        self.embedded()
    }

    fn topic(&self) -> &str {
        TOPIC
    }

    async fn reopen(&mut self) {
        self.log = None;
        self.log = Some(Arc::new(EmbeddedLog::open(self.dir.path()).await.expect("opens again")));
    }

    async fn drop_everything_in(&self, _: &str) {
        let dropped = self.embedded().enforce_retention(Timestamp::MAX).await.expect("drops");
        assert!(dropped > 0);
    }
}

crate::run_contract!(super::Embedded::new);

async fn ensure(log: &EmbeddedLog, kind: TopicKind) {
    let spec = TopicSpec { name: TOPIC.to_owned(), partitions: 1, kind };
    log.ensure_topic(&spec).await.expect("a topic");
}

async fn offsets(log: &EmbeddedLog) -> Vec<u64> {
    read_to_end(log, TOPIC, 0, 0).await.iter().map(|record| record.offset).collect()
}

#[tokio::test]
async fn a_second_process_is_told_that_the_log_is_in_use() {
    let subject = Embedded::new().await;
    let error = EmbeddedLog::open(subject.dir.path()).await.map(drop).expect_err("locked");
    assert!(matches!(error, LogError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_superseded_record_is_gone_at_once() {
    let subject = Embedded::new().await;
    let log = subject.embedded();
    ensure(&log, TopicKind::Compacted).await;
    for value in ["1", "2", "3"] {
        let batch = vec![Record::new("a", value), Record::new("b", value)];
        log.append(TOPIC, batch).await.expect("appended");
    }
    assert_eq!(offsets(&log).await, [4, 5]);
    log.append(TOPIC, vec![Record::tombstone("a")]).await.expect("appended");
    assert_eq!(offsets(&log).await, [5, 6]);
    assert_eq!(log.bounds(TOPIC, 0).await.expect("exists"), 0..7);
}

#[tokio::test]
async fn tombstones_stay_as_long_as_promised() {
    let subject = Embedded::new().await;
    let log = subject.embedded();
    ensure(&log, TopicKind::Compacted).await;
    let batch = ["a", "b", "c"].map(Record::tombstone).to_vec();
    log.append(TOPIC, batch).await.expect("appended");
    log.append(TOPIC, vec![Record::new("b", "is back")]).await.expect("appended");

    let appended_ms = read_to_end(&*log, TOPIC, 0, 0).await[0].timestamp_ms;
    let kept_ms = i64::try_from(TOMBSTONE_RETENTION.as_millis()).expect("days fit");
    let at_the_edge = Timestamp(appended_ms + kept_ms);
    assert_eq!(log.enforce_retention(at_the_edge).await.expect("works"), 0);
    assert_eq!(log.enforce_retention(Timestamp::MAX).await.expect("works"), 2);
    let read = read_to_end(&*log, TOPIC, 0, 0).await;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].value.as_deref(), Some(b"is back".as_slice()));
    // The end of the log is a hole now; reading there is no error.
    log.append(TOPIC, vec![Record::tombstone("b")]).await.expect("appended");
    log.enforce_retention(Timestamp::MAX).await.expect("works");
    assert!(offsets(&log).await.is_empty());
    assert_eq!(log.bounds(TOPIC, 0).await.expect("exists"), 0..5);
}

#[tokio::test]
async fn retention_keeps_what_is_young_enough_and_can_be_changed() {
    let mut subject = Embedded::new().await;
    let log = subject.embedded();
    ensure(&log, TopicKind::Retained(Duration::from_secs(60))).await;
    log.append(TOPIC, vec![Record::new("a", "1")]).await.expect("appended");
    let appended_ms = read_to_end(&*log, TOPIC, 0, 0).await[0].timestamp_ms;
    let after = |ms| Timestamp(appended_ms + ms);
    assert_eq!(log.enforce_retention(after(60_000)).await.expect("works"), 0);

    ensure(&log, TopicKind::Retained(Duration::from_secs(120))).await;
    drop(log);
    subject.reopen().await;
    let log = subject.embedded();
    assert_eq!(log.enforce_retention(after(120_000)).await.expect("works"), 0);
    assert_eq!(log.enforce_retention(after(120_001)).await.expect("works"), 1);
}

/// Where the child of the next test keeps its log. Unset, the child is no child.
const CHILD_DIR: &str = "PADWACHT_LOG_CONTRACT_CHILD_DIR";
const CHILD_PARTITIONS: u32 = 3;

/// The child: appends, and says so after each append, until it is killed.
#[tokio::test]
async fn child_that_appends_until_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let log = EmbeddedLog::open(dir).await.expect("opens");
    let spec = TopicSpec {
        name: TOPIC.to_owned(),
        partitions: CHILD_PARTITIONS,
        kind: TopicKind::Retained(Duration::from_secs(60)),
    };
    log.ensure_topic(&spec).await.expect("a topic");
    let mut batch = 0;
    for partition in 0..CHILD_PARTITIONS {
        batch += log.bounds(TOPIC, partition).await.expect("exists").end / 10;
    }
    loop {
        let record = |n| Record::new(format!("{batch}-{n}"), format!("{batch}"));
        log.append(TOPIC, (0..30).map(record).collect()).await.expect("appended");
        writeln!(std::io::stdout(), "appended {batch}").expect("the parent listens");
        batch += 1;
    }
}

/// Runs the child until it has said `acknowledged` times that it appended,
/// then kills it in whatever it is doing. Gives the batches that it said.
fn kill_a_writer(dir: &std::path::Path, acknowledged: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("a test has a path"))
        .args(["--exact", "embedded::child_that_appends_until_killed", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let said = lines
        .map(|line| line.expect("text"))
        .filter_map(|line| line.strip_prefix("appended ").map(str::to_owned))
        .take(acknowledged)
        .collect();
    child.kill().expect("kill -9");
    child.wait().expect("ends");
    said
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut said = Vec::new();
    for acknowledged in [1, 7, 40] {
        said.extend(kill_a_writer(dir.path(), acknowledged));
        let log = EmbeddedLog::open(dir.path()).await.expect("opens after a kill");
        let mut per_batch = std::collections::BTreeMap::<String, usize>::new();
        for partition in 0..CHILD_PARTITIONS {
            let read = read_to_end(&log, TOPIC, partition, 0).await;
            let end = log.bounds(TOPIC, partition).await.expect("exists").end;
            assert!(read.iter().map(|record| record.offset).eq(0..end), "no hole, no repeat");
            for record in read {
                let value = record.value.expect("no tombstone");
                *per_batch.entry(String::from_utf8_lossy(&value).into_owned()).or_default() += 1;
            }
        }
        assert!(per_batch.values().all(|records| records % 30 == 0), "a batch is whole or absent");
        assert!(said.iter().all(|batch| per_batch.contains_key(batch)), "{said:?}");
        let end = log.bounds(TOPIC, 0).await.expect("exists").end;
        let read = log.read(TOPIC, 0, end, ReadLimits::default(), Duration::ZERO).await;
        assert_eq!(read.expect("readable"), []);
    }
}
