//! People who may come in. They are never removed, only made inactive, so that
//! the audit trail keeps meaning somebody.

use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::user;
use super::error::{Doing, RecordsError};
use super::ids::UserId;
use super::locks::Lock;
use super::page::{Change, Page};
use super::{sessions, text};

/// The longest address that mail can carry (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL_CHARS: usize = 254;

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Everything (Dutch: administration).
    Beheer,
    /// Everything of customers, nothing of the installation.
    Accountmanager,
    /// Their own services only (Dutch: customer).
    Klant,
}

impl Role {
    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Beheer => "beheer",
            Role::Accountmanager => "accountmanager",
            Role::Klant => "klant",
        }
    }
}

impl FromStr for Role {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<Role, RecordsError> {
        [Role::Beheer, Role::Accountmanager, Role::Klant]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                let reason = format!("must be beheer, accountmanager or klant, found {text:?}");
                RecordsError::invalid("role", reason)
            })
    }
}

/// The language of somebody's pages and mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Dutch.
    Nl,
    /// English.
    En,
}

impl Language {
    /// The ISO 639-1 code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::Nl => "nl",
            Language::En => "en",
        }
    }
}

impl FromStr for Language {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<Language, RecordsError> {
        match text {
            "nl" => Ok(Language::Nl),
            "en" => Ok(Language::En),
            _ => {
                Err(RecordsError::invalid("language", format!("must be nl or en, found {text:?}")))
            }
        }
    }
}

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
    /// Whether they may come in now.
    pub active: bool,
    /// When they were added.
    pub created_at: Timestamp,
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
    /// Whether they may come in.
    pub active: bool,
}

/// What is needed to check a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose password it is; look at [`User::active`] too.
    pub user: User,
    /// The hash, as whoever made it gave it.
    pub password_hash: SecretString,
}

/// Reads and changes users.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(&'a Records);

impl Records {
    /// The people who may come in.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }
}

impl Users<'_> {
    /// One user.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn get(self, id: UserId) -> Result<Option<User>, RecordsError> {
        let row = user::Entity::find_by_id(id.to_string()).one(self.0.reader()).await;
        row.doing("reading a user")?.map(read).transpose()
    }

    /// The user of an address, active or not; case does not matter.
    ///
    /// # Errors
    /// See [`Users::get`].
    pub async fn by_email(self, email: &str) -> Result<Option<User>, RecordsError> {
        Ok(self.credentials(email).await?.map(|credentials| credentials.user))
    }

    /// The user of an address, active or not, with the hash of the password.
    ///
    /// # Errors
    /// See [`Users::get`].
    pub async fn credentials(self, email: &str) -> Result<Option<Credentials>, RecordsError> {
        let row = user::Entity::find()
            .filter(user::Column::Email.eq(lookup_email(email)))
            .one(self.0.reader())
            .await
            .doing("reading a user")?;
        row.map(|row| {
            let password_hash = SecretString::from(row.password_hash.clone());
            Ok(Credentials { user: read(row)?, password_hash })
        })
        .transpose()
    }

    /// A page of all users, by address.
    ///
    /// # Errors
    /// See [`Users::get`].
    pub async fn list(self, page: Page) -> Result<Vec<User>, RecordsError> {
        let rows = user::Entity::find()
            .order_by_asc(user::Column::Email)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing users")?;
        rows.into_iter().map(read).collect()
    }

    /// How many users there are, active or not.
    ///
    /// # Errors
    /// See [`Users::get`].
    pub async fn count(self) -> Result<u64, RecordsError> {
        user::Entity::find().count(self.0.reader()).await.doing("counting users")
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`RecordsError::Exists`] for a known address, [`RecordsError::Invalid`].
    pub async fn create(
        self,
        actor: &Actor,
        draft: &UserDraft,
        password_hash: &SecretString,
    ) -> Result<UserId, RecordsError> {
        const DOING: &str = "creating a user";
        let tx = self.0.begin(DOING).await?;
        let created = insert(&tx, actor, draft, password_hash).await?;
        tx.commit().await.doing(DOING)?;
        Ok(created.id)
    }

    /// Adds an administrator if there is no user at all; else does nothing and
    /// gives `None`. Only one of several callers succeeds.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an address that is none.
    pub async fn bootstrap_admin(
        self,
        actor: &Actor,
        email: &str,
        language: Language,
        password_hash: &SecretString,
    ) -> Result<Option<User>, RecordsError> {
        const DOING: &str = "creating the first administrator";
        let tx = self.0.begin(DOING).await?;
        Lock::Users.take(&tx).await?;
        if user::Entity::find().limit(1).one(&tx).await.doing(DOING)?.is_some() {
            return Ok(None);
        }
        let draft = UserDraft {
            email: email.to_owned(),
            name: String::new(),
            role: Role::Beheer,
            language,
            active: true,
        };
        let user = insert(&tx, actor, &draft, password_hash).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Some(user))
    }

    /// Changes a user; one made inactive loses every session at once.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], [`RecordsError::Exists`] for another's
    /// address, and [`RecordsError::Invalid`], also when no active
    /// administrator would be left.
    pub async fn update(
        self,
        actor: &Actor,
        id: UserId,
        draft: &UserDraft,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing a user";
        let draft = draft.checked()?;
        let tx = self.0.begin(DOING).await?;
        Lock::Users.take(&tx).await?;
        let row = find(&tx, id).await?;
        let password_hash = SecretString::from(row.password_hash.clone());
        let before = read(row)?;
        let UserDraft { email, name, role, language, active } = draft;
        let after = User { email, name, role, language, active, ..before.clone() };
        if after == before {
            return Ok(Change::Unchanged);
        }
        let rules = |user: &User| user.active && user.role == Role::Beheer;
        if rules(&before) && !rules(&after) && administrators(&tx).await? <= 1 {
            let reason = "somebody must remain an active administrator";
            return Err(RecordsError::invalid("role", reason));
        }
        let row = to_row(&after, &password_hash).into_active_model().reset_all();
        let written = user::Entity::update(row).exec_without_returning(&tx).await;
        written.creating("user", &after.email)?;
        if !after.active {
            sessions::revoke_within(&tx, id).await?;
        }
        let entry = entry("update", id, Some(&before), Some(&after));
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Change::Updated)
    }

    /// Replaces a password and ends every session of its user.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`].
    pub async fn set_password(
        self,
        actor: &Actor,
        id: UserId,
        password_hash: &SecretString,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "changing a password";
        let tx = self.0.begin(DOING).await?;
        find(&tx, id).await?;
        user::Entity::update_many()
            .col_expr(user::Column::PasswordHash, Expr::value(password_hash.expose_secret()))
            .filter(user::Column::Id.eq(id.to_string()))
            .exec(&tx)
            .await
            .doing(DOING)?;
        sessions::revoke_within(&tx, id).await?;
        audit::append(&tx, actor, [entry("set-password", id, None, None)]).await?;
        tx.commit().await.doing(DOING)
    }
}

async fn insert(
    tx: &DatabaseTransaction,
    actor: &Actor,
    draft: &UserDraft,
    password_hash: &SecretString,
) -> Result<User, RecordsError> {
    let UserDraft { email, name, role, language, active } = draft.checked()?;
    let created_at = actor.at;
    let user = User { id: UserId::new(), email, name, role, language, active, created_at };
    user::Entity::insert(to_row(&user, password_hash).into_active_model())
        .exec_without_returning(tx)
        .await
        .creating("user", &user.email)?;
    audit::append(tx, actor, [entry("create", user.id, None, Some(&user))]).await?;
    Ok(user)
}

async fn find(tx: &DatabaseTransaction, id: UserId) -> Result<user::Model, RecordsError> {
    let row = user::Entity::find_by_id(id.to_string()).one(tx).await.doing("reading a user")?;
    row.ok_or_else(|| RecordsError::not_found("user", id))
}

async fn administrators(tx: &DatabaseTransaction) -> Result<u64, RecordsError> {
    user::Entity::find()
        .filter(user::Column::Role.eq(Role::Beheer.as_str()))
        .filter(user::Column::Active.eq(true))
        .count(tx)
        .await
        .doing("counting administrators")
}

impl UserDraft {
    fn checked(&self) -> Result<UserDraft, RecordsError> {
        let email = lookup_email(&self.email);
        let parts = email.rsplit_once('@');
        let valid = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
            && email.chars().count() <= MAX_EMAIL_CHARS
            && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        if !valid {
            let reason = format!("must be an address such as name@example.net, found {email:?}");
            return Err(RecordsError::invalid("email", reason));
        }
        let name = if self.name.trim().is_empty() { &email } else { &self.name };
        Ok(UserDraft { name: text::name("name", name)?, email, ..self.clone() })
    }
}

/// The form in which addresses are stored and looked up.
pub(super) fn lookup_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn to_row(user: &User, password_hash: &SecretString) -> user::Model {
    user::Model {
        id: user.id.to_string(),
        email: user.email.clone(),
        name: user.name.clone(),
        password_hash: password_hash.expose_secret().to_owned(),
        role: user.role.as_str().to_owned(),
        language: user.language.as_str().to_owned(),
        active: user.active,
        created_at_ms: user.created_at.millis(),
    }
}

pub(super) fn read(row: user::Model) -> Result<User, RecordsError> {
    let corrupt = |error: RecordsError| RecordsError::corrupt("user", &row.id, error);
    Ok(User {
        id: UserId::stored(&row.id)?,
        role: row.role.parse().map_err(corrupt)?,
        language: row.language.parse().map_err(corrupt)?,
        email: row.email,
        name: row.name,
        active: row.active,
        created_at: Timestamp(row.created_at_ms),
    })
}

fn entry(
    action: &'static str,
    id: UserId,
    before: Option<&User>,
    after: Option<&User>,
) -> audit::Entry {
    let shown = |user: &User| -> Value {
        json!({
            "email": user.email,
            "name": user.name,
            "role": user.role.as_str(),
            "language": user.language.as_str(),
            "active": user.active,
        })
    };
    audit::Entry {
        action,
        object: format!("user/{id}"),
        before: before.map(shown),
        after: after.map(shown),
    }
}
