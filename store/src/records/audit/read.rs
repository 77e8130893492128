//! Reading the audit trail.

use std::collections::BTreeMap;

use correlate::model::Timestamp;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LikeExpr};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::Audit;
use crate::records::entity::{audit, audit_base};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::UserId;
use crate::records::page::{Page, escape_like};

/// Objects in one `IN (…)`: a bounded statement on both databases.
const OBJECTS_PER_QUERY: usize = 500;

/// One change as it was recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who; see [`super::Actor::name`].
    pub actor: String,
    /// The user, where it was one and it was recorded: addresses change.
    pub user: Option<String>,
    /// The network address that the request came from; `None` where it was no
    /// request, or an older version recorded it.
    pub address: Option<String>,
    /// The id of the API token that the request carried.
    pub token: Option<String>,
    /// What was done, such as `create` or `withdraw`.
    pub action: String,
    /// To what, such as `service/fibre-1`.
    pub object: String,
    /// How the object was before; `None` when it was not there.
    pub before: Option<Value>,
    /// How it is since; `None` when it is gone.
    pub after: Option<Value>,
    /// Its hash, which covers that of the entry before it.
    pub hash: String,
}

/// Which entries to list; every condition that is given holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AuditFilter {
    /// Only those on this object.
    pub object: Option<String>,
    /// Only those on objects of this sort, such as `service`.
    pub kind: Option<String>,
    /// Only those of this actor.
    pub actor: Option<String>,
    /// Only those of this user.
    pub user: Option<UserId>,
    /// Only those of this action.
    pub action: Option<String>,
    /// Only those that hold this text in object or actor, in any case.
    pub text: Option<String>,
    /// Only those from this instant on.
    pub from: Option<Timestamp>,
    /// Only those before this instant.
    pub until: Option<Timestamp>,
    /// Only those with a smaller number, to walk through all from the newest.
    pub below: Option<u64>,
}

impl AuditFilter {
    fn condition(&self) -> Condition {
        let holds = |column: audit::Column, text: &str| {
            let pattern = format!("%{}%", escape_like(&text.to_lowercase()));
            Expr::expr(sea_orm::sea_query::Func::lower(Expr::col(column)))
                .like(LikeExpr::new(pattern).escape('!'))
        };
        let mut all = Condition::all();
        if let Some(object) = &self.object {
            all = all.add(audit::Column::Object.eq(object.as_str()));
        }
        if let Some(kind) = &self.kind {
            let pattern = LikeExpr::new(format!("{}/%", escape_like(kind))).escape('!');
            let of_kind = Condition::any()
                .add(audit::Column::Object.eq(kind.as_str()))
                .add(audit::Column::Object.like(pattern));
            all = all.add(of_kind);
        }
        if let Some(actor) = &self.actor {
            all = all.add(audit::Column::Actor.eq(actor.as_str()));
        }
        if let Some(user) = self.user {
            all = all.add(audit::Column::UserId.eq(user.to_string()));
        }
        if let Some(action) = &self.action {
            all = all.add(audit::Column::Action.eq(action.as_str()));
        }
        if let Some(text) = &self.text {
            let either = Condition::any()
                .add(holds(audit::Column::Object, text))
                .add(holds(audit::Column::Actor, text));
            all = all.add(either);
        }
        if let Some(from) = self.from {
            all = all.add(audit::Column::AtMs.gte(from.millis()));
        }
        if let Some(until) = self.until {
            all = all.add(audit::Column::AtMs.lt(until.millis()));
        }
        if let Some(below) = self.below {
            let below = i64::try_from(below).unwrap_or(i64::MAX);
            all = all.add(audit::Column::Sequence.lt(below));
        }
        all
    }
}

impl Audit<'_> {
    /// The entries that `filter` lets through, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(
        self,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Vec<AuditEntry>, RecordsError> {
        let rows = audit::Entity::find()
            .filter(filter.condition())
            .order_by_desc(audit::Column::Sequence)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("reading the audit trail")?;
        rows.into_iter().map(read).collect()
    }

    /// How many entries `filter` lets through.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn count(self, filter: &AuditFilter) -> Result<u64, RecordsError> {
        let query = audit::Entity::find().filter(filter.condition());
        query.count(self.0.reader()).await.doing("counting the audit trail")
    }

    /// One entry by its number.
    ///
    /// # Errors
    /// See [`Audit::list`].
    pub async fn get(self, sequence: u64) -> Result<Option<AuditEntry>, RecordsError> {
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let row = audit::Entity::find()
            .filter(audit::Column::Sequence.eq(sequence))
            .one(self.0.reader())
            .await;
        row.doing("reading an audit entry")?.map(read).transpose()
    }

    /// How each of `objects` was at `as_of`, as the last entry up to and
    /// including it says: `Some(None)` where it was gone, absent where no
    /// entry speaks of it until then.
    ///
    /// # Errors
    /// See [`Audit::list`].
    pub async fn as_of(
        self,
        objects: &[String],
        as_of: Timestamp,
    ) -> Result<BTreeMap<String, Option<Value>>, RecordsError> {
        let mut found = BTreeMap::new();
        for chunk in objects.chunks(OBJECTS_PER_QUERY) {
            let base = audit_base::Entity::find()
                .filter(audit_base::Column::Object.is_in(chunk))
                .filter(audit_base::Column::AtMs.lte(as_of.millis()))
                .all(self.0.reader())
                .await
                .doing("reading how things stood")?;
            for row in base {
                found.insert(row.object.clone(), value(&row.object, row.after_value)?);
            }
            // The last by object without reading the values of the others.
            let last: Vec<(String, String)> = audit::Entity::find()
                .select_only()
                .column(audit::Column::Object)
                .column(audit::Column::Id)
                .filter(audit::Column::Object.is_in(chunk))
                .filter(audit::Column::AtMs.lte(as_of.millis()))
                .order_by_asc(audit::Column::AtMs)
                .order_by_asc(audit::Column::Sequence)
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

fn value(id: &str, text: Option<String>) -> Result<Option<Value>, RecordsError> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| RecordsError::corrupt("audit entry", id, error))
}

fn read(row: audit::Model) -> Result<AuditEntry, RecordsError> {
    Ok(AuditEntry {
        sequence: u64::try_from(row.sequence)
            .map_err(|error| RecordsError::corrupt("audit entry", &row.id, error))?,
        at: Timestamp(row.at_ms),
        before: value(&row.id, row.before_value)?,
        after: value(&row.id, row.after_value)?,
        actor: row.actor,
        user: row.user_id,
        address: row.address,
        token: row.token_id,
        action: row.action,
        object: row.object,
        hash: row.hash,
    })
}
