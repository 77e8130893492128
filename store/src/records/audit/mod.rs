//! Who changed what, and when. Entries are appended in the transaction of the
//! change itself and never changed; they hold no secrets.
//!
//! Entries are numbered without gaps, and each carries a hash over itself and
//! the hash before it ([`chain`]), so that a change of an old entry shows.
//! Old ones are forgotten only from the start of the trail, up to a checkpoint
//! ([`retention`]).

mod chain;
mod read;
mod retention;

use correlate::model::Timestamp;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde_json::Value;
use uuid::Uuid;

use super::database::Records;
use super::entity::audit;
use super::error::{Doing, RecordsError};
use super::ids::{ApiTokenId, UserId};
use super::locks::Lock;
use super::text;

pub(super) use chain::chain_what_is_there;
pub use chain::{AuditBreak, AuditVerified};
pub use read::{AuditEntry, AuditFilter};

/// Entries in one INSERT; 12 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 500;

/// Who makes a change, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The user's e-mail address, or a part of the product such as `ingest`.
    pub name: String,
    /// The instant that the change is recorded under.
    pub at: Timestamp,
    /// The user, where it is one.
    pub user: Option<UserId>,
    /// The network address that the request came from.
    pub address: Option<String>,
    /// The API token that the request carried.
    pub token: Option<ApiTokenId>,
}

impl Actor {
    /// `name` acting at `at`: a part of the product, until more is known.
    pub fn new(name: impl Into<String>, at: Timestamp) -> Actor {
        Actor { name: name.into(), at, user: None, address: None, token: None }
    }

    /// The same, as this user.
    #[must_use]
    pub fn as_user(self, user: UserId) -> Actor {
        Actor { user: Some(user), ..self }
    }

    /// The same, from this network address.
    #[must_use]
    pub fn from_address(self, address: impl ToString) -> Actor {
        let address = text::address(&address.to_string());
        Actor { address: Some(address), ..self }
    }

    /// The same, by this API token.
    #[must_use]
    pub fn by_token(self, token: ApiTokenId) -> Actor {
        Actor { token: Some(token), ..self }
    }
}

/// Reads and checks the audit trail.
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a>(&'a Records);

impl Records {
    /// The audit trail.
    pub fn audit(&self) -> Audit<'_> {
        Audit(self)
    }
}

/// What to record beside the actor.
pub(super) struct Entry {
    pub(super) action: &'static str,
    pub(super) object: String,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// Appends entries within `tx`. Whoever else records something waits until
/// `tx` ends, so a change does this last.
pub(super) async fn append(
    tx: &DatabaseTransaction,
    actor: &Actor,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<(), RecordsError> {
    const DOING: &str = "recording a change";
    let mut entries = entries.into_iter().peekable();
    if entries.peek().is_none() {
        return Ok(());
    }
    let mut sequence = Lock::Audit.take(tx).await?;
    let mut hash = chain::last_hash(tx, sequence).await?;
    loop {
        let mut chunk = Vec::new();
        for entry in entries.by_ref().take(INSERT_ROWS) {
            sequence += 1;
            let mut row = row(actor, entry, sequence);
            row.hash = chain::hash(&hash, &row);
            hash.clone_from(&row.hash);
            chunk.push(row.into_active_model());
        }
        if chunk.is_empty() {
            break;
        }
        audit::Entity::insert_many(chunk).exec_without_returning(tx).await.doing(DOING)?;
    }
    Lock::Audit.set(tx, sequence).await
}

fn row(actor: &Actor, entry: Entry, sequence: i64) -> audit::Model {
    audit::Model {
        id: Uuid::now_v7().to_string(),
        at_ms: actor.at.millis(),
        actor: actor.name.clone(),
        action: entry.action.to_owned(),
        object: entry.object,
        before_value: entry.before.map(|value| value.to_string()),
        after_value: entry.after.map(|value| value.to_string()),
        sequence,
        user_id: actor.user.map(|user| user.to_string()),
        address: actor.address.clone(),
        token_id: actor.token.map(|token| token.to_string()),
        hash: String::new(),
    }
}
