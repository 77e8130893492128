//! Forgetting old entries from the start of the trail.
//!
//! The number and hash of the last entry that goes stay as a checkpoint, from
//! which the chain goes on. The entry that records the forgetting is part of
//! the chain, so nobody can cut the trail and write a checkpoint himself.
//! What the entries said of services and windows last is kept as a base, since
//! an explanation of a later moment starts from it.

use std::collections::BTreeMap;

use correlate::model::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::chain::{hex, next};
use super::{Actor, Audit, Entry, append};
use crate::records::entity::{audit, audit_base, audit_checkpoint};
use crate::records::error::{Doing, RecordsError};
use crate::records::locks::Lock;

/// Objects whose state at an earlier moment is asked for.
const KEPT_PREFIXES: [&str; 2] = ["service/", "window/"];

/// Rows in one INSERT; 3 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 1_000;

/// Base rows read at a time.
const WALK_ROWS: u64 = 1_000;

/// What the entry about a forgetting is called, and is about.
const ACTION: &str = "forget";
const OBJECT: &str = "audit";

impl Audit<'_> {
    /// Forgets the entries from before `until`, up to the first that is newer;
    /// gives how many. Records that it did.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn forget(self, actor: &Actor, until: Timestamp) -> Result<u64, RecordsError> {
        const DOING: &str = "forgetting old audit entries";
        let tx = self.0.begin(DOING).await?;
        Lock::Audit.take(&tx).await?;
        let Some(last) = last_before(&tx, until).await? else { return Ok(0) };
        keep_base(&tx, last.sequence).await?;
        let forgotten = delete(&tx, actor.at, last.sequence).await?;
        audit_checkpoint::Entity::delete_many().exec(&tx).await.doing(DOING)?;
        let checkpoint = audit_checkpoint::Model {
            sequence: last.sequence,
            hash: last.hash,
            at_ms: actor.at.millis(),
        };
        let base = base_hash(&tx).await?;
        let after = json!({
            "through": checkpoint.sequence,
            "hash": checkpoint.hash,
            "base": base,
            "entries": forgotten,
        });
        audit_checkpoint::Entity::insert(checkpoint.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let entry =
            Entry { action: ACTION, object: OBJECT.to_owned(), before: None, after: Some(after) };
        append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(forgotten)
    }
}

/// Deletes the entries up to `through`: the trail lets go of them while a row
/// says that this is meant, and no other transaction ever sees that row.
async fn delete(
    tx: &DatabaseTransaction,
    at: Timestamp,
    through: i64,
) -> Result<u64, RecordsError> {
    const DOING: &str = "forgetting old audit entries";
    let meant = format!("INSERT INTO audit_forgetting (since_ms) VALUES ({})", at.millis());
    tx.execute_unprepared(&meant).await.doing(DOING)?;
    let forgotten = audit::Entity::delete_many()
        .filter(audit::Column::Sequence.lte(through))
        .exec(tx)
        .await
        .doing(DOING)?;
    tx.execute_unprepared("DELETE FROM audit_forgetting").await.doing(DOING)?;
    Ok(forgotten.rows_affected)
}

/// The last entry of the start of the trail that is older than `until`
/// throughout: clocks of several processes differ, the numbers decide.
async fn last_before(
    tx: &DatabaseTransaction,
    until: Timestamp,
) -> Result<Option<audit::Model>, RecordsError> {
    const DOING: &str = "looking for old audit entries";
    let first_kept = audit::Entity::find()
        .filter(audit::Column::AtMs.gte(until.millis()))
        .order_by_asc(audit::Column::Sequence)
        .limit(1)
        .one(tx)
        .await
        .doing(DOING)?;
    let mut old = audit::Entity::find();
    if let Some(kept) = first_kept {
        old = old.filter(audit::Column::Sequence.lt(kept.sequence));
    }
    old.order_by_desc(audit::Column::Sequence).limit(1).one(tx).await.doing(DOING)
}

/// Notes how services and windows stood after the entry `through`.
async fn keep_base(tx: &DatabaseTransaction, through: i64) -> Result<(), RecordsError> {
    const DOING: &str = "keeping how things stood";
    let mut after = 0;
    loop {
        let rows = next(tx, after).await?;
        let rows: Vec<audit::Model> =
            rows.into_iter().filter(|row| row.sequence <= through).collect();
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.sequence;
        let mut stood = BTreeMap::new();
        for row in rows {
            if KEPT_PREFIXES.iter().any(|prefix| row.object.starts_with(prefix)) {
                stood.insert(row.object, (row.at_ms, row.after_value));
            }
        }
        let stood: Vec<_> = stood.into_iter().collect();
        for chunk in stood.chunks(INSERT_ROWS) {
            let rows = chunk.iter().cloned().map(|(object, (at_ms, after_value))| {
                audit_base::Model { object, at_ms, after_value }.into_active_model()
            });
            let replace = OnConflict::column(audit_base::Column::Object)
                .update_columns([audit_base::Column::AtMs, audit_base::Column::AfterValue])
                .to_owned();
            audit_base::Entity::insert_many(rows)
                .on_conflict(replace)
                .exec_without_returning(tx)
                .await
                .doing(DOING)?;
        }
    }
}

/// The checkpoint from which the chain goes on.
pub(super) async fn last_checkpoint(
    db: &impl ConnectionTrait,
) -> Result<Option<audit_checkpoint::Model>, RecordsError> {
    audit_checkpoint::Entity::find()
        .order_by_desc(audit_checkpoint::Column::Sequence)
        .one(db)
        .await
        .doing("reading the checkpoint of the audit trail")
}

/// Whether `row` records the forgetting that made `checkpoint`.
pub(super) fn speaks_of(row: &audit::Model, checkpoint: &audit_checkpoint::Model) -> bool {
    let said = said(row);
    said.as_ref().is_some_and(|said| {
        said["through"] == json!(checkpoint.sequence) && said["hash"] == json!(checkpoint.hash)
    })
}

fn said(row: &audit::Model) -> Option<Value> {
    let is_one = row.action == ACTION && row.object == OBJECT;
    serde_json::from_str(row.after_value.as_deref().filter(|_| is_one)?).ok()
}

/// Whether the base is the one that the entry about `checkpoint` speaks of.
pub(super) async fn base_is_intact(
    db: &impl ConnectionTrait,
    checkpoint: &audit_checkpoint::Model,
) -> Result<bool, RecordsError> {
    let found = audit::Entity::find()
        .filter(audit::Column::Object.eq(OBJECT))
        .filter(audit::Column::Action.eq(ACTION))
        .order_by_desc(audit::Column::Sequence)
        .limit(1)
        .one(db)
        .await
        .doing("reading how things stood")?;
    let Some(found) = found.filter(|row| speaks_of(row, checkpoint)) else { return Ok(false) };
    let base = base_hash(db).await?;
    Ok(said(&found).is_some_and(|said| said["base"] == json!(base)))
}

/// One hash over the whole base.
async fn base_hash(db: &impl ConnectionTrait) -> Result<String, RecordsError> {
    let mut digest = Sha256::new();
    let mut after = String::new();
    loop {
        let rows = audit_base::Entity::find()
            .filter(audit_base::Column::Object.gt(after.as_str()))
            .order_by_asc(audit_base::Column::Object)
            .limit(WALK_ROWS)
            .all(db)
            .await
            .doing("reading how things stood")?;
        let Some(last) = rows.last() else { return Ok(hex(&digest.finalize())) };
        after.clone_from(&last.object);
        for row in rows {
            let line = json!([row.object, row.at_ms, row.after_value]).to_string();
            digest.update((line.len() as u64).to_be_bytes());
            digest.update(line.as_bytes());
        }
    }
}
