//! The chain of hashes over the audit trail.
//!
//! ```text
//! hash(n) = SHA-256( hash(n-1) ‖ field ‖ field … )    in lower-case hex
//! ```
//! A field is its length as eight bytes, the greatest first, and its bytes; a
//! field that is absent is eight bytes of ones. So no two entries have the
//! same bytes. Before the first entry, and before the first that was kept, the
//! hash is that of the last checkpoint, or of nothing at all.
//!
//! Whoever can write to the database can also write a whole new chain: keep
//! the newest hash that `padwacht audit verify` prints somewhere else, and give
//! it the next time.

use std::fmt::Write as _;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use sha2::{Digest, Sha256};

use super::{Audit, retention};
use crate::records::entity::{audit, audit_checkpoint, lock};
use crate::records::error::{Doing, RecordsError};

/// Entries read at a time while checking: a few megabytes.
const WALK_ROWS: u64 = 1_000;

/// What a whole chain says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditVerified {
    /// The first entry that is kept; 0 when there is none.
    pub first: u64,
    /// The last entry; 0 when there never was one.
    pub last: u64,
    /// The hash of the last entry; empty when there never was one.
    pub hash: String,
}

/// Where a chain breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuditBreak {
    /// An entry was changed, or one before it was put in or taken out together
    /// with its number.
    #[error("entry {0} is not what was recorded: its hash does not follow from entry {before}", before = .0 - 1)]
    Changed(u64),
    /// Entries are missing.
    #[error("after entry {after} comes entry {found}: what was between them is gone")]
    Missing {
        /// The last entry before the gap.
        after: u64,
        /// The first entry after it.
        found: u64,
    },
    /// The newest entries are missing.
    #[error("entry {expected} was recorded, and the trail ends with entry {found}")]
    CutOff {
        /// The last entry that was recorded.
        expected: u64,
        /// The last entry that is there.
        found: u64,
    },
    /// What was forgotten was not forgotten by the product.
    #[error("the checkpoint at entry {0} is not one that the trail itself speaks of")]
    Checkpoint(u64),
    /// How things stood at the checkpoint was changed.
    #[error("how services and windows stood at the checkpoint is not what was recorded")]
    Base,
    /// The hash that was kept elsewhere is not in the trail.
    #[error(
        "no entry has the hash that was given: the trail was written anew, or the hash is from another one"
    )]
    Anchor,
}

impl Audit<'_> {
    /// Walks through the whole trail and checks that every entry is what was
    /// recorded. With `anchor`, the hash of an entry that was kept elsewhere,
    /// also that this entry is still part of it.
    ///
    /// # Errors
    /// Only of the database. A chain that breaks is `Ok(Err(…))`.
    pub async fn verify(
        self,
        anchor: Option<&str>,
    ) -> Result<Result<AuditVerified, AuditBreak>, RecordsError> {
        // One moment of the trail: what is recorded or forgotten meanwhile would
        // look like a gap.
        let db = &self.0.snapshot("checking the audit trail").await?;
        let expected = last_recorded(db).await?;
        let checkpoint = retention::last_checkpoint(db).await?;
        let mut walk = Walk::from(checkpoint.as_ref());
        let mut is_anchored = anchor.is_none_or(|anchor| walk.hash == anchor);
        let mut speaks_of_checkpoint = checkpoint.is_none();
        loop {
            let rows = next(db, walk.last).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                if let Err(broken) = walk.step(row) {
                    return Ok(Err(broken));
                }
                is_anchored |= anchor == Some(row.hash.as_str());
                speaks_of_checkpoint |=
                    checkpoint.as_ref().is_some_and(|one| retention::speaks_of(row, one));
            }
        }
        if let Some(checkpoint) = &checkpoint {
            if !speaks_of_checkpoint {
                return Ok(Err(AuditBreak::Checkpoint(number(checkpoint.sequence))));
            }
            if !retention::base_is_intact(db, checkpoint).await? {
                return Ok(Err(AuditBreak::Base));
            }
        }
        if walk.last < expected {
            let (expected, found) = (number(expected), number(walk.last));
            return Ok(Err(AuditBreak::CutOff { expected, found }));
        }
        if !is_anchored {
            return Ok(Err(AuditBreak::Anchor));
        }
        let first = if walk.last == walk.start { 0 } else { number(walk.start + 1) };
        Ok(Ok(AuditVerified { first, last: number(walk.last), hash: walk.hash }))
    }
}

struct Walk {
    start: i64,
    last: i64,
    hash: String,
}

impl Walk {
    fn from(checkpoint: Option<&audit_checkpoint::Model>) -> Walk {
        let start = checkpoint.map_or(0, |one| one.sequence);
        let hash = checkpoint.map(|one| one.hash.clone()).unwrap_or_default();
        Walk { start, last: start, hash }
    }

    fn step(&mut self, row: &audit::Model) -> Result<(), AuditBreak> {
        if row.sequence != self.last + 1 {
            let (after, found) = (number(self.last), number(row.sequence));
            return Err(AuditBreak::Missing { after, found });
        }
        if row.hash != hash(&self.hash, row) {
            return Err(AuditBreak::Changed(number(row.sequence)));
        }
        self.last = row.sequence;
        self.hash.clone_from(&row.hash);
        Ok(())
    }
}

/// The hash of `row` after an entry with the hash `before`; its own does not
/// count.
pub(super) fn hash(before: &str, row: &audit::Model) -> String {
    let audit::Model {
        id,
        at_ms,
        actor,
        action,
        object,
        before_value,
        after_value,
        sequence,
        user_id,
        address,
        token_id,
        hash: _,
    } = row;
    let (sequence, at_ms) = (sequence.to_string(), at_ms.to_string());
    let fields = [
        Some(&sequence),
        Some(id),
        Some(&at_ms),
        Some(actor),
        Some(action),
        Some(object),
        before_value.as_ref(),
        after_value.as_ref(),
        user_id.as_ref(),
        address.as_ref(),
        token_id.as_ref(),
    ];
    let mut digest = Sha256::new();
    digest.update(before.as_bytes());
    for field in fields {
        let length = field.map_or(u64::MAX, |text| text.len() as u64);
        digest.update(length.to_be_bytes());
        digest.update(field.map_or(&[][..], |text| text.as_bytes()));
    }
    hex(&digest.finalize())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

/// The hash of the entry `sequence`, which is the last one; whoever asks holds
/// the lock.
pub(super) async fn last_hash(
    tx: &DatabaseTransaction,
    sequence: i64,
) -> Result<String, RecordsError> {
    const DOING: &str = "reading the end of the audit trail";
    let found: Option<String> = audit::Entity::find()
        .select_only()
        .column(audit::Column::Hash)
        .filter(audit::Column::Sequence.eq(sequence))
        .into_tuple()
        .one(tx)
        .await
        .doing(DOING)?;
    if let Some(found) = found {
        return Ok(found);
    }
    // Everything was forgotten, or nothing was ever recorded.
    let checkpoint = retention::last_checkpoint(tx).await?;
    Ok(checkpoint.map(|one| one.hash).unwrap_or_default())
}

/// Numbers and hashes the entries that an older version recorded, in the order
/// of their time; for its migration.
pub(in crate::records) async fn chain_what_is_there(
    db: &impl ConnectionTrait,
) -> Result<(), RecordsError> {
    const DOING: &str = "chaining the audit trail";
    let mut walk = Walk::from(None);
    loop {
        let rows = audit::Entity::find()
            .filter(audit::Column::Sequence.eq(0))
            .order_by_asc(audit::Column::AtMs)
            .order_by_asc(audit::Column::Id)
            .limit(WALK_ROWS)
            .all(db)
            .await
            .doing(DOING)?;
        if rows.is_empty() {
            break;
        }
        for mut row in rows {
            row.sequence = walk.last + 1;
            row.hash = hash(&walk.hash, &row);
            audit::Entity::update_many()
                .col_expr(audit::Column::Sequence, Expr::value(row.sequence))
                .col_expr(audit::Column::Hash, Expr::value(row.hash.as_str()))
                .filter(audit::Column::Id.eq(row.id.as_str()))
                .exec(db)
                .await
                .doing(DOING)?;
            (walk.last, walk.hash) = (row.sequence, row.hash);
        }
    }
    lock::Entity::update_many()
        .col_expr(lock::Column::Value, Expr::value(walk.last))
        .filter(lock::Column::Name.eq("audit"))
        .exec(db)
        .await
        .doing(DOING)?;
    Ok(())
}

/// The number of the last entry that was ever recorded.
async fn last_recorded(db: &impl ConnectionTrait) -> Result<i64, RecordsError> {
    let row = lock::Entity::find_by_id("audit").one(db).await;
    let row = row.doing("reading the number of the last change")?;
    Ok(row.map_or(0, |row| row.value))
}

/// The entries after `sequence`.
pub(super) async fn next(
    db: &impl ConnectionTrait,
    sequence: i64,
) -> Result<Vec<audit::Model>, RecordsError> {
    audit::Entity::find()
        .filter(audit::Column::Sequence.gt(sequence))
        .order_by_asc(audit::Column::Sequence)
        .limit(WALK_ROWS)
        .all(db)
        .await
        .doing("walking through the audit trail")
}

fn number(sequence: i64) -> u64 {
    sequence.max(0).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> audit::Model {
        let text = |text: &str| text.to_owned();
        audit::Model {
            id: text("1"),
            at_ms: 5,
            actor: text("anna"),
            action: text("update"),
            object: text("service/a"),
            before_value: None,
            after_value: Some(text("{}")),
            sequence: 1,
            user_id: None,
            address: None,
            token_id: None,
            hash: String::new(),
        }
    }

    #[test]
    fn every_field_counts_and_fields_do_not_run_together() {
        let text = |text: &str| text.to_owned();
        let first = hash("", &row());
        assert_eq!(first.len(), 64);
        let others = [
            hash("00", &row()),
            hash("", &audit::Model { at_ms: 6, ..row() }),
            hash("", &audit::Model { sequence: 2, ..row() }),
            hash("", &audit::Model { actor: text("ann"), action: text("aupdate"), ..row() }),
            hash("", &audit::Model { before_value: Some(String::new()), ..row() }),
            hash("", &audit::Model { before_value: Some(text("{}")), after_value: None, ..row() }),
            hash("", &audit::Model { address: Some(text("::1")), ..row() }),
            hash("", &audit::Model { token_id: Some(text("::1")), ..row() }),
            hash("", &audit::Model { user_id: Some(text("::1")), ..row() }),
        ];
        let all: std::collections::BTreeSet<_> = others.iter().chain([&first]).collect();
        assert_eq!(all.len(), others.len() + 1);
        assert_eq!(hash("", &audit::Model { hash: text("x"), ..row() }), first);
    }
}
