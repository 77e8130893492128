//! From the queue of one account to the log: in order, each batch until it is
//! durable. It never drops a batch.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use ingest::source::Cursor;
use store::log::{Log, Record};
use store::wire::SAMPLES_TOPIC;
use tokio::sync::{Mutex, mpsc};

use super::account::End;
use super::cursor::CursorFile;
use super::metric;
use super::totals::Totals;
use crate::trouble::{Trouble, is_final};

/// Pieces of readings that wait while the log is away. Each holds the samples
/// of some hundred devices (a megabyte at most), and a later one says more than
/// an earlier one, so a few are enough to ride out a short absence.
pub(super) const QUEUE_ITEMS: usize = 4;

/// Reports, encoded and cut into batches that the log takes.
pub(super) type Outcome = Vec<Vec<Record>>;

/// What is queued.
pub(super) enum Item {
    /// Reports.
    Records(Outcome),
    /// The changes up to here are in what was queued before.
    Cursor(Cursor),
}

/// What is still to be appended.
pub(super) struct Inbox {
    items: mpsc::Receiver<Item>,
    /// Taken from the queue, not yet durable.
    in_hand: VecDeque<Vec<Record>>,
}

impl Inbox {
    pub(super) fn new(items: mpsc::Receiver<Item>) -> Inbox {
        Inbox { items, in_hand: VecDeque::new() }
    }
}

/// Appends until the queue is closed and empty.
pub(super) async fn run(
    nms: String,
    log: Arc<dyn Log>,
    inbox: Arc<Mutex<Inbox>>,
    totals: Arc<Totals>,
    cursor_file: Option<PathBuf>,
) -> End {
    let mut cursors = CursorFile::new(&nms, cursor_file.as_deref());
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
        match inbox.items.recv().await {
            Some(Item::Records(outcome)) => inbox.in_hand.extend(outcome),
            Some(Item::Cursor(cursor)) => cursors.reached(cursor),
            None => return End::Done,
        }
    }
}
