//! From the queue of one account to the log: in order, each batch until it is
//! durable. It never drops a batch.

use std::collections::VecDeque;
use std::sync::Arc;

use store::log::{Log, Record};
use store::wire::SAMPLES_TOPIC;
use tokio::sync::{Mutex, mpsc};

use super::account::End;
use super::metric;
use super::totals::Totals;
use crate::trouble::{Trouble, is_final};

/// Outcomes of polls that wait while the log is away. Each holds every sample
/// of the account (some megabytes for 10,000 devices), and a later one says
/// more than an earlier one, so a few are enough to ride out a short absence.
pub(super) const QUEUE_OUTCOMES: usize = 4;

/// What one poll gave, encoded and cut into batches that the log takes.
pub(super) type Outcome = Vec<Vec<Record>>;

/// What is still to be appended.
pub(super) struct Inbox {
    outcomes: mpsc::Receiver<Outcome>,
    /// Taken from the queue, not yet durable.
    in_hand: VecDeque<Vec<Record>>,
}

impl Inbox {
    pub(super) fn new(outcomes: mpsc::Receiver<Outcome>) -> Inbox {
        Inbox { outcomes, in_hand: VecDeque::new() }
    }
}

/// Appends until the queue is closed and empty.
pub(super) async fn run(
    nms: String,
    log: Arc<dyn Log>,
    inbox: Arc<Mutex<Inbox>>,
    totals: Arc<Totals>,
) -> End {
    let mut inbox = inbox.lock().await;
    let mut trouble = Trouble::new(format!("append the samples of {nms} to the log"));
    loop {
        while let Some(batch) = inbox.in_hand.front() {
            // Keys and values are shared, not copied.
            match log.append(SAMPLES_TOPIC, batch.clone()).await {
                Ok(()) => {
                    trouble.well();
                    metric::appended(&nms, batch.len());
                    totals.appended.add(batch.len());
                    inbox.in_hand.pop_front();
                }
                Err(error) if is_final(&error) => return End::Broken(error.into()),
                Err(error) => {
                    metric::append_failed(&nms);
                    totals.append_failures.add(1);
                    tokio::time::sleep(trouble.failed(error)).await;
                }
            }
        }
        match inbox.outcomes.recv().await {
            Some(outcome) => inbox.in_hand.extend(outcome),
            None => return End::Done,
        }
    }
}
