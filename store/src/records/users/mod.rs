//! People who may come in. They are never removed, only made inactive, so that
//! the audit trail keeps meaning somebody.
//!
//! Somebody comes in by an [invitation](invitations), acts for customers, and
//! stays in as long as their [`Standing`] is [`Standing::Active`]: whatever
//! else it becomes ends their sessions and tokens in the same transaction.

mod codec;
mod fault;
mod import;
mod initial;
mod invitations;
mod kinds;
mod notices;
mod resets;
mod sign_on;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::sea_query::{Condition, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::SecretString;

use super::database::Records;
use super::entity::{customer, user, user_customer};
use super::error::{Doing, RecordsError};
use super::ids::{CustomerId, UserId};
use super::page::{Page, holds_words};
use crate::Scope;

pub(super) use codec::lookup_email;
pub use fault::{LineFault, ListFault};
pub use import::{ImportedUser, UserDifference, UserImport, UserLine, UserPlan};
pub use invitations::Invited;
pub use kinds::{Language, Role, Standing};
pub use sign_on::{LinkedIdentity, SignOnGrant, SignOnIdentity, SignedOn};

/// Users in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// Somebody who may come in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Their identity.
    pub id: UserId,
    /// Their address, lower-cased; unique.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The language they read.
    pub language: Language,
    /// The IANA zone in which they read instants; `None`: that of the product.
    pub time_zone: Option<String>,
    /// Where notifications go; `None`: to [`User::email`].
    pub notification_email: Option<String>,
    /// Whether mail is known to arrive there; nothing goes there before.
    pub notification_proven: bool,
    /// The customers that they act for.
    pub customers: BTreeSet<CustomerId>,
    /// Whether they may come in now.
    pub standing: Standing,
    /// Counts changes from 1; hand it back to [`Users::update`].
    pub revision: i64,
    /// When they were added.
    pub created_at: Timestamp,
}

impl User {
    /// Whether they may come in now.
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }
}

/// A user as somebody wants them to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserDraft {
    /// Their address; case does not matter.
    pub email: String,
    /// What to call them; the address when empty.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The language they read.
    pub language: Language,
    /// The IANA zone in which they read instants; nothing when empty.
    pub time_zone: Option<String>,
    /// Where notifications go; nothing when empty.
    pub notification_email: Option<String>,
    /// The customers that they act for; none for administrators.
    pub customers: BTreeSet<CustomerId>,
}

impl UserDraft {
    /// Somebody of whom only address and role are known.
    pub fn new(email: impl Into<String>, role: Role) -> UserDraft {
        UserDraft {
            email: email.into(),
            name: String::new(),
            role,
            language: Language::Nl,
            time_zone: None,
            notification_email: None,
            customers: BTreeSet::new(),
        }
    }
}

/// What people may change of themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileDraft {
    /// What to call them; the address when empty.
    pub name: String,
    /// The language they read.
    pub language: Language,
    /// The IANA zone in which they read instants; nothing when empty.
    pub time_zone: Option<String>,
    /// Where notifications go; nothing when empty.
    pub notification_email: Option<String>,
}

/// Which users to list; every condition that is given holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct UserFilter {
    /// Words that all occur in address or name; case does not matter.
    pub search: Option<String>,
    /// Only those with this role.
    pub role: Option<Role>,
    /// Only those who stand so.
    pub standing: Option<Standing>,
    /// Only those who act for this customer.
    pub customer: Option<CustomerId>,
}

/// What is needed to check a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose password it is; look at [`User::is_active`] too.
    pub user: User,
    /// The hash, as whoever made it gave it.
    pub password_hash: SecretString,
}

/// Reads and changes users.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(&'a Records);

/// Users as far as a reader may see them: in bounds, only those with the role
/// `klant` who act for a customer in the scope.
#[derive(Clone, Copy, Debug)]
pub struct UsersWithin<'a> {
    records: &'a Records,
    scope: &'a Scope,
}

impl Records {
    /// The people who may come in.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }
}

impl<'a> Users<'a> {
    /// The users as far as `scope` goes; the way for whatever shows users.
    pub fn within(self, scope: &'a Scope) -> UsersWithin<'a> {
        UsersWithin { records: self.0, scope }
    }

    /// The user of an address, active or not; case does not matter.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn by_email(self, email: &str) -> Result<Option<User>, RecordsError> {
        Ok(self.credentials(email).await?.map(|credentials| credentials.user))
    }

    /// The user with this id, active or not: for whoever knows already that it
    /// is them who asks.
    ///
    /// # Errors
    /// See [`Users::by_email`].
    pub async fn by_id(self, id: UserId) -> Result<Option<User>, RecordsError> {
        let row = user::Entity::find_by_id(id.to_string()).one(self.0.reader()).await;
        load_any(self.0.reader(), row.doing("reading a user")?).await
    }

    /// The user of an address, active or not, with the hash of the password.
    ///
    /// # Errors
    /// See [`Users::by_email`].
    pub async fn credentials(self, email: &str) -> Result<Option<Credentials>, RecordsError> {
        let row = user::Entity::find()
            .filter(user::Column::Email.eq(lookup_email(email)))
            .one(self.0.reader())
            .await
            .doing("reading a user")?;
        let Some(row) = row else { return Ok(None) };
        let password_hash = SecretString::from(row.password_hash.clone());
        Ok(Some(Credentials { user: load_one(self.0.reader(), row).await?, password_hash }))
    }

    /// How many users there are, active or not.
    ///
    /// # Errors
    /// See [`Users::by_email`].
    pub async fn count(self) -> Result<u64, RecordsError> {
        user::Entity::find().count(self.0.reader()).await.doing("counting users")
    }

    /// What `user` may see: an administrator everything, an account manager
    /// the customers that are assigned to them or that they act for, a
    /// customer's user the customers that they act for.
    ///
    /// # Errors
    /// See [`Users::by_email`].
    pub async fn scope_of(self, user: &User) -> Result<Scope, RecordsError> {
        let own = user.customers.iter().copied();
        match user.role {
            Role::Beheer => Ok(Scope::everything()),
            Role::Klant => Ok(Scope::customers(own)),
            Role::Accountmanager => {
                let assigned: Vec<String> = customer::Entity::find()
                    .select_only()
                    .column(customer::Column::Id)
                    .filter(customer::Column::AccountManager.eq(user.id.to_string()))
                    .order_by_asc(customer::Column::Id)
                    .limit(Scope::CUSTOMERS_MAX as u64)
                    .into_tuple()
                    .all(self.0.reader())
                    .await
                    .doing("reading the customers of an account manager")?;
                let assigned: Vec<CustomerId> =
                    assigned.iter().map(|id| CustomerId::stored(id)).collect::<Result<_, _>>()?;
                Ok(Scope::customers(own.chain(assigned)))
            }
        }
    }
}

impl UsersWithin<'_> {
    /// One user.
    ///
    /// # Errors
    /// See [`Users::by_email`]; so for every method here.
    pub async fn get(self, id: UserId) -> Result<Option<User>, RecordsError> {
        let row = user::Entity::find_by_id(id.to_string())
            .filter(in_scope(self.scope))
            .one(self.records.reader())
            .await
            .doing("reading a user")?;
        match row {
            None => Ok(None),
            Some(row) => {
                let mut user = load_one(self.records.reader(), row).await?;
                hide_others(&mut user, self.scope);
                Ok(Some(user))
            }
        }
    }

    /// The users that `filter` lets through, by address.
    ///
    /// # Errors
    /// See [`UsersWithin::get`].
    pub async fn list(self, filter: &UserFilter, page: Page) -> Result<Vec<User>, RecordsError> {
        let rows = user::Entity::find()
            .filter(filter.condition(self.scope))
            .filter(in_scope(self.scope))
            .order_by_asc(user::Column::Email)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.records.reader())
            .await
            .doing("listing users")?;
        let mut users = load(self.records.reader(), rows).await?;
        // An account manager need not know for whom else somebody acts.
        users.iter_mut().for_each(|user| hide_others(user, self.scope));
        Ok(users)
    }

    /// How many users `filter` lets through.
    ///
    /// # Errors
    /// See [`UsersWithin::get`].
    pub async fn count(self, filter: &UserFilter) -> Result<u64, RecordsError> {
        user::Entity::find()
            .filter(filter.condition(self.scope))
            .filter(in_scope(self.scope))
            .count(self.records.reader())
            .await
            .doing("counting users")
    }

    /// What people are called, of those of `ids` who are there.
    ///
    /// # Errors
    /// See [`UsersWithin::get`].
    pub async fn names(self, ids: &[UserId]) -> Result<BTreeMap<UserId, String>, RecordsError> {
        let mut names = BTreeMap::new();
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let rows: Vec<(String, String)> = user::Entity::find()
                .select_only()
                .column(user::Column::Id)
                .column(user::Column::Name)
                .filter(user::Column::Id.is_in(chunk.iter().map(ToString::to_string)))
                .into_tuple()
                .all(self.records.reader())
                .await
                .doing("reading the names of users")?;
            for (id, name) in rows {
                names.insert(UserId::stored(&id)?, name);
            }
        }
        Ok(names)
    }
}

fn hide_others(user: &mut User, scope: &Scope) {
    user.customers.retain(|customer| scope.holds(Some(*customer)));
}

fn in_scope(scope: &Scope) -> Condition {
    if scope.is_everything() {
        return Condition::all();
    }
    Condition::all()
        .add(user::Column::Role.eq(Role::Klant.as_str()))
        .add(acts_for(scope.condition(user_customer::Column::CustomerId)))
}

fn acts_for(condition: Condition) -> Condition {
    let mut acting = Query::select();
    acting.column(user_customer::Column::UserId).from(user_customer::Entity).cond_where(condition);
    Condition::all().add(user::Column::Id.in_subquery(acting.take()))
}

impl UserFilter {
    /// A customer outside of `scope` is one that nobody acts for: whoever may
    /// not see it must not learn which of their own people act for it too.
    fn condition(&self, scope: &Scope) -> Condition {
        let mut all = Condition::all();
        if let Some(words) = &self.search {
            all = all.add(holds_words(user::Column::SearchText, words));
        }
        if let Some(role) = self.role {
            all = all.add(user::Column::Role.eq(role.as_str()));
        }
        if let Some(standing) = self.standing {
            all = all.add(user::Column::Standing.eq(standing.as_str()));
        }
        if let Some(customer) = self.customer {
            let of = user_customer::Column::CustomerId.eq(customer.to_string());
            let seen = scope.condition(user_customer::Column::CustomerId);
            all = all.add(acts_for(seen.add(of)));
        }
        all
    }
}

/// The user of `row`, with the customers that they act for.
pub(super) async fn load_one(
    db: &impl ConnectionTrait,
    row: user::Model,
) -> Result<User, RecordsError> {
    let id = row.id.clone();
    let mut users = load(db, vec![row]).await?;
    users.pop().ok_or_else(|| RecordsError::not_found("user", id))
}

/// The same, if there is a row.
async fn load_any(
    db: &impl ConnectionTrait,
    row: Option<user::Model>,
) -> Result<Option<User>, RecordsError> {
    match row {
        Some(row) => Ok(Some(load_one(db, row).await?)),
        None => Ok(None),
    }
}

async fn load(
    db: &impl ConnectionTrait,
    rows: Vec<user::Model>,
) -> Result<Vec<User>, RecordsError> {
    let mut customers: BTreeMap<String, BTreeSet<CustomerId>> = BTreeMap::new();
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    for chunk in ids.chunks(IDS_PER_QUERY) {
        let found = user_customer::Entity::find()
            .filter(user_customer::Column::UserId.is_in(chunk.iter().copied()))
            .all(db)
            .await
            .doing("reading for whom users act")?;
        for row in found {
            let customer = CustomerId::stored(&row.customer_id)?;
            customers.entry(row.user_id).or_default().insert(customer);
        }
    }
    rows.into_iter()
        .map(|row| {
            let customers = customers.remove(&row.id).unwrap_or_default();
            codec::read(row, customers)
        })
        .collect()
}
