//! What is done about users, for the API and the pages alike: inviting,
//! changing, letting in and shutting out, bringing in many at once.
//!
//! An invitation gives a [`Link`], which is shown once to whoever invites and,
//! where there is a mail server, also goes to the invited by mail: see
//! [`handed_over`], through which every link goes.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::records::{
    CustomerId, Language, ProfileDraft, Role, Standing, TokenHash, User, UserDraft, UserId,
    UserImport, UserLine, UserPlan, Users,
};

use crate::app::ApiState;
use crate::auth::{PasswordError, Principal, fresh_secret};
use crate::choice::{self, Weakness};
use crate::problem::{ApiError, Thing};
use crate::{letters, mailed};

/// An invitation works for seven days: long enough for a holiday week, short
/// enough that old mail is worth nothing.
const INVITATION_VALID_MS: i64 = 7 * 86_400_000;

/// A link that shows that notices arrive works for a day.
const PROOF_VALID_MS: i64 = 86_400_000;

/// A link that lets somebody in for the first time; it is kept nowhere.
pub(crate) struct Link {
    /// The whole address, with the token.
    pub(crate) address: SecretString,
    /// When it stops working.
    pub(crate) expires_at: Timestamp,
    /// Whether it also goes to the invited by mail.
    pub(crate) is_mailed: bool,
}

/// A token for an invitation, and where it leads.
struct Token {
    hash: TokenHash,
    link: Link,
}

fn token(state: &ApiState) -> Result<Token, ApiError> {
    let secret = fresh_secret().map_err(ApiError::internal)?;
    let address = mailed::link(state, dashboards::urls::REGISTER, &secret);
    let expires_at = state.now().plus_millis(INVITATION_VALID_MS);
    let hash = TokenHash::of(secret.expose_secret());
    let link = Link { address, expires_at, is_mailed: false };
    Ok(Token { hash, link })
}

/// The link, for whoever invites to hand over, and on its way by mail where
/// that is possible. That it is not is no reason to fail: what it is for is
/// done, and the link works.
async fn handed_over(state: &ApiState, principal: &Principal, user: UserId, link: Link) -> Link {
    if !state.config().sends_mail {
        return link;
    }
    let found = match state.records().users().within(principal.scope()).get(user).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, %user, "an invitation is not sent by mail");
            return link;
        }
    };
    let inviter = &principal.account().name;
    let address = link.address.expose_secret();
    let letter =
        found.and_then(|user| letters::invitation(state, &user, inviter, address, link.expires_at));
    let Some(letter) = letter else { return link };
    match state.records().mails().queue(&letter, state.now()).await {
        Ok(_) => Link { is_mailed: true, ..link },
        Err(error) => {
            tracing::warn!(%error, %user, "an invitation is not sent by mail");
            link
        }
    }
}

/// Invites somebody who is not there yet.
pub(crate) async fn invite(
    state: &ApiState,
    principal: &Principal,
    draft: &UserDraft,
) -> Result<(UserId, Link), ApiError> {
    check(draft)?;
    may_make(state, principal, None, draft)?;
    let token = token(state)?;
    let users = state.records().users();
    let actor = principal.actor(state);
    let invited = users.invite(&actor, draft, &token.hash, token.link.expires_at).await;
    let user = invited.map_err(ApiError::of_records)?;
    Ok((user, handed_over(state, principal, user, token.link).await))
}

/// Invites somebody anew who has not come in yet.
pub(crate) async fn invite_again(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
) -> Result<Link, ApiError> {
    let users = state.records().users();
    let found = users.within(principal.scope()).get(user).await.map_err(ApiError::records)?;
    if found.is_some_and(|user| user.role == Role::Beheer) {
        principal.must_be_confirmed_in_session(state)?;
    }
    let token = token(state)?;
    let actor = principal.actor(state);
    let invited = users.invite_again(&actor, user, &token.hash, token.link.expires_at).await;
    invited.map_err(ApiError::of_records)?;
    Ok(handed_over(state, principal, user, token.link).await)
}

/// Changes somebody. Who is still invited and gets another address is invited
/// anew there by mail, where that is possible.
pub(crate) async fn update(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
    draft: &UserDraft,
    revision: Option<i64>,
) -> Result<(), ApiError> {
    check(draft)?;
    let users = state.records().users();
    let before = users.within(principal.scope()).get(user).await.map_err(ApiError::records)?;
    let before = before.ok_or(ApiError::NotFound(Thing::User))?;
    may_make(state, principal, Some(&before), draft)?;
    let updated = users.update(&principal.actor(state), user, draft, revision).await;
    updated.map_err(ApiError::of_records)?;
    let after = users.by_id(user).await.map_err(ApiError::records)?;
    ask_proof(state, user).await;
    let waits = after
        .is_some_and(|after| after.standing == Standing::Invited && after.email != before.email);
    if waits && state.config().sends_mail {
        // What was changed stays changed; the invitation can be sent by hand.
        if let Err(error) = invite_again(state, principal, user).await {
            tracing::warn!(?error, %user, "nobody is invited at the new address");
        }
    }
    Ok(())
}

/// Lets somebody in again, or no longer.
pub(crate) async fn set_standing(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
    standing: Standing,
) -> Result<(), ApiError> {
    let users = state.records().users();
    let found = users.within(principal.scope()).get(user).await.map_err(ApiError::records)?;
    let user = found.ok_or(ApiError::NotFound(Thing::User))?;
    if standing == Standing::Active && user.role == Role::Beheer {
        principal.must_be_confirmed_in_session(state)?;
    }
    let set = users.set_standing(&principal.actor(state), user.id, standing).await;
    set.map(drop).map_err(ApiError::of_records)
}

/// Refuses a token, and whoever has not proved lately who they are, where
/// somebody becomes an administrator or gets an address at which they could
/// come in.
fn may_make(
    state: &ApiState,
    principal: &Principal,
    before: Option<&User>,
    draft: &UserDraft,
) -> Result<(), ApiError> {
    let is_raised =
        draft.role == Role::Beheer && before.is_none_or(|before| before.role != Role::Beheer);
    let is_moved = before.is_some_and(|before| before.email != draft.email.trim().to_lowercase());
    if is_raised || is_moved { principal.must_be_confirmed_in_session(state) } else { Ok(()) }
}

/// What the records do not insist on, as parts of the product may stand in
/// for people.
fn check(draft: &UserDraft) -> Result<(), ApiError> {
    if draft.role == Role::Klant && draft.customers.is_empty() {
        let reason = "somebody with the role klant must act for a customer";
        return Err(ApiError::refused("customers", reason));
    }
    Ok(())
}

/// Refuses somebody who wants their notices sent elsewhere without having
/// proved lately who they are; what else is in a profile may change at any time.
///
/// # Errors
/// [`ApiError::ConfirmationRequired`].
fn may_redirect_notices(
    state: &ApiState,
    principal: &Principal,
    to: Option<&str>,
) -> Result<(), ApiError> {
    let given = to.map(str::trim).filter(|to| !to.is_empty());
    if given.map(str::to_lowercase) == principal.account().notification_email {
        return Ok(());
    }
    principal.must_be_confirmed(state)
}

/// Changes the caller's own profile.
///
/// # Errors
/// As [`may_redirect_notices`], and what the records refuse.
pub(crate) async fn update_profile(
    state: &ApiState,
    principal: &Principal,
    draft: &ProfileDraft,
) -> Result<(), ApiError> {
    may_redirect_notices(state, principal, draft.notification_email.as_deref())?;
    let users = state.records().users();
    let changed = users.update_profile(&principal.actor(state), principal.id(), draft).await;
    changed.map_err(ApiError::of_records)?;
    ask_proof(state, principal.id()).await;
    Ok(())
}

/// Mails a link to where `user` wants notices, if that is elsewhere and not known
/// to work. That it is not sent is no reason to fail: notices go to the address of
/// the account, and saving the profile asks again.
async fn ask_proof(state: &ApiState, user: UserId) {
    if !state.config().sends_mail {
        return;
    }
    let Ok(secret) = fresh_secret() else { return };
    let now = state.now();
    let expires_at = now.plus_millis(PROOF_VALID_MS);
    let link = mailed::link(state, dashboards::urls::NOTIFICATION_ADDRESS, &secret);
    let letter = |user: &User, to: &str| {
        letters::notification_address(state, user, to, link.expose_secret(), expires_at)
    };
    let users = state.records().users();
    let token = TokenHash::of(secret.expose_secret());
    let asked = users.ask_proof(user, &token, now, expires_at, letter).await;
    if let Err(error) = asked {
        tracing::warn!(%error, %user, "nobody is asked whether notices arrive");
    }
}

/// Refuses somebody who gives `customer` another account manager, and with it all
/// that is the customer's, without having proved lately who they are.
///
/// # Errors
/// [`ApiError::ConfirmationRequired`].
pub(crate) async fn may_assign(
    state: &ApiState,
    principal: &Principal,
    customer: CustomerId,
    to: Option<UserId>,
) -> Result<(), ApiError> {
    let found = state.records().customers().within(principal.scope()).get(customer).await;
    let found = found.map_err(ApiError::records)?;
    match found {
        Some(found) if found.account_manager != to => principal.must_be_confirmed(state),
        _ => Ok(()),
    }
}

/// Chooses a password and comes in by the invitation with `token`.
pub(crate) async fn register(
    state: &ApiState,
    token: &str,
    address: &str,
    name: &str,
    language: Language,
    password: SecretString,
) -> Result<Result<UserId, Weakness>, ApiError> {
    let token = TokenHash::of(token);
    let users = state.records().users();
    // Hashing is slow; nobody without an invitation makes us do it.
    let invited = users.invited(&token, state.now()).await.map_err(ApiError::records)?;
    let invited = invited.ok_or(ApiError::NotFound(Thing::Invitation))?;
    let hash = match hash_password(state, password, &invited.user, name).await? {
        Ok(hash) => hash,
        Err(weakness) => return Ok(Err(weakness)),
    };
    let registered = users.register(&token, state.now(), address, name, language, &hash).await;
    let user = registered.map_err(ApiError::of_records)?;
    ask_proof(state, user).await;
    Ok(Ok(user))
}

/// The hash of a password that `whose`, who calls themselves `name`, chooses,
/// if it may be chosen.
///
/// # Errors
/// A part that is away, or too many at once.
pub(crate) async fn hash_password(
    state: &ApiState,
    password: SecretString,
    whose: &User,
    name: &str,
) -> Result<Result<SecretString, Weakness>, ApiError> {
    if let Some(weakness) = choice::weakness(state, &password, whose, name).await? {
        return Ok(Err(weakness));
    }
    let hash = state.passwords().hash(password).await.map_err(|error| match error {
        PasswordError::Busy => ApiError::Busy,
        PasswordError::Hash(_) => ApiError::internal(error),
    })?;
    Ok(Ok(SecretString::from(hash)))
}

/// A line of an import with the link of whoever it invited.
pub(crate) struct Imported {
    /// What the lines did, or would do.
    pub(crate) import: UserImport,
    /// For each line the link, if it invited somebody.
    pub(crate) links: Vec<Option<Link>>,
}

/// Invites and changes the users of a list, or says what that would do.
pub(crate) async fn import(
    state: &ApiState,
    principal: &Principal,
    lines: &[UserLine],
    is_trial: bool,
    expected: Option<&str>,
) -> Result<Imported, ApiError> {
    if lines.len() > Users::MAX_IMPORT {
        let reason = format!("at most {} users at once, found {}", Users::MAX_IMPORT, lines.len());
        return Err(ApiError::refused("body", reason));
    }
    if !is_trial && lines.iter().any(|line| line.role == Some(Role::Beheer)) {
        principal.must_be_confirmed_in_session(state)?;
    }
    let tokens: Vec<Token> = lines.iter().map(|_| token(state)).collect::<Result<_, _>>()?;
    let hashes: Vec<TokenHash> = tokens.iter().map(|token| token.hash).collect();
    let expires_at = state.now().plus_millis(INVITATION_VALID_MS);
    let users = state.records().users();
    let actor = principal.actor(state);
    let import = users.import(&actor, lines, &hashes, expires_at, is_trial, expected).await;
    let import = import.map_err(ApiError::of_records)?;
    let mut links = Vec::with_capacity(import.lines.len());
    for (line, token) in import.lines.iter().zip(tokens) {
        let is_invited = import.is_done && line.plan == UserPlan::Invite;
        links.push(match line.user.filter(|_| is_invited) {
            Some(user) => Some(handed_over(state, principal, user, token.link).await),
            None => None,
        });
    }
    Ok(Imported { import, links })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_user_acts_for_a_customer() {
        let draft = |role| UserDraft::new("a@example.net", role);
        assert!(check(&draft(Role::Klant)).is_err());
        assert!(check(&draft(Role::Accountmanager)).is_ok());
        assert!(check(&draft(Role::Beheer)).is_ok());
    }
}
