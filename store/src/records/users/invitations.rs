//! Invitations: how somebody comes in for the first time. A link holds a token
//! that works once and not for ever; only its hash is kept.

use correlate::model::Timestamp;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};
use secrecy::SecretString;

use super::codec::entry;
use super::write::{NO_PASSWORD, change, find, insert, write_password};
use super::{Language, Standing, User, UserDraft, Users, load_one};
use crate::records::audit::{self, Actor};
use crate::records::entity::{invitation, user};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::{mails, text};

/// Somebody who holds an invitation that works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invited {
    /// Whom it invites.
    pub user: User,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Users<'_> {
    /// Adds a user who may come in once they have used the invitation with
    /// `token`, before `expires_at`.
    ///
    /// # Errors
    /// [`RecordsError::Exists`] for a known address, [`RecordsError::Invalid`].
    pub async fn invite(
        self,
        actor: &Actor,
        draft: &UserDraft,
        token: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<UserId, RecordsError> {
        const DOING: &str = "inviting a user";
        let tx = self.begin(DOING).await?;
        let (id, entry) = invite_within(&tx, actor, draft, token, expires_at).await?;
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// Invites somebody anew who has not used an invitation yet; the one
    /// before stops working.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], and [`RecordsError::Invalid`] for somebody
    /// who is no longer, or not any more, invited.
    pub async fn invite_again(
        self,
        actor: &Actor,
        id: UserId,
        token: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "inviting a user again";
        let tx = self.begin(DOING).await?;
        let user = find(&tx, id).await?;
        if user.standing != Standing::Invited {
            let reason = "only somebody who has not used an invitation yet can be invited again";
            return Err(RecordsError::invalid("standing", reason));
        }
        mails::void_links_within(&tx, &user.email, actor.at).await?;
        write(&tx, id, token, actor.at, expires_at).await?;
        audit::append(&tx, actor, [entry("invite-again", id, None, None)]).await?;
        tx.commit().await.doing(DOING)
    }

    /// Whom the invitation with `token` invites, if it works at `now`.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn invited(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Invited>, RecordsError> {
        const DOING: &str = "reading an invitation";
        let found = invitation::Entity::find()
            .filter(invitation::Column::TokenSha256.eq(token.to_hex()))
            .filter(invitation::Column::ExpiresAtMs.gt(now.millis()))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(found) = found else { return Ok(None) };
        let row = user::Entity::find_by_id(found.user_id.as_str())
            .filter(user::Column::Standing.eq(Standing::Invited.as_str()))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(row) = row else { return Ok(None) };
        let user = load_one(self.0.reader(), row).await?;
        Ok(Some(Invited { user, expires_at: Timestamp(found.expires_at_ms) }))
    }

    /// Uses the invitation with `token`: its user may come in from now on, with
    /// this name, language and password. Of several who try, one succeeds.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for an invitation that does not work, and
    /// [`RecordsError::Invalid`] for a name that is not allowed.
    pub async fn register(
        self,
        token: &TokenHash,
        now: Timestamp,
        address: &str,
        name: &str,
        language: Language,
        password_hash: &SecretString,
    ) -> Result<UserId, RecordsError> {
        const DOING: &str = "using an invitation";
        let name = text::name("name", name)?;
        let tx = self.begin(DOING).await?;
        let before = invited_within(&tx, token, now).await?;
        let after = User { name, language, standing: Standing::Active, ..before.clone() };
        write_password(&tx, before.id, password_hash).await?;
        let entry = change(&tx, now, "register", &before, after).await?;
        let actor = Actor::new(before.email.clone(), now).as_user(before.id).from_address(address);
        audit::append(&tx, &actor, entry).await?;
        tx.commit().await.doing(DOING)?;
        Ok(before.id)
    }
}

/// Whom the invitation with `token` invites at `now`, within a larger change.
pub(super) async fn invited_within(
    tx: &DatabaseTransaction,
    token: &TokenHash,
    now: Timestamp,
) -> Result<User, RecordsError> {
    let gone = || RecordsError::not_found("invitation", "");
    let found = invitation::Entity::find()
        .filter(invitation::Column::TokenSha256.eq(token.to_hex()))
        .filter(invitation::Column::ExpiresAtMs.gt(now.millis()))
        .one(tx)
        .await
        .doing("reading an invitation")?
        .ok_or_else(gone)?;
    let user = find(tx, UserId::stored(&found.user_id)?).await?;
    if user.standing == Standing::Invited { Ok(user) } else { Err(gone()) }
}

/// Adds an invited user within a larger change; gives also what to record.
pub(super) async fn invite_within(
    tx: &DatabaseTransaction,
    actor: &Actor,
    draft: &UserDraft,
    token: &TokenHash,
    expires_at: Timestamp,
) -> Result<(UserId, audit::Entry), RecordsError> {
    let none = SecretString::from(NO_PASSWORD);
    let (user, mut entry) = insert(tx, actor.at, draft, Standing::Invited, &none).await?;
    write(tx, user.id, token, actor.at, expires_at).await?;
    entry.action = "invite";
    Ok((user.id, entry))
}

async fn write(
    tx: &DatabaseTransaction,
    user: UserId,
    token: &TokenHash,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), RecordsError> {
    const DOING: &str = "writing an invitation";
    invitation::Entity::delete_by_id(user.to_string()).exec(tx).await.doing(DOING)?;
    let row = invitation::Model {
        user_id: user.to_string(),
        token_sha256: token.to_hex(),
        created_at_ms: at.millis(),
        expires_at_ms: expires_at.millis(),
    };
    invitation::Entity::insert(row.into_active_model())
        .exec_without_returning(tx)
        .await
        .doing(DOING)?;
    Ok(())
}
