//! Tokens that were issued by tokens: none works longer than the one by which
//! it was issued, and whoever revokes one revokes what came of it.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::records::audit;
use crate::records::entity::api_token;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::ApiTokenId;

/// Tokens in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// When a token ends that is issued by `parent` and should end at `wanted_ms`.
///
/// # Errors
/// [`RecordsError::NotFound`] for a parent that was revoked meanwhile, and
/// [`RecordsError::Invalid`] for an end after that of the parent.
pub(super) async fn end_below(
    tx: &DatabaseTransaction,
    parent: ApiTokenId,
    wanted_ms: Option<i64>,
) -> Result<Option<i64>, RecordsError> {
    // Not only read: whoever revokes the parent meanwhile waits, and finds the child.
    let held = api_token::Entity::update_many()
        .col_expr(api_token::Column::ParentId, Expr::col(api_token::Column::ParentId))
        .filter(api_token::Column::Id.eq(parent.to_string()))
        .filter(api_token::Column::RevokedAtMs.is_null())
        .exec(tx)
        .await
        .doing("holding the token by which one is issued")?;
    let row = api_token::Entity::find_by_id(parent.to_string()).one(tx).await;
    let row = row.doing("reading the token by which one is issued")?;
    let row = row.filter(|_| held.rows_affected == 1);
    let row = row.ok_or_else(|| RecordsError::not_found("API token", parent))?;
    match (row.expires_at_ms, wanted_ms) {
        (Some(end), Some(wanted)) if wanted > end => {
            let reason = "must not be later than that of the token by which it is issued";
            Err(RecordsError::invalid("expires_at", reason))
        }
        (Some(end), None) => Ok(Some(end)),
        (_, wanted) => Ok(wanted),
    }
}

/// Revokes those of `which` that are in force, and what was issued by them;
/// gives their ids.
pub(super) async fn revoke(
    tx: &DatabaseTransaction,
    which: Condition,
    at: Timestamp,
) -> Result<Vec<String>, RecordsError> {
    let mut level = revoke_level(tx, which, at).await?;
    let mut fallen = level.clone();
    // It ends: a token is revoked once.
    while !level.is_empty() {
        let mut below = Vec::new();
        for chunk in level.chunks(IDS_PER_QUERY) {
            let children = Condition::all().add(api_token::Column::ParentId.is_in(chunk));
            below.extend(revoke_level(tx, children, at).await?);
        }
        fallen.extend(below.iter().cloned());
        level = below;
    }
    Ok(fallen)
}

async fn revoke_level(
    tx: &DatabaseTransaction,
    which: Condition,
    at: Timestamp,
) -> Result<Vec<String>, RecordsError> {
    const DOING: &str = "revoking API tokens";
    let which = which.add(api_token::Column::RevokedAtMs.is_null());
    let ids: Vec<String> = api_token::Entity::find()
        .select_only()
        .column(api_token::Column::Id)
        .filter(which)
        .into_tuple()
        .all(tx)
        .await
        .doing(DOING)?;
    let mut revoked = Vec::with_capacity(ids.len());
    for id in ids {
        let done = api_token::Entity::update_many()
            .col_expr(api_token::Column::RevokedAtMs, Expr::value(at.millis()))
            .filter(api_token::Column::Id.eq(id.as_str()))
            .filter(api_token::Column::RevokedAtMs.is_null())
            .exec(tx)
            .await
            .doing(DOING)?;
        // Of several who revoke it at once, one does.
        if done.rows_affected == 1 {
            revoked.push(id);
        }
    }
    Ok(revoked)
}

/// What to record of one of them.
pub(super) fn entry(id: &str) -> audit::Entry {
    let object = format!("api-token/{id}");
    audit::Entry { action: "revoke", object, before: None, after: None }
}
