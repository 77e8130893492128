//! Who is calling, and how far they may see on this route.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use correlate::model::Timestamp;
use jiff::tz::TimeZone;
use store::Scope;
use store::records::{
    Actor, ApiToken, ApiTokenId, Language, Proof, Role, ServiceGrant, SessionId, Standing,
    TokenHash, TokenHolder, User, UserId,
};

use super::token::SHOWN_CHARS;
use super::{cookie, required_roles, scrape};
use crate::app::ApiState;
use crate::policy::{
    Action, CONFIRMED_FOR_MS, Confirmation, Reach, confirmation, is_open_without_factor, reach,
    service_reach,
};
use crate::problem::ApiError;

/// How every API token of a user begins, so that scanners for leaked secrets know it.
pub(crate) const TOKEN_PREFIX: &str = "pw_";
/// How every API token of a service begins.
pub(crate) const SERVICE_TOKEN_PREFIX: &str = "pws_";
/// Whatever is longer is no secret of ours.
pub(super) const SECRET_BYTES_MAX: usize = 200;

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    user: User,
    by: Carrier,
}

/// What carries their requests.
#[derive(Clone, Debug)]
enum Carrier {
    Session(SessionId, Proved),
    Token {
        id: ApiTokenId,
        /// What it is good for; `None`: whatever its user may.
        scopes: Option<BTreeSet<String>>,
        /// As what it acts, if it is one of a service.
        grant: Option<ServiceGrant>,
    },
}

/// What a session says of how its user proved who they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Proved {
    confirmed_at: Timestamp,
    by: Proof,
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
    /// Who they are.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    fn of_token(token: ApiToken, holder: TokenHolder) -> Identity {
        let user = match holder {
            TokenHolder::User(user) => user,
            TokenHolder::Service(grant) => service(&token, &grant),
        };
        let ApiToken { id, scopes, grant, .. } = token;
        Identity { user, by: Carrier::Token { id, scopes, grant } }
    }

    /// How far they go in `action`, from `address`; `changes` says whether the
    /// request changes anything.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where their role goes nowhere,
    /// [`ApiError::OutOfScope`] where their token is not good for it, and what
    /// they have to prove first.
    pub(crate) async fn admitted(
        self,
        state: &ApiState,
        action: Action,
        changes: bool,
        address: Option<IpAddr>,
    ) -> Result<Principal, ApiError> {
        let grant = match &self.by {
            Carrier::Token { grant: Some(grant), .. } => Some(grant),
            _ => None,
        };
        let reach = match grant {
            Some(grant) => service_reach(grant.role, action),
            None => reach(self.user.role, action),
        };
        if reach == Reach::Nothing {
            return Err(ApiError::Forbidden);
        }
        if let Carrier::Token { scopes: Some(scopes), .. } = &self.by
            && !action.is_among(scopes, changes)
        {
            return Err(ApiError::OutOfScope(action.scope_for(changes)));
        }
        self.must_have_proved(state, action, changes).await?;
        let scope = match (reach, grant) {
            (Reach::Nothing, _) => return Err(ApiError::Forbidden),
            (Reach::Everything, _) => Scope::everything(),
            (Reach::Own, Some(grant)) => grant.scope(),
            (Reach::Own, None) => {
                let found = state.records().users().scope_of(&self.user).await;
                found.map_err(ApiError::records)?
            }
        };
        Ok(Principal { identity: self, scope, address })
    }

    fn proved(&self) -> Option<Proved> {
        match self.by {
            Carrier::Session(_, proved) => Some(proved),
            Carrier::Token { .. } => None,
        }
    }

    /// Refuses who owes a second factor, or a fresh proof of who they are.
    async fn must_have_proved(
        &self,
        state: &ApiState,
        action: Action,
        changes: bool,
    ) -> Result<(), ApiError> {
        let asked = confirmation(action, changes);
        let Some(proved) = self.proved() else {
            // A token is a proof of its own, but stands for nobody at a keyboard.
            let is_service = matches!(self.by, Carrier::Token { grant: Some(_), .. });
            return match asked {
                Confirmation::RecentOrService if is_service => Ok(()),
                Confirmation::RecentInSession
                | Confirmation::RecentOrService
                | Confirmation::Session => Err(ApiError::SessionOnly),
                Confirmation::Recent | Confirmation::Nothing => Ok(()),
            };
        };
        if !is_open_without_factor(action)
            && proved.by != Proof::FederatedSecondFactor
            && owes_factor(state, &self.user).await?
        {
            return Err(ApiError::SecondFactorRequired);
        }
        let age_ms = state.now().millis().saturating_sub(proved.confirmed_at.millis());
        let asks = !matches!(asked, Confirmation::Nothing | Confirmation::Session);
        if asks && age_ms > CONFIRMED_FOR_MS {
            return Err(ApiError::ConfirmationRequired);
        }
        Ok(())
    }
}

/// Whether the role of `user` must have a second factor and they have none.
async fn owes_factor(state: &ApiState, user: &User) -> Result<bool, ApiError> {
    let factors = state.records().factors();
    let roles = required_roles(state).await.map_err(ApiError::records)?;
    if !roles.contains(&user.role) {
        return Ok(false);
    }
    Ok(!factors.has_second(user.id).await.map_err(ApiError::records)?)
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

    /// Their identity; with the token of a service, that of whoever issued it,
    /// who is not meant: no route about one's own account lets a service in.
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

    /// The session that carries the request; `None` for a token.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match self.identity.by {
            Carrier::Session(id, _) => Some(id),
            Carrier::Token { .. } => None,
        }
    }

    /// The token that carries the request; `None` for a session.
    pub(crate) fn token(&self) -> Option<ApiTokenId> {
        match self.identity.by {
            Carrier::Session(..) => None,
            Carrier::Token { id, .. } => Some(id),
        }
    }

    /// What the token of the request is good for; `None`: whatever they may.
    pub(crate) fn token_scopes(&self) -> Option<&BTreeSet<String>> {
        match &self.identity.by {
            Carrier::Token { scopes, .. } => scopes.as_ref(),
            Carrier::Session(..) => None,
        }
    }

    /// Whether it is a service, which has no account of its own.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self.identity.by, Carrier::Token { grant: Some(_), .. })
    }

    /// The network address that they act from.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// By what the session began in which they act; `None` with a token.
    pub(crate) fn proof(&self) -> Option<Proof> {
        self.identity.proved().map(|proved| proved.by)
    }

    /// Refuses who has not proved lately who they are, where that depends on
    /// more than the action.
    ///
    /// # Errors
    /// [`ApiError::ConfirmationRequired`].
    pub(crate) fn must_be_confirmed(&self, state: &ApiState) -> Result<(), ApiError> {
        let is_fresh = |proved: Proved| {
            let age_ms = state.now().millis().saturating_sub(proved.confirmed_at.millis());
            age_ms <= CONFIRMED_FOR_MS
        };
        let is_confirmed = self.identity.proved().is_none_or(is_fresh);
        if is_confirmed { Ok(()) } else { Err(ApiError::ConfirmationRequired) }
    }

    /// Refuses a token where that depends on more than the action: a token that
    /// leaks must not become an administrator.
    ///
    /// # Errors
    /// [`ApiError::SessionOnly`], and as [`Principal::must_be_confirmed`].
    pub(crate) fn must_be_confirmed_in_session(&self, state: &ApiState) -> Result<(), ApiError> {
        match self.token() {
            Some(_) => Err(ApiError::SessionOnly),
            None => self.must_be_confirmed(state),
        }
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
        let actor = Actor::new(self.user().email.clone(), state.now());
        let actor = if self.is_service() { actor } else { actor.as_user(self.id()) };
        let actor = match self.address {
            Some(address) => actor.from_address(address),
            None => actor,
        };
        match self.token() {
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
    identified(state, headers, false).await
}

/// The same of a request that nobody made by hand: a session idles on.
pub(crate) async fn identify_idle(
    state: &ApiState,
    headers: &HeaderMap,
) -> Result<Option<Identity>, ApiError> {
    identified(state, headers, true).await
}

async fn identified(
    state: &ApiState,
    headers: &HeaderMap,
    is_idle: bool,
) -> Result<Option<Identity>, ApiError> {
    let now = state.now();
    if let Some(token) = scrape::bearer(headers) {
        let is_one = [TOKEN_PREFIX, SERVICE_TOKEN_PREFIX].iter().any(|way| token.starts_with(way));
        if !is_one || token.len() > SECRET_BYTES_MAX {
            return Ok(None);
        }
        let found = state.records().api_tokens().find(&TokenHash::of(token), now).await;
        let found = found.map_err(ApiError::records)?;
        return Ok(found.map(|(token, holder)| Identity::of_token(token, holder)));
    }
    let Some(token) = session_token(state, headers) else {
        return Ok(None);
    };
    let (sessions, token) = (state.records().sessions(), TokenHash::of(&token));
    let found = match is_idle {
        true => sessions.find_idle(&token, now).await,
        false => sessions.find(&token, now).await,
    };
    let found = found.map_err(ApiError::records)?;
    Ok(found.map(|(session, user)| {
        let proved = Proved { confirmed_at: session.confirmed_at, by: session.proof };
        Identity { user, by: Carrier::Session(session.id, proved) }
    }))
}

/// How the API token in a request begins, as lists show it; empty for a text that
/// cannot be one of ours. `None` without any.
pub(crate) fn token_prefix(headers: &HeaderMap) -> Option<String> {
    let token = scrape::bearer(headers)?;
    let way = [SERVICE_TOKEN_PREFIX, TOKEN_PREFIX].into_iter().find(|way| token.starts_with(way));
    let shown = way.map_or(0, |way| way.len() + SHOWN_CHARS);
    Some(
        token
            .chars()
            .take(shown)
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect(),
    )
}

/// A service as pages and the audit trail name it.
fn service(token: &ApiToken, grant: &ServiceGrant) -> User {
    User {
        id: token.user,
        email: format!("service {}", token.name),
        name: token.name.clone(),
        role: grant.role,
        language: Language::En,
        time_zone: None,
        notification_email: None,
        notification_proven: false,
        customers: grant.customers.clone(),
        standing: Standing::Active,
        revision: 0,
        created_at: token.created_at,
    }
}

/// What the session cookie carries, whether or not it is worth anything.
pub(crate) fn session_token(state: &ApiState, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let token = jar.get(cookie::name(state))?.value();
    (!token.is_empty() && token.len() <= SECRET_BYTES_MAX).then(|| token.to_owned())
}
