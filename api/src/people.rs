//! What is done about users, for the API and the pages alike: inviting,
//! changing, letting in and shutting out, bringing in many at once.
//!
//! An invitation gives a [`Link`], which is shown once to whoever invites and,
//! where there is a mail server, also goes to the invited by mail: see
//! [`handed_over`], through which every link goes.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::records::{
    Language, Role, TokenHash, UserDraft, UserId, UserImport, UserLine, UserPlan, Users,
};

use crate::app::ApiState;
use crate::auth::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordError, Principal, fresh_secret};
use crate::letters;
use crate::problem::ApiError;

/// An invitation works for seven days: long enough for a holiday week, short
/// enough that old mail is worth nothing.
const INVITATION_VALID_MS: i64 = 7 * 86_400_000;

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
    let origin = state.public_origin();
    let address =
        format!("{origin}{}?token={}", dashboards::urls::REGISTER, secret.expose_secret());
    let expires_at = state.now().plus_millis(INVITATION_VALID_MS);
    let hash = TokenHash::of(secret.expose_secret());
    let link = Link { address: address.into(), expires_at, is_mailed: false };
    Ok(Token { hash, link })
}

/// The link, for whoever invites to hand over, and on its way by mail where
/// that is possible. That it is not is no reason to fail: the link works.
async fn handed_over(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
    link: Link,
) -> Result<Link, ApiError> {
    if !state.config().sends_mail {
        return Ok(link);
    }
    let found = state.records().users().within(principal.scope()).get(user).await;
    let found = found.map_err(ApiError::records)?;
    let inviter = &principal.account().name;
    let address = link.address.expose_secret();
    let letter =
        found.and_then(|user| letters::invitation(state, &user, inviter, address, link.expires_at));
    let Some(letter) = letter else { return Ok(link) };
    match state.records().mails().queue(&letter, state.now()).await {
        Ok(_) => Ok(Link { is_mailed: true, ..link }),
        Err(error) => {
            tracing::warn!(%error, %user, "an invitation is not sent by mail");
            Ok(link)
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
    let token = token(state)?;
    let users = state.records().users();
    let actor = principal.actor(state);
    let invited = users.invite(&actor, draft, &token.hash, token.link.expires_at).await;
    let user = invited.map_err(ApiError::of_records)?;
    Ok((user, handed_over(state, principal, user, token.link).await?))
}

/// Invites somebody anew who has not come in yet.
pub(crate) async fn invite_again(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
) -> Result<Link, ApiError> {
    let token = token(state)?;
    let users = state.records().users();
    let actor = principal.actor(state);
    let invited = users.invite_again(&actor, user, &token.hash, token.link.expires_at).await;
    invited.map_err(ApiError::of_records)?;
    handed_over(state, principal, user, token.link).await
}

/// Changes somebody.
pub(crate) async fn update(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
    draft: &UserDraft,
    revision: Option<i64>,
) -> Result<(), ApiError> {
    check(draft)?;
    let users = state.records().users();
    let updated = users.update(&principal.actor(state), user, draft, revision).await;
    updated.map(drop).map_err(ApiError::of_records)
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

/// Chooses a password and comes in by the invitation with `token`.
pub(crate) async fn register(
    state: &ApiState,
    token: &str,
    address: &str,
    name: &str,
    language: Language,
    password: SecretString,
) -> Result<UserId, ApiError> {
    check_password(&password)?;
    let token = TokenHash::of(token);
    let users = state.records().users();
    // Hashing is slow; nobody without an invitation makes us do it.
    if users.invited(&token, state.now()).await.map_err(ApiError::records)?.is_none() {
        return Err(ApiError::NotFound(crate::problem::Thing::Invitation));
    }
    let hash = hash_password(state, password).await?;
    let registered = users.register(&token, state.now(), address, name, language, &hash).await;
    registered.map_err(ApiError::of_records)
}

fn check_password(password: &SecretString) -> Result<(), ApiError> {
    let text = password.expose_secret();
    if text.chars().count() < PASSWORD_CHARS_MIN || text.len() > PASSWORD_BYTES_MAX {
        let reason = format!(
            "must have at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
        );
        return Err(ApiError::refused("password", reason));
    }
    Ok(())
}

/// The hash of a password that somebody chooses, if it may be chosen.
///
/// # Errors
/// [`ApiError::Refused`] for one that is too short or too long.
pub(crate) async fn hash_password(
    state: &ApiState,
    password: SecretString,
) -> Result<SecretString, ApiError> {
    check_password(&password)?;
    let hash = state.passwords().hash(password).await.map_err(|error| match error {
        PasswordError::Busy => ApiError::Busy,
        PasswordError::Hash(_) => ApiError::internal(error),
    })?;
    Ok(SecretString::from(hash))
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
) -> Result<Imported, ApiError> {
    if lines.len() > Users::MAX_IMPORT {
        let reason = format!("at most {} users at once, found {}", Users::MAX_IMPORT, lines.len());
        return Err(ApiError::refused("body", reason));
    }
    let tokens: Vec<Token> = lines.iter().map(|_| token(state)).collect::<Result<_, _>>()?;
    let hashes: Vec<TokenHash> = tokens.iter().map(|token| token.hash).collect();
    let expires_at = state.now().plus_millis(INVITATION_VALID_MS);
    let users = state.records().users();
    let actor = principal.actor(state);
    let import = users.import(&actor, lines, &hashes, expires_at, is_trial).await;
    let import = import.map_err(ApiError::of_records)?;
    let mut links = Vec::with_capacity(import.lines.len());
    for (line, token) in import.lines.iter().zip(tokens) {
        let is_invited = import.is_done && line.plan == UserPlan::Invite;
        links.push(match line.user.filter(|_| is_invited) {
            Some(user) => Some(handed_over(state, principal, user, token.link).await?),
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
