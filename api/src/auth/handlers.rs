//! Signing in and out.
//!
//! A wrong password, an unknown address and an account that was closed get the
//! same answer after the same work. Signing in always begins a new session, so
//! a cookie planted beforehand is worth nothing.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use correlate::model::Timestamp;
use dashboards::{LoginError, LoginPage, urls};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::records::{LoginResult, Proof, SessionDraft, TokenHash, User};

use super::cookie::Cookies;
use super::password::{PASSWORD_BYTES_MAX, PasswordError};
use super::principal::{Principal, identify, session_token};
use super::{attempts, cookie, forgotten, second, secret};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::web::Lenient;
use crate::{language, metric, pages, sso, web};

/// What a browser forgets of us when somebody signs out (OWASP ASVS 5, 14.3.1).
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// The query of the sign-in page.
#[derive(Deserialize, Default)]
pub(crate) struct LoginQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    expired: Option<String>,
    #[serde(default)]
    changed: Option<String>,
    /// Why single sign-on did not succeed.
    #[serde(default)]
    sso: String,
    /// Whether somebody just signed out.
    #[serde(default)]
    out: Option<String>,
    #[serde(default)]
    again: Option<String>,
}

/// The sign-in form.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Sends a browser to the sign-in page, to come back to `target` afterwards.
pub(crate) fn to_login(target: &str, is_fragment: bool, had_session: bool) -> Response {
    let mut place = urls::LOGIN.to_owned();
    let back = local_path(target);
    if back != urls::OVERVIEW && !is_fragment {
        place.push_str(&format!("?next={}", urls::encode(back)));
    }
    if had_session {
        place.push(if place.contains('?') { '&' } else { '?' });
        place.push_str("expired=1");
    }
    elsewhere(&place, is_fragment)
}

/// Sends a browser to `place`, a path on this server. htmx follows redirects
/// silently, so it is told in its own way.
pub(crate) fn elsewhere(place: &str, is_fragment: bool) -> Response {
    if !is_fragment {
        return Redirect::to(place).into_response();
    }
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    let place = HeaderValue::try_from(place).expect("addresses are percent-encoded ASCII");
    response.headers_mut().insert(HeaderName::from_static("hx-redirect"), place);
    response
}

/// `path` if it surely is one on this server, else the overview: a link to the
/// sign-in page must not lead anywhere else.
pub(crate) fn local_path(path: &str) -> &str {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if is_local { path } else { urls::OVERVIEW }
}

/// `GET /login`.
pub(crate) async fn form(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Lenient(query): Lenient<LoginQuery>,
) -> Result<Response, ApiError> {
    if identify(&state, &headers).await?.is_some() {
        return Ok(Redirect::to(local_path(&query.next)).into_response());
    }
    let problem = sso::problem_of(&query.sso).map(LoginError::SignOn);
    let error = match (problem, &query.again, &query.expired) {
        (Some(problem), ..) => Some(problem),
        (None, Some(_), _) => Some(LoginError::StartAgain),
        (None, None, Some(_)) => Some(LoginError::SessionExpired),
        (None, None, None) => None,
    };
    let page = LoginPage {
        is_changed: query.changed.is_some(),
        sign_out_at: query.out.and_then(|_| sso::sign_out_target(&state)),
        ..form_page(&state, &headers, String::new(), &query.next, error)
    };
    let page = pages::html(&page)?;
    if cookie::half_of(&state, &headers).is_none() {
        return Ok(page);
    }
    // Whoever comes back here begins anew, perhaps as somebody else.
    Ok((CookieJar::new().add(cookie::forgetting_half(&state)), page).into_response())
}

/// `POST /login`.
pub(crate) async fn sign_in(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response, ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let LoginForm { email, password, next } = form;
    let password = SecretString::from(password);
    match check(&state, &headers, &email, password, address).await? {
        Checked::Right(user) => {
            let proof = Proof::Password;
            let cookies = renewed_session(&state, &headers, &user, address, proof).await?;
            Ok((cookies, Redirect::to(local_path(&next))).into_response())
        }
        Checked::Half(user) => second::ask(&state, &user, &next, false).await,
        Checked::Initial(user) => forgotten::choose(&state, &headers, &user, address).await,
        Checked::InitialEnded => {
            let error = Some(LoginError::InitialEnded);
            let mut response = page(&state, &headers, email, &next, error)?;
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            Ok(response)
        }
        Checked::Wrong => {
            // Who is meant says nothing about the password: all get the hint.
            let error = match state.sso().is_some() {
                true => LoginError::BadOrSignOnOnly,
                false => LoginError::BadCredentials,
            };
            let mut response = page(&state, &headers, email, &next, Some(error))?;
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            Ok(response)
        }
        Checked::Wait(wait_ms) => {
            let retry_after_s = attempts::seconds(wait_ms);
            let error = LoginError::TooManyAttempts { retry_after_s };
            let response = page(&state, &headers, email, &next, Some(error))?;
            Ok(attempts::too_many(response, retry_after_s))
        }
    }
}

/// `POST /logout`.
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(token) = session_token(&state, &headers) {
        let actor = principal.actor(&state);
        let ended = state.records().sessions().sign_out(&actor, &TokenHash::of(&token)).await;
        ended.map_err(ApiError::records)?;
    }
    let jar = CookieJar::new().add(cookie::forgetting(&state));
    let asks_further = sso::sign_out_target(&state).is_some();
    let place =
        if asks_further { format!("{}?out=1", urls::LOGIN) } else { urls::LOGIN.to_owned() };
    // Not the cookies: the next person keeps the language.
    let clear = [(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""))];
    Ok((jar, clear, Redirect::to(&place)).into_response())
}

enum Checked {
    Right(User),
    /// The password is right, and a second factor is owed.
    Half(User),
    /// The password is right, and was made up for the first sign-in.
    Initial(User),
    /// The same, and it has ended.
    InitialEnded,
    Wrong,
    Wait(i64),
}

async fn check(
    state: &ApiState,
    headers: &HeaderMap,
    email: &str,
    password: SecretString,
    address: IpAddr,
) -> Result<Checked, ApiError> {
    let trying = attempts::who(state, headers, email, address).await?;
    if let Some(wait_ms) = attempts::wait_ms(state, headers, trying, email, address).await? {
        return Ok(Checked::Wait(wait_ms));
    }
    let found = state.records().users().credentials(email).await.map_err(ApiError::records)?;
    let known = found.is_some();
    let usable = found.filter(|found| found.user.is_active());
    let result = match (known, &usable) {
        (false, _) => LoginResult::UnknownUser,
        (true, None) => LoginResult::Inactive,
        (true, Some(_)) => LoginResult::WrongPassword,
    };
    let stored = usable.as_ref().map(|found| found.password_hash.expose_secret().to_owned());
    let is_sane = password.expose_secret().len() <= PASSWORD_BYTES_MAX;
    let password = if is_sane { password } else { SecretString::default() };
    let verified =
        state.passwords().verify(password, stored).await.map_err(|error| match error {
            PasswordError::Busy => ApiError::Busy,
            PasswordError::Hash(_) => ApiError::internal(error),
        })?;
    let is_right = verified.is_right;
    if let (Some(found), Some(renewed)) = (&usable, &verified.renewed) {
        let users = state.records().users();
        let kept = users.renew_hash(found.user.id, &found.password_hash, renewed).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "a password could not be hashed anew");
        }
    }
    let right = usable.filter(|_| is_right && is_sane).map(|found| found.user);
    let is_sign_on_only = match &right {
        Some(user) => sso::decides_alone(state, user).await?,
        None => false,
    };
    let (owes_second, initial_until) = match &right {
        Some(user) => {
            let (factors, users) = (state.records().factors(), state.records().users());
            tokio::try_join!(factors.has_second(user.id), users.initial_until(user.id))
                .map_err(ApiError::records)?
        }
        None => (false, None),
    };
    let has_ended = initial_until.is_some_and(|until| until <= state.now());
    let result = match &right {
        Some(_) if is_sign_on_only => LoginResult::SignOnOnly,
        Some(_) if has_ended => LoginResult::InitialPasswordEnded,
        Some(_) if initial_until.is_some() => LoginResult::InitialPassword,
        Some(_) if owes_second => LoginResult::SecondFactorAsked,
        Some(_) => LoginResult::Ok,
        None => result,
    };
    attempts::note_typed(state, headers, email, address, result).await;
    match right {
        // As for a wrong password: the provider says who they are.
        Some(_) if is_sign_on_only => {
            metric::login("oidc-only");
            tracing::warn!(%address, result = result.as_str(), "a sign-in was refused");
            Ok(Checked::Wrong)
        }
        Some(user) if has_ended => {
            metric::login("wrong");
            tracing::warn!(
                user = %user.id, %address,
                "the first password has ended unused: restart to be given another"
            );
            Ok(Checked::InitialEnded)
        }
        Some(user) if initial_until.is_some() => {
            attempts::succeeded(state, trying).await?;
            Ok(Checked::Initial(user))
        }
        // The tries stay counted until the second factor is right as well.
        Some(user) if owes_second => Ok(Checked::Half(user)),
        Some(user) => {
            attempts::succeeded(state, trying).await?;
            metric::login("ok");
            tracing::info!(user = %user.id, %address, "signed in");
            Ok(Checked::Right(user))
        }
        None => {
            metric::login("wrong");
            tracing::warn!(%address, result = result.as_str(), "a sign-in was refused");
            Ok(Checked::Wrong)
        }
    }
}

/// Begins a session for `user`, who proved at `proved_at` who they are by
/// `proof`, and ends the one that the browser came with; gives its cookies.
pub(crate) async fn begin_session(
    state: &ApiState,
    headers: &HeaderMap,
    user: &User,
    address: IpAddr,
    proof: Proof,
    proved_at: Timestamp,
) -> Result<Cookies, ApiError> {
    let sessions = state.records().sessions();
    if let Some(old) = session_token(state, headers) {
        sessions.end(&TokenHash::of(&old)).await.map_err(ApiError::records)?;
    }
    let token = secret::fresh().map_err(ApiError::internal)?;
    let millis = |limit: std::time::Duration| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
    let draft = SessionDraft {
        token: TokenHash::of(token.expose_secret()),
        user: user.id,
        at: state.now(),
        idle_timeout_ms: millis(state.config().session_idle),
        absolute_timeout_ms: millis(state.config().session_absolute),
        user_agent: attempts::user_agent(headers),
        address: address.to_string(),
    };
    sessions.begin_proved(&draft, proof, proved_at).await.map_err(ApiError::records)?;
    let session = cookie::carrying(state, token.expose_secret().to_owned());
    let cookies = Cookies::default().add(session);
    Ok(match known_device(state, headers, user).await {
        Some(device) => cookies.add(device),
        None => cookies,
    })
}

/// Makes the browser known as one in which `user` came in. That it could not be
/// is no reason to fail.
async fn known_device(
    state: &ApiState,
    headers: &HeaderMap,
    user: &User,
) -> Option<Cookie<'static>> {
    let before = cookie::device_of(state, headers).map(|device| TokenHash::of(&device));
    let device = secret::fresh().ok()?;
    let hash = TokenHash::of(device.expose_secret());
    let seen = state.records().devices().seen(user.id, before.as_ref(), &hash, state.now()).await;
    match seen {
        Ok(()) => Some(cookie::device(state, device.expose_secret().to_owned())),
        Err(error) => {
            tracing::warn!(%error, "a browser is not known again");
            None
        }
    }
}

/// A new session for `user`, who proved now who they are, in the browser that
/// sent `headers`; gives its cookies.
pub(crate) async fn renewed_session(
    state: &ApiState,
    headers: &HeaderMap,
    user: &User,
    address: IpAddr,
    proof: Proof,
) -> Result<Cookies, ApiError> {
    begin_session(state, headers, user, address, proof, state.now()).await
}

fn page(
    state: &ApiState,
    headers: &HeaderMap,
    email: String,
    next: &str,
    error: Option<LoginError>,
) -> Result<Response, ApiError> {
    pages::html(&form_page(state, headers, email, next, error))
}

fn form_page(
    state: &ApiState,
    headers: &HeaderMap,
    email: String,
    next: &str,
    error: Option<LoginError>,
) -> LoginPage {
    let language = language::of_request(headers, state.config().default_language);
    let shell = pages::bare_shell(state, language, urls::LOGIN.to_owned());
    LoginPage {
        shell,
        email,
        next: local_path(next).to_owned(),
        error,
        is_changed: false,
        sign_on: sso::login_sign_on(state, language, next),
        sign_out_at: None,
        passkeys_work: state.passkeys().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(local_path(path), expected, "{path:?}");
    }

    #[test]
    fn only_paths_on_this_server_are_followed() {
        check("/services/a%20b?zoom=7d", "/services/a%20b?zoom=7d");
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:x",
            "/a\nb",
        ] {
            check(foreign, "/");
        }
    }

    #[test]
    fn the_way_back_survives_the_sign_in_page() {
        let place = |response: &Response| {
            let place =
                response.headers().get("location").or(response.headers().get("hx-redirect"));
            place.and_then(|place| place.to_str().ok()).unwrap_or_default().to_owned()
        };
        assert_eq!(place(&to_login("/", false, false)), "/login");
        assert_eq!(
            place(&to_login("/services/x?page=2", false, false)),
            "/login?next=%2Fservices%2Fx%3Fpage%3D2"
        );
        assert_eq!(place(&to_login("/live", true, true)), "/login?expired=1");
    }
}
