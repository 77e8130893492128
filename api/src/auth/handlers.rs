//! Signing in and out.
//!
//! A wrong password, an unknown address and an account that was closed get the
//! same answer after the same work. Signing in always begins a new session, so
//! a cookie planted beforehand is worth nothing.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::{LoginError, LoginPage, urls};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::records::{LoginAttempt, LoginResult, SessionDraft, TokenHash, User};

use super::password::{PASSWORD_BYTES_MAX, PasswordError};
use super::principal::{identify, session_token};
use super::{cookie, secret};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::web::Lenient;
use crate::{language, metric, pages, web};

/// The query of the sign-in page.
#[derive(Deserialize, Default)]
pub(crate) struct LoginQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    expired: Option<String>,
    #[serde(default)]
    changed: Option<String>,
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
/// htmx follows redirects silently, so it is told in its own way.
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
    if !is_fragment {
        return Redirect::to(&place).into_response();
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
    let error = query.expired.map(|_| LoginError::SessionExpired);
    let page = LoginPage {
        is_changed: query.changed.is_some(),
        ..form_page(&state, &headers, String::new(), &query.next, error)
    };
    pages::html(&page)
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
    match check(&state, &email, password, address).await? {
        Checked::Right(user) => {
            let token = begin_session(&state, &headers, &user, address).await?;
            let jar = CookieJar::new().add(cookie::carrying(&state, token));
            Ok((jar, Redirect::to(local_path(&next))).into_response())
        }
        Checked::Wrong => {
            let mut response =
                page(&state, &headers, email, &next, Some(LoginError::BadCredentials))?;
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            Ok(response)
        }
        Checked::Wait(wait_ms) => {
            let retry_after_s = wait_ms.unsigned_abs().div_ceil(1_000);
            let error = LoginError::TooManyAttempts { retry_after_s };
            let mut response = page(&state, &headers, email, &next, Some(error))?;
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            Ok(response)
        }
    }
}

/// `POST /logout`.
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(token) = session_token(&state, &headers) {
        let ended = state.records().sessions().end(&TokenHash::of(&token)).await;
        ended.map_err(ApiError::records)?;
    }
    let jar = CookieJar::new().add(cookie::forgetting(&state));
    Ok((jar, Redirect::to(urls::LOGIN)).into_response())
}

enum Checked {
    Right(User),
    Wrong,
    Wait(i64),
}

async fn check(
    state: &ApiState,
    email: &str,
    password: SecretString,
    address: IpAddr,
) -> Result<Checked, ApiError> {
    if let Err(wait_ms) = state.throttle().admit(email, address, state.now()) {
        metric::login("throttled");
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
    let is_right =
        state.passwords().verify(password, stored).await.map_err(|error| match error {
            PasswordError::Busy => ApiError::Busy,
            PasswordError::Hash(_) => ApiError::internal(error),
        })?;
    let right = usable.filter(|_| is_right && is_sane).map(|found| found.user);
    note(state, email, address, if right.is_some() { LoginResult::Ok } else { result }).await;
    match right {
        Some(user) => {
            state.throttle().succeeded(email, address);
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

/// Writes the attempt down; that it could not be is no reason to refuse.
async fn note(state: &ApiState, email: &str, address: IpAddr, result: LoginResult) {
    let attempt = LoginAttempt {
        at: state.now(),
        email: email.to_owned(),
        address: address.to_string(),
        result,
    };
    if let Err(error) = state.records().login_attempts().record(&attempt).await {
        tracing::warn!(%error, "could not write a sign-in attempt down");
    }
}

/// Begins a session for `user` and ends the one that the browser came with.
async fn begin_session(
    state: &ApiState,
    headers: &HeaderMap,
    user: &User,
    address: IpAddr,
) -> Result<String, ApiError> {
    let sessions = state.records().sessions();
    if let Some(old) = session_token(state, headers) {
        sessions.end(&TokenHash::of(&old)).await.map_err(ApiError::records)?;
    }
    let token = secret::fresh().map_err(ApiError::internal)?;
    let millis = |limit: std::time::Duration| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let draft = SessionDraft {
        token: TokenHash::of(token.expose_secret()),
        user: user.id,
        at: state.now(),
        idle_timeout_ms: millis(state.config().session_idle),
        absolute_timeout_ms: millis(state.config().session_absolute),
        user_agent: agent.unwrap_or_default().to_owned(),
        address: address.to_string(),
    };
    sessions.create(&draft).await.map_err(ApiError::records)?;
    Ok(token.expose_secret().to_owned())
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
    LoginPage { shell, email, next: local_path(next).to_owned(), error, is_changed: false }
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
