//! Accounts that fail, and their neighbours.

use super::super::*;
use super::NEVER;
use super::fake::{Rig, feed, outcome, report};
use crate::testing::{Away, TestLog, eventually};

#[tokio::test]
async fn a_poller_that_panics_is_started_again_and_its_neighbour_goes_on() {
    let log = Arc::new(TestLog::new(Away::Here));
    let panicking = feed("ams1", NEVER, |number| {
        assert!(number > 2, "as the test wants");
        outcome(vec![report("1", 1)])
    });
    let neighbour = feed("ams2", NEVER, |_| outcome(vec![report("2", 2)]));
    let rig = Rig::start(vec![panicking, neighbour], log.clone()).await;
    let mut keys = eventually("records of both accounts", async || {
        let records = log.records();
        (records.len() >= 2).then_some(records)
    })
    .await;
    keys.sort_by(|a, b| a.key.cmp(&b.key));
    let keys: Vec<_> = keys.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, ["ams1/device/1", "ams2/device/2"]);
    rig.stop().await.expect("stops well");
}
