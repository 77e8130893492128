//! What the records hear of: status and inventory.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use correlate::model::Timestamp;
use ingest::source::{Fault, PollOutcome, SourceState};
use store::records::{self, Page, SourceStatus};

use super::super::*;
use super::NEVER;
use super::fake::{Rig, failed, feed, outcome, report};
use crate::testing::{Away, TestLog, eventually};

/// An account whose every poll gives the next outcome that the test sends; a
/// poll for which there is none yet says the same as before.
pub(super) fn told() -> (Feed, Sender<PollOutcome>) {
    let (sender, receiver) = channel();
    let state = Mutex::new((receiver, failed(SourceState::Down, Fault::Paused, 0)));
    let feed = feed("ams1", Duration::from_millis(1), move |_| {
        let mut state = state.lock().expect("no test panics in here");
        if let Ok(next) = state.0.try_recv() {
            state.1 = next;
        }
        state.1.clone()
    });
    (feed, sender)
}

pub(super) async fn status_at(rig: &Rig, at: i64) -> SourceStatus {
    eventually("a status of that poll", async || {
        let status = rig.records.source_status().get("ams1").await.expect("reads")?;
        (status.reported_at == Timestamp(at)).then_some(status)
    })
    .await
}

#[tokio::test]
async fn the_status_says_suspect_then_down_then_ok() {
    let (feed, say) = told();
    let rig = Rig::start(vec![feed], Arc::new(TestLog::new(Away::Here))).await;

    say.send(failed(SourceState::Suspect, Fault::Shrunk, 10)).expect("polls go on");
    let status = status_at(&rig, 10).await;
    assert_eq!((status.state, status.last_success_at), (records::SourceState::Suspect, None));
    assert_eq!(status.last_error.expect("a reason").kind, "shrunk");

    say.send(failed(SourceState::Down, Fault::Unreachable, 20)).expect("polls go on");
    let status = status_at(&rig, 20).await;
    assert_eq!((status.state, status.since), (records::SourceState::Down, Timestamp(20)));
    assert_eq!(status.last_error.expect("a reason").kind, "unreachable");
    assert_eq!(status.counters["polls"], status.counters["polls_not_ok"]);
    assert!(rig.records.inventory().devices("", Page::first(9)).await.expect("reads").is_empty());

    say.send(outcome(vec![report("1", 5)])).expect("polls go on");
    let status = status_at(&rig, 1_000).await;
    assert_eq!(status.state, records::SourceState::Ok);
    assert_eq!(status.last_success_at, Some(Timestamp(1_000)));
    rig.stop().await.expect("stops well");
}

#[tokio::test]
async fn the_inventory_is_read_after_the_first_good_poll_and_counted() {
    let feed = feed("ams1", NEVER, |_| outcome(vec![report("1", 5)]));
    let rig = Rig::start(vec![feed], Arc::new(TestLog::new(Away::Here))).await;
    let status = eventually("a status that counts the inventory", async || {
        let status = rig.records.source_status().get("ams1").await.expect("reads")?;
        (status.counters[INVENTORIES] == 1).then_some(status)
    })
    .await;
    assert_eq!((status.counters["polls"], status.counters["requests"]), (1, 3));
    let inventory = rig.records.inventory();
    let devices = inventory.devices("core1", Page::first(9)).await.expect("reads");
    let [device] = devices.as_slice() else { panic!("one device") };
    assert_eq!((device.native_id.as_str(), device.location.as_str()), ("1", "Amsterdam"));
    let ports = inventory.ports_of("ams1", "1", Page::first(9)).await.expect("reads");
    let [port] = ports.as_slice() else { panic!("one port") };
    assert_eq!((port.if_name.as_str(), port.if_alias.as_str()), ("xe-0/0/1", "to core2"));
    let links = inventory.links("ams1", None, Page::first(9)).await.expect("reads");
    let [link] = links.as_slice() else { panic!("one link") };
    assert_eq!((link.remote_host_name.as_str(), link.remote_device.as_ref()), ("core2", None));
    rig.stop().await.expect("stops well");
}

#[tokio::test]
async fn an_account_that_cannot_be_opened_is_down_and_says_why() {
    let mut feed = feed("ams1", NEVER, |_| outcome(Vec::new()));
    feed.open = Arc::new(|| Err(anyhow::anyhow!("the token file is gone")));
    let rig = Rig::start(vec![feed], Arc::new(TestLog::new(Away::Here))).await;
    let status = status_at(&rig, 500).await;
    assert_eq!(status.state, records::SourceState::Down);
    let error = status.last_error.expect("a reason");
    let expected = ("misconfigured", "the token file is gone");
    assert_eq!((error.kind.as_str(), error.message.as_str()), expected);
    rig.stop().await.expect("stops well");
}
