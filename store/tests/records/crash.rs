//! Killed in the middle of importing: what is there is whole, and importing
//! again completes it. The process that is killed is this test program, run
//! once more with [`CHILD_URL`] set.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use store::records::{Page, Records, ServiceFilter};
use store::{Keyring, Scope};

use crate::database::{TestDatabase, actor};

const CHILD_URL: &str = "PADWACHT_TEST_CRASH_URL";
/// Services in one import.
const BATCH: u64 = 40;
/// How many services must be there before the process is killed, by round.
const KILL_AFTER: [u64; 4] = [0, 1, 5 * BATCH, 9 * BATCH];

fn batch(number: u64) -> String {
    let services: Vec<Value> = (0..BATCH)
        .map(|service| json!({"id": format!("s{number}-{service}"), "path": "n/device/1"}))
        .collect();
    Value::from(services).to_string()
}

/// Imports batches until it is killed. Without the variable it is no test.
#[tokio::test]
async fn child_imports_until_it_is_killed() {
    let Ok(url) = std::env::var(CHILD_URL) else { return };
    let records = Records::connect(&url, Keyring::ephemeral()).await.expect("opens");
    for number in 0.. {
        records.services().import(&actor(1), &batch(number)).await.expect("imports");
    }
}

async fn a_killed_import_is_whole_and_can_be_repeated(db: &TestDatabase) {
    for at_least in KILL_AFTER {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "crash::child_imports_until_it_is_killed"])
            .env(CHILD_URL, &db.url)
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        while services(db).await < at_least {
            assert!(child.try_wait().expect("looks").is_none(), "the child ended by itself");
            tokio::task::yield_now().await;
        }
        // SIGKILL on Unix: nothing of it runs any more.
        child.kill().expect("killed");
        child.wait().expect("gone");
        db.settled().await;
        let found = services(db).await;
        assert_eq!(found % BATCH, 0, "half a batch is there");
        let rows = queued(db).await;
        assert_eq!(rows, (1..=found).collect::<Vec<_>>(), "services without outbox row");
    }
    let batches = services(db).await / BATCH;
    for number in 0..=batches {
        let report = db.records.services().import(&actor(2), &batch(number)).await;
        let expected = if number < batches { 0 } else { BATCH as usize };
        assert_eq!(report.expect("imports").created, expected);
    }
}

async fn services(db: &TestDatabase) -> u64 {
    db.records
        .services()
        .within(&Scope::everything())
        .count(&ServiceFilter::default())
        .await
        .expect("counts")
}

async fn queued(db: &TestDatabase) -> Vec<u64> {
    // Every row is still there: nothing publishes in this test.
    let depth = db.records.outbox().depth().await.expect("counts");
    assert!(depth <= Page::MAX_LIMIT, "this test reads the outbox at once, found {depth} rows");
    let rows = db.records.outbox().pending(Page::MAX_LIMIT).await.expect("reads");
    rows.into_iter().map(|row| row.sequence).collect()
}

on_both!(a_killed_import_is_whole_and_can_be_repeated);
