//! Passwords that were made up for a first sign-in (OWASP ASVS 5, 6.4.1). Such
//! a password opens no session: it leads to the choice of another one, and ends
//! by itself. Whoever chooses a password, in whatever way, has none of these.

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use secrecy::SecretString;

use super::codec::entry;
use super::write::{find, write_password};
use super::{User, Users, resets};
use crate::records::audit::{self, Actor};
use crate::records::entity::{initial_password, password_reset};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};

impl Users<'_> {
    /// Until when the password of the user `id` is good, if it is one that was
    /// made up for a first sign-in; `None`: it was chosen.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn initial_until(self, id: UserId) -> Result<Option<Timestamp>, RecordsError> {
        let row = initial_password::Entity::find_by_id(id.to_string()).one(self.0.reader()).await;
        let row = row.doing("reading whether a password was made up")?;
        Ok(row.map(|row| Timestamp(row.expires_at_ms)))
    }

    /// Lets the user `id`, who has given their made-up password, choose another
    /// by `token` until `expires_at`. False, and nothing happens, where they have
    /// none that is still good.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`].
    pub async fn begin_choice(
        self,
        id: UserId,
        token: &TokenHash,
        address: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, RecordsError> {
        const DOING: &str = "leading somebody to the choice of a password";
        let tx = self.begin(DOING).await?;
        let user = find(&tx, id).await?;
        let made_up = initial_password::Entity::find_by_id(id.to_string()).one(&tx).await;
        let is_good = made_up.doing(DOING)?.is_some_and(|row| row.expires_at_ms > now.millis());
        if !is_good || !user.is_active() {
            return Ok(false);
        }
        // Those before were for the same choice: one is enough.
        resets::forget_within(&tx, id).await?;
        let row = password_reset::Model {
            token_sha256: token.to_hex(),
            user_id: id.to_string(),
            created_at_ms: now.millis(),
            expires_at_ms: expires_at.millis(),
        };
        password_reset::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let actor = Actor::new(user.email, now).as_user(id).from_address(address);
        audit::append(&tx, &actor, [entry("use-initial-password", id, None, None)]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(true)
    }

    /// Whether somebody active has a made-up password that has ended.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn has_ended_initial(self, now: Timestamp) -> Result<bool, RecordsError> {
        let tx = self.begin("looking for a made-up password that has ended").await?;
        Ok(ended_within(&tx, now).await?.is_some())
    }

    /// Gives somebody active whose made-up password has ended another, which is made
    /// up too and good until `until`, or, without that, one that was chosen. `None`:
    /// there is nobody. Of several who try, one succeeds.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn renew_initial(
        self,
        actor: &Actor,
        password_hash: &SecretString,
        until: Option<Timestamp>,
    ) -> Result<Option<User>, RecordsError> {
        const DOING: &str = "making up another password";
        let tx = self.begin(DOING).await?;
        let Some(user) = ended_within(&tx, actor.at).await? else { return Ok(None) };
        write_password(&tx, user.id, password_hash).await?;
        if let Some(until) = until {
            write_within(&tx, user.id, until).await?;
        }
        resets::forget_within(&tx, user.id).await?;
        audit::append(&tx, actor, [entry("renew-initial-password", user.id, None, None)]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Some(user))
    }
}

async fn ended_within(
    tx: &DatabaseTransaction,
    now: Timestamp,
) -> Result<Option<User>, RecordsError> {
    let rows = initial_password::Entity::find()
        .filter(initial_password::Column::ExpiresAtMs.lte(now.millis()))
        .order_by_asc(initial_password::Column::UserId)
        .all(tx)
        .await
        .doing("reading made-up passwords that have ended")?;
    for row in rows {
        let user = find(tx, UserId::stored(&row.user_id)?).await?;
        if user.is_active() {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The password of `id` was made up, and is good until `until`.
pub(super) async fn write_within(
    tx: &DatabaseTransaction,
    id: UserId,
    until: Timestamp,
) -> Result<(), RecordsError> {
    let row = initial_password::Model { user_id: id.to_string(), expires_at_ms: until.millis() };
    initial_password::Entity::insert(row.into_active_model())
        .exec_without_returning(tx)
        .await
        .doing("writing down that a password was made up")?;
    Ok(())
}

/// The password of `id` was chosen.
pub(super) async fn forget_within(
    tx: &DatabaseTransaction,
    id: UserId,
) -> Result<(), RecordsError> {
    initial_password::Entity::delete_by_id(id.to_string())
        .exec(tx)
        .await
        .doing("writing down that a password was chosen")?;
    Ok(())
}
