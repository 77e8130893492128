//! Recovery codes: each stands in once for a factor that is lost. They have
//! 120 random bits, so that a plain hash of them is enough, as for tokens.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};

use super::{Factors, has_second};
use crate::records::audit::Actor;
use crate::records::entity::recovery_code;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::mails::MailDraft;

impl Factors<'_> {
    /// `user` has these recovery codes from now on, and no other.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for somebody without a second factor, for
    /// whom there is nothing to recover.
    pub async fn replace_codes(
        self,
        actor: &Actor,
        user: UserId,
        codes: &[TokenHash],
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        let tx = self.0.begin("replacing recovery codes").await?;
        if !has_second(&tx, user).await? {
            return Err(RecordsError::invalid("codes", "there is no second factor to recover"));
        }
        forget(&tx, user).await?;
        give(&tx, user, codes).await?;
        self.finish(tx, actor, user, "new-recovery-codes", None, letter).await
    }

    /// Takes a recovery code of `user`: false if it is none of theirs, or was
    /// taken before.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn use_code(
        self,
        actor: &Actor,
        user: UserId,
        code: &TokenHash,
        letter: Option<&MailDraft>,
    ) -> Result<bool, RecordsError> {
        const DOING: &str = "taking a recovery code";
        let tx = self.0.begin(DOING).await?;
        let taken = recovery_code::Entity::delete_by_id((user.to_string(), code.to_hex()))
            .exec(&tx)
            .await
            .doing(DOING)?;
        if taken.rows_affected == 0 {
            return Ok(false);
        }
        let after = serde_json::json!({ "codes_left": left(&tx, user).await? });
        self.finish(tx, actor, user, "use-recovery-code", Some(after), letter).await?;
        Ok(true)
    }
}

/// How many codes `user` has left.
pub(super) async fn left(db: &impl ConnectionTrait, user: UserId) -> Result<u64, RecordsError> {
    recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user.to_string()))
        .count(db)
        .await
        .doing("counting recovery codes")
}

/// Gives `user` the codes unless they have some; says whether it did.
pub(super) async fn give_if_none(
    tx: &DatabaseTransaction,
    user: UserId,
    codes: &[TokenHash],
) -> Result<bool, RecordsError> {
    if codes.is_empty() || left(tx, user).await? > 0 {
        return Ok(false);
    }
    give(tx, user, codes).await?;
    Ok(true)
}

pub(super) async fn forget(tx: &DatabaseTransaction, user: UserId) -> Result<(), RecordsError> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::UserId.eq(user.to_string()))
        .exec(tx)
        .await
        .doing("forgetting recovery codes")?;
    Ok(())
}

async fn give(
    tx: &DatabaseTransaction,
    user: UserId,
    codes: &[TokenHash],
) -> Result<(), RecordsError> {
    let rows = codes.iter().take(Factors::RECOVERY_CODES).map(|code| {
        recovery_code::Model { user_id: user.to_string(), code_sha256: code.to_hex() }
            .into_active_model()
    });
    recovery_code::Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await
        .doing("writing recovery codes")?;
    Ok(())
}
