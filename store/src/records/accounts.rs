//! Accounts at network management systems that were entered in the product:
//! where each is, how it is read, and its API token.
//!
//! A token is sealed for the row that it is in, and given out to nobody but the
//! ingest stage ([`Accounts::watched`]) and a check of the connection
//! ([`Accounts::token`]); pages, the API and the audit trail know who set it
//! and when. Whether a setting makes sense is not known here: who enters an
//! account has it checked by the rules of the configuration first.

use std::collections::BTreeMap;

use correlate::model::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::{nms_account, source_status};
use super::error::{Doing, RecordsError};
use super::{sealing, text};
use crate::keyring::OpenError;

/// The longest URL that is taken.
const URL_CHARS_MAX: usize = 2_000;
/// The longest token that is taken: those of LibreNMS have 32 characters.
const TOKEN_CHARS_MAX: usize = 256;
/// Settings of one account.
const SETTINGS_MAX: usize = 100;
/// What an account is called in the audit trail and in errors.
const KIND: &str = "NMS account";

/// An account as somebody enters it; its name is apart, as it never changes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AccountDraft {
    /// What it speaks, such as `librenms`.
    pub kind: String,
    /// Where it is, without user name and password.
    pub url: String,
    /// How it is read: keys and values as `[[nms]]` of the configuration has
    /// them. What is not here follows `[ingest]`.
    pub settings: BTreeMap<String, String>,
    /// Whether it is read at all.
    pub enabled: bool,
}

/// An account that was entered, without its token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NmsAccount {
    /// The first part of all its component ids.
    pub name: String,
    /// What was entered.
    pub entered: AccountDraft,
    /// Who set the token.
    pub token_set_by: String,
    /// When.
    pub token_set_at: Timestamp,
    /// Another one after every change, the token included.
    pub version: String,
}

/// An account as ingest takes it.
#[derive(Debug)]
pub struct WatchedAccount {
    /// The account.
    pub account: NmsAccount,
    /// Its token, or why it cannot be opened.
    pub token: Result<SecretString, OpenError>,
}

/// Reads and changes the accounts.
#[derive(Clone, Copy, Debug)]
pub struct Accounts<'a>(&'a Records);

impl Records {
    /// The accounts at network management systems that were entered.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }
}

impl Accounts<'_> {
    /// So many accounts can be entered; nobody has as many NMSes.
    pub const MAX: u64 = 200;

    /// Every account, by name.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn list(self) -> Result<Vec<NmsAccount>, RecordsError> {
        self.rows().await?.into_iter().map(read).collect()
    }

    /// One account.
    ///
    /// # Errors
    /// See [`Accounts::list`].
    pub async fn get(self, name: &str) -> Result<Option<NmsAccount>, RecordsError> {
        let row = nms_account::Entity::find_by_id(name).one(self.0.reader()).await;
        row.doing("reading an NMS account")?.map(read).transpose()
    }

    /// The name and version of every account, by name: cheap enough to ask for
    /// every few seconds.
    ///
    /// # Errors
    /// See [`Accounts::list`].
    pub async fn versions(self) -> Result<BTreeMap<String, String>, RecordsError> {
        use nms_account::Column::{Name, Version};
        let found = nms_account::Entity::find().select_only().columns([Name, Version]);
        let found = found.limit(Self::MAX).into_tuple::<(String, String)>().all(self.0.reader());
        Ok(found.await.doing("looking whether NMS accounts changed")?.into_iter().collect())
    }

    /// Every account with its token, for the stage that reads them.
    ///
    /// # Errors
    /// See [`Accounts::list`]; a token that cannot be opened is none of these.
    pub async fn watched(self) -> Result<Vec<WatchedAccount>, RecordsError> {
        let opened = |row: nms_account::Model| {
            let token = self.0.keyring().open_text(&purpose(&row.name), &row.token_sealed);
            Ok(WatchedAccount { account: read(row)?, token })
        };
        self.rows().await?.into_iter().map(opened).collect()
    }

    /// The token of one account, to try its connection with.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], or [`RecordsError::Sealed`].
    pub async fn token(self, name: &str) -> Result<SecretString, RecordsError> {
        let row = nms_account::Entity::find_by_id(name).one(self.0.reader()).await;
        let row = row.doing("reading an NMS account")?;
        let row = row.ok_or_else(|| RecordsError::not_found(KIND, name))?;
        let opened = self.0.keyring().open_text(&purpose(name), &row.token_sealed);
        opened.map_err(|error| RecordsError::sealed(KIND, name, error))
    }

    /// Adds an account.
    ///
    /// # Errors
    /// [`RecordsError::Exists`], or [`RecordsError::Invalid`].
    pub async fn create(
        self,
        actor: &Actor,
        name: &str,
        draft: &AccountDraft,
        token: &SecretString,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "adding an NMS account";
        let (name, draft) = (text::name("name", name)?, checked(draft)?);
        let tx = self.0.begin(DOING).await?;
        if nms_account::Entity::find().count(&tx).await.doing(DOING)? >= Self::MAX {
            let reason = format!("there are {} accounts already, the most there can be", Self::MAX);
            return Err(RecordsError::invalid("name", reason));
        }
        let account = NmsAccount {
            name: name.clone(),
            entered: draft,
            token_set_by: actor.name.clone(),
            token_set_at: actor.at,
            version: Uuid::now_v7().to_string(),
        };
        let row = to_row(&account, self.sealed(&name, token)?);
        nms_account::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .creating(KIND, &name)?;
        note(&tx, actor, "create", None, Some(&account)).await?;
        tx.commit().await.doing(DOING)
    }

    /// Changes an account, with `token` its token as well. Gives whether
    /// anything changed.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`]; [`RecordsError::Invalid`], also for another
    /// URL without a token: the one that is there was given for the old one, and
    /// is sent nowhere else.
    pub async fn update(
        self,
        actor: &Actor,
        name: &str,
        draft: &AccountDraft,
        token: Option<&SecretString>,
    ) -> Result<bool, RecordsError> {
        self.change(actor, name, Some(checked(draft)?), token).await
    }

    /// Puts another token in the place of the one of `name`.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] or [`RecordsError::Invalid`].
    pub async fn set_token(
        self,
        actor: &Actor,
        name: &str,
        token: &SecretString,
    ) -> Result<(), RecordsError> {
        self.change(actor, name, None, Some(token)).await.map(drop)
    }

    async fn change(
        self,
        actor: &Actor,
        name: &str,
        draft: Option<AccountDraft>,
        token: Option<&SecretString>,
    ) -> Result<bool, RecordsError> {
        const DOING: &str = "changing an NMS account";
        let tx = self.0.begin(DOING).await?;
        let row = found(&tx, name, DOING).await?;
        let mut sealed = row.token_sealed.clone();
        let before = read(row)?;
        let draft = draft.unwrap_or_else(|| before.entered.clone());
        if draft.url != before.entered.url && token.is_none() {
            let reason = "give the token again: the one that is there is sent to no other URL";
            return Err(RecordsError::invalid("token", reason));
        }
        if draft == before.entered && token.is_none() {
            return Ok(false);
        }
        let mut after = NmsAccount { entered: draft, ..before.clone() };
        after.version = Uuid::now_v7().to_string();
        if let Some(token) = token {
            sealed = self.sealed(name, token)?;
            after.token_set_by.clone_from(&actor.name);
            after.token_set_at = actor.at;
        }
        write(&tx, &after, sealed, DOING).await?;
        note(&tx, actor, "update", Some(&before), Some(&after)).await?;
        tx.commit().await.doing(DOING)?;
        Ok(true)
    }

    /// Removes the account, its token and its status. Its inventory stays, so
    /// that the past keeps its names.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`].
    pub async fn delete(self, actor: &Actor, name: &str) -> Result<(), RecordsError> {
        const DOING: &str = "removing an NMS account";
        let tx = self.0.begin(DOING).await?;
        let row = found(&tx, name, DOING).await?;
        let before = read(row.clone())?;
        row.delete(&tx).await.doing(DOING)?;
        forget_status(&tx, name).await?;
        note(&tx, actor, "delete", Some(&before), None).await?;
        tx.commit().await.doing(DOING)
    }

    /// Forgets how `name` fared, if it was removed: for ingest, which may have
    /// reported once more before it knew.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn forget_removed(self, name: &str) -> Result<(), RecordsError> {
        const DOING: &str = "forgetting the status of an NMS account";
        let tx = self.0.begin(DOING).await?;
        let is_there = nms_account::Entity::find_by_id(name).one(&tx).await.doing(DOING)?.is_some();
        if !is_there {
            forget_status(&tx, name).await?;
        }
        tx.commit().await.doing(DOING)
    }

    async fn rows(self) -> Result<Vec<nms_account::Model>, RecordsError> {
        let found = nms_account::Entity::find().order_by_asc(nms_account::Column::Name);
        found.limit(Self::MAX).all(self.0.reader()).await.doing("listing NMS accounts")
    }

    fn sealed(self, name: &str, token: &SecretString) -> Result<String, RecordsError> {
        let plain = token.expose_secret();
        if plain.is_empty() || plain.chars().count() > TOKEN_CHARS_MAX {
            let reason = format!("must be 1 to {TOKEN_CHARS_MAX} characters");
            return Err(RecordsError::invalid("token", reason));
        }
        Ok(self.0.keyring().seal(&purpose(name), plain.as_bytes()))
    }
}

fn purpose(name: &str) -> String {
    sealing::purpose(sealing::NMS_TOKEN, &[name])
}

/// Cleans what is stored as text, and keeps it within bounds.
fn checked(draft: &AccountDraft) -> Result<AccountDraft, RecordsError> {
    if draft.url.chars().count() > URL_CHARS_MAX || draft.url.contains(char::is_control) {
        let reason = format!("must be one line of at most {URL_CHARS_MAX} characters");
        return Err(RecordsError::invalid("url", reason));
    }
    if draft.settings.len() > SETTINGS_MAX {
        return Err(RecordsError::invalid("settings", format!("must be at most {SETTINGS_MAX}")));
    }
    for (key, value) in &draft.settings {
        text::name("settings", key)?;
        text::name("settings", value)?;
    }
    Ok(AccountDraft { kind: text::name("kind", &draft.kind)?, ..draft.clone() })
}

async fn found(
    tx: &DatabaseTransaction,
    name: &str,
    doing: &'static str,
) -> Result<nms_account::Model, RecordsError> {
    let row = nms_account::Entity::find_by_id(name).one(tx).await.doing(doing)?;
    row.ok_or_else(|| RecordsError::not_found(KIND, name))
}

async fn write(
    tx: &DatabaseTransaction,
    account: &NmsAccount,
    sealed: String,
    doing: &'static str,
) -> Result<(), RecordsError> {
    let row = to_row(account, sealed).into_active_model().reset_all();
    nms_account::Entity::update(row).exec(tx).await.map(drop).doing(doing)
}

async fn forget_status(tx: &DatabaseTransaction, name: &str) -> Result<(), RecordsError> {
    source_status::Entity::delete_many()
        .filter(source_status::Column::Account.eq(name))
        .exec(tx)
        .await
        .map(drop)
        .doing("forgetting the status of an NMS account")
}

async fn note(
    tx: &DatabaseTransaction,
    actor: &Actor,
    action: &'static str,
    before: Option<&NmsAccount>,
    after: Option<&NmsAccount>,
) -> Result<(), RecordsError> {
    let name = before.or(after).map_or("", |account| account.name.as_str());
    let entry = audit::Entry {
        action,
        object: format!("account/{name}"),
        before: before.map(audit_value),
        after: after.map(audit_value),
    };
    audit::append(tx, actor, [entry]).await
}

/// Without the token, sealed or not.
fn audit_value(account: &NmsAccount) -> Value {
    let AccountDraft { kind, url, settings, enabled } = &account.entered;
    json!({
        "kind": kind,
        "url": url,
        "settings": settings,
        "enabled": enabled,
        "token_set_by": account.token_set_by,
        "token_set_at": account.token_set_at.millis(),
    })
}

fn to_row(account: &NmsAccount, token_sealed: String) -> nms_account::Model {
    let AccountDraft { kind, url, settings, enabled } = account.entered.clone();
    nms_account::Model {
        name: account.name.clone(),
        kind,
        url,
        token_sealed,
        token_set_by: account.token_set_by.clone(),
        token_set_at_ms: account.token_set_at.millis(),
        settings: json!(settings).to_string(),
        enabled,
        version: account.version.clone(),
    }
}

fn read(row: nms_account::Model) -> Result<NmsAccount, RecordsError> {
    let settings = serde_json::from_str(&row.settings)
        .map_err(|error| RecordsError::corrupt(KIND, &row.name, error.to_string()))?;
    Ok(NmsAccount {
        name: row.name,
        entered: AccountDraft { kind: row.kind, url: row.url, settings, enabled: row.enabled },
        token_set_by: row.token_set_by,
        token_set_at: Timestamp(row.token_set_at_ms),
        version: row.version,
    })
}
