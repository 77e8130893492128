//! Who is calling, and how far they may see on this route.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use jiff::tz::TimeZone;
use store::Scope;
use store::records::{Actor, ApiTokenId, Language, Role, TokenHash, User, UserId};

use super::{cookie, scrape};
use crate::app::ApiState;
use crate::policy::{Action, Reach, reach};
use crate::problem::ApiError;

/// How every API token begins, so that scanners for leaked secrets know it.
pub(crate) const TOKEN_PREFIX: &str = "pw_";
/// Whatever is longer is no secret of ours.
const SECRET_BYTES_MAX: usize = 200;

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    user: User,
    token: Option<ApiTokenId>,
}

/// Somebody who may do what a route does, within a scope. Only the guard of a
/// route makes one.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    identity: Identity,
    scope: Scope,
    address: Option<IpAddr>,
}

impl Identity {
    /// How far they go in `action`, from `address`.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where their role goes nowhere.
    pub(crate) async fn admitted(
        self,
        state: &ApiState,
        action: Action,
        address: Option<IpAddr>,
    ) -> Result<Principal, ApiError> {
        let scope = match reach(self.user.role, action) {
            Reach::Nothing => return Err(ApiError::Forbidden),
            Reach::Everything => Scope::everything(),
            Reach::Own => {
                let found = state.records().users().scope_of(&self.user).await;
                found.map_err(ApiError::records)?
            }
        };
        Ok(Principal { identity: self, scope, address })
    }
}

impl Principal {
    fn user(&self) -> &User {
        &self.identity.user
    }

    /// Everything about their account.
    pub(crate) fn account(&self) -> &User {
        self.user()
    }

    /// What to call them.
    pub(crate) fn display_name(&self) -> &str {
        if self.user().name.is_empty() { &self.user().email } else { &self.user().name }
    }

    /// Their identity.
    pub(crate) fn id(&self) -> UserId {
        self.user().id
    }

    /// Their mail address.
    pub(crate) fn email(&self) -> &str {
        &self.user().email
    }

    /// What they may see on this route.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What they may do.
    pub(crate) fn role(&self) -> Role {
        self.user().role
    }

    /// Whether they get anywhere in `action`: to show a link, never to decide.
    pub(crate) fn may(&self, action: Action) -> bool {
        reach(self.role(), action) > Reach::Nothing
    }

    /// The zone in which they read and write instants.
    pub(crate) fn zone(&self, state: &ApiState) -> TimeZone {
        let own = self.user().time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        own.unwrap_or_else(|| state.config().time_zone.clone())
    }

    /// The language of their profile.
    pub(crate) fn language(&self) -> Language {
        self.user().language
    }

    /// Under what their changes are recorded.
    pub(crate) fn actor(&self, state: &ApiState) -> Actor {
        let actor = Actor::new(self.user().email.clone(), state.now()).as_user(self.id());
        let actor = match self.address {
            Some(address) => actor.from_address(address),
            None => actor,
        };
        match self.identity.token {
            Some(token) => actor.by_token(token),
            None => actor,
        }
    }
}

/// Who sent a request with `headers`: the holder of the API token in it, or,
/// when it carries none, of the session. A token that does not work is not
/// made up for by a session.
pub(crate) async fn identify(
    state: &ApiState,
    headers: &HeaderMap,
) -> Result<Option<Identity>, ApiError> {
    let now = state.now();
    if let Some(token) = scrape::bearer(headers) {
        if !token.starts_with(TOKEN_PREFIX) || token.len() > SECRET_BYTES_MAX {
            return Ok(None);
        }
        let found = state.records().api_tokens().find(&TokenHash::of(token), now).await;
        let found = found.map_err(ApiError::records)?;
        return Ok(found.map(|(token, user)| Identity { user, token: Some(token.id) }));
    }
    let Some(token) = session_token(state, headers) else {
        return Ok(None);
    };
    let found = state.records().sessions().find(&TokenHash::of(&token), now).await;
    let found = found.map_err(ApiError::records)?;
    Ok(found.map(|(_, user)| Identity { user, token: None }))
}

/// What the session cookie carries, whether or not it is worth anything.
pub(crate) fn session_token(state: &ApiState, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let token = jar.get(cookie::name(state))?.value();
    (!token.is_empty() && token.len() <= SECRET_BYTES_MAX).then(|| token.to_owned())
}
