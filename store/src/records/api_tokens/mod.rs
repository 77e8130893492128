//! API tokens: how programs come in, each in the name of a user, or as a
//! [service](ServiceGrant) that belongs to nobody in person.
//!
//! What the scopes of a token mean is for the caller; here they are words.

mod pages;
mod service;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};
use serde_json::json;

pub use service::ServiceGrant;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::{api_token, user};
use super::error::{Doing, RecordsError};
use super::ids::{ApiTokenId, CustomerId, TokenHash, UserId};
use super::mails::{self, MailDraft};
use super::{text, users};

/// The longest beginning of a token that may be stored: more would help
/// whoever guesses the rest.
const MAX_PREFIX_CHARS: usize = 12;
/// Scopes that one token may have; there are fewer.
const MAX_SCOPES: usize = 100;

const KIND_PERSONAL: &str = "personal";
const KIND_SERVICE: &str = "service";

/// Tokens in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// An API token to issue.
#[derive(Clone, Debug)]
pub struct ApiTokenDraft {
    /// What it is for.
    pub name: String,
    /// In whose name it acts; who issues it, where `grant` is given.
    pub user: UserId,
    /// Of the whole token.
    pub token: TokenHash,
    /// How the token begins, so that people can tell theirs apart; at most 12
    /// characters.
    pub prefix: String,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// What it is good for, words without blanks; `None`: whatever its holder may.
    pub scopes: Option<BTreeSet<String>>,
    /// As what it acts, if it is one of a service.
    pub grant: Option<ServiceGrant>,
    /// The token by which it is issued, if by one: it works no longer than that.
    pub parent: Option<ApiTokenId>,
}

/// An API token as its user may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiToken {
    /// Names it, for revoking it; does not open anything.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// In whose name it acts; who issued it, where `grant` is there.
    pub user: UserId,
    /// How it begins.
    pub prefix: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// Its last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// What it is good for; `None`: whatever its holder may.
    pub scopes: Option<BTreeSet<String>>,
    /// As what it acts, if it is one of a service.
    pub grant: Option<ServiceGrant>,
}

/// For whom a token acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenHolder {
    /// Somebody.
    User(users::User),
    /// A service.
    Service(ServiceGrant),
}

/// Issues, finds and revokes API tokens.
#[derive(Clone, Copy, Debug)]
pub struct ApiTokens<'a>(&'a Records);

impl Records {
    /// How programs come in.
    pub fn api_tokens(&self) -> ApiTokens<'_> {
        ApiTokens(self)
    }
}

impl ApiTokenDraft {
    /// The row of this draft, checked.
    fn row(&self, id: ApiTokenId, at: Timestamp) -> Result<api_token::Model, RecordsError> {
        let name = text::name("name", &self.name)?;
        if self.prefix.chars().count() > MAX_PREFIX_CHARS {
            let reason = format!("must have at most {MAX_PREFIX_CHARS} characters");
            return Err(RecordsError::invalid("prefix", reason));
        }
        let is_word = |scope: &String| {
            !scope.is_empty()
                && scope.len() <= 50
                && scope.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if let Some(scopes) = &self.scopes
            && (scopes.is_empty() || scopes.len() > MAX_SCOPES || !scopes.iter().all(is_word))
        {
            return Err(RecordsError::invalid("scopes", "must be one or more words"));
        }
        if self.grant.is_some() && self.scopes.is_none() {
            return Err(RecordsError::invalid("scopes", "say what the token is good for"));
        }
        let kind = if self.grant.is_some() { KIND_SERVICE } else { KIND_PERSONAL };
        Ok(api_token::Model {
            id: id.to_string(),
            token_sha256: self.token.to_hex(),
            prefix: self.prefix.clone(),
            name,
            user_id: self.user.to_string(),
            created_at_ms: at.millis(),
            expires_at_ms: self.expires_at.map(Timestamp::millis),
            last_used_at_ms: None,
            revoked_at_ms: None,
            kind: kind.to_owned(),
            scopes: self.scopes.as_ref().map(joined),
            role: self.grant.as_ref().map(|grant| grant.role.as_str().to_owned()),
            parent_id: self.parent.map(|parent| parent.to_string()),
        })
    }

    fn entry(&self, id: ApiTokenId, row: &api_token::Model) -> audit::Entry {
        let customers = self
            .grant
            .as_ref()
            .map(|grant| grant.customers.iter().map(ToString::to_string).collect::<Vec<String>>());
        let after = json!({
            "name": row.name,
            "prefix": row.prefix,
            "kind": row.kind,
            "user": row.user_id,
            "expires_at": row.expires_at_ms,
            "scopes": self.scopes,
            "role": row.role,
            "customers": customers,
            "parent": row.parent_id,
        });
        let object = format!("api-token/{id}");
        audit::Entry { action: "create", object, before: None, after: Some(after) }
    }
}

impl ApiTokens<'_> {
    /// How often a use is written down: a program may make many a second.
    pub const TOUCH_INTERVAL_MS: i64 = 60_000;

    /// Issues a token, and tells its user by `letter`. One that is issued by
    /// another ends with it at the latest.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for a user that is not there or not active and
    /// for a parent that does not work, [`RecordsError::Invalid`] for a name,
    /// prefix, scope, customer or end that is not allowed.
    pub async fn create(
        self,
        actor: &Actor,
        draft: &ApiTokenDraft,
        letter: Option<&MailDraft>,
    ) -> Result<ApiTokenId, RecordsError> {
        const DOING: &str = "issuing an API token";
        let id = ApiTokenId::new();
        let mut row = draft.row(id, actor.at)?;
        let tx = self.0.begin(DOING).await?;
        if let Some(parent) = draft.parent {
            row.expires_at_ms = tree::end_below(&tx, parent, row.expires_at_ms).await?;
        }
        let owner = user::Entity::find_by_id(draft.user.to_string())
            .filter(user::Column::Active.eq(true))
            .one(&tx)
            .await
            .doing(DOING)?;
        if owner.is_none() {
            return Err(RecordsError::not_found("user", draft.user));
        }
        let entry = draft.entry(id, &row);
        api_token::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .creating("API token", &draft.prefix)?;
        if let Some(grant) = &draft.grant {
            service::write_customers(&tx, id, grant).await?;
        }
        if let Some(letter) = letter {
            mails::queue_within(&tx, self.0.keyring(), letter, actor.at).await?;
        }
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// The token and for whom it acts, if it works at `now` and its user is
    /// active. Writes down the use, at most once in
    /// [`ApiTokens::TOUCH_INTERVAL_MS`].
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn find(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, TokenHolder)>, RecordsError> {
        const DOING: &str = "reading an API token";
        let unexpired = Condition::any()
            .add(api_token::Column::ExpiresAtMs.is_null())
            .add(api_token::Column::ExpiresAtMs.gt(now.millis()));
        let row = api_token::Entity::find()
            .filter(api_token::Column::TokenSha256.eq(token.to_hex()))
            .filter(api_token::Column::RevokedAtMs.is_null())
            .filter(unexpired)
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(mut row) = row else { return Ok(None) };
        let ids = [row.id.clone()];
        let mut customers = service::customers_of(self.0.reader(), &ids).await?;
        let customers = customers.remove(&row.id).unwrap_or_default();
        if row.kind == KIND_SERVICE {
            self.touch(&mut row, now).await?;
            let token = read(row, customers)?;
            let grant = token.grant.clone();
            return Ok(grant.map(|grant| (token, TokenHolder::Service(grant))));
        }
        let owner = user::Entity::find_by_id(row.user_id.as_str())
            .filter(user::Column::Active.eq(true))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(owner) = owner else { return Ok(None) };
        self.touch(&mut row, now).await?;
        let owner = users::load_one(self.0.reader(), owner).await?;
        Ok(Some((read(row, customers)?, TokenHolder::User(owner))))
    }

    async fn touch(self, row: &mut api_token::Model, now: Timestamp) -> Result<(), RecordsError> {
        let unused_ms = |last: i64| now.millis().saturating_sub(last);
        if row.last_used_at_ms.is_some_and(|last| unused_ms(last) < Self::TOUCH_INTERVAL_MS) {
            return Ok(());
        }
        row.last_used_at_ms = Some(now.millis());
        api_token::Entity::update_many()
            .col_expr(api_token::Column::LastUsedAtMs, Expr::value(now.millis()))
            .filter(api_token::Column::Id.eq(row.id.as_str()))
            .exec(self.0.writer())
            .await
            .doing("noting the use of an API token")?;
        Ok(())
    }

    /// Every token of `user`, revoked and expired ones too, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(self, user: UserId) -> Result<Vec<ApiToken>, RecordsError> {
        let rows = api_token::Entity::find()
            .filter(api_token::Column::Kind.eq(KIND_PERSONAL))
            .filter(api_token::Column::UserId.eq(user.to_string()))
            .order_by_desc(api_token::Column::CreatedAtMs)
            .order_by_desc(api_token::Column::Id)
            .all(self.0.reader())
            .await
            .doing("listing API tokens")?;
        rows.into_iter().map(|row| read(row, BTreeSet::new())).collect()
    }

    /// What tokens are called and how they begin, of those of `ids` that are there.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn names(
        self,
        ids: &BTreeSet<ApiTokenId>,
    ) -> Result<BTreeMap<ApiTokenId, (String, String)>, RecordsError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut names = BTreeMap::new();
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let rows = api_token::Entity::find()
                .filter(api_token::Column::Id.is_in(chunk))
                .all(self.0.reader())
                .await
                .doing("reading the names of API tokens")?;
            for row in rows {
                names.insert(ApiTokenId::stored(&row.id)?, (row.name, row.prefix));
            }
        }
        Ok(names)
    }

    /// Stops a token of `user` from working, and those that were issued by it.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] if `user` has no such token in force.
    pub async fn revoke(
        self,
        actor: &Actor,
        user: UserId,
        id: ApiTokenId,
    ) -> Result<(), RecordsError> {
        self.revoke_one(actor, id, personal(user)).await
    }

    async fn revoke_one(
        self,
        actor: &Actor,
        id: ApiTokenId,
        of: Condition,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "revoking an API token";
        let tx = self.0.begin(DOING).await?;
        let of = of.add(api_token::Column::Id.eq(id.to_string()));
        let fallen = tree::revoke(&tx, of, actor.at).await?;
        if fallen.is_empty() {
            return Err(RecordsError::not_found("API token", id));
        }
        let entries: Vec<audit::Entry> = fallen.iter().map(|id| tree::entry(id)).collect();
        audit::append(&tx, actor, entries).await?;
        tx.commit().await.doing(DOING)
    }
}

/// Stops every personal token of `user` from working, and what was issued by
/// one, within a larger change and at its instant, which its audit entry tells.
pub(super) async fn revoke_within(
    tx: &DatabaseTransaction,
    user: UserId,
    at: Timestamp,
) -> Result<u64, RecordsError> {
    Ok(tree::revoke(tx, personal(user), at).await?.len() as u64)
}

/// The same, of those that are good for whatever their user may.
pub(super) async fn revoke_unbounded_within(
    tx: &DatabaseTransaction,
    user: UserId,
    at: Timestamp,
) -> Result<u64, RecordsError> {
    let unbounded = personal(user).add(api_token::Column::Scopes.is_null());
    Ok(tree::revoke(tx, unbounded, at).await?.len() as u64)
}

/// Stops every token of a service that `user` issued from working, within a
/// larger change; gives what to record of each.
pub(super) async fn revoke_issued_within(
    tx: &DatabaseTransaction,
    user: UserId,
    at: Timestamp,
) -> Result<Vec<audit::Entry>, RecordsError> {
    let fallen = tree::revoke(tx, service::issued_by(user), at).await?;
    Ok(fallen.iter().map(|id| tree::entry(id)).collect())
}

fn personal(user: UserId) -> Condition {
    Condition::all()
        .add(api_token::Column::Kind.eq(KIND_PERSONAL))
        .add(api_token::Column::UserId.eq(user.to_string()))
}

fn joined(scopes: &BTreeSet<String>) -> String {
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    scopes.join(" ")
}

fn read(row: api_token::Model, customers: BTreeSet<CustomerId>) -> Result<ApiToken, RecordsError> {
    let role = row.role.as_deref().map(str::parse).transpose();
    let role = role.map_err(|error| RecordsError::corrupt("API token", &row.id, error))?;
    let scopes = row.scopes.as_deref();
    Ok(ApiToken {
        id: ApiTokenId::stored(&row.id)?,
        user: UserId::stored(&row.user_id)?,
        name: row.name,
        prefix: row.prefix,
        created_at: Timestamp(row.created_at_ms),
        expires_at: row.expires_at_ms.map(Timestamp),
        last_used_at: row.last_used_at_ms.map(Timestamp),
        revoked_at: row.revoked_at_ms.map(Timestamp),
        scopes: scopes.map(|text| text.split_whitespace().map(str::to_owned).collect()),
        grant: role.map(|role| ServiceGrant { role, customers }),
    })
}
