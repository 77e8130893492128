//! Forgotten passwords: a link by mail, and what it leads to; a password that was
//! made up for the first sign-in leads to the same. The link's page knows its code
//! only when it is sent by form, by script or by hand.
//!
//! Whether an address belongs to somebody shows neither in the answer nor in
//! the time that it takes: the answer is given before anybody looks.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use dashboards::{ForgotState, ForgottenPage, FormProblem, Mailed, ResetPage, urls};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::records::{Admission, RecordsError, TokenHash, User};

use super::bootstrap::PASSWORD_CHARS_MIN;
use super::secret;
use super::throttle::Trying;
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::{language, letters, mailed, pages, people, web};

/// A link to a new password works for an hour: mail is fast, and mailboxes
/// are read by others later.
const LINK_VALID_MS: i64 = 3_600_000;

/// The form that asks for a link.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentAddress {
    email: String,
}

/// The form that takes the code of a link, and then a new password too.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentPassword {
    token: String,
    password: Option<String>,
    again: String,
}

/// `GET /forgot-password`.
pub(crate) async fn form(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shown = if state.config().sends_mail { ForgotState::Asks } else { ForgotState::NoMail };
    page(&state, &headers, shown)
}

/// `POST /forgot-password`.
pub(crate) async fn ask(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<SentAddress>,
) -> Result<Response, ApiError> {
    if !state.config().sends_mail {
        return page(&state, &headers, ForgotState::NoMail);
    }
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    // Counted apart from sign-ins: who forgot a password may have tried some.
    let trying = Trying::Forgotten { account: &sent.email, address };
    let admission = state.throttle().admit(trying, state.now()).await;
    if let Admission::Refused { wait_ms, .. } = admission.map_err(ApiError::records)? {
        let retry_after_s = wait_ms.unsigned_abs().div_ceil(1_000);
        let mut response = page(&state, &headers, ForgotState::TooOften { retry_after_s })?;
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        return Ok(response);
    }
    let token = secret::fresh().map_err(ApiError::internal)?;
    let asking = state.clone();
    tokio::spawn(async move {
        if let Err(error) = send_link(&asking, &sent.email, address, &token).await {
            tracing::warn!(%error, "could not queue a link to a new password");
        }
    });
    page(&state, &headers, ForgotState::Asked)
}

async fn send_link(
    state: &ApiState,
    email: &str,
    address: IpAddr,
    token: &SecretString,
) -> Result<(), RecordsError> {
    let hash = TokenHash::of(token.expose_secret());
    let link = mailed::link(state, urls::RESET_PASSWORD, token);
    let (now, address) = (state.now(), address.to_string());
    let expires_at = now.plus_millis(LINK_VALID_MS);
    let letter =
        |user: &_| letters::new_password(state, user, &address, link.expose_secret(), expires_at);
    let users = state.records().users();
    users.ask_reset(email, &address, &hash, now, expires_at, letter).await
}

/// Lets `user`, who gave a password that was made up for the first sign-in,
/// choose their own. They are not signed in.
pub(super) async fn choose(
    state: &ApiState,
    headers: &HeaderMap,
    user: &User,
    address: IpAddr,
) -> Result<Response, ApiError> {
    let token = secret::fresh().map_err(ApiError::internal)?;
    let hash = TokenHash::of(token.expose_secret());
    let (now, address) = (state.now(), address.to_string());
    let until = now.plus_millis(LINK_VALID_MS);
    let begun = state.records().users().begin_choice(user.id, &hash, &address, now, until).await;
    if !begun.map_err(ApiError::records)? {
        // Somebody else has chosen in this very moment.
        return Ok(Redirect::to(urls::LOGIN).into_response());
    }
    tracing::info!(user = %user.id, %address, "somebody is to choose their own password");
    reset_page(state, headers, token.expose_secret(), None).await
}

/// `GET /reset-password`.
pub(crate) async fn reset_form(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let language = language::of_request(&headers, state.config().default_language);
    pages::html(&ResetPage {
        shell: pages::bare_shell(&state, language, urls::RESET_PASSWORD.to_owned()),
        token: String::new(),
        email: Mailed::Asks,
        is_first: false,
        problem: None,
        password_least: PASSWORD_CHARS_MIN,
    })
}

/// `POST /reset-password`.
pub(crate) async fn reset(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<SentPassword>,
) -> Result<Response, ApiError> {
    let SentPassword { token, password, again } = sent;
    let token = mailed::token(&token);
    let Some(password) = password else {
        return reset_page(&state, &headers, token, None).await;
    };
    if password != again {
        return reset_page(&state, &headers, token, Some(FormProblem::PasswordsDiffer)).await;
    }
    let hash = TokenHash::of(token);
    let users = state.records().users();
    // Hashing is slow; nobody without a link makes us do it.
    let whose = users.resetting(&hash, state.now()).await.map_err(ApiError::records)?;
    let Some(whose) = whose else {
        return reset_page(&state, &headers, token, None).await;
    };
    let password = SecretString::from(password);
    let password = match people::hash_password(&state, password, &whose, "").await? {
        Ok(password) => password,
        Err(weakness) => {
            return reset_page(&state, &headers, token, Some(weakness.shown())).await;
        }
    };
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let address = address.to_string();
    let letter = |user: &_| letters::password_changed(&state, user, &address);
    match users.reset(&hash, &address, state.now(), &password, letter).await {
        Ok(user) => {
            tracing::info!(%user, %address, "somebody chose a new password");
            Ok(Redirect::to(&format!("{}?changed=1", urls::LOGIN)).into_response())
        }
        Err(error) => match ApiError::of_records(error) {
            ApiError::NotFound(_) => reset_page(&state, &headers, token, None).await,
            error => Err(error),
        },
    }
}

fn page(state: &ApiState, headers: &HeaderMap, shown: ForgotState) -> Result<Response, ApiError> {
    let language = language::of_request(headers, state.config().default_language);
    let shell = pages::bare_shell(state, language, urls::FORGOT_PASSWORD.to_owned());
    pages::html(&ForgottenPage { shell, shown })
}

async fn reset_page(
    state: &ApiState,
    headers: &HeaderMap,
    token: &str,
    problem: Option<FormProblem>,
) -> Result<Response, ApiError> {
    let users = state.records().users();
    let found = users.resetting(&TokenHash::of(token), state.now()).await;
    let found = found.map_err(ApiError::records)?;
    let is_first = match &found {
        Some(user) => users.initial_until(user.id).await.map_err(ApiError::records)?.is_some(),
        None => false,
    };
    let email = found.map(|user| user.email);
    let language = language::of_request(headers, state.config().default_language);
    let here = match is_first {
        // This token came by no link, and is in no address.
        true => urls::LOGIN.to_owned(),
        false => mailed::place(urls::RESET_PASSWORD, email.as_ref().map_or("", |_| token)),
    };
    let status = match (&email, &problem) {
        (None, _) => StatusCode::NOT_FOUND,
        (Some(_), Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (Some(_), None) => StatusCode::OK,
    };
    let shell = pages::bare_shell(state, language, here);
    let mut response = pages::html(&ResetPage {
        shell,
        token: token.to_owned(),
        email: Mailed::found(email),
        is_first,
        problem,
        password_least: PASSWORD_CHARS_MIN,
    })?;
    *response.status_mut() = status;
    Ok(response)
}
