//! Passkeys (WebAuthn): the public half of a key that never leaves its owner's
//! device. What is signed is checked elsewhere.

use correlate::model::Timestamp;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::json;

use super::{Factors, drop_codes_of_nothing};
use crate::records::audit::Actor;
use crate::records::entity::passkey;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{PasskeyId, UserId};
use crate::records::mails::MailDraft;
use crate::records::text;

/// The longest credential id (CTAP 2.2, 6.1: 1,023 bytes) in hex.
const CREDENTIAL_ID_HEX_MAX: usize = 2_046;

/// A passkey to keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PasskeyDraft {
    /// What its owner calls it; one line of at most 200 characters.
    pub name: String,
    /// As its authenticator calls it, in lower-case hexadecimal digits.
    pub credential_id: String,
    /// JSON: the public key and what else a verification needs.
    pub credential: String,
}

/// A passkey of somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passkey {
    /// Names it, for removing it.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// JSON: the public key and what else a verification needs.
    pub credential: String,
    /// Since when they have it.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl Factors<'_> {
    /// The passkeys of `user`, the oldest first.
    ///
    /// # Errors
    /// See [`Factors::status`].
    pub async fn passkeys(self, user: UserId) -> Result<Vec<Passkey>, RecordsError> {
        let rows = passkey::Entity::find()
            .filter(passkey::Column::UserId.eq(user.to_string()))
            .order_by_asc(passkey::Column::CreatedAtMs)
            .order_by_asc(passkey::Column::Id)
            .all(self.0.reader())
            .await
            .doing("listing passkeys")?;
        rows.into_iter().map(read).collect()
    }

    /// The passkey that its authenticator calls `credential_id`.
    ///
    /// # Errors
    /// See [`Factors::status`].
    pub async fn passkey_of(self, credential_id: &str) -> Result<Option<Passkey>, RecordsError> {
        let row = passkey::Entity::find()
            .filter(passkey::Column::CredentialId.eq(credential_id))
            .one(self.0.reader())
            .await
            .doing("reading a passkey")?;
        row.map(read).transpose()
    }

    /// `user` may sign in with this passkey from now on.
    ///
    /// # Errors
    /// [`RecordsError::Exists`] for one that is known, also of somebody else,
    /// and [`RecordsError::Invalid`] for a name that is not allowed and for
    /// more than [`Factors::PASSKEYS_MAX`].
    pub async fn add_passkey(
        self,
        actor: &Actor,
        user: UserId,
        draft: &PasskeyDraft,
        letter: Option<&MailDraft>,
    ) -> Result<PasskeyId, RecordsError> {
        const DOING: &str = "adding a passkey";
        let name = text::name("name", &draft.name)?;
        if draft.credential_id.len() > CREDENTIAL_ID_HEX_MAX {
            return Err(RecordsError::invalid("passkey", "its id is longer than allowed"));
        }
        let tx = self.0.begin(DOING).await?;
        let of_user = passkey::Entity::find()
            .filter(passkey::Column::UserId.eq(user.to_string()))
            .count(&tx)
            .await
            .doing(DOING)?;
        if of_user >= Self::PASSKEYS_MAX as u64 {
            let reason = format!("at most {} at once: remove one first", Self::PASSKEYS_MAX);
            return Err(RecordsError::invalid("passkey", reason));
        }
        let id = PasskeyId::new();
        let row = passkey::Model {
            id: id.to_string(),
            user_id: user.to_string(),
            name: name.clone(),
            credential_id: draft.credential_id.clone(),
            credential: draft.credential.clone(),
            counter: 0,
            created_at_ms: actor.at.millis(),
            last_used_at_ms: None,
        };
        passkey::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .creating("passkey", &name)?;
        let after = Some(json!({ "passkey": name }));
        self.finish(tx, actor, user, "add-passkey", after, letter).await?;
        Ok(id)
    }

    /// The passkey `id` signed at `now`, with `counter`, and is now
    /// `credential`. False if its counter has not moved on: then somebody may
    /// hold a copy of it (WebAuthn Level 3, 6.1.1).
    ///
    /// # Errors
    /// Only of the database.
    pub async fn use_passkey(
        self,
        id: PasskeyId,
        credential: &str,
        counter: u32,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let counter = i64::from(counter);
        let mut moved = Condition::any().add(passkey::Column::Counter.lt(counter));
        if counter == 0 {
            moved = moved.add(passkey::Column::Counter.eq(0));
        }
        let used = passkey::Entity::update_many()
            .col_expr(passkey::Column::Credential, Expr::value(credential))
            .col_expr(passkey::Column::Counter, Expr::value(counter))
            .col_expr(passkey::Column::LastUsedAtMs, Expr::value(now.millis()))
            .filter(passkey::Column::Id.eq(id.to_string()))
            .filter(moved)
            .exec(self.0.writer())
            .await
            .doing("writing the use of a passkey down")?;
        Ok(used.rows_affected == 1)
    }

    /// The passkey `id` of `user` signs nobody in any more. With the last
    /// factor the recovery codes go too.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] if `user` has no such passkey.
    pub async fn remove_passkey(
        self,
        actor: &Actor,
        user: UserId,
        id: PasskeyId,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "removing a passkey";
        let tx = self.0.begin(DOING).await?;
        let row = passkey::Entity::find_by_id(id.to_string())
            .filter(passkey::Column::UserId.eq(user.to_string()))
            .one(&tx)
            .await
            .doing(DOING)?;
        let row = row.ok_or_else(|| RecordsError::not_found("passkey", id))?;
        let after = json!({ "passkey": row.name });
        row.delete(&tx).await.doing(DOING)?;
        drop_codes_of_nothing(&tx, user).await?;
        self.finish(tx, actor, user, "remove-passkey", Some(after), letter).await
    }
}

fn read(row: passkey::Model) -> Result<Passkey, RecordsError> {
    Ok(Passkey {
        id: PasskeyId::stored(&row.id)?,
        user: UserId::stored(&row.user_id)?,
        name: row.name,
        credential: row.credential,
        created_at: Timestamp(row.created_at_ms),
        last_used_at: row.last_used_at_ms.map(Timestamp),
    })
}
