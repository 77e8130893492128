//! Accounts that people enter come, change and go while the stage runs.

use store::Keyring;
use store::records::{AccountDraft, Actor, Records, SourceStatus};
use tokio::task::JoinHandle;

use super::*;
use crate::config::default_pace;
use crate::testing::{Away, TestLog, eventually};
use correlate::model::Timestamp;

/// The running stage, with nothing in the configuration but `configured`.
struct Stage {
    shutdown: CancellationToken,
    stage: JoinHandle<anyhow::Result<()>>,
}

impl Stage {
    fn start(records: &Records, configured: Vec<Feed>, dir: &tempfile::TempDir) -> Stage {
        let names = configured.iter().map(|feed| feed.name.clone()).collect();
        let cursors = dir.path().join("cursors");
        let roster = Roster::new(records.clone(), names, default_pace(), cursors, NEVER);
        let log = Arc::new(TestLog::new(Away::Here));
        let parts = IngestParts { log, records: records.clone() };
        let shutdown = CancellationToken::new();
        let stage = running::run(configured, Some(roster), parts, shutdown.clone());
        Stage { stage: tokio::spawn(stage), shutdown }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.stage.await.expect("does not panic").expect("stops well");
    }
}

fn actor() -> Actor {
    Actor::new("anna@example.net", Timestamp(1))
}

/// An account at a port of this machine where nobody listens.
fn draft() -> AccountDraft {
    AccountDraft {
        kind: "librenms".to_owned(),
        url: "http://127.0.0.1:1/".to_owned(),
        settings: [("poll_interval".to_owned(), "1s".to_owned())].into(),
        enabled: true,
    }
}

async fn enter(records: &Records, name: &str, draft: &AccountDraft) {
    let accounts = records.accounts();
    accounts.create(&actor(), name, draft, &"0123456789abcdef".into()).await.expect("added");
}

/// How `name` fares, once that is so with this kind of error.
async fn fares(records: &Records, name: &str, kind: &str) -> SourceStatus {
    eventually(&format!("{name} is {kind}"), async || {
        let status = records.source_status().get(name).await.expect("reads")?;
        let is_so = status.last_error.as_ref().is_some_and(|error| error.kind == kind);
        is_so.then_some(status)
    })
    .await
}

#[tokio::test]
async fn an_account_is_read_when_it_is_entered_and_forgotten_when_it_is_removed() {
    let (records, dir) = crate::testing::records().await;
    let stage = Stage::start(&records, Vec::new(), &dir);
    enter(&records, "ams1", &draft()).await;
    fares(&records, "ams1", "unreachable").await;
    // What makes no sense any more is said, and in nobody's way.
    let settings = [("poll_interval".to_owned(), "never".to_owned())].into();
    let odd = AccountDraft { settings, ..draft() };
    records.accounts().update(&actor(), "ams1", &odd, None).await.expect("stored");
    let status = fares(&records, "ams1", "misconfigured").await;
    let message = status.last_error.expect("is there").message;
    assert!(message.contains("poll_interval must be a duration"), "{message}");
    records.accounts().update(&actor(), "ams1", &draft(), None).await.expect("stored");
    fares(&records, "ams1", "unreachable").await;
    records.accounts().delete(&actor(), "ams1").await.expect("removed");
    // Another one shows that the stage has seen it.
    enter(&records, "rtm1", &draft()).await;
    fares(&records, "rtm1", "unreachable").await;
    eventually("ams1 is forgotten", async || {
        let status = records.source_status().get("ams1").await.expect("reads");
        status.is_none().then_some(())
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn an_account_of_the_configuration_goes_before_one_of_its_name() {
    let (records, dir) = crate::testing::records().await;
    enter(&records, "ams1", &draft()).await;
    enter(&records, "rtm1", &draft()).await;
    let configured = fake::feed("ams1", NEVER, |_| fake::outcome(vec![fake::report("1", 1)]));
    let stage = Stage::start(&records, vec![configured], &dir);
    fares(&records, "rtm1", "unreachable").await;
    let status = eventually("ams1 has reported", async || {
        records.source_status().get("ams1").await.expect("reads")
    })
    .await;
    assert_eq!(status.last_error, None, "the one that was entered would be unreachable");
    stage.stop().await;
}

#[tokio::test]
async fn an_account_that_is_off_is_not_read() {
    let (records, dir) = crate::testing::records().await;
    enter(&records, "ams1", &AccountDraft { enabled: false, ..draft() }).await;
    enter(&records, "rtm1", &draft()).await;
    let stage = Stage::start(&records, Vec::new(), &dir);
    fares(&records, "rtm1", "unreachable").await;
    assert_eq!(records.source_status().get("ams1").await.expect("reads"), None);
    stage.stop().await;
}

#[tokio::test]
async fn a_token_that_cannot_be_opened_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let made = Records::connect(&url, Keyring::ephemeral()).await.expect("opens");
    made.migrate().await.expect("migrates");
    enter(&made, "ams1", &draft()).await;
    let other = Records::connect(&url, Keyring::ephemeral()).await.expect("opens");
    let stage = Stage::start(&other, Vec::new(), &dir);
    let status = fares(&other, "ams1", "misconfigured").await;
    let message = status.last_error.expect("is there").message;
    assert!(message.starts_with("its token was sealed with key"), "{message}");
    stage.stop().await;
}
