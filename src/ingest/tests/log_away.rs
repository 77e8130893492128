//! What happens while the log is away. The clock of these tests is paused and
//! runs ahead by itself, so hours of trouble take no time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::log::LogError;
use store::wire::decode_report;

use super::super::append::QUEUE_ITEMS;
use super::super::*;
use super::fake::{Rig, feed, outcome, report};
use crate::testing::{Away, TestLog};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// A stage with one account that is polled every minute and says its number.
struct Trial {
    rig: Rig,
    log: Arc<TestLog>,
    polls: Arc<AtomicU64>,
}

impl Trial {
    async fn start(away: Away) -> Trial {
        let log = Arc::new(TestLog::new(away));
        let polls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&polls);
        let feed = feed("ams1", MINUTE, move |number| {
            counted.store(number, Ordering::SeqCst);
            outcome(vec![report("1", i64::try_from(number).expect("small"))])
        });
        let (records, dir) = crate::testing::records().await;
        tokio::time::pause();
        let rig = Rig::start_with(vec![feed], log.clone(), records, dir);
        Trial { rig, log, polls }
    }

    fn polls(&self) -> u64 {
        self.polls.load(Ordering::SeqCst)
    }

    /// The numbers that are in the log.
    fn numbers(&self) -> Vec<u64> {
        let number = |record: &store::log::Record| {
            let report = decode_report(record.value.as_ref().expect("a value")).expect("a report");
            u64::try_from(report.observed_at_ms).expect("small")
        };
        self.log.records().iter().map(number).collect()
    }
}

#[tokio::test]
async fn the_poller_waits_and_nothing_that_was_read_is_lost() {
    let trial = Trial::start(Away::Refusing).await;
    tokio::time::sleep(HOUR).await;
    // One in the hands of the appender, the full queue, one that waits for room.
    let most = QUEUE_ITEMS as u64 + 2;
    assert_eq!(trial.polls(), most);
    assert!(trial.log.tries() > 100, "tried {} times", trial.log.tries());
    tokio::time::sleep(HOUR).await;
    assert_eq!(trial.polls(), most);

    trial.log.set(Away::Here);
    tokio::time::sleep(HOUR).await;
    let polls = trial.polls();
    assert!(polls > most + 50, "polls go on, found {polls}");
    assert_eq!(trial.numbers(), (1..=polls).collect::<Vec<_>>());
    trial.rig.stop().await.expect("stops well");
}

#[tokio::test]
async fn the_append_in_hand_is_finished_before_the_end() {
    let trial = Trial::start(Away::Hanging).await;
    tokio::time::sleep(HOUR).await;
    trial.rig.ask_to_stop();
    tokio::time::sleep(crate::signals::SHUTDOWN_GRACE / 2).await;
    trial.log.set(Away::Here);
    let log = Arc::clone(&trial.log);
    trial.rig.ended().await.expect("stops well");
    // All that was queued; what waited for room was not.
    assert_eq!(log.records().len(), QUEUE_ITEMS + 1);
}

#[tokio::test]
async fn a_log_that_stays_away_does_not_keep_the_process() {
    let trial = Trial::start(Away::Hanging).await;
    tokio::time::sleep(HOUR).await;
    trial.rig.stop().await.expect("stops well");
    assert!(trial.log.records().is_empty());
}

#[tokio::test]
async fn a_log_that_is_broken_for_good_ends_the_stage() {
    let trial = Trial::start(Away::Broken).await;
    let error = trial.rig.ended().await.expect_err("cannot go on");
    assert!(matches!(error.downcast_ref(), Some(LogError::Storage { .. })), "{error:#}");
}
