//! API tokens: how programs come in, each in the name of a user.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};
use serde_json::json;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::{api_token, user};
use super::error::{Doing, RecordsError};
use super::ids::{ApiTokenId, TokenHash, UserId};
use super::{text, users};

/// The longest beginning of a token that may be stored: more would help
/// whoever guesses the rest.
const MAX_PREFIX_CHARS: usize = 12;

/// An API token to issue.
#[derive(Clone, Debug)]
pub struct ApiTokenDraft {
    /// What it is for.
    pub name: String,
    /// In whose name it acts.
    pub user: UserId,
    /// Of the whole token.
    pub token: TokenHash,
    /// How the token begins, so that people can tell theirs apart; at most 12
    /// characters.
    pub prefix: String,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// An API token as its user may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiToken {
    /// Names it, for revoking it; does not open anything.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// In whose name it acts.
    pub user: UserId,
    /// How it begins.
    pub prefix: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// Its last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Issues, finds and revokes API tokens.
#[derive(Clone, Copy, Debug)]
pub struct ApiTokens<'a>(&'a Records);

impl Records {
    /// How programs come in.
    pub fn api_tokens(&self) -> ApiTokens<'_> {
        ApiTokens(self)
    }
}

impl ApiTokens<'_> {
    /// How often a use is written down: a program may make many a second.
    pub const TOUCH_INTERVAL_MS: i64 = 60_000;

    /// Issues a token.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for a user that is not there or not active,
    /// [`RecordsError::Invalid`] for a name or prefix that is not allowed.
    pub async fn create(
        self,
        actor: &Actor,
        draft: &ApiTokenDraft,
    ) -> Result<ApiTokenId, RecordsError> {
        const DOING: &str = "issuing an API token";
        let (name, prefix) = (text::name("name", &draft.name)?, draft.prefix.clone());
        if prefix.chars().count() > MAX_PREFIX_CHARS {
            let reason = format!("must have at most {MAX_PREFIX_CHARS} characters");
            return Err(RecordsError::invalid("prefix", reason));
        }
        let tx = self.0.begin(DOING).await?;
        let owner = user::Entity::find_by_id(draft.user.to_string())
            .filter(user::Column::Active.eq(true))
            .one(&tx)
            .await
            .doing(DOING)?;
        if owner.is_none() {
            return Err(RecordsError::not_found("user", draft.user));
        }
        let id = ApiTokenId::new();
        let after = json!({
            "name": name,
            "prefix": prefix,
            "user": draft.user.to_string(),
            "expires_at": draft.expires_at.map(Timestamp::millis),
        });
        let row = api_token::Model {
            id: id.to_string(),
            token_sha256: draft.token.to_hex(),
            prefix,
            name,
            user_id: draft.user.to_string(),
            created_at_ms: actor.at.millis(),
            expires_at_ms: draft.expires_at.map(Timestamp::millis),
            last_used_at_ms: None,
            revoked_at_ms: None,
        };
        api_token::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .creating("API token", &draft.prefix)?;
        let object = format!("api-token/{id}");
        let entry = audit::Entry { action: "create", object, before: None, after: Some(after) };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// The token and its user, if it works at `now` and the user is active.
    /// Writes down the use, at most once in [`ApiTokens::TOUCH_INTERVAL_MS`].
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn find(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, users::User)>, RecordsError> {
        const DOING: &str = "reading an API token";
        let unexpired = Condition::any()
            .add(api_token::Column::ExpiresAtMs.is_null())
            .add(api_token::Column::ExpiresAtMs.gt(now.millis()));
        let row = api_token::Entity::find()
            .filter(api_token::Column::TokenSha256.eq(token.to_hex()))
            .filter(api_token::Column::RevokedAtMs.is_null())
            .filter(unexpired)
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(mut row) = row else { return Ok(None) };
        let owner = user::Entity::find_by_id(row.user_id.as_str())
            .filter(user::Column::Active.eq(true))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(owner) = owner else { return Ok(None) };
        let unused_ms = |last: i64| now.millis().saturating_sub(last);
        if row.last_used_at_ms.is_none_or(|last| unused_ms(last) >= Self::TOUCH_INTERVAL_MS) {
            row.last_used_at_ms = Some(now.millis());
            api_token::Entity::update_many()
                .col_expr(api_token::Column::LastUsedAtMs, Expr::value(now.millis()))
                .filter(api_token::Column::Id.eq(row.id.as_str()))
                .exec(self.0.writer())
                .await
                .doing("noting the use of an API token")?;
        }
        Ok(Some((read(row)?, users::load_one(self.0.reader(), owner).await?)))
    }

    /// Every token of `user`, revoked and expired ones too, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(self, user: UserId) -> Result<Vec<ApiToken>, RecordsError> {
        let rows = api_token::Entity::find()
            .filter(api_token::Column::UserId.eq(user.to_string()))
            .order_by_desc(api_token::Column::CreatedAtMs)
            .order_by_desc(api_token::Column::Id)
            .all(self.0.reader())
            .await
            .doing("listing API tokens")?;
        rows.into_iter().map(read).collect()
    }

    /// Stops a token of `user` from working.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] if `user` has no such token in force.
    pub async fn revoke(
        self,
        actor: &Actor,
        user: UserId,
        id: ApiTokenId,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "revoking an API token";
        let tx = self.0.begin(DOING).await?;
        let revoked = api_token::Entity::update_many()
            .col_expr(api_token::Column::RevokedAtMs, Expr::value(actor.at.millis()))
            .filter(api_token::Column::Id.eq(id.to_string()))
            .filter(api_token::Column::UserId.eq(user.to_string()))
            .filter(api_token::Column::RevokedAtMs.is_null())
            .exec(&tx)
            .await
            .doing(DOING)?;
        if revoked.rows_affected == 0 {
            return Err(RecordsError::not_found("API token", id));
        }
        let object = format!("api-token/{id}");
        let entry = audit::Entry { action: "revoke", object, before: None, after: None };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)
    }
}

/// Stops every token of `user` from working, within a larger change and at its
/// instant, which its audit entry tells.
pub(super) async fn revoke_within(
    tx: &DatabaseTransaction,
    user: UserId,
    at: Timestamp,
) -> Result<u64, RecordsError> {
    let revoked = api_token::Entity::update_many()
        .col_expr(api_token::Column::RevokedAtMs, Expr::value(at.millis()))
        .filter(api_token::Column::UserId.eq(user.to_string()))
        .filter(api_token::Column::RevokedAtMs.is_null())
        .exec(tx)
        .await
        .doing("revoking the API tokens of a user")?;
    Ok(revoked.rows_affected)
}

fn read(row: api_token::Model) -> Result<ApiToken, RecordsError> {
    Ok(ApiToken {
        id: ApiTokenId::stored(&row.id)?,
        user: UserId::stored(&row.user_id)?,
        name: row.name,
        prefix: row.prefix,
        created_at: Timestamp(row.created_at_ms),
        expires_at: row.expires_at_ms.map(Timestamp),
        last_used_at: row.last_used_at_ms.map(Timestamp),
        revoked_at: row.revoked_at_ms.map(Timestamp),
    })
}
