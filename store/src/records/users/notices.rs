//! Where notices go: to another address only once a link that was mailed there
//! has been used. Until then they go to the address of the account.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};

use super::codec::entry;
use super::write::find;
use super::{User, Users, load_any};
use crate::records::audit::{self, Actor};
use crate::records::entity::{notification_proof, user};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::mails::{self, MailDraft};

impl User {
    /// Where notices go beside the address of the account; `None`: nowhere.
    pub fn proven_notification_email(&self) -> Option<&str> {
        let other = self.notification_email.as_deref().filter(|_| self.notification_proven)?;
        (other != self.email).then_some(other)
    }
}

impl Users<'_> {
    /// Lets the reader of the notification address of `id` show by the link with
    /// `token`, until `expires_at`, that mail arrives there, and queues the letter
    /// that holds the link. Does nothing where there is nothing to show, or a link
    /// works already.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], or an error of the letter.
    pub async fn ask_proof(
        self,
        id: UserId,
        token: &TokenHash,
        now: Timestamp,
        expires_at: Timestamp,
        letter: impl FnOnce(&User, &str) -> Option<MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "asking whether notices arrive";
        let tx = self.begin(DOING).await?;
        let user = find(&tx, id).await?;
        let Some(email) = user.notification_email.clone() else { return Ok(()) };
        let asked = notification_proof::Entity::find()
            .filter(notification_proof::Column::UserId.eq(id.to_string()))
            .filter(notification_proof::Column::ExpiresAtMs.gt(now.millis()))
            .count(&tx)
            .await
            .doing(DOING)?;
        if user.notification_proven || email == user.email || asked > 0 {
            return Ok(());
        }
        let Some(letter) = letter(&user, &email) else { return Ok(()) };
        forget_within(&tx, id).await?;
        let row = notification_proof::Model {
            token_sha256: token.to_hex(),
            user_id: id.to_string(),
            email,
            expires_at_ms: expires_at.millis(),
        };
        notification_proof::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        mails::queue_within(&tx, self.0.keyring(), &letter, now).await?;
        tx.commit().await.doing(DOING)
    }

    /// Whose notification address the link with `token` shows to be theirs at
    /// `now`, if it works.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn proving(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<User>, RecordsError> {
        of_token(self.0.reader(), token, now).await
    }

    /// Uses the link with `token`: notices go there from now on.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for a link that does not work.
    pub async fn prove(
        self,
        token: &TokenHash,
        address: &str,
        now: Timestamp,
    ) -> Result<UserId, RecordsError> {
        const DOING: &str = "showing that notices arrive";
        let tx = self.begin(DOING).await?;
        let found = of_token(&tx, token, now).await?;
        let user = found.ok_or_else(|| RecordsError::not_found("link", ""))?;
        user::Entity::update_many()
            .col_expr(user::Column::NotificationProven, Expr::value(true))
            .filter(user::Column::Id.eq(user.id.to_string()))
            .exec(&tx)
            .await
            .doing(DOING)?;
        forget_within(&tx, user.id).await?;
        // Whoever reads that mailbox, signed in or not.
        let actor = Actor::new("anonymous", now).from_address(address);
        let entry = entry("prove-notification-email", user.id, None, None);
        audit::append(&tx, &actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(user.id)
    }
}

async fn of_token(
    db: &impl ConnectionTrait,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<User>, RecordsError> {
    const DOING: &str = "reading a link of a notification address";
    let found = notification_proof::Entity::find_by_id(token.to_hex())
        .filter(notification_proof::Column::ExpiresAtMs.gt(now.millis()))
        .one(db)
        .await
        .doing(DOING)?;
    let Some(found) = found else { return Ok(None) };
    let row = user::Entity::find_by_id(found.user_id)
        .filter(user::Column::Active.eq(true))
        .filter(user::Column::NotificationEmail.eq(found.email))
        .one(db)
        .await
        .doing(DOING)?;
    load_any(db, row).await
}

/// Voids the links of `user` within a larger change.
pub(super) async fn forget_within(
    tx: &DatabaseTransaction,
    user: UserId,
) -> Result<(), RecordsError> {
    notification_proof::Entity::delete_many()
        .filter(notification_proof::Column::UserId.eq(user.to_string()))
        .exec(tx)
        .await
        .doing("voiding links of a notification address")?;
    Ok(())
}
