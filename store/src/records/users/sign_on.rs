//! Coming in by way of an OpenID provider. Who somebody is there is an issuer
//! and a subject, never an address: providers let people choose those.
//!
//! An identity is connected with an account by an explicit act: its owner does
//! it while signed in, uses an invitation that way, or comes for the first
//! time where newcomers are allowed. Role and customers follow the provider at
//! each sign-in.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
};
use secrecy::SecretString;
use serde_json::json;

use super::codec::entry;
use super::write::{NO_PASSWORD, administrators, change, find, has_password, insert};
use super::{Language, Role, Standing, User, UserDraft, Users, invitations};
use crate::Scope;
use crate::records::audit::{self, Actor};
use crate::records::entity::user_identity;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{CustomerId, TokenHash, UserId};
use crate::records::mails::{self, MailDraft};
use crate::records::{api_tokens, sessions, text};

/// Who makes the changes that follow from what a provider says.
const BY_SIGN_ON: &str = "single sign-on";

/// Who somebody is at a provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignOnIdentity {
    /// The provider.
    pub issuer: String,
    /// Its own name for them.
    pub subject: String,
    /// What it calls them, such as their address there: shown only; cut at
    /// 1,000 characters.
    pub label: String,
}

/// What a provider says that somebody may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignOnGrant {
    /// Their role.
    pub role: Role,
    /// The customers that they act for, each by its name or its number; those
    /// that nobody is called are left out, and administrators act for none.
    pub customers: BTreeSet<String>,
}

/// A [`SignOnGrant`] with customers that exist.
struct Understood {
    role: Role,
    customers: BTreeSet<CustomerId>,
}

/// An identity that is connected with an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkedIdentity {
    /// Who they are at the provider.
    pub identity: SignOnIdentity,
    /// Since when it is connected.
    pub linked_at: Timestamp,
    /// When they last came in by it.
    pub used_at: Option<Timestamp>,
}

/// What came of somebody who proved who they are at a provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignedOn {
    /// They may come in, as this user.
    In(Box<User>),
    /// No account is connected with that identity.
    Unknown,
    /// The account is not active.
    Closed(Box<User>),
    /// They would be new, and their address belongs to another account.
    AddressTaken,
    /// They would act for a customer, and none is known by what the provider says.
    NoCustomer,
    /// The provider no longer makes them administrator, and nobody else is one.
    LastAdministrator(Box<User>),
}

impl Users<'_> {
    /// Lets whoever `identity` belongs to come in at `now` from the client
    /// `address`, with role and customers as `grant` says. Where nobody is
    /// connected with it, `newcomer` is added and may come in at once.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for a newcomer or a grant that cannot be.
    pub async fn sign_on(
        self,
        identity: &SignOnIdentity,
        grant: &SignOnGrant,
        newcomer: Option<&UserDraft>,
        address: &str,
        now: Timestamp,
    ) -> Result<SignedOn, RecordsError> {
        const DOING: &str = "letting somebody in by single sign-on";
        let Some(grant) = self.understood(grant).await? else { return Ok(SignedOn::NoCustomer) };
        let tx = self.begin(DOING).await?;
        let actor = Actor::new(BY_SIGN_ON, now).from_address(address);
        let mut entries = Vec::new();
        let user = match of_identity(&tx, identity).await? {
            Some(id) => {
                let before = find(&tx, id).await?;
                if !before.is_active() {
                    return Ok(SignedOn::Closed(Box::new(before)));
                }
                let after = granted(&before, &grant)?;
                match change(&tx, now, "follow-provider", &before, after.clone()).await {
                    Ok(entry) => entries.extend(entry),
                    Err(RecordsError::Invalid { field: "role", .. }) => {
                        return Ok(SignedOn::LastAdministrator(Box::new(before)));
                    }
                    Err(error) => return Err(error),
                }
                find(&tx, id).await?
            }
            None => {
                let Some(draft) = newcomer else { return Ok(SignedOn::Unknown) };
                let UserDraft { email, name, language, .. } = draft.clone();
                let draft = UserDraft { name, language, ..UserDraft::new(email, grant.role) };
                let draft = UserDraft { customers: grant.customers, ..draft };
                let none = SecretString::from(NO_PASSWORD);
                let added = insert(&tx, now, &draft, Standing::Active, &none).await;
                let (user, mut added) = match added {
                    Ok(added) => added,
                    Err(RecordsError::Exists { .. }) => return Ok(SignedOn::AddressTaken),
                    Err(error) => return Err(error),
                };
                added.action = "create-by-sign-on";
                entries.push(added);
                entries.push(write(&tx, user.id, identity, now).await?);
                user
            }
        };
        used(&tx, identity, now).await?;
        audit::append(&tx, &actor, entries).await?;
        tx.commit().await.doing(DOING)?;
        Ok(SignedOn::In(Box::new(user)))
    }

    /// Uses the invitation with `token` by way of a provider: its user may come
    /// in from now on as `identity`, with what `grant` says, this language, and
    /// no password. Of several who try, one succeeds.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for an invitation that does not work, and
    /// [`RecordsError::Exists`] for an identity that is connected already.
    pub async fn register_by_sign_on(
        self,
        token: &TokenHash,
        identity: &SignOnIdentity,
        grant: &SignOnGrant,
        language: Language,
        address: &str,
        now: Timestamp,
    ) -> Result<SignedOn, RecordsError> {
        const DOING: &str = "using an invitation by single sign-on";
        let Some(grant) = self.understood(grant).await? else { return Ok(SignedOn::NoCustomer) };
        let tx = self.begin(DOING).await?;
        let before = invitations::invited_within(&tx, token, now).await?;
        let after = granted(&before, &grant)?;
        let after = User { language, standing: Standing::Active, ..after };
        let registered = change(&tx, now, "register", &before, after).await?;
        let linked = write(&tx, before.id, identity, now).await?;
        used(&tx, identity, now).await?;
        let actor = Actor::new(before.email.clone(), now).as_user(before.id).from_address(address);
        audit::append(&tx, &actor, registered.into_iter().chain([linked])).await?;
        let user = find(&tx, before.id).await?;
        tx.commit().await.doing(DOING)?;
        Ok(SignedOn::In(Box::new(user)))
    }

    /// The grant with customers that exist; `None` where one is needed and
    /// there is none.
    async fn understood(self, grant: &SignOnGrant) -> Result<Option<Understood>, RecordsError> {
        let role = grant.role;
        if role == Role::Beheer {
            return Ok(Some(Understood { role, customers: BTreeSet::new() }));
        }
        let everything = Scope::everything();
        let named = self.0.customers().within(&everything).named(&grant.customers).await?;
        let customers: BTreeSet<CustomerId> = named.into_values().collect();
        let is_enough = role != Role::Klant || !customers.is_empty();
        Ok(is_enough.then_some(Understood { role, customers }))
    }

    /// Whoever `identity` belongs to may do nothing here any more, as their
    /// provider says: at once every session of theirs ends, every API token stops
    /// working, and what they could sign in with here
    /// [no longer does](Users::is_without_role) until the provider lets them in
    /// again. Only the last administrator keeps that, so that there is one. Gives
    /// who that is, if anybody.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn unmapped(
        self,
        identity: &SignOnIdentity,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<UserId>, RecordsError> {
        const DOING: &str = "shutting out who is no longer mapped";
        let tx = self.begin(DOING).await?;
        let Some(id) = of_identity(&tx, identity).await? else { return Ok(None) };
        let ended = sessions::revoke_within(&tx, id).await?;
        let revoked = api_tokens::revoke_within(&tx, id, now).await?;
        let user = find(&tx, id).await?;
        let rules = user.is_active() && user.role == Role::Beheer;
        if !rules || administrators(&tx).await? > 1 {
            user_identity::Entity::update_many()
                .col_expr(user_identity::Column::NoRoleSinceMs, Expr::value(now.millis()))
                .filter(user_identity::Column::Issuer.eq(identity.issuer.as_str()))
                .filter(user_identity::Column::Subject.eq(identity.subject.as_str()))
                .filter(user_identity::Column::NoRoleSinceMs.is_null())
                .exec(&tx)
                .await
                .doing(DOING)?;
        }
        // Who comes again and again is written down once.
        if ended + revoked > 0 {
            let actor = Actor::new(BY_SIGN_ON, now).from_address(address);
            let after = Some(json!({ "sessions_ended": ended, "tokens_revoked": revoked }));
            let entry = audit::Entry { after, ..entry("provider-gives-no-role", id, None, None) };
            audit::append(&tx, &actor, [entry]).await?;
        }
        tx.commit().await.doing(DOING)?;
        Ok(Some(id))
    }

    /// Connects `identity` with the active user `id`, and tells them by `letter`.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], and [`RecordsError::Exists`] for an identity
    /// that is connected already, or a user who has another of that provider.
    pub async fn link(
        self,
        actor: &Actor,
        id: UserId,
        identity: &SignOnIdentity,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "connecting an identity";
        let tx = self.begin(DOING).await?;
        if !find(&tx, id).await?.is_active() {
            return Err(RecordsError::not_found("user", id));
        }
        let entry = write(&tx, id, identity, actor.at).await?;
        if let Some(letter) = letter {
            mails::queue_within(&tx, self.0.keyring(), letter, actor.at).await?;
        }
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)
    }

    /// Takes the identity at `issuer` from the user `id`, ends the sessions that
    /// began by it, and tells them by `letter`. Who has no password
    /// could not come in any more: they are as if they had never used their
    /// invitation, and can be [invited again](Users::invite_again).
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], and [`RecordsError::Invalid`] when no active
    /// administrator would be left.
    pub async fn unlink(
        self,
        actor: &Actor,
        id: UserId,
        issuer: &str,
        letter: Option<&MailDraft>,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "disconnecting an identity";
        let tx = self.begin(DOING).await?;
        let before = find(&tx, id).await?;
        let found = user_identity::Entity::find()
            .filter(user_identity::Column::UserId.eq(id.to_string()))
            .filter(user_identity::Column::Issuer.eq(issuer))
            .one(&tx)
            .await
            .doing(DOING)?
            .ok_or_else(|| RecordsError::not_found("identity", id))?;
        let mut entries = vec![audit::Entry {
            action: "unlink-sign-on",
            object: format!("user/{id}"),
            before: Some(json!({ "issuer": found.issuer, "subject": found.subject })),
            after: None,
        }];
        user_identity::Entity::delete_by_id((found.issuer, found.subject))
            .exec(&tx)
            .await
            .doing(DOING)?;
        sessions::revoke_federated_within(&tx, id).await?;
        if let Some(letter) = letter {
            mails::queue_within(&tx, self.0.keyring(), letter, actor.at).await?;
        }
        if before.is_active() && !has_password(&tx, id).await? {
            let after = User { standing: Standing::Invited, ..before.clone() };
            entries.extend(change(&tx, actor.at, "await-invitation", &before, after).await?);
        }
        audit::append(&tx, actor, entries).await?;
        tx.commit().await.doing(DOING)
    }

    /// Who the user `id` is at `issuer`.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn identity(
        self,
        id: UserId,
        issuer: &str,
    ) -> Result<Option<LinkedIdentity>, RecordsError> {
        let row = user_identity::Entity::find()
            .filter(user_identity::Column::UserId.eq(id.to_string()))
            .filter(user_identity::Column::Issuer.eq(issuer))
            .one(self.0.reader())
            .await
            .doing("reading an identity")?;
        Ok(row.map(|row| LinkedIdentity {
            identity: SignOnIdentity { issuer: row.issuer, subject: row.subject, label: row.label },
            linked_at: Timestamp(row.linked_at_ms),
            used_at: row.used_at_ms.map(Timestamp),
        }))
    }

    /// Whether the provider `issuer` gave the user `id` no role when they last came
    /// from it.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn is_without_role(self, id: UserId, issuer: &str) -> Result<bool, RecordsError> {
        let found = user_identity::Entity::find()
            .filter(user_identity::Column::UserId.eq(id.to_string()))
            .filter(user_identity::Column::Issuer.eq(issuer))
            .filter(user_identity::Column::NoRoleSinceMs.is_not_null())
            .one(self.0.reader())
            .await;
        Ok(found.doing("reading whether a provider gives a role")?.is_some())
    }

    /// Whether the user `id` can come in by a password.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn has_password(self, id: UserId) -> Result<bool, RecordsError> {
        has_password(self.0.reader(), id).await
    }
}

/// `user` with what a provider says; an administrator acts for nobody.
fn granted(user: &User, grant: &Understood) -> Result<User, RecordsError> {
    let draft =
        UserDraft { role: grant.role, customers: grant.customers.clone(), ..UserDraft::of(user) };
    Ok(user.changed(draft.checked()?))
}

async fn of_identity(
    db: &impl ConnectionTrait,
    identity: &SignOnIdentity,
) -> Result<Option<UserId>, RecordsError> {
    let key = (identity.issuer.clone(), identity.subject.clone());
    let row = user_identity::Entity::find_by_id(key).one(db).await;
    row.doing("looking for an identity")?.map(|row| UserId::stored(&row.user_id)).transpose()
}

/// Whether the user `id` has an identity at any provider.
pub(super) async fn has_identity(
    db: &impl ConnectionTrait,
    id: UserId,
) -> Result<bool, RecordsError> {
    let row = user_identity::Entity::find()
        .filter(user_identity::Column::UserId.eq(id.to_string()))
        .one(db)
        .await;
    Ok(row.doing("looking for an identity")?.is_some())
}

/// Connects within a larger change; gives what to record.
async fn write(
    tx: &DatabaseTransaction,
    user: UserId,
    identity: &SignOnIdentity,
    at: Timestamp,
) -> Result<audit::Entry, RecordsError> {
    let SignOnIdentity { issuer, subject, label } = identity;
    // Neither is cut: half a subject would be somebody else's.
    let issuer = text::name("issuer", issuer)?;
    if subject.is_empty() || subject.chars().count() > text::MAX_FOREIGN_CHARS {
        return Err(RecordsError::invalid("subject", "must have 1 to 1,000 characters"));
    }
    let taken = user_identity::Entity::find()
        .filter(user_identity::Column::UserId.eq(user.to_string()))
        .filter(user_identity::Column::Issuer.eq(issuer.as_str()))
        .one(tx)
        .await
        .doing("looking for an identity")?;
    if taken.is_some() || of_identity(tx, identity).await?.is_some() {
        return Err(RecordsError::exists("identity", subject));
    }
    let row = user_identity::Model {
        issuer: issuer.clone(),
        subject: subject.clone(),
        user_id: user.to_string(),
        label: text::foreign(label),
        linked_at_ms: at.millis(),
        used_at_ms: None,
        no_role_since_ms: None,
    };
    user_identity::Entity::insert(row.into_active_model())
        .exec_without_returning(tx)
        .await
        .creating("identity", subject)?;
    let linked = json!({ "issuer": issuer, "subject": subject });
    Ok(audit::Entry { after: Some(linked), ..entry("link-sign-on", user, None, None) })
}

/// Writes down that somebody came in, and what the provider calls them today.
async fn used(
    tx: &DatabaseTransaction,
    identity: &SignOnIdentity,
    now: Timestamp,
) -> Result<(), RecordsError> {
    user_identity::Entity::update_many()
        .col_expr(user_identity::Column::UsedAtMs, Expr::value(now.millis()))
        .col_expr(user_identity::Column::NoRoleSinceMs, Expr::value(None::<i64>))
        .col_expr(user_identity::Column::Label, Expr::value(text::foreign(&identity.label)))
        .filter(user_identity::Column::Issuer.eq(identity.issuer.as_str()))
        .filter(user_identity::Column::Subject.eq(identity.subject.as_str()))
        .exec(tx)
        .await
        .doing("writing down who came in")?;
    Ok(())
}
