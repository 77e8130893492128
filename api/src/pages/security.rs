//! What the reader signs in with: password, an app that makes codes, recovery
//! codes, passkeys. What changes any of them asks for a fresh proof of who they
//! are, see [`crate::policy::confirmation`].

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, Form, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use dashboards::letters::FactorNews;
use dashboards::{
    FactorProblem, FormProblem, PasskeyRow, RecoveryCodesPage, SecurityDone, SecurityPage, TotpRow,
    TotpSetupPage, urls,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::records::{LoginResult, MailDraft, Passkey, PasskeyId, Proof, TotpSeed};

use super::forms::refused;
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::{
    PASSWORD_CHARS_MIN, Principal, attempts, is_password, recovery, renewed_session,
    required_roles, totp,
};
use crate::problem::{ApiError, Thing};
use crate::web::Lenient;
use crate::{letters, people, web};

/// How long a new seed waits for its first code: time to install an app.
const SETUP_VALID_MS: i64 = 900_000;

/// The query of the page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SecurityQuery {
    done: String,
}

/// The form of the password.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentPassword {
    current: String,
    password: String,
    again: String,
}

/// The form of a code.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentCode {
    code: String,
}

/// `GET /profile/security`.
pub(crate) async fn security(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<SecurityQuery>,
) -> Result<Response, ApiError> {
    let done = SecurityDone::ALL.into_iter().find(|done| done.as_str() == query.done);
    html(&page(&state, &principal, &headers, &uri, done).await?)
}

/// `POST /profile/security/password`.
pub(crate) async fn change_password(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentPassword>,
) -> Result<Response, ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let problem = match new_password(&state, &principal, &headers, address, sent).await? {
        Ok(()) => {
            let done = urls::security_done(SecurityDone::Password);
            // Every session has ended, also the one of this browser.
            let (user, proof) = (principal.account(), principal.proof());
            let proof = proof.unwrap_or(Proof::Password);
            let jar = renewed_session(&state, &headers, user, address, proof).await?;
            return Ok((jar, Redirect::to(&done)).into_response());
        }
        Err(problem) => problem,
    };
    let page = page(&state, &principal, &headers, &uri, None).await?;
    refused(html(&SecurityPage { problem: Some(problem), ..page })?)
}

async fn new_password(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    address: IpAddr,
    sent: SentPassword,
) -> Result<Result<(), FormProblem>, ApiError> {
    let SentPassword { current, password, again } = sent;
    if password != again {
        return Ok(Err(FormProblem::PasswordsDiffer));
    }
    let (trying, email) = (attempts::in_session(principal)?, principal.email());
    attempts::admit(state, headers, trying, email, address).await?;
    if !is_password(state, email, current.into()).await? {
        attempts::note(state, headers, email, address, LoginResult::WrongPassword).await;
        return Ok(Err(FormProblem::WrongPassword));
    }
    attempts::succeeded(state, trying).await?;
    let password = SecretString::from(password);
    let hash = match people::hash_password(state, password, principal.account(), "").await? {
        Ok(hash) => hash,
        Err(weakness) => return Ok(Err(weakness.shown())),
    };
    let actor = principal.actor(state);
    let told = |()| letters::password_changed(state, principal.account(), &address.to_string());
    let letter = state.config().sends_mail.then_some(()).and_then(told);
    let users = state.records().users();
    let changed = users.change_password(&actor, principal.id(), &hash, letter.as_ref()).await;
    changed.map_err(ApiError::of_records)?;
    tracing::info!(user = %principal.id(), "somebody changed their password");
    Ok(Ok(()))
}

/// `POST /profile/security/totp/new`.
pub(crate) async fn new_totp(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, ApiError> {
    let seed = totp::fresh_seed().map_err(ApiError::internal)?;
    let until = state.now().plus_millis(SETUP_VALID_MS);
    let begun = state.records().factors().begin_totp(principal.id(), &seed, until).await;
    begun.map_err(ApiError::records)?;
    Ok(Redirect::to(urls::SECURITY_TOTP).into_response())
}

/// `GET /profile/security/totp`.
pub(crate) async fn totp_setup(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    match waiting_seed(&state, &principal).await? {
        Some(seed) => html(&setup_page(&state, &principal, &headers, &uri, &seed, None)?),
        None => Ok(Redirect::to(urls::SECURITY).into_response()),
    }
}

/// `POST /profile/security/totp`.
pub(crate) async fn confirm_totp(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentCode>,
) -> Result<Response, ApiError> {
    let Some(seed) = waiting_seed(&state, &principal).await? else {
        return Ok(Redirect::to(urls::SECURITY).into_response());
    };
    let Some(step) = totp::step_of(&seed.seed, &sent.code, state.now()) else {
        let problem = Some(FactorProblem::WrongCode);
        return refused(html(&setup_page(&state, &principal, &headers, &uri, &seed, problem)?)?);
    };
    let codes = recovery::fresh().map_err(ApiError::internal)?;
    let actor = principal.actor(&state);
    let letter = letter(&state, &principal, FactorNews::TotpOn);
    let confirmed = state
        .records()
        .factors()
        .confirm_totp(
            &actor,
            principal.id(),
            &seed,
            step,
            &recovery::hashes(&codes),
            letter.as_ref(),
        )
        .await;
    let are_codes_new = confirmed.map_err(ApiError::of_records)?;
    tracing::info!(user = %principal.id(), "somebody set one-time codes up");
    if !are_codes_new {
        let done = urls::security_done(SecurityDone::TotpReplaced);
        return Ok(Redirect::to(&done).into_response());
    }
    html(&codes_page(&state, &principal, &headers, &uri, &codes, true))
}

/// `POST /profile/security/totp/removal`.
pub(crate) async fn remove_totp(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, ApiError> {
    let actor = principal.actor(&state);
    let letter = letter(&state, &principal, FactorNews::TotpOff);
    let factors = state.records().factors();
    let removed = factors.remove_totp(&actor, principal.id(), letter.as_ref()).await;
    removed.map_err(ApiError::of_records)?;
    tracing::info!(user = %principal.id(), "somebody switched one-time codes off");
    Ok(Redirect::to(&urls::security_done(SecurityDone::TotpRemoved)).into_response())
}

/// `POST /profile/security/recovery-codes`.
pub(crate) async fn new_codes(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let codes = recovery::fresh().map_err(ApiError::internal)?;
    let actor = principal.actor(&state);
    let letter = letter(&state, &principal, FactorNews::NewCodes);
    let factors = state.records().factors();
    let hashes = recovery::hashes(&codes);
    let replaced = factors.replace_codes(&actor, principal.id(), &hashes, letter.as_ref()).await;
    replaced.map_err(ApiError::of_records)?;
    tracing::info!(user = %principal.id(), "somebody made new recovery codes");
    html(&codes_page(&state, &principal, &headers, &uri, &codes, false))
}

/// `POST /profile/security/passkeys/{id}/removal`.
pub(crate) async fn remove_passkey(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    take_passkey(&state, &principal, &id).await?;
    Ok(Redirect::to(&urls::security_done(SecurityDone::PasskeyRemoved)).into_response())
}

/// Removes a passkey of the caller, for the page and the API alike.
pub(crate) async fn take_passkey(
    state: &ApiState,
    principal: &Principal,
    id: &str,
) -> Result<(), ApiError> {
    let id: PasskeyId = id.parse().map_err(|_| ApiError::NotFound(Thing::Passkey))?;
    let actor = principal.actor(state);
    let letter = letter(state, principal, FactorNews::PasskeyRemoved);
    let factors = state.records().factors();
    let removed = factors.remove_passkey(&actor, principal.id(), id, letter.as_ref()).await;
    removed.map_err(ApiError::of_records)?;
    tracing::info!(user = %principal.id(), "somebody removed a passkey");
    Ok(())
}

fn letter(state: &ApiState, principal: &Principal, news: FactorNews) -> Option<MailDraft> {
    let from = principal.address().map(|address| address.to_string()).unwrap_or_default();
    letters::factors_changed(state, principal.account(), news, &from)
}

async fn waiting_seed(
    state: &ApiState,
    principal: &Principal,
) -> Result<Option<TotpSeed>, ApiError> {
    let found = state.records().factors().totp_setup(principal.id(), state.now()).await;
    found.map_err(ApiError::records)
}

fn setup_page(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
    seed: &TotpSeed,
    problem: Option<FactorProblem>,
) -> Result<TotpSetupPage, ApiError> {
    let address = totp::address(&seed.seed, principal.email());
    Ok(TotpSetupPage {
        shell: shell::own(state, principal, headers, uri),
        address: address.ok_or_else(|| ApiError::internal("a seed has no address"))?,
        seed: totp::text(&seed.seed),
        problem,
    })
}

fn codes_page(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
    codes: &[SecretString],
    is_set_up: bool,
) -> RecoveryCodesPage {
    let mut shell = shell::own(state, principal, headers, uri);
    // A change of language comes back with GET, where codes are not shown again.
    urls::SECURITY.clone_into(&mut shell.here);
    let codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
    RecoveryCodesPage { shell, codes, is_set_up }
}

async fn page(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
    done: Option<SecurityDone>,
) -> Result<SecurityPage, ApiError> {
    let factors = state.records().factors();
    let (status, required) =
        tokio::try_join!(factors.status(principal.id()), required_roles(state))
            .map_err(ApiError::records)?;
    let mut shell = shell::own(state, principal, headers, uri);
    urls::SECURITY.clone_into(&mut shell.here);
    let row = |passkey: Passkey| PasskeyRow {
        id: passkey.id.to_string(),
        name: passkey.name,
        created_at: passkey.created_at,
        last_used_at: passkey.last_used_at,
    };
    Ok(SecurityPage {
        shell,
        email: principal.email().to_owned(),
        totp: status
            .totp
            .map(|totp| TotpRow { since: totp.since, last_used_at: totp.last_used_at }),
        codes_left: status.codes_left,
        passkeys: status.passkeys.into_iter().map(row).collect(),
        passkeys_work: state.passkeys().is_some(),
        is_required: required.contains(&principal.role())
            && principal.proof() != Some(Proof::FederatedSecondFactor),
        problem: None,
        done,
        password_least: PASSWORD_CHARS_MIN,
    })
}
