//! What the tests of several stages need: a log that fails on demand, records
//! in a temporary directory, and waiting for what must come.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use store::Keyring;
use store::log::{Log, LogError, ReadLimits, Record, StoredRecord, TopicSpec};
use store::records::Records;
use tempfile::TempDir;
use tokio::sync::watch;

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A log in memory, with one partition a topic, that can be away.
pub(crate) struct TestLog {
    state: Mutex<State>,
    away: watch::Sender<Away>,
}

/// How the log fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Away {
    /// Not at all.
    Here,
    /// Every append fails, and may succeed later.
    Refusing,
    /// An append does not end.
    Hanging,
    /// It takes nothing more before it is opened again.
    Broken,
}

#[derive(Default)]
struct State {
    /// Topic and record, in the order of appending.
    records: Vec<(String, Record)>,
    /// Failures of the next appends.
    failures: VecDeque<LogError>,
    tries: usize,
}

impl TestLog {
    pub(crate) fn new(away: Away) -> TestLog {
        TestLog { state: Mutex::default(), away: watch::Sender::new(away) }
    }

    pub(crate) fn set(&self, away: Away) {
        self.away.send_replace(away);
    }

    /// The next appends fail so many times.
    pub(crate) fn fail_next(&self, times: usize) {
        self.lock().failures.extend((0..times).map(|_| refusal()));
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.lock().records.iter().map(|(_, record)| record.clone()).collect()
    }

    /// How many appends were tried.
    pub(crate) fn tries(&self) -> usize {
        self.lock().tries
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal() -> LogError {
    LogError::Unavailable { doing: "append".to_owned(), reason: "the test wants it".to_owned() }
}

#[async_trait]
impl Log for TestLog {
    async fn ensure_topic(&self, _: &TopicSpec) -> Result<(), LogError> {
        Ok(())
    }

    async fn partitions(&self, _: &str) -> Result<u32, LogError> {
        Ok(1)
    }

    async fn append(&self, topic: &str, batch: Vec<Record>) -> Result<(), LogError> {
        self.lock().tries += 1;
        let mut away = self.away.subscribe();
        let away = *away.wait_for(|away| *away != Away::Hanging).await.expect("we hold the sender");
        match away {
            Away::Refusing => return Err(refusal()),
            Away::Broken => {
                let (path, doing) = ("test".into(), "write");
                return Err(LogError::Storage { path, doing, source: "disk full".into() });
            }
            Away::Here | Away::Hanging => {}
        }
        let mut state = self.lock();
        match state.failures.pop_front() {
            Some(failure) => Err(failure),
            None => {
                state.records.extend(batch.into_iter().map(|record| (topic.to_owned(), record)));
                Ok(())
            }
        }
    }

    async fn read(
        &self,
        _: &str,
        _: u32,
        _: u64,
        _: ReadLimits,
        _: Duration,
    ) -> Result<Vec<StoredRecord>, LogError> {
        Err(refusal())
    }

    async fn bounds(&self, topic: &str, _: u32) -> Result<Range<u64>, LogError> {
        let count = self.lock().records.iter().filter(|(name, _)| name == topic).count();
        Ok(0..count as u64)
    }

    async fn check(&self) -> Result<String, LogError> {
        Ok("a test".to_owned())
    }
}

/// An empty records database, and the directory that it lives in.
pub(crate) async fn records() -> (Records, TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite://{}/records.db", dir.path().display());
    let records = Records::connect(&url, Keyring::ephemeral()).await.expect("SQLite opens");
    records.migrate().await.expect("the schema is made");
    (records, dir)
}

/// What `look` gives as soon as it gives something.
#[track_caller]
pub(crate) fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    let looking = async move {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    async move {
        match tokio::time::timeout(DEADLINE, looking).await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain: {what}"),
        }
    }
}
