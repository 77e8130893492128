//! Proving again who one is, before something that matters (OWASP ASVS 5,
//! 7.5.1): with the password, a code of an app or a passkey. Which acts ask for
//! it is said in [`crate::policy`].

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::{ConfirmPage, FactorProblem, urls};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::records::{LoginResult, Proof, TokenHash};

use super::attempts::{self, Code};
use super::handlers::local_path;
use super::password::PASSWORD_BYTES_MAX;
use super::principal::{Principal, session_token};
use super::{PasswordError, cookie, secret};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::web::Lenient;
use crate::{metric, pages, sso, web};

/// What to wait when too many codes were wrong: the count is over an hour.
const WAIT_AFTER_CODES_S: u64 = 900;

/// The query of the page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ConfirmQuery {
    next: String,
}

/// The form: one of the two.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentProof {
    password: String,
    code: String,
    next: String,
}

/// `GET /confirm`.
pub(crate) async fn form(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<ConfirmQuery>,
) -> Result<Response, ApiError> {
    page(&state, &principal, &headers, &uri, &query.next, None).await
}

/// `POST /confirm`.
pub(crate) async fn give(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentProof>,
) -> Result<Response, ApiError> {
    let SentProof { password, code, next } = sent;
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let email = principal.email();
    let trying = attempts::in_session(&principal)?;
    if let Some(wait_ms) = attempts::wait_ms(&state, &headers, trying, email, address).await? {
        let retry_after_s = attempts::seconds(wait_ms);
        let problem = FactorProblem::TooManyAttempts { retry_after_s };
        let page = page(&state, &principal, &headers, &uri, &next, Some(problem)).await?;
        return Ok(attempts::too_many(page, retry_after_s));
    }
    let (problem, result) = if code.is_empty() {
        if is_password(&state, email, password.into()).await? {
            return confirmed(&state, &principal, &headers, address, &next).await;
        }
        (FactorProblem::WrongPassword, LoginResult::WrongPassword)
    } else {
        match attempts::take_totp(&state, principal.account(), &code).await? {
            Code::Right(_) => return confirmed(&state, &principal, &headers, address, &next).await,
            Code::Wrong => (FactorProblem::WrongCode, LoginResult::WrongSecondFactor),
            Code::NotLookedAt => {
                let problem = Some(FactorProblem::TooManyCodes);
                let page = page(&state, &principal, &headers, &uri, &next, problem).await?;
                return Ok(attempts::too_many(page, WAIT_AFTER_CODES_S));
            }
        }
    };
    attempts::note(&state, &headers, email, address, result).await;
    metric::login("wrong");
    tracing::warn!(%address, user = %principal.id(), "somebody could not confirm who they are");
    let mut page = page(&state, &principal, &headers, &uri, &next, Some(problem)).await?;
    *page.status_mut() = StatusCode::UNAUTHORIZED;
    Ok(page)
}

/// Whether `password` is that of the account with `email`.
pub(crate) async fn is_password(
    state: &ApiState,
    email: &str,
    password: SecretString,
) -> Result<bool, ApiError> {
    if password.expose_secret().len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let found = state.records().users().credentials(email).await.map_err(ApiError::records)?;
    let stored = found.map(|found| found.password_hash.expose_secret().to_owned());
    let verified = state.passwords().verify(password, stored).await;
    verified.map(|verified| verified.is_right).map_err(|error| match error {
        PasswordError::Busy => ApiError::Busy,
        PasswordError::Hash(_) => ApiError::internal(error),
    })
}

async fn confirmed(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    address: IpAddr,
    next: &str,
) -> Result<Response, ApiError> {
    let jar = renew(state, principal, headers, address).await?;
    Ok((jar, Redirect::to(local_path(next))).into_response())
}

/// Writes down that who holds the session proved who they are, and gives it
/// another token, so that one that was stolen before is worth nothing.
pub(super) async fn renew(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<CookieJar, ApiError> {
    let old = session_token(state, headers).ok_or(ApiError::Unauthenticated)?;
    let token = secret::fresh().map_err(ApiError::internal)?;
    let sessions = state.records().sessions();
    let (old, new) = (TokenHash::of(&old), TokenHash::of(token.expose_secret()));
    if !sessions.confirm(&old, &new, state.now()).await.map_err(ApiError::records)? {
        return Err(ApiError::Unauthenticated);
    }
    attempts::succeeded(state, attempts::in_session(principal)?).await?;
    tracing::info!(user = %principal.id(), %address, "somebody confirmed who they are");
    Ok(CookieJar::new().add(cookie::carrying(state, token.expose_secret().to_owned())))
}

async fn page(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
    next: &str,
    problem: Option<FactorProblem>,
) -> Result<Response, ApiError> {
    let status = state.records().factors().status(principal.id()).await;
    let status = status.map_err(ApiError::records)?;
    let next = local_path(next).to_owned();
    let mut shell = pages::own_shell(state, principal, headers, uri);
    let is_federated = principal.proof().is_some_and(Proof::is_federated);
    let sign_on = sso::confirm_sign_on(state, shell.locale.lang, &next).filter(|_| is_federated);
    shell.here = format!("{}?next={}", urls::CONFIRM, urls::encode(&next));
    pages::html(&ConfirmPage {
        shell,
        next,
        has_totp: status.totp.is_some(),
        has_passkey: !status.passkeys.is_empty() && state.passkeys().is_some(),
        is_federated,
        sign_on,
        problem,
    })
}
