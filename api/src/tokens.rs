//! Issuing API tokens, for the API and the pages alike: which scopes there are
//! follows from the policy, and nobody passes on more than they have.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use dashboards::letters::FactorNews;
use secrecy::SecretString;
use store::records::{ApiTokenId, Role, ServiceGrant};

use crate::app::ApiState;
use crate::auth::{self, Principal, TokenError, WantedToken};
use crate::letters;
use crate::policy::{Action, Reach, reach, service_reach};
use crate::problem::ApiError;

/// A token as somebody asks for it.
pub(crate) struct Wish {
    /// What it is for.
    pub(crate) name: String,
    /// When it stops working; never unless given, and with the token that issues it
    /// at the latest.
    pub(crate) expires_at: Option<Timestamp>,
    /// What it is good for; `None`: whatever its holder may.
    pub(crate) scopes: Option<BTreeSet<String>>,
    /// As what it acts, if it is one of a service.
    pub(crate) grant: Option<ServiceGrant>,
}

/// What tokens of somebody with `role` can be good for.
pub(crate) fn scopes_of_user(role: Role) -> Vec<&'static str> {
    scopes(|action| reach(role, action))
}

/// What tokens of a service with `role` can be good for.
pub(crate) fn scopes_of_service(role: Role) -> Vec<&'static str> {
    scopes(|action| service_reach(role, action))
}

fn scopes(reach: impl Fn(Action) -> Reach) -> Vec<&'static str> {
    let may = |action: &Action| reach(*action) > Reach::Nothing;
    let of = |action: Action| action.read_scope().into_iter().chain([action.token_scope()]);
    Action::ALL.into_iter().filter(may).flat_map(of).collect()
}

/// Issues a token. Its text is kept nowhere: show it once, now.
///
/// # Errors
/// [`ApiError::Refused`] for an end that is past or after that of the token by
/// which it is issued, a scope that there is not or
/// that the holder or the caller does not have, a name or a customer that is
/// not allowed.
pub(crate) async fn issue(
    state: &ApiState,
    principal: &Principal,
    wish: Wish,
) -> Result<(ApiTokenId, SecretString), ApiError> {
    if wish.expires_at.is_some_and(|at| at <= state.now()) {
        return Err(ApiError::refused("expires_at", "must be later than now"));
    }
    let known = match &wish.grant {
        Some(grant) => scopes_of_service(grant.role),
        None => scopes_of_user(principal.role()),
    };
    check(&known, wish.scopes.as_ref(), principal.token_scopes())?;
    let from = principal.address().map(|address| address.to_string()).unwrap_or_default();
    let news = FactorNews::TokenIssued;
    let wanted = WantedToken {
        parent: principal.token(),
        letter: letters::factors_changed(state, principal.account(), news, &from),
        user: principal.id(),
        name: &wish.name,
        expires_at: wish.expires_at,
        scopes: wish.scopes,
        grant: wish.grant,
    };
    let issued = auth::issue_token(state.records(), &principal.actor(state), wanted).await;
    issued.map_err(|error| match error {
        TokenError::Records(error) => ApiError::of_records(error),
        TokenError::Randomness(error) => ApiError::internal(error),
    })
}

/// Whether somebody whose own token, if any, has the scopes `held` may issue
/// one with the scopes `wanted`, out of those that are `known`.
fn check(
    known: &[&str],
    wanted: Option<&BTreeSet<String>>,
    held: Option<&BTreeSet<String>>,
) -> Result<(), ApiError> {
    let Some(wanted) = wanted else {
        return match held {
            None => Ok(()),
            Some(_) => Err(ApiError::refused("scopes", "must be among those of your own token")),
        };
    };
    if wanted.is_empty() {
        return Err(ApiError::refused("scopes", "must name at least one"));
    }
    if let Some(unknown) = wanted.iter().find(|scope| !known.contains(&scope.as_str())) {
        let reason = format!("must be among {}; found {unknown:?}", known.join(", "));
        return Err(ApiError::refused("scopes", reason));
    }
    let holds = |held: &BTreeSet<String>, scope: &String| {
        held.contains(scope) || held.contains(&scope.replacen("read:", "write:", 1))
    };
    match held.and_then(|held| wanted.iter().find(|scope| !holds(held, scope))) {
        None => Ok(()),
        Some(scope) => {
            let reason = format!("must be among those of your own token; found {scope:?}");
            Err(ApiError::refused("scopes", reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_passes_on_more_than_there_is_or_than_they_have() {
        let set = |scopes: &[&str]| -> BTreeSet<String> {
            scopes.iter().map(|scope| (*scope).to_owned()).collect()
        };
        let known = ["read:a", "write:b"];
        let check = |wanted: Option<&[&str]>, held: Option<&[&str]>, expected: bool| {
            let found = check(&known, wanted.map(set).as_ref(), held.map(set).as_ref());
            assert_eq!(found.is_ok(), expected, "{wanted:?} by {held:?}");
        };
        check(None, None, true);
        check(None, Some(&["read:a", "write:b"]), false);
        check(Some(&["read:a"]), None, true);
        check(Some(&["read:a"]), Some(&["read:a"]), true);
        check(Some(&["read:a", "write:b"]), Some(&["read:a"]), false);
        check(Some(&["read:b"]), Some(&["write:b"]), false);
        check(Some(&["read:c"]), None, false);
        check(Some(&[]), None, false);
    }
}
