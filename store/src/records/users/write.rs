//! Changing users. Every change takes the lock of the users first: so there is
//! always an administrator, and an address belongs to one.

use correlate::model::Timestamp;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};

use super::codec::{self, entry};
use super::sign_on::has_identity;
use super::{
    Language, ProfileDraft, Role, Standing, User, UserDraft, Users, initial, load_one, notices,
    resets,
};
use crate::Scope;
use crate::records::audit::{self, Actor};
use crate::records::entity::{customer, invitation, user, user_customer, user_identity};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{CustomerId, UserId};
use crate::records::locks::Lock;
use crate::records::mails::{self, MailDraft};
use crate::records::page::Change;
use crate::records::{api_tokens, devices, sessions};

/// Rows in one INSERT; 2 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 1_000;

impl Users<'_> {
    /// Adds a user who may come in at once. People are [invited](Users::invite)
    /// instead, so that nobody else knows their password.
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
        let tx = self.begin(DOING).await?;
        let (user, entry) = insert(&tx, actor.at, draft, Standing::Active, password_hash).await?;
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(user.id)
    }

    /// Adds an administrator if there is no user at all; else does nothing and
    /// gives `None`. Only one of several callers succeeds. With `initial_until`
    /// the password is one that was made up for a first sign-in,
    /// and good until then.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an address that is none.
    pub async fn bootstrap_admin(
        self,
        actor: &Actor,
        email: &str,
        language: Language,
        password_hash: &SecretString,
        initial_until: Option<Timestamp>,
    ) -> Result<Option<User>, RecordsError> {
        const DOING: &str = "creating the first administrator";
        let tx = self.begin(DOING).await?;
        if user::Entity::find().limit(1).one(&tx).await.doing(DOING)?.is_some() {
            return Ok(None);
        }
        let draft = UserDraft { language, ..UserDraft::new(email, Role::Beheer) };
        let (user, entry) = insert(&tx, actor.at, &draft, Standing::Active, password_hash).await?;
        if let Some(until) = initial_until {
            initial::write_within(&tx, user.id, until).await?;
        }
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Some(user))
    }

    /// Changes a user. `revision` is that of the user as they were shown;
    /// `None` overwrites whatever is there. Another role or address ends their
    /// sessions, and another address voids whatever link was mailed to the old one.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], [`RecordsError::Stale`],
    /// [`RecordsError::Exists`] for another's address, and
    /// [`RecordsError::Invalid`], also when no active administrator would be left.
    pub async fn update(
        self,
        actor: &Actor,
        id: UserId,
        draft: &UserDraft,
        revision: Option<i64>,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing a user";
        let tx = self.begin(DOING).await?;
        let before = find(&tx, id).await?;
        if revision.is_some_and(|revision| revision != before.revision) {
            return Err(RecordsError::Stale { kind: "user", id: id.to_string() });
        }
        let after = before.changed(draft.checked()?);
        let Some(entry) = change(&tx, actor.at, "update", &before, after).await? else {
            return Ok(Change::Unchanged);
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Change::Updated)
    }

    /// Changes what people may change of themselves.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] and [`RecordsError::Invalid`].
    pub async fn update_profile(
        self,
        actor: &Actor,
        id: UserId,
        profile: &ProfileDraft,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing a profile";
        let ProfileDraft { name, language, time_zone, notification_email } = profile.checked()?;
        let tx = self.begin(DOING).await?;
        let before = find(&tx, id).await?;
        let name = if name.is_empty() { before.email.clone() } else { name };
        let after = User { name, language, time_zone, notification_email, ..before.clone() };
        let Some(entry) = change(&tx, actor.at, "update-profile", &before, after).await? else {
            return Ok(Change::Unchanged);
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Change::Updated)
    }

    /// Lets somebody in again, or no longer: then every session ends at once,
    /// every API token stops working for good, and links that were mailed to them
    /// are void. Who is banned also takes down the tokens of services that they
    /// issued, as nobody else may know what those are for.
    /// [`Standing::Invited`] is given by [`Users::invite`] alone.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], and [`RecordsError::Invalid`] when no active
    /// administrator would be left, for one who would be let in without any way
    /// to prove who they are, and for [`Standing::Invited`].
    pub async fn set_standing(
        self,
        actor: &Actor,
        id: UserId,
        standing: Standing,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing who may come in";
        let tx = self.begin(DOING).await?;
        let before = find(&tx, id).await?;
        if standing == Standing::Invited {
            return Err(RecordsError::invalid("standing", "is given by an invitation alone"));
        }
        let may_sign_in = has_password(&tx, id).await? || has_identity(&tx, id).await?;
        if standing == Standing::Active && !may_sign_in {
            let reason = "never used an invitation: send a new one instead";
            return Err(RecordsError::invalid("standing", reason));
        }
        let action = match standing {
            Standing::Invited | Standing::Active => "reactivate",
            Standing::Inactive => "deactivate",
            Standing::Banned => "ban",
        };
        let after = User { standing, ..before.clone() };
        let Some(entry) = change(&tx, actor.at, action, &before, after).await? else {
            return Ok(Change::Unchanged);
        };
        let mut entries = vec![entry];
        if standing == Standing::Banned {
            entries.extend(api_tokens::revoke_issued_within(&tx, id, actor.at).await?);
        }
        audit::append(&tx, actor, entries).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Change::Updated)
    }

    /// Replaces a password, ends every session of its user, and revokes their
    /// API tokens: whoever had the old password may have issued some.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`].
    pub async fn set_password(
        self,
        actor: &Actor,
        id: UserId,
        password_hash: &SecretString,
    ) -> Result<(), RecordsError> {
        self.change_password(actor, id, password_hash, None).await
    }

    /// The same, and tells them by `letter`.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`].
    pub async fn change_password(
        self,
        actor: &Actor,
        id: UserId,
        password_hash: &SecretString,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "changing a password";
        let tx = self.begin(DOING).await?;
        find(&tx, id).await?;
        write_password(&tx, id, password_hash).await?;
        sessions::revoke_within(&tx, id).await?;
        api_tokens::revoke_within(&tx, id, actor.at).await?;
        if let Some(letter) = letter {
            mails::queue_within(&tx, self.0.keyring(), letter, actor.at).await?;
        }
        audit::append(&tx, actor, [entry("set-password", id, None, None)]).await?;
        tx.commit().await.doing(DOING)
    }

    /// Keeps `renewed` instead of `known`, both hashes of the same password; does
    /// nothing where the password was changed meanwhile. Nobody's rights change,
    /// so nothing ends and nothing is recorded.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn renew_hash(
        self,
        id: UserId,
        known: &SecretString,
        renewed: &SecretString,
    ) -> Result<(), RecordsError> {
        user::Entity::update_many()
            .col_expr(user::Column::PasswordHash, Expr::value(renewed.expose_secret()))
            .filter(user::Column::Id.eq(id.to_string()))
            .filter(user::Column::PasswordHash.eq(known.expose_secret()))
            .exec(self.0.writer())
            .await
            .doing("hashing a password anew")?;
        Ok(())
    }

    /// Begins a change of users.
    pub(super) async fn begin(
        self,
        doing: &'static str,
    ) -> Result<DatabaseTransaction, RecordsError> {
        let tx = self.0.begin(doing).await?;
        Lock::Users.take(&tx).await?;
        Ok(tx)
    }
}

/// A hash that no password has: of somebody who has not chosen one yet.
pub(super) const NO_PASSWORD: &str = "!";

/// Adds a user; gives also what to record.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    at: Timestamp,
    draft: &UserDraft,
    standing: Standing,
    password_hash: &SecretString,
) -> Result<(User, audit::Entry), RecordsError> {
    let draft = draft.checked()?;
    let user = User {
        id: UserId::new(),
        email: String::new(),
        name: String::new(),
        role: draft.role,
        language: draft.language,
        time_zone: None,
        notification_email: None,
        notification_proven: false,
        customers: draft.customers.clone(),
        standing,
        revision: 1,
        created_at: at,
    }
    .changed(draft);
    refuse_taken(tx, &user).await?;
    user::Entity::insert(codec::to_row(&user, password_hash).into_active_model())
        .exec_without_returning(tx)
        .await
        .creating("user", &user.email)?;
    write_customers(tx, &user).await?;
    let entry = entry("create", user.id, None, Some(&user));
    Ok((user, entry))
}

/// Writes `after`, which differs from `before` or not; gives what to record.
pub(super) async fn change(
    tx: &DatabaseTransaction,
    at: Timestamp,
    action: &'static str,
    before: &User,
    mut after: User,
) -> Result<Option<audit::Entry>, RecordsError> {
    if after == *before {
        return Ok(None);
    }
    let rules = |user: &User| user.is_active() && user.role == Role::Beheer;
    if rules(before) && !rules(&after) && administrators(tx).await? <= 1 {
        let field = if after.role == before.role { "standing" } else { "role" };
        return Err(RecordsError::invalid(field, "somebody must remain an active administrator"));
    }
    if after.email != before.email {
        refuse_taken(tx, &after).await?;
    }
    if after.notification_email != before.notification_email {
        after.notification_proven = false;
        notices::forget_within(tx, after.id).await?;
        if let Some(old) = &before.notification_email {
            mails::void_links_within(tx, old, at).await?;
        }
    }
    after.revision = before.revision + 1;
    let row = user::Entity::find_by_id(after.id.to_string()).one(tx).await;
    let row = row.doing("reading a user")?;
    let kept = row.map(|row| row.password_hash).unwrap_or_else(|| NO_PASSWORD.to_owned());
    let row = codec::to_row(&after, &SecretString::from(kept)).into_active_model().reset_all();
    let written = user::Entity::update(row).exec_without_returning(tx).await;
    written.creating("user", &after.email)?;
    if after.customers != before.customers {
        write_customers(tx, &after).await?;
    }
    check_reach(tx, &after).await?;
    let (ended, revoked) = fall_with(tx, at, before, &after).await?;
    let entry = entry(action, after.id, Some(before), Some(&after));
    Ok(Some(codec::with_fallen(entry, ended, revoked)))
}

/// Ends what does not outlive the change from `before` to `after`; gives how
/// many sessions and tokens that were.
async fn fall_with(
    tx: &DatabaseTransaction,
    at: Timestamp,
    before: &User,
    after: &User,
) -> Result<(u64, u64), RecordsError> {
    let (id, is_moved) = (after.id, after.email != before.email);
    let is_out = before.is_active() && !after.is_active();
    let (mut ended, mut revoked) = (0, 0);
    // Other rights need another session, and so does another address: whoever
    // signs in again has them.
    if after.role != before.role || is_moved || is_out {
        ended += sessions::revoke_within(tx, id).await?;
    }
    if is_out {
        revoked += api_tokens::revoke_within(tx, id, at).await?;
        devices::forget_within(tx, id).await?;
    } else if after.role != before.role {
        // What was issued for all that its owner may was issued for less, or more.
        revoked += api_tokens::revoke_unbounded_within(tx, id, at).await?;
    }
    // Links went to the address and to the standing of before: whoever reads
    // that mailbox may be somebody else by now.
    if is_moved || after.standing != before.standing {
        resets::forget_within(tx, id).await?;
        mails::void_links_within(tx, &before.email, at).await?;
    }
    if is_moved || after.standing != Standing::Invited {
        invitation::Entity::delete_by_id(id.to_string())
            .exec(tx)
            .await
            .doing("voiding an invitation")?;
    }
    Ok((ended, revoked))
}

/// The user `id` within a change.
pub(super) async fn find(tx: &DatabaseTransaction, id: UserId) -> Result<User, RecordsError> {
    let row = user::Entity::find_by_id(id.to_string()).one(tx).await.doing("reading a user")?;
    load_one(tx, row.ok_or_else(|| RecordsError::not_found("user", id))?).await
}

/// Replaces the hash of a password, which is one that was chosen.
pub(super) async fn write_password(
    tx: &DatabaseTransaction,
    id: UserId,
    password_hash: &SecretString,
) -> Result<(), RecordsError> {
    user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(password_hash.expose_secret()))
        .filter(user::Column::Id.eq(id.to_string()))
        .exec(tx)
        .await
        .doing("writing a password")?;
    initial::forget_within(tx, id).await
}

/// Whether somebody has chosen a password.
pub(super) async fn has_password(
    db: &impl ConnectionTrait,
    id: UserId,
) -> Result<bool, RecordsError> {
    let row = user::Entity::find_by_id(id.to_string()).one(db).await.doing("reading a user")?;
    Ok(row.is_some_and(|row| row.password_hash != NO_PASSWORD))
}

async fn refuse_taken(tx: &DatabaseTransaction, user: &User) -> Result<(), RecordsError> {
    let taken = user::Entity::find()
        .filter(user::Column::Email.eq(user.email.as_str()))
        .filter(user::Column::Id.ne(user.id.to_string()))
        .one(tx)
        .await
        .doing("looking for a user of the same address")?;
    taken.map_or(Ok(()), |_| Err(RecordsError::exists("user", &user.email)))
}

/// Replaces the customers that `user` acts for; all of them must exist.
async fn write_customers(tx: &DatabaseTransaction, user: &User) -> Result<(), RecordsError> {
    const DOING: &str = "writing for whom a user acts";
    let ids: Vec<String> = user.customers.iter().map(CustomerId::to_string).collect();
    let known = customer::Entity::find()
        .filter(customer::Column::Id.is_in(ids.iter().map(String::as_str)))
        .count(tx)
        .await
        .doing(DOING)?;
    if known != ids.len() as u64 {
        return Err(RecordsError::invalid("customers", "must be customers that exist"));
    }
    user_customer::Entity::delete_many()
        .filter(user_customer::Column::UserId.eq(user.id.to_string()))
        .exec(tx)
        .await
        .doing(DOING)?;
    let rows = ids.into_iter().map(|customer_id| {
        user_customer::Model { user_id: user.id.to_string(), customer_id }.into_active_model()
    });
    let rows: Vec<_> = rows.collect();
    for chunk in rows.chunks(INSERT_ROWS) {
        user_customer::Entity::insert_many(chunk.iter().cloned())
            .exec_without_returning(tx)
            .await
            .doing(DOING)?;
    }
    Ok(())
}

/// What an account manager sees is what they act for and what is assigned to
/// them, together no more than a scope holds: more would be out of sight in
/// silence.
pub(in crate::records) async fn check_reach(
    tx: &DatabaseTransaction,
    user: &User,
) -> Result<(), RecordsError> {
    if user.role != Role::Accountmanager {
        return Ok(());
    }
    let assigned = customer::Entity::find()
        .filter(customer::Column::AccountManager.eq(user.id.to_string()))
        .filter(customer::Column::Id.is_not_in(user.customers.iter().map(CustomerId::to_string)))
        .count(tx)
        .await
        .doing("counting the customers of an account manager")?;
    let total = assigned + user.customers.len() as u64;
    if total > Scope::CUSTOMERS_MAX as u64 {
        let reason = format!(
            "at most {} can be seen, acted for and assigned together; this would be {total}",
            Scope::CUSTOMERS_MAX
        );
        return Err(RecordsError::invalid("customers", reason));
    }
    Ok(())
}

/// How many administrators may come in; not counted is whom a provider gives no
/// role any more.
pub(super) async fn administrators(tx: &DatabaseTransaction) -> Result<u64, RecordsError> {
    let shut_out = Query::select()
        .column(user_identity::Column::UserId)
        .from(user_identity::Entity)
        .and_where(user_identity::Column::NoRoleSinceMs.is_not_null())
        .to_owned();
    user::Entity::find()
        .filter(user::Column::Role.eq(Role::Beheer.as_str()))
        .filter(user::Column::Active.eq(true))
        .filter(user::Column::Id.not_in_subquery(shut_out))
        .count(tx)
        .await
        .doing("counting administrators")
}
