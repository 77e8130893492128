//! Follows the topic `padwacht.triggers` from its end, and passes on to each
//! account what pushes and people ask it to read again.
//!
//! A trigger is a hint: one that is lost, late or doubled costs nothing but a
//! request, so nothing is remembered, and an account that is busy is not
//! waited for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ingest::source::Hint;
use store::log::{Log, LogError, ReadLimits, StoredRecord};
use store::wire::{Subject, TRIGGERS_TOPIC, Trigger};
use tokio::sync::mpsc;

use super::metric;
use crate::trouble::Trouble;

/// Words of one account that wait: more at once say no more than that much
/// has changed, which the other ways of reading find as well.
const WORDS_MAX: usize = 256;

/// How long a read waits for a trigger before it asks again.
const WAIT: Duration = Duration::from_secs(30);

/// What one account is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// Something is worth a look.
    Hint(Hint),
    /// The inventory, now.
    Inventory,
}

/// The accounts that listen, by name; they come and go.
#[derive(Clone, Default)]
pub(super) struct Listeners(Arc<Mutex<HashMap<String, mpsc::Sender<Word>>>>);

impl Listeners {
    /// Lets `name` listen from now on.
    pub(super) fn add(&self, name: &str) -> mpsc::Receiver<Word> {
        let (listener, words) = mpsc::channel(WORDS_MAX);
        self.with(|all| all.insert(name.to_owned(), listener));
        words
    }

    /// Ends that.
    pub(super) fn remove(&self, name: &str) {
        self.with(|all| all.remove(name));
    }

    fn of(&self, name: &str) -> Option<mpsc::Sender<Word>> {
        self.with(|all| all.get(name).cloned())
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, mpsc::Sender<Word>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Passes on what comes until the future is dropped.
pub(super) async fn follow(log: Arc<dyn Log>, accounts: Listeners) {
    let mut trouble = Trouble::new("follow the triggers");
    let mut next = None;
    loop {
        match read(&*log, next).await {
            Ok((records, end)) => {
                trouble.well();
                next = Some(end);
                records.iter().for_each(|record| pass_on(record, &accounts));
            }
            // What was in between is over.
            Err(LogError::OffsetOutOfRange { .. }) => next = None,
            Err(error) => tokio::time::sleep(trouble.failed(error)).await,
        }
    }
}

/// What comes after `next`, from the end of the topic if that is not known,
/// and where to go on.
async fn read(log: &dyn Log, next: Option<u64>) -> Result<(Vec<StoredRecord>, u64), LogError> {
    let Some(next) = next else {
        return Ok((Vec::new(), log.bounds(TRIGGERS_TOPIC, 0).await?.end));
    };
    let records = log.read(TRIGGERS_TOPIC, 0, next, ReadLimits::default(), WAIT).await?;
    let end = records.last().map_or(next, |record| record.offset + 1);
    Ok((records, end))
}

fn pass_on(record: &StoredRecord, accounts: &Listeners) {
    let value = record.value.as_deref().unwrap_or_default();
    let trigger = match Trigger::decode(value) {
        Ok(trigger) => trigger,
        Err(error) => {
            tracing::warn!(offset = record.offset, %error, "passed over a trigger");
            return;
        }
    };
    // Another process may watch that account.
    let Some(account) = accounts.of(&trigger.nms) else { return };
    let word = match trigger.subject {
        Subject::Device(device) => Word::Hint(Hint::Device(device.into())),
        Subject::Anything => Word::Hint(Hint::Anything),
        Subject::Inventory(_) => Word::Inventory,
    };
    let is_taken = account.try_send(word).is_ok();
    metric::triggered(&trigger.nms, is_taken);
}
