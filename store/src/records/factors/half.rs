//! Sign-ins that are half done: the password was right, or the provider vouched
//! for somebody, and a second factor is owed. They are no sessions and open nothing, not even by mistake; a token
//! of one leads to the page for the second factor, for some minutes and a few
//! wrong codes.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::Factors;
use crate::records::entity::{half_sign_in, user};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::users::{self, User};

/// Somebody who gave the right password, or whom a provider vouched for, and who
/// owes a second factor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HalfSignIn {
    /// Who; they are active.
    pub user: User,
    /// Until when the second factor is awaited.
    pub expires_at: Timestamp,
    /// Whether a provider vouched for them; else they gave a password.
    pub is_federated: bool,
}

impl Factors<'_> {
    /// Wrong codes after which a half sign-in ends, and the password is asked
    /// for again.
    pub const HALF_FAILURES_MAX: i64 = 5;
    /// Half sign-ins of one user at once: whoever holds a password fills no table.
    const HALF_MAX: u64 = 5;

    /// `user` gave the right password, or `is_federated`: a provider vouched for
    /// them. They owe a second factor until `expires_at`.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin_half(
        self,
        token: &TokenHash,
        user: UserId,
        is_federated: bool,
        expires_at: Timestamp,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "beginning a sign-in";
        let tx = self.0.begin(DOING).await?;
        let kept: Vec<String> = half_sign_in::Entity::find()
            .select_only()
            .column(half_sign_in::Column::TokenSha256)
            .filter(half_sign_in::Column::UserId.eq(user.to_string()))
            .order_by_desc(half_sign_in::Column::ExpiresAtMs)
            .limit(Self::HALF_MAX - 1)
            .into_tuple()
            .all(&tx)
            .await
            .doing(DOING)?;
        half_sign_in::Entity::delete_many()
            .filter(half_sign_in::Column::UserId.eq(user.to_string()))
            .filter(half_sign_in::Column::TokenSha256.is_not_in(kept))
            .exec(&tx)
            .await
            .doing(DOING)?;
        let row = half_sign_in::Model {
            token_sha256: token.to_hex(),
            user_id: user.to_string(),
            expires_at_ms: expires_at.millis(),
            failures: 0,
            federated: is_federated,
        };
        half_sign_in::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        tx.commit().await.doing(DOING)
    }

    /// Who owes a second factor at `now`.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn half(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<HalfSignIn>, RecordsError> {
        const DOING: &str = "reading a sign-in that is half done";
        let row = half_sign_in::Entity::find_by_id(token.to_hex())
            .filter(half_sign_in::Column::ExpiresAtMs.gt(now.millis()))
            .filter(half_sign_in::Column::Failures.lt(Self::HALF_FAILURES_MAX))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(row) = row else { return Ok(None) };
        let owner = user::Entity::find_by_id(row.user_id)
            .filter(user::Column::Active.eq(true))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(owner) = owner else { return Ok(None) };
        let user = users::load_one(self.0.reader(), owner).await?;
        let (expires_at, is_federated) = (Timestamp(row.expires_at_ms), row.federated);
        Ok(Some(HalfSignIn { user, expires_at, is_federated }))
    }

    /// The second factor was wrong.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn half_failed(self, token: &TokenHash) -> Result<(), RecordsError> {
        let more = Expr::col(half_sign_in::Column::Failures).add(1);
        half_sign_in::Entity::update_many()
            .col_expr(half_sign_in::Column::Failures, more)
            .filter(half_sign_in::Column::TokenSha256.eq(token.to_hex()))
            .exec(self.0.writer())
            .await
            .doing("counting a wrong code")?;
        Ok(())
    }

    /// Ends a half sign-in, for it is whole now. False if it ended before: of
    /// several who try, one succeeds.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn end_half(self, token: &TokenHash) -> Result<bool, RecordsError> {
        let ended = half_sign_in::Entity::delete_by_id(token.to_hex()).exec(self.0.writer()).await;
        Ok(ended.doing("ending a sign-in that was half done")?.rows_affected == 1)
    }

    pub(super) async fn prune_half(self, now: Timestamp) -> Result<u64, RecordsError> {
        let pruned = half_sign_in::Entity::delete_many()
            .filter(half_sign_in::Column::ExpiresAtMs.lte(now.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting sign-ins that were half done")?;
        Ok(pruned.rows_affected)
    }
}

/// Ends every half sign-in of `user` within a larger change.
pub(in crate::records) async fn revoke_within(
    tx: &DatabaseTransaction,
    user: UserId,
) -> Result<(), RecordsError> {
    half_sign_in::Entity::delete_many()
        .filter(half_sign_in::Column::UserId.eq(user.to_string()))
        .exec(tx)
        .await
        .doing("ending the sign-ins of a user that are half done")?;
    Ok(())
}
