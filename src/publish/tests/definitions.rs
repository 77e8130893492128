//! From the outbox to the log.

use std::sync::Arc;

use ingest::source::SystemClock;
use secrecy::SecretString;
use store::log::Log;
use store::records::{AuditFilter, Page, Records};
use store::series::{Series, SeriesConfig};
use tokio_util::sync::CancellationToken;

use super::super::outbox::{Look, Outbox};
use super::super::role::Role;
use super::super::run;
use super::{actor, create};
use crate::testing::{Away, TestLog, eventually};

fn outbox(log: &Arc<TestLog>, records: &Records, holder: &str) -> Outbox {
    let role = Role::new(records.clone(), holder.to_owned(), Arc::new(SystemClock));
    let log: Arc<dyn Log> = log.clone();
    Outbox::new(log, records.clone(), role, Arc::new(SystemClock))
}

/// The keys in the log in order; `-` marks tombstones.
fn keys(log: &TestLog) -> Vec<String> {
    let key = |record: store::log::Record| {
        let key = String::from_utf8_lossy(&record.key).into_owned();
        if record.value.is_some() { key } else { format!("-{key}") }
    };
    log.records().into_iter().map(key).collect()
}

#[tokio::test]
async fn changes_and_tombstones_arrive_in_order_although_the_log_fails() {
    let (records, _dir) = crate::testing::records().await;
    let log = Arc::new(TestLog::new(Away::Here));
    // Not a new topic, so that nothing is published for that reason.
    let other = vec![store::log::Record::new("service/old", "{}")];
    log.append(store::wire::DEFINITIONS_TOPIC, other).await.expect("appends");
    let mut outbox = outbox(&log, &records, "one");
    create(&records, "b").await;
    create(&records, "a").await;
    records.services().delete(&actor(2), &"b".into()).await.expect("deleted");
    log.fail_next(2);
    for _ in 0..2 {
        outbox.look().await.expect_err("the log fails");
        assert_eq!(records.outbox().depth().await.expect("counts"), 3);
    }
    assert_eq!(outbox.look().await.expect("publishes"), Look::More);
    assert_eq!(outbox.look().await.expect("looks"), Look::Idle);
    assert_eq!(keys(&log), ["service/old", "service/b", "service/a", "-service/b"]);
    assert_eq!(records.outbox().depth().await.expect("counts"), 0);
}

#[tokio::test]
async fn a_new_log_hears_of_everything_once() {
    let (records, _dir) = crate::testing::records().await;
    for id in ["a", "b"] {
        create(&records, id).await;
    }
    records.outbox().mark_sent(u64::MAX).await.expect("an older log had them");
    let log = Arc::new(TestLog::new(Away::Here));
    for holder in ["one", "two"] {
        let mut outbox = outbox(&log, &records, holder);
        while outbox.look().await.expect("publishes") != Look::Idle {}
        outbox.give_back().await;
    }
    assert_eq!(keys(&log), ["service/a", "service/b"]);
    let filter = AuditFilter { actor: Some("publisher".to_owned()), ..AuditFilter::default() };
    assert_eq!(records.audit().list(&filter, Page::first(9)).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn one_process_publishes_until_it_gives_back() {
    let (records, _dir) = crate::testing::records().await;
    let log = Arc::new(TestLog::new(Away::Here));
    let mut one = outbox(&log, &records, "one");
    let mut two = outbox(&log, &records, "two");
    assert_eq!(one.look().await.expect("looks"), Look::Idle);
    create(&records, "a").await;
    assert_eq!(two.look().await.expect("looks"), Look::Standby);
    assert!(keys(&log).is_empty());
    one.give_back().await;
    assert_eq!(two.look().await.expect("publishes"), Look::More);
    assert_eq!(one.look().await.expect("looks"), Look::Standby);
    assert!(keys(&log).contains(&"service/a".to_owned()));
}

#[tokio::test]
async fn definitions_flow_while_clickhouse_is_away() {
    let (records, _dir) = crate::testing::records().await;
    let log = Arc::new(TestLog::new(Away::Here));
    let nobody = SeriesConfig {
        // The port that nothing may listen on (IANA: tcpmux).
        url: "http://127.0.0.1:1".to_owned(),
        database: "padwacht".to_owned(),
        user: "padwacht".to_owned(),
        password: SecretString::default(),
    };
    let series = Series::connect(&nobody).expect("makes no connection yet");
    let shutdown = CancellationToken::new();
    let stage = tokio::spawn(run(log.clone(), records.clone(), series, shutdown.clone()));
    create(&records, "a").await;
    eventually("the definition", async || {
        keys(&log).contains(&"service/a".to_owned()).then_some(())
    })
    .await;
    shutdown.cancel();
    stage.await.expect("does not panic").expect("stops well");
    let lease = records.leases().acquire("outbox", "other", actor(0).at, 1).await;
    assert!(lease.expect("answers").is_some(), "the lease was given back");
}
