//! Seeds of one-time codes. A seed counts once its owner has given a code of
//! it, and of each step one code counts, on whichever process it is given.

use correlate::model::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};
use secrecy::{ExposeSecret, SecretSlice};

use super::{Factors, codes, drop_codes_of_nothing};
use crate::records::audit::Actor;
use crate::records::database::Records;
use crate::records::entity::{totp_factor, totp_setup};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::mails::MailDraft;
use crate::records::sealing;

/// That somebody has set one-time codes up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TotpStatus {
    /// Since when.
    pub since: Timestamp,
    /// When a code was last given at a sign-in.
    pub last_used_at: Option<Timestamp>,
}

/// The seed of somebody's one-time codes.
#[derive(Clone, Debug)]
pub struct TotpSeed {
    /// The seed itself, as RFC 6238 calls it: K.
    pub seed: SecretSlice<u8>,
    sealed: String,
}

impl Factors<'_> {
    pub(super) async fn totp_status(
        self,
        user: UserId,
    ) -> Result<Option<TotpStatus>, RecordsError> {
        let row = totp_factor::Entity::find_by_id(user.to_string()).one(self.0.reader()).await;
        Ok(row.doing("reading whether somebody has one-time codes")?.map(|row| TotpStatus {
            since: Timestamp(row.since_ms),
            last_used_at: row.last_used_at_ms.map(Timestamp),
        }))
    }

    /// Keeps a seed that `user` may [confirm](Factors::confirm_totp) until
    /// `expires_at`, instead of the one before. It counts for nothing yet.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin_totp(
        self,
        user: UserId,
        seed: &SecretSlice<u8>,
        expires_at: Timestamp,
    ) -> Result<(), RecordsError> {
        use totp_setup::Column::{ExpiresAtMs, Sealed, UserId as Owner};
        let row = totp_setup::Model {
            user_id: user.to_string(),
            sealed: seal(self.0, user, seed),
            expires_at_ms: expires_at.millis(),
        };
        let replace = OnConflict::column(Owner).update_columns([Sealed, ExpiresAtMs]).to_owned();
        totp_setup::Entity::insert(row.into_active_model())
            .on_conflict(replace)
            .exec_without_returning(self.0.writer())
            .await
            .doing("keeping a new seed")?;
        Ok(())
    }

    /// The seed that `user` may confirm at `now`.
    ///
    /// # Errors
    /// As for [`Factors::status`]; also when the key that sealed it is gone.
    pub async fn totp_setup(
        self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<TotpSeed>, RecordsError> {
        let row = totp_setup::Entity::find_by_id(user.to_string())
            .filter(totp_setup::Column::ExpiresAtMs.gt(now.millis()))
            .one(self.0.reader())
            .await
            .doing("reading a new seed")?;
        row.map(|row| open(self.0, user, row.sealed)).transpose()
    }

    /// The seed of `user`, whose codes count.
    ///
    /// # Errors
    /// As for [`Factors::totp_setup`].
    pub async fn totp(self, user: UserId) -> Result<Option<TotpSeed>, RecordsError> {
        let row = totp_factor::Entity::find_by_id(user.to_string())
            .one(self.0.reader())
            .await
            .doing("reading a seed")?;
        row.map(|row| open(self.0, user, row.sealed)).transpose()
    }

    /// The new seed counts from now on, instead of the one before: its owner
    /// gave the code of `step`. Whoever has no recovery codes gets `codes`; says
    /// whether that is so.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] when another seed was begun meanwhile.
    pub async fn confirm_totp(
        self,
        actor: &Actor,
        user: UserId,
        seed: &TotpSeed,
        step: i64,
        codes: &[TokenHash],
        letter: Option<&MailDraft>,
    ) -> Result<bool, RecordsError> {
        const DOING: &str = "confirming a seed";
        let tx = self.0.begin(DOING).await?;
        let taken = totp_setup::Entity::delete_many()
            .filter(totp_setup::Column::UserId.eq(user.to_string()))
            .filter(totp_setup::Column::Sealed.eq(seed.sealed.as_str()))
            .exec(&tx)
            .await
            .doing(DOING)?;
        if taken.rows_affected == 0 {
            return Err(RecordsError::not_found("seed", user));
        }
        let had_one = forget(&tx, user).await?;
        let row = totp_factor::Model {
            user_id: user.to_string(),
            sealed: seed.sealed.clone(),
            since_ms: actor.at.millis(),
            last_step: step,
            last_used_at_ms: None,
        };
        totp_factor::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let is_given = codes::give_if_none(&tx, user, codes).await?;
        let action = if had_one { "replace-totp" } else { "set-up-totp" };
        self.finish(tx, actor, user, action, None, letter).await?;
        Ok(is_given)
    }

    /// Takes the code of `step`, which `user` gave at `now`: false if it, or a
    /// later one, was taken before.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn use_totp(
        self,
        user: UserId,
        seed: &TotpSeed,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let taken = totp_factor::Entity::update_many()
            .col_expr(totp_factor::Column::LastStep, Expr::value(step))
            .col_expr(totp_factor::Column::LastUsedAtMs, Expr::value(now.millis()))
            .filter(totp_factor::Column::UserId.eq(user.to_string()))
            .filter(totp_factor::Column::Sealed.eq(seed.sealed.as_str()))
            .filter(totp_factor::Column::LastStep.lt(step))
            .exec(self.0.writer())
            .await
            .doing("taking a one-time code")?;
        Ok(taken.rows_affected == 1)
    }

    /// `user` has no one-time codes any more, and no recovery codes either
    /// unless a passkey is left.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] if they had none.
    pub async fn remove_totp(
        self,
        actor: &Actor,
        user: UserId,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        let tx = self.0.begin("removing a seed").await?;
        if !forget(&tx, user).await? {
            return Err(RecordsError::not_found("seed", user));
        }
        drop_codes_of_nothing(&tx, user).await?;
        self.finish(tx, actor, user, "remove-totp", None, letter).await
    }
}

/// Forgets the seed of `user`; says whether there was one.
pub(super) async fn forget(tx: &DatabaseTransaction, user: UserId) -> Result<bool, RecordsError> {
    let gone = totp_factor::Entity::delete_by_id(user.to_string()).exec(tx).await;
    Ok(gone.doing("forgetting a seed")?.rows_affected > 0)
}

/// A seed is bound to its owner: moved to another's row it opens nothing.
fn purpose(user: UserId) -> String {
    sealing::purpose(sealing::TOTP_SEED, &[&user.to_string()])
}

fn seal(records: &Records, user: UserId, seed: &SecretSlice<u8>) -> String {
    records.keyring().seal(&purpose(user), seed.expose_secret())
}

fn open(records: &Records, user: UserId, sealed: String) -> Result<TotpSeed, RecordsError> {
    let opened = records.keyring().open(&purpose(user), &sealed);
    let seed =
        opened.map_err(|error| RecordsError::sealed("seed of one-time codes", user, error))?;
    Ok(TotpSeed { seed, sealed })
}
