//! The second step of signing in, for who has a second factor.
//!
//! Between the steps there is no session: the browser holds a token that is
//! good for this page alone, for some minutes and a few wrong codes.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::{FactorProblem, SecondFactorPage, urls};
use secrecy::ExposeSecret;
use serde::Deserialize;
use store::records::{HalfSignIn, LoginResult, Proof, TokenHash, User};

use super::attempts::{self, Code};
use super::cookie::Cookies;
use super::handlers::{local_path, renewed_session};
use super::throttle::Trying;
use super::{cookie, secret};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::web::Lenient;
use crate::{language, metric, pages, web};

/// How long a second factor is awaited: time to find a phone.
const HALF_VALID_MS: i64 = 300_000;
/// What to wait when too many codes were wrong: the count is over an hour.
const WAIT_AFTER_CODES_S: u64 = 900;

/// The query of the page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SecondQuery {
    next: String,
}

/// The form.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentCode {
    code: String,
    next: String,
}

/// Somebody between the two steps, and the token that says so.
pub(super) struct Half {
    pub(super) token: TokenHash,
    pub(super) who: HalfSignIn,
}

impl Half {
    /// What it is proof of once it is whole by `second`.
    pub(super) fn proof(&self, second: Proof) -> Proof {
        if self.who.is_federated { Proof::FederatedSecondFactor } else { second }
    }
}

/// Sends `user`, whose password was right, or, if `is_federated`, whom the
/// provider vouched for, on to the second step.
pub(crate) async fn ask(
    state: &ApiState,
    user: &User,
    next: &str,
    is_federated: bool,
) -> Result<Response, ApiError> {
    let token = secret::fresh().map_err(ApiError::internal)?;
    let hash = TokenHash::of(token.expose_secret());
    let until = state.now().plus_millis(HALF_VALID_MS);
    let begun = state.records().factors().begin_half(&hash, user.id, is_federated, until).await;
    begun.map_err(ApiError::records)?;
    let jar = CookieJar::new().add(cookie::half(state, token.expose_secret().to_owned()));
    let next = urls::encode(local_path(next));
    Ok((jar, Redirect::to(&format!("{}?next={next}", urls::LOGIN_CODE))).into_response())
}

/// Who is between the two steps in this browser.
pub(super) async fn half(state: &ApiState, headers: &HeaderMap) -> Result<Option<Half>, ApiError> {
    let Some(token) = cookie::half_of(state, headers) else { return Ok(None) };
    let token = TokenHash::of(&token);
    let found = state.records().factors().half(&token, state.now()).await;
    Ok(found.map_err(ApiError::records)?.map(|who| Half { token, who }))
}

/// `GET /login/code`.
pub(crate) async fn form(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Lenient(query): Lenient<SecondQuery>,
) -> Result<Response, ApiError> {
    match half(&state, &headers).await? {
        Some(half) => page(&state, &headers, &half.who.user, &query.next, None).await,
        None => Ok(start_again(&state, &query.next)),
    }
}

/// `POST /login/code`.
pub(crate) async fn give(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<SentCode>,
) -> Result<Response, ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let Some(half) = half(&state, &headers).await? else {
        return Ok(start_again(&state, &sent.next));
    };
    let user = &half.who.user;
    let trying = Trying::Half(half.token);
    let waits = attempts::wait_ms(&state, &headers, trying, &user.email, address).await?;
    if let Some(wait_ms) = waits {
        let retry_after_s = attempts::seconds(wait_ms);
        let problem = FactorProblem::TooManyAttempts { retry_after_s };
        let page = page(&state, &headers, user, &sent.next, Some(problem)).await?;
        return Ok(attempts::too_many(page, retry_after_s));
    }
    match attempts::take_code(&state, user, &sent.code, address).await? {
        Code::Right(proof) => finish(&state, &headers, &half, proof, address, &sent.next).await,
        Code::NotLookedAt => {
            let problem = Some(FactorProblem::TooManyCodes);
            let page = page(&state, &headers, user, &sent.next, problem).await?;
            Ok(attempts::too_many(page, WAIT_AFTER_CODES_S))
        }
        Code::Wrong => {
            let failed = state.records().factors().half_failed(&half.token).await;
            failed.map_err(ApiError::records)?;
            let result = LoginResult::WrongSecondFactor;
            attempts::note(&state, &headers, &user.email, address, result).await;
            metric::login("wrong");
            tracing::warn!(%address, user = %user.id, "a second factor was refused");
            if self::half(&state, &headers).await?.is_none() {
                return Ok(start_again(&state, &sent.next));
            }
            let problem = Some(FactorProblem::WrongCode);
            let mut page = page(&state, &headers, user, &sent.next, problem).await?;
            *page.status_mut() = StatusCode::UNAUTHORIZED;
            Ok(page)
        }
    }
}

async fn finish(
    state: &ApiState,
    headers: &HeaderMap,
    half: &Half,
    result: LoginResult,
    address: IpAddr,
    next: &str,
) -> Result<Response, ApiError> {
    let proof = half.proof(Proof::SecondFactor);
    let Some(cookies) = whole(state, headers, half, proof, result, address).await? else {
        return Ok(start_again(state, next));
    };
    Ok((cookies, Redirect::to(local_path(next))).into_response())
}

/// Makes a half sign-in whole, which is written down as `result`, and gives the
/// cookies of the session; `None` if somebody else was first.
pub(super) async fn whole(
    state: &ApiState,
    headers: &HeaderMap,
    half: &Half,
    proof: Proof,
    result: LoginResult,
    address: IpAddr,
) -> Result<Option<Cookies>, ApiError> {
    let ended = state.records().factors().end_half(&half.token).await;
    if !ended.map_err(ApiError::records)? {
        return Ok(None);
    }
    let user = &half.who.user;
    // The try of the password, and that of the second factor.
    let first = attempts::who(state, headers, &user.email, address).await?;
    attempts::succeeded(state, first).await?;
    attempts::succeeded(state, Trying::Half(half.token)).await?;
    attempts::note(state, headers, &user.email, address, result).await;
    metric::login("ok");
    tracing::info!(user = %user.id, %address, "signed in with a second factor");
    let cookies = renewed_session(state, headers, user, address, proof).await?;
    Ok(Some(cookies.add(cookie::forgetting_half(state))))
}

fn start_again(state: &ApiState, next: &str) -> Response {
    let jar = CookieJar::new().add(cookie::forgetting_half(state));
    let place = format!("{}?again=1&next={}", urls::LOGIN, urls::encode(local_path(next)));
    (jar, Redirect::to(&place)).into_response()
}

async fn page(
    state: &ApiState,
    headers: &HeaderMap,
    user: &User,
    next: &str,
    problem: Option<FactorProblem>,
) -> Result<Response, ApiError> {
    let status = state.records().factors().status(user.id).await.map_err(ApiError::records)?;
    let language = language::of_request(headers, state.config().default_language);
    let next = local_path(next).to_owned();
    let here = format!("{}?next={}", urls::LOGIN_CODE, urls::encode(&next));
    pages::html(&SecondFactorPage {
        shell: pages::bare_shell(state, language, here),
        next,
        has_totp: status.totp.is_some(),
        has_passkey: !status.passkeys.is_empty() && state.passkeys().is_some(),
        problem,
    })
}
