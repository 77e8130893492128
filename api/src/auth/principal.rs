//! Who is calling.

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use store::records::{Actor, Role, TokenHash, User, UserId};

use super::{cookie, scrape};
use crate::app::ApiState;
use crate::problem::ApiError;

/// How every API token begins, so that scanners for leaked secrets know it.
pub(crate) const TOKEN_PREFIX: &str = "pw_";
/// Whatever is longer is no secret of ours.
const SECRET_BYTES_MAX: usize = 200;

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    user: User,
}

impl Principal {
    /// What to call them.
    pub(crate) fn display_name(&self) -> &str {
        if self.user.name.is_empty() { &self.user.email } else { &self.user.name }
    }

    /// Their identity.
    pub(crate) fn id(&self) -> UserId {
        self.user.id
    }

    /// Their mail address.
    pub(crate) fn email(&self) -> &str {
        &self.user.email
    }

    /// Whether they may see and do everything.
    pub(crate) fn is_administrator(&self) -> bool {
        self.user.role == Role::Beheer
    }

    /// The name under which their changes are recorded.
    pub(crate) fn actor(&self, state: &ApiState) -> Actor {
        Actor::new(self.user.email.clone(), state.now())
    }
}

/// Who sent a request with `headers`: the holder of the API token in it, or,
/// when it carries none, of the session. A token that does not work is not
/// made up for by a session.
pub(crate) async fn identify(
    state: &ApiState,
    headers: &HeaderMap,
) -> Result<Option<Principal>, ApiError> {
    let now = state.now();
    let user = if let Some(token) = scrape::bearer(headers) {
        if !token.starts_with(TOKEN_PREFIX) || token.len() > SECRET_BYTES_MAX {
            return Ok(None);
        }
        let found = state.records().api_tokens().find(&TokenHash::of(token), now).await;
        found.map_err(ApiError::records)?.map(|(_, user)| user)
    } else {
        let Some(token) = session_token(state, headers) else {
            return Ok(None);
        };
        let found = state.records().sessions().find(&TokenHash::of(&token), now).await;
        found.map_err(ApiError::records)?.map(|(_, user)| user)
    };
    Ok(user.map(|user| Principal { user }))
}

/// What the session cookie carries, whether or not it is worth anything.
pub(crate) fn session_token(state: &ApiState, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let token = jar.get(cookie::name(state))?.value();
    (!token.is_empty() && token.len() <= SECRET_BYTES_MAX).then(|| token.to_owned())
}
