//! The secrets with which an NMS may push: each account has its own.
//!
//! A secret is made here by nobody: it arrives as its SHA-256. Rotating makes
//! the new one work at once and lets the old ones go on until the NMS has been
//! told; revoking ends one at once.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::push_secret;
use super::error::{Doing, RecordsError};
use super::ids::{PushSecretId, TokenHash};
use super::text;

/// The longest beginning of a secret that may be stored.
const MAX_PREFIX_CHARS: usize = 12;

/// Secrets of an account that are listed, those that ended included.
const LISTED_MAX: u64 = 20;

/// Secrets of an account that are compared: whoever rotates more often than
/// this before the old ones end loses the oldest.
const IN_FORCE_MAX: u64 = 8;

/// What a secret is compared with where there is none; the SHA-256 of nothing
/// that anybody knows.
const NOBODYS_SHA256: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A secret to put in force.
#[derive(Clone, Debug)]
pub struct PushSecretDraft {
    /// The name of the account that may push with it.
    pub account: String,
    /// Of the whole secret.
    pub secret: TokenHash,
    /// How it begins, so that people can tell which one they have; at most 12
    /// characters.
    pub prefix: String,
}

/// A secret as an administrator may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushSecret {
    /// Names it, for revoking it; does not open anything.
    pub id: PushSecretId,
    /// The account.
    pub account: String,
    /// How it begins.
    pub prefix: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it stops working, or stopped; `None` for the newest.
    pub ends_at: Option<Timestamp>,
    /// Its last use, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl PushSecret {
    /// Whether it works at `now`.
    pub fn works_at(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }
}

/// Makes, compares and revokes push secrets.
#[derive(Clone, Copy, Debug)]
pub struct PushSecrets<'a>(&'a Records);

impl Records {
    /// With which secrets NMS accounts may push.
    pub fn push_secrets(&self) -> PushSecrets<'_> {
        PushSecrets(self)
    }
}

impl PushSecrets<'_> {
    /// How often a use is written down.
    pub const TOUCH_INTERVAL_MS: i64 = 60_000;

    /// Puts a secret in force. Those of the same account that work now go on
    /// until `others_end_at` at most.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an account name or prefix that is not allowed.
    pub async fn rotate(
        self,
        actor: &Actor,
        draft: &PushSecretDraft,
        others_end_at: Timestamp,
    ) -> Result<PushSecretId, RecordsError> {
        const DOING: &str = "putting a push secret in force";
        let (account, prefix) = (text::name("account", &draft.account)?, draft.prefix.clone());
        if prefix.chars().count() > MAX_PREFIX_CHARS {
            let reason = format!("must have at most {MAX_PREFIX_CHARS} characters");
            return Err(RecordsError::invalid("prefix", reason));
        }
        let tx = self.0.begin(DOING).await?;
        push_secret::Entity::update_many()
            .col_expr(push_secret::Column::EndsAtMs, Expr::value(others_end_at.millis()))
            .filter(push_secret::Column::Account.eq(account.as_str()))
            .filter(ends_after(others_end_at))
            .exec(&tx)
            .await
            .doing(DOING)?;
        let id = PushSecretId::new();
        let row = push_secret::Model {
            id: id.to_string(),
            account: account.clone(),
            secret_sha256: draft.secret.to_hex(),
            prefix: prefix.clone(),
            created_by: actor.name.clone(),
            created_at_ms: actor.at.millis(),
            ends_at_ms: None,
            last_used_at_ms: None,
        };
        push_secret::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .creating("push secret", &prefix)?;
        let after = json!({
            "secret": id.to_string(),
            "prefix": prefix,
            "others_end_at": others_end_at.millis(),
        });
        let entry = entry("rotate", &account, None, Some(after));
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// Ends a secret of `account` now.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] when the account has no such secret in force.
    pub async fn revoke(
        self,
        actor: &Actor,
        account: &str,
        id: PushSecretId,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "revoking a push secret";
        let tx = self.0.begin(DOING).await?;
        let revoked = push_secret::Entity::update_many()
            .col_expr(push_secret::Column::EndsAtMs, Expr::value(actor.at.millis()))
            .filter(push_secret::Column::Id.eq(id.to_string()))
            .filter(push_secret::Column::Account.eq(account))
            .filter(ends_after(actor.at))
            .exec(&tx)
            .await
            .doing(DOING)?;
        if revoked.rows_affected == 0 {
            return Err(RecordsError::not_found("push secret", id));
        }
        let entry = entry("revoke", account, Some(json!({ "secret": id.to_string() })), None);
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)
    }

    /// The secrets of an account, the latest first; those that ended too.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(self, account: &str) -> Result<Vec<PushSecret>, RecordsError> {
        let rows = push_secret::Entity::find()
            .filter(push_secret::Column::Account.eq(account))
            .order_by_desc(push_secret::Column::CreatedAtMs)
            .order_by_desc(push_secret::Column::Id)
            .limit(LISTED_MAX)
            .all(self.0.reader())
            .await
            .doing("listing push secrets")?;
        rows.into_iter().map(read).collect()
    }

    /// Whether `secret` is one with which `account` may push at `now`. Writes
    /// the use down, at most once in [`PushSecrets::TOUCH_INTERVAL_MS`].
    ///
    /// An account that has none takes the same time as one whose secret is
    /// another, and no comparison tells where two differ.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn admits(
        self,
        account: &str,
        secret: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let rows = push_secret::Entity::find()
            .filter(push_secret::Column::Account.eq(account))
            .filter(ends_after(now))
            .order_by_desc(push_secret::Column::CreatedAtMs)
            .order_by_desc(push_secret::Column::Id)
            .limit(IN_FORCE_MAX)
            .all(self.0.reader())
            .await
            .doing("comparing a push secret")?;
        if rows.is_empty() {
            std::hint::black_box(secret.is_stored_as(NOBODYS_SHA256));
        }
        let mut admitted = None;
        for row in &rows {
            if secret.is_stored_as(&row.secret_sha256) {
                admitted = Some(row);
            }
        }
        let Some(row) = admitted else { return Ok(false) };
        let unused_ms = |last: i64| now.millis().saturating_sub(last);
        if row.last_used_at_ms.is_none_or(|last| unused_ms(last) >= Self::TOUCH_INTERVAL_MS) {
            push_secret::Entity::update_many()
                .col_expr(push_secret::Column::LastUsedAtMs, Expr::value(now.millis()))
                .filter(push_secret::Column::Id.eq(row.id.as_str()))
                .exec(self.0.writer())
                .await
                .doing("noting the use of a push secret")?;
        }
        Ok(true)
    }
}

fn ends_after(at: Timestamp) -> Condition {
    Condition::any()
        .add(push_secret::Column::EndsAtMs.is_null())
        .add(push_secret::Column::EndsAtMs.gt(at.millis()))
}

fn entry(
    action: &'static str,
    account: &str,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> audit::Entry {
    audit::Entry { action, object: format!("push-secret/{account}"), before, after }
}

fn read(row: push_secret::Model) -> Result<PushSecret, RecordsError> {
    Ok(PushSecret {
        id: PushSecretId::stored(&row.id)?,
        account: row.account,
        prefix: row.prefix,
        created_by: row.created_by,
        created_at: Timestamp(row.created_at_ms),
        ends_at: row.ends_at_ms.map(Timestamp),
        last_used_at: row.last_used_at_ms.map(Timestamp),
    })
}
