//! Changes on their way to the topic `padwacht.definitions`.
//!
//! A change and its outbox rows commit together, so no definition is ever in
//! force without the engine hearing of it, whatever crashes.
//!
//! ```text
//!  change ──┐ one transaction                        (one publisher)
//!           ├─ services, windows ... rows
//!           └─ outbox: 17 service/a, 18 window/b ──▶ pending ─▶ append ─▶ mark_sent(18)
//! ```
//! * **Order.** A transaction takes the `outbox` lock row before it draws a
//!   sequence and keeps it until it commits. So sequences become visible in
//!   their own order, without gaps to come, also with several API processes on
//!   PostgreSQL; a reader that has seen 18 will never meet a new 17. The lock
//!   also makes checks over all definitions (references, cycles) safe.
//! * **At least once.** A crash between append and `mark_sent` sends rows
//!   again, in order; the topic is compacted and each value is complete, so
//!   repeating them ends in the same state.
//! * **One publisher.** Two publishers could append an old value after a newer
//!   one. Whoever publishes holds the lease `outbox`
//!   (see [`Records::leases`]) and stops when it cannot renew it.

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::outbox;
use super::error::{Doing, RecordsError};
use super::locks::Lock;
use super::{services, windows};

/// Rows in one INSERT; 4 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 1_000;

/// One record for the topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxRow {
    /// Its place in the order; from 1, without gaps.
    pub sequence: u64,
    /// `service/<id>` or `window/<id>`.
    pub key: String,
    /// The JSON value; `None` is a tombstone.
    pub value: Option<String>,
}

/// The queue between the records and the topic `padwacht.definitions`.
#[derive(Clone, Copy, Debug)]
pub struct Outbox<'a>(&'a Records);

impl Records {
    /// The queue between the records and the topic `padwacht.definitions`.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox(self)
    }
}

impl Outbox<'_> {
    /// The most rows that [`Outbox::pending`] gives at once: a definition may
    /// be large, and a batch is held in memory.
    pub const MAX_PENDING: u64 = 1_000;

    /// The first `limit` rows that are not marked as sent, in order.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn pending(self, limit: u64) -> Result<Vec<OutboxRow>, RecordsError> {
        let rows = outbox::Entity::find()
            .order_by_asc(outbox::Column::Sequence)
            .limit(limit.min(Self::MAX_PENDING))
            .all(self.0.reader())
            .await
            .doing("reading the outbox")?;
        rows.into_iter()
            .map(|row| {
                let sequence = u64::try_from(row.sequence)
                    .map_err(|error| RecordsError::corrupt("outbox row", row.sequence, error))?;
                Ok(OutboxRow { sequence, key: row.key, value: row.value })
            })
            .collect()
    }

    /// Forgets every row up to and including `up_to_sequence`: the topic has
    /// them. Gives how many there were.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn mark_sent(self, up_to_sequence: u64) -> Result<u64, RecordsError> {
        let up_to = i64::try_from(up_to_sequence).unwrap_or(i64::MAX);
        let deleted = outbox::Entity::delete_many()
            .filter(outbox::Column::Sequence.lte(up_to))
            .exec(self.0.writer())
            .await
            .doing("marking outbox rows as sent")?;
        Ok(deleted.rows_affected)
    }

    /// How many rows wait; for metrics and `doctor`.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn depth(self) -> Result<u64, RecordsError> {
        outbox::Entity::find().count(self.0.reader()).await.doing("counting the outbox")
    }

    /// Queues every service and every window in force again, for a topic that
    /// is new or was lost. Gives how many. Rows already waiting stay before them.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn republish_all(self, actor: &Actor) -> Result<u64, RecordsError> {
        const DOING: &str = "queueing every definition";
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let first = queue.last;
        services::enqueue_all(&tx, &mut queue).await?;
        windows::enqueue_all(&tx, &mut queue).await?;
        let queued = queue.last - first;
        queue.finish().await?;
        let entry = audit::Entry {
            action: "republish",
            object: "definitions".to_owned(),
            before: None,
            after: Some(serde_json::json!({ "queued": queued })),
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(queued.unsigned_abs())
    }
}

/// The end of the outbox within one transaction, locked against all others.
pub(super) struct Queue<'t> {
    tx: &'t DatabaseTransaction,
    at: Timestamp,
    last: i64,
    rows: Vec<outbox::Model>,
}

impl<'t> Queue<'t> {
    /// Takes the lock; the first thing that a change of definitions does.
    pub(super) async fn lock(
        tx: &'t DatabaseTransaction,
        at: Timestamp,
    ) -> Result<Queue<'t>, RecordsError> {
        let last = Lock::Outbox.take(tx).await?;
        Ok(Queue { tx, at, last, rows: Vec::new() })
    }

    /// Adds a record; `None` is a tombstone.
    pub(super) async fn push(
        &mut self,
        key: String,
        value: Option<String>,
    ) -> Result<(), RecordsError> {
        self.last += 1;
        let sequence = self.last;
        self.rows.push(outbox::Model { sequence, key, value, queued_at_ms: self.at.millis() });
        if self.rows.len() >= INSERT_ROWS { self.flush().await } else { Ok(()) }
    }

    /// Writes what is left and the number of the last row.
    pub(super) async fn finish(mut self) -> Result<(), RecordsError> {
        self.flush().await?;
        Lock::Outbox.set(self.tx, self.last).await
    }

    async fn flush(&mut self) -> Result<(), RecordsError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        outbox::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
            .exec_without_returning(self.tx)
            .await
            .doing("queueing a change for the engine")?;
        Ok(())
    }
}
