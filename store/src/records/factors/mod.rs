//! What people prove themselves with besides a password: one-time codes from
//! an app (TOTP), recovery codes, passkeys; and which roles must have such a
//! second factor.
//!
//! A seed of one-time codes is kept sealed, a recovery code as its hash, a
//! passkey as its public key: whoever reads the database signs in with none of
//! them. Codes and signatures are checked elsewhere; here each counts only once.

mod ceremonies;
mod codes;
mod half;
mod passkeys;
mod rule;
mod totp;

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
};
use serde_json::Value;

pub use ceremonies::{Ceremony, CeremonyKind};
pub use half::HalfSignIn;
pub(super) use half::revoke_within as revoke_half_within;
pub use passkeys::{Passkey, PasskeyDraft};
pub use totp::{TotpSeed, TotpStatus};

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::{passkey, recovery_code, totp_factor, totp_setup, user};
use super::error::{Doing, RecordsError};
use super::ids::UserId;
use super::mails::{self, MailDraft};
use super::sessions;

/// Reads and changes what people prove themselves with.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a>(&'a Records);

/// What a user can prove themselves with besides a password.
#[derive(Clone, Debug)]
pub struct FactorStatus {
    /// One-time codes, if they have set them up.
    pub totp: Option<TotpStatus>,
    /// How many recovery codes they have left.
    pub codes_left: u64,
    /// Their passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
}

impl FactorStatus {
    /// Whether a password alone does not let them in. Recovery codes are no
    /// factor of their own: they stand in for one that is lost.
    pub fn has_second(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }
}

impl Records {
    /// What people prove themselves with besides a password.
    pub fn factors(&self) -> Factors<'_> {
        Factors(self)
    }
}

impl Factors<'_> {
    /// How many recovery codes somebody gets at once.
    pub const RECOVERY_CODES: usize = 10;
    /// How many passkeys one user may have: one for each device and key they
    /// own, and a bound for the list that a browser is sent.
    pub const PASSKEYS_MAX: usize = 20;

    /// What `user` has.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn status(self, user: UserId) -> Result<FactorStatus, RecordsError> {
        let totp = self.totp_status(user).await?;
        let codes_left = codes::left(self.0.reader(), user).await?;
        Ok(FactorStatus { totp, codes_left, passkeys: self.passkeys(user).await? })
    }

    /// Whether a password alone does not let `user` in.
    ///
    /// # Errors
    /// See [`Factors::status`].
    pub async fn has_second(self, user: UserId) -> Result<bool, RecordsError> {
        has_second(self.0.reader(), user).await
    }

    /// Takes every factor from `user`, who has lost theirs, and ends their
    /// sessions: whoever holds one of them now may be somebody else.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for a user who is not there.
    pub async fn reset(
        self,
        actor: &Actor,
        user: UserId,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "taking the factors of a user";
        let tx = self.0.begin(DOING).await?;
        let found = user::Entity::find_by_id(user.to_string()).one(&tx).await.doing(DOING)?;
        if found.is_none() {
            return Err(RecordsError::not_found("user", user));
        }
        totp::forget(&tx, user).await?;
        totp_setup::Entity::delete_by_id(user.to_string()).exec(&tx).await.doing(DOING)?;
        codes::forget(&tx, user).await?;
        passkey::Entity::delete_many()
            .filter(passkey::Column::UserId.eq(user.to_string()))
            .exec(&tx)
            .await
            .doing(DOING)?;
        sessions::revoke_within(&tx, user).await?;
        self.finish(tx, actor, user, "reset-factors", None, letter).await
    }

    /// Ends a change of the factors of `user`: tells them, records it, commits.
    async fn finish(
        self,
        tx: DatabaseTransaction,
        actor: &Actor,
        user: UserId,
        action: &'static str,
        after: Option<Value>,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        if let Some(letter) = letter {
            mails::queue_within(&tx, self.0.keyring(), letter, actor.at).await?;
        }
        let entry = audit::Entry { action, object: format!("user/{user}"), before: None, after };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing("changing what somebody signs in with")
    }

    /// Forgets what was begun and not finished before `now`; gives how many.
    /// None of it works any more: this only saves room.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn prune(self, now: Timestamp) -> Result<u64, RecordsError> {
        let setups = totp_setup::Entity::delete_many()
            .filter(totp_setup::Column::ExpiresAtMs.lte(now.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting seeds that nobody confirmed")?;
        let ceremonies = self.prune_ceremonies(now).await?;
        let halves = self.prune_half(now).await?;
        Ok(setups.rows_affected + ceremonies + halves)
    }
}

async fn has_second(db: &impl ConnectionTrait, user: UserId) -> Result<bool, RecordsError> {
    const DOING: &str = "looking for a second factor";
    let codes = totp_factor::Entity::find_by_id(user.to_string()).count(db).await.doing(DOING)?;
    if codes > 0 {
        return Ok(true);
    }
    let passkeys = passkey::Entity::find()
        .filter(passkey::Column::UserId.eq(user.to_string()))
        .count(db)
        .await
        .doing(DOING)?;
    Ok(passkeys > 0)
}

/// Drops the recovery codes of somebody who has no factor left for which they
/// could stand in.
async fn drop_codes_of_nothing(tx: &DatabaseTransaction, user: UserId) -> Result<(), RecordsError> {
    if !has_second(tx, user).await? {
        recovery_code::Entity::delete_many()
            .filter(recovery_code::Column::UserId.eq(user.to_string()))
            .exec(tx)
            .await
            .doing("forgetting recovery codes")?;
    }
    Ok(())
}
