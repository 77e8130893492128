//! Who changed what, and when. Entries are appended in the transaction of the
//! change itself and never changed; they hold no secrets.

use std::collections::BTreeMap;

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::database::Records;
use super::entity::audit;
use super::error::{Doing, RecordsError};
use super::page::Page;

/// Entries in one INSERT; 7 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 500;

/// Objects in one `IN (…)`: a bounded statement on both databases.
const OBJECTS_PER_QUERY: usize = 500;

/// Who makes a change, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The user's e-mail address, or a part of the product such as `ingest`.
    pub name: String,
    /// The instant that the change is recorded under.
    pub at: Timestamp,
}

impl Actor {
    /// `name` acting at `at`.
    pub fn new(name: impl Into<String>, at: Timestamp) -> Actor {
        Actor { name: name.into(), at }
    }
}

/// One change as it was recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who; see [`Actor::name`].
    pub actor: String,
    /// What was done, such as `create` or `withdraw`.
    pub action: String,
    /// To what, such as `service/fibre-1`.
    pub object: String,
    /// How the object was before; `None` when it was not there.
    pub before: Option<Value>,
    /// How it is since; `None` when it is gone.
    pub after: Option<Value>,
}

/// Which entries to list.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AuditFilter {
    /// Only those on this object.
    pub object: Option<String>,
    /// Only those of this actor.
    pub actor: Option<String>,
}

/// Reads the audit trail.
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a>(&'a Records);

impl Records {
    /// The audit trail.
    pub fn audit(&self) -> Audit<'_> {
        Audit(self)
    }
}

impl Audit<'_> {
    /// The entries that `filter` lets through, latest first.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn list(
        self,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Vec<AuditEntry>, RecordsError> {
        let mut query = audit::Entity::find();
        if let Some(object) = &filter.object {
            query = query.filter(audit::Column::Object.eq(object.as_str()));
        }
        if let Some(actor) = &filter.actor {
            query = query.filter(audit::Column::Actor.eq(actor.as_str()));
        }
        let rows = query
            .order_by_desc(audit::Column::AtMs)
            .order_by_desc(audit::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("reading the audit trail")?;
        rows.into_iter().map(read).collect()
    }
}

impl Audit<'_> {
    /// How each of `objects` was at `as_of`, as the last entry up to and
    /// including it says: `Some(None)` where it was gone, absent where no
    /// entry speaks of it until then.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn as_of(
        self,
        objects: &[String],
        as_of: Timestamp,
    ) -> Result<BTreeMap<String, Option<Value>>, RecordsError> {
        let mut found = BTreeMap::new();
        for chunk in objects.chunks(OBJECTS_PER_QUERY) {
            // The last by object without reading the values of the others.
            let last: Vec<(String, String)> = audit::Entity::find()
                .select_only()
                .column(audit::Column::Object)
                .column(audit::Column::Id)
                .filter(audit::Column::Object.is_in(chunk))
                .filter(audit::Column::AtMs.lte(as_of.millis()))
                .order_by_asc(audit::Column::AtMs)
                .order_by_asc(audit::Column::Id)
                .into_tuple()
                .all(self.0.reader())
                .await
                .doing("looking for what was recorded until then")?;
            // Later entries replace earlier ones.
            let last: BTreeMap<String, String> = last.into_iter().collect();
            let rows = audit::Entity::find()
                .filter(audit::Column::Id.is_in(last.into_values()))
                .all(self.0.reader())
                .await
                .doing("reading what was recorded until then")?;
            for row in rows {
                let entry = read(row)?;
                found.insert(entry.object, entry.after);
            }
        }
        Ok(found)
    }
}

fn read(row: audit::Model) -> Result<AuditEntry, RecordsError> {
    let value = |text: Option<String>| {
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| RecordsError::corrupt("audit entry", &row.id, error))
    };
    Ok(AuditEntry {
        at: Timestamp(row.at_ms),
        before: value(row.before_value)?,
        after: value(row.after_value)?,
        actor: row.actor,
        action: row.action,
        object: row.object,
    })
}

/// What to record beside the actor.
pub(super) struct Entry {
    pub(super) action: &'static str,
    pub(super) object: String,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// Appends entries within `tx`.
pub(super) async fn append(
    tx: &DatabaseTransaction,
    actor: &Actor,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<(), RecordsError> {
    let mut rows = entries.into_iter().map(|entry| audit::Model {
        id: Uuid::now_v7().to_string(),
        at_ms: actor.at.millis(),
        actor: actor.name.clone(),
        action: entry.action.to_owned(),
        object: entry.object,
        before_value: entry.before.map(|value| value.to_string()),
        after_value: entry.after.map(|value| value.to_string()),
    });
    loop {
        let chunk: Vec<_> = rows.by_ref().take(INSERT_ROWS).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        audit::Entity::insert_many(chunk.into_iter().map(IntoActiveModel::into_active_model))
            .exec_without_returning(tx)
            .await
            .doing("recording a change")?;
    }
}
