//! What every way of proving who one is shares: the wait after too many tries,
//! the log of attempts, and the letters about it.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use dashboards::letters::FactorNews;
use store::records::{Actor, Admission, LoginAttempt, LoginResult, TokenHash, User};

use super::principal::Principal;
use super::throttle::Trying;
use super::{cookie, recovery, totp};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::{letters, metric};

/// Wrong codes of one account in [`CODES_WITHIN_MS`], over all processes; more
/// are not looked at. Guessing a code of six digits, of which three count at a
/// time, then succeeds within a month with a chance of 2 %, for somebody who
/// has the password already, and the log shows it.
const WRONG_CODES_MAX: u64 = 10;
/// What the log calls something that was typed and is no address. Every account
/// has one with an `@`.
const NO_ADDRESS: &str = "(no address)";
/// An hour.
const CODES_WITHIN_MS: i64 = 3_600_000;

/// Who tries to come in as `account`, from what the browser and the network say.
pub(super) async fn who<'a>(
    state: &ApiState,
    headers: &HeaderMap,
    account: &'a str,
    address: IpAddr,
) -> Result<Trying<'a>, ApiError> {
    let stranger = Trying::Stranger { account, address };
    let Some(device) = cookie::device_of(state, headers) else { return Ok(stranger) };
    let device = TokenHash::of(&device);
    let is_known = state.records().devices().knows(&device, account).await;
    let is_known = is_known.map_err(ApiError::records)?;
    Ok(if is_known { Trying::Known { account, device } } else { stranger })
}

/// Who proves in a session again who they are.
///
/// # Errors
/// [`ApiError::SessionOnly`] for a token.
pub(crate) fn in_session(principal: &Principal) -> Result<Trying<'static>, ApiError> {
    principal.session().map(Trying::Session).ok_or(ApiError::SessionOnly)
}

/// Counts a try to come in as `account`, or gives how many milliseconds to wait.
/// The first try that is refused is written down and stands for those that
/// follow it.
pub(super) async fn wait_ms(
    state: &ApiState,
    headers: &HeaderMap,
    trying: Trying<'_>,
    account: &str,
    address: IpAddr,
) -> Result<Option<i64>, ApiError> {
    let admission = state.throttle().admit(trying, state.now()).await;
    let Admission::Refused { wait_ms, is_first } = admission.map_err(ApiError::records)? else {
        return Ok(None);
    };
    metric::login("throttled");
    if is_first {
        note_typed(state, headers, account, address, LoginResult::Throttled).await;
    }
    Ok(Some(wait_ms))
}

/// Counts a try to come in as `account`, or says to wait.
///
/// # Errors
/// [`ApiError::TooMany`].
pub(crate) async fn admit(
    state: &ApiState,
    headers: &HeaderMap,
    trying: Trying<'_>,
    account: &str,
    address: IpAddr,
) -> Result<(), ApiError> {
    match wait_ms(state, headers, trying, account, address).await? {
        None => Ok(()),
        Some(wait_ms) => Err(ApiError::TooMany { retry_after_s: seconds(wait_ms) }),
    }
}

/// The try was right, and is taken back.
pub(crate) async fn succeeded(state: &ApiState, trying: Trying<'_>) -> Result<(), ApiError> {
    state.throttle().succeeded(trying).await.map_err(ApiError::records)
}

/// Counts that a stranger begins something that leaves a row behind, or says to
/// wait; it is not worth an entry in the log.
///
/// # Errors
/// [`ApiError::TooMany`].
pub(crate) async fn begins(state: &ApiState, trying: Trying<'_>) -> Result<(), ApiError> {
    let admission = state.throttle().admit(trying, state.now()).await;
    match admission.map_err(ApiError::records)? {
        Admission::Admitted => Ok(()),
        Admission::Refused { wait_ms, .. } => {
            Err(ApiError::TooMany { retry_after_s: seconds(wait_ms) })
        }
    }
}

/// Writes an attempt down of which `typed` was given as the address. What is no
/// address and nobody's is left out: people type passwords there.
pub(super) async fn note_typed(
    state: &ApiState,
    headers: &HeaderMap,
    typed: &str,
    address: IpAddr,
    result: LoginResult,
) {
    let is_address = typed.contains('@') || typed.is_empty();
    note(state, headers, if is_address { typed } else { NO_ADDRESS }, address, result).await;
}

/// Writes an attempt down; that it could not be is no reason to refuse.
pub(crate) async fn note(
    state: &ApiState,
    headers: &HeaderMap,
    email: &str,
    address: IpAddr,
    result: LoginResult,
) {
    let attempt = LoginAttempt {
        at: state.now(),
        email: email.to_owned(),
        address: address.to_string(),
        user_agent: user_agent(headers),
        result,
    };
    if let Err(error) = state.records().login_attempts().record(&attempt).await {
        tracing::warn!(%error, "could not write a sign-in attempt down");
    }
}

/// Whole seconds of a wait.
pub(super) fn seconds(wait_ms: i64) -> u64 {
    wait_ms.unsigned_abs().div_ceil(1_000)
}

/// A page that says to wait.
pub(super) fn too_many(mut page: Response, retry_after_s: u64) -> Response {
    *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    page.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
    page
}

/// What a code came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Code {
    /// It is right, and counts no more from now on; as what to write it down.
    Right(LoginResult),
    /// It is wrong, or was used before.
    Wrong,
    /// It was not looked at: there were too many wrong ones.
    NotLookedAt,
}

/// Takes a code of an app, if `user` has one.
pub(super) async fn take_totp(state: &ApiState, user: &User, code: &str) -> Result<Code, ApiError> {
    let since = state.now().plus_millis(-CODES_WITHIN_MS);
    let wrong = state.records().login_attempts().wrong_second_factors(&user.email, since).await;
    if wrong.map_err(ApiError::records)? >= WRONG_CODES_MAX {
        return Ok(Code::NotLookedAt);
    }
    let factors = state.records().factors();
    let Some(seed) = factors.totp(user.id).await.map_err(ApiError::records)? else {
        return Ok(Code::Wrong);
    };
    let Some(step) = totp::step_of(&seed.seed, code, state.now()) else {
        return Ok(Code::Wrong);
    };
    let is_taken = factors.use_totp(user.id, &seed, step, state.now()).await;
    let right = Code::Right(LoginResult::OkTotp);
    Ok(if is_taken.map_err(ApiError::records)? { right } else { Code::Wrong })
}

/// Takes a code of an app or, if it does not look like one, a recovery code.
pub(super) async fn take_code(
    state: &ApiState,
    user: &User,
    code: &str,
    address: IpAddr,
) -> Result<Code, ApiError> {
    if totp::looks_like_code(code) {
        return take_totp(state, user, code).await;
    }
    let actor = Actor::new(user.email.clone(), state.now()).as_user(user.id).from_address(address);
    let letter = letters::factors_changed(state, user, FactorNews::CodeUsed, &address.to_string());
    let factors = state.records().factors();
    let is_taken = factors.use_code(&actor, user.id, &recovery::hash(code), letter.as_ref()).await;
    let right = Code::Right(LoginResult::OkRecoveryCode);
    Ok(if is_taken.map_err(ApiError::records)? { right } else { Code::Wrong })
}

/// What the browser calls itself.
pub(super) fn user_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().to_owned()
}
