//! Behaviours of the ingest stage, with a source that says what the test wants.

mod alarm;
mod entered;
mod fake;
mod log_away;
mod records;
mod restart;

use store::log::{EmbeddedLog, ReadLimits, TopicKind, TopicSpec};
use store::wire::{SAMPLES_TOPIC, decode_report};

use self::fake::{Rig, feed, outcome, report};
use super::*;

/// Far beyond the end of any test.
const NEVER: Duration = Duration::from_secs(1_000_000);

#[tokio::test]
async fn reports_become_records_under_their_device() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let log = EmbeddedLog::open(dir.path().join("log")).await.expect("the log opens");
    let kind = TopicKind::Retained(Duration::from_secs(3_600));
    let topic = TopicSpec { name: SAMPLES_TOPIC.to_owned(), partitions: 1, kind };
    log.ensure_topic(&topic).await.expect("the topic is made");
    let log: Arc<dyn Log> = Arc::new(log);
    let feed = feed("ams1", NEVER, |_| outcome(vec![report("1", 10), report("2", 20)]));
    let rig = Rig::start(vec![feed], Arc::clone(&log)).await;

    let wait = Duration::from_secs(60);
    let mut found = Vec::new();
    while found.len() < 2 {
        let limits = ReadLimits::default();
        let offset = found.len() as u64;
        let read = log.read(SAMPLES_TOPIC, 0, offset, limits, wait).await.expect("reads");
        assert!(!read.is_empty(), "waited in vain for records");
        found.extend(read);
    }
    let keys: Vec<_> = found.iter().map(|record| record.key.clone()).collect();
    assert_eq!(keys, ["ams1/device/1", "ams1/device/2"]);
    let second = decode_report(found[1].value.as_ref().expect("a value")).expect("a report");
    assert_eq!((second.device.as_str(), second.observed_at_ms), ("2", 20));
    rig.stop().await.expect("stops well");
}

#[tokio::test]
async fn without_an_account_it_waits_to_be_stopped() {
    let log = crate::testing::TestLog::new(crate::testing::Away::Here);
    let rig = Rig::start(Vec::new(), Arc::new(log)).await;
    rig.stop().await.expect("stops well");
}
