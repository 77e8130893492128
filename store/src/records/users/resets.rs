//! Forgotten passwords: a link, sent to the address of the account alone, lets
//! its owner choose a new one. The link works once and not for long, and only
//! its hash is kept.
//!
//! Whether an address belongs to anybody never leaves this file.

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use secrecy::SecretString;

use super::codec::{entry, lookup_email};
use super::write::{NO_PASSWORD, find, write_password};
use super::{User, Users, load_any};
use crate::records::audit::{self, Actor};
use crate::records::entity::{password_reset, user};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::mails::{self, MailDraft};
use crate::records::{api_tokens, devices, sessions};

/// Links of one user that may work at once: whoever asks over and over fills
/// nobody's mailbox.
const RESETS_MAX: u64 = 3;

impl Users<'_> {
    /// Lets the active user with `email`, if there is one, choose a new
    /// password by the link with `token` until `expires_at`, and queues the
    /// letter that holds the link. `address` is the client's, for the audit trail.
    ///
    /// # Errors
    /// Only of the database or of the letter.
    pub async fn ask_reset(
        self,
        email: &str,
        address: &str,
        token: &TokenHash,
        now: Timestamp,
        expires_at: Timestamp,
        letter: impl FnOnce(&User) -> Option<MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "asking for a new password";
        let tx = self.begin(DOING).await?;
        forget_expired(&tx, now).await?;
        let Some(user) = of_email(&tx, email).await? else { return Ok(()) };
        let asked = password_reset::Entity::find()
            .filter(password_reset::Column::UserId.eq(user.id.to_string()))
            .count(&tx)
            .await
            .doing(DOING)?;
        if asked >= RESETS_MAX {
            return tx.commit().await.doing(DOING);
        }
        let row = password_reset::Model {
            token_sha256: token.to_hex(),
            user_id: user.id.to_string(),
            created_at_ms: now.millis(),
            expires_at_ms: expires_at.millis(),
        };
        password_reset::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        if let Some(letter) = letter(&user) {
            mails::queue_within(&tx, self.0.keyring(), &letter, now).await?;
        }
        let actor = Actor::new("anonymous", now).from_address(address);
        audit::append(&tx, &actor, [entry("ask-new-password", user.id, None, None)]).await?;
        tx.commit().await.doing(DOING)
    }

    /// Who may choose a new password by the link with `token` at `now`.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn resetting(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<User>, RecordsError> {
        of_token(self.0.reader(), token, now).await
    }

    /// Uses the link with `token`: its user has this password from now on, every
    /// session of theirs ends, their API tokens are revoked, and a letter tells
    /// them. Of several who try, one succeeds.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for a link that does not work.
    pub async fn reset(
        self,
        token: &TokenHash,
        address: &str,
        now: Timestamp,
        password_hash: &SecretString,
        letter: impl FnOnce(&User) -> Option<MailDraft>,
    ) -> Result<UserId, RecordsError> {
        const DOING: &str = "choosing a new password";
        let tx = self.begin(DOING).await?;
        let found = of_token(&tx, token, now).await?;
        let id = found.ok_or_else(|| RecordsError::not_found("link", ""))?.id;
        let user = find(&tx, id).await?;
        write_password(&tx, id, password_hash).await?;
        sessions::revoke_within(&tx, id).await?;
        api_tokens::revoke_within(&tx, id, now).await?;
        devices::forget_within(&tx, id).await?;
        forget_within(&tx, id).await?;
        if let Some(letter) = letter(&user) {
            mails::queue_within(&tx, self.0.keyring(), &letter, now).await?;
        }
        let actor = Actor::new(user.email.clone(), now).as_user(id).from_address(address);
        audit::append(&tx, &actor, [entry("reset-password", id, None, None)]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }
}

async fn of_email(tx: &DatabaseTransaction, email: &str) -> Result<Option<User>, RecordsError> {
    let row = user::Entity::find()
        .filter(user::Column::Email.eq(lookup_email(email)))
        .filter(user::Column::Active.eq(true))
        .filter(user::Column::PasswordHash.ne(NO_PASSWORD))
        .one(tx)
        .await
        .doing("looking for a user by address")?;
    load_any(tx, row).await
}

async fn of_token(
    db: &impl ConnectionTrait,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<User>, RecordsError> {
    const DOING: &str = "reading a link to a new password";
    let found = password_reset::Entity::find_by_id(token.to_hex())
        .filter(password_reset::Column::ExpiresAtMs.gt(now.millis()))
        .one(db)
        .await
        .doing(DOING)?;
    let Some(found) = found else { return Ok(None) };
    let row = user::Entity::find_by_id(found.user_id)
        .filter(user::Column::Active.eq(true))
        .one(db)
        .await
        .doing(DOING)?;
    load_any(db, row).await
}

/// Voids every link of the user `id`, within a larger change.
pub(super) async fn forget_within(
    tx: &DatabaseTransaction,
    id: UserId,
) -> Result<(), RecordsError> {
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::UserId.eq(id.to_string()))
        .exec(tx)
        .await
        .doing("voiding links to a new password")?;
    Ok(())
}

async fn forget_expired(tx: &DatabaseTransaction, now: Timestamp) -> Result<(), RecordsError> {
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::ExpiresAtMs.lte(now.millis()))
        .exec(tx)
        .await
        .doing("forgetting links to a new password")?;
    Ok(())
}
