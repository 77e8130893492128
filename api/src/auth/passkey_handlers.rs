//! What the script of the pages asks about passkeys: to sign in, to confirm who
//! one is, and to add one. JSON in and out, and no part of the API: a program
//! has no passkeys.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use dashboards::letters::FactorNews;
use dashboards::{SecurityDone, urls};
use serde::{Deserialize, Serialize};
use store::records::{CeremonyKind, LoginResult, Proof, User};

use super::handlers::{local_path, renewed_session};
use super::passkeys::{self, Answer, Begun, PasskeyError, Passkeys};
use super::principal::Principal;
use super::throttle::Trying;
use super::{attempts, confirm, second};
use crate::app::ApiState;
use crate::problem::{ApiError, Thing};
use crate::{letters, metric, sso, web};

/// An answer, and where to go with it.
#[derive(Deserialize)]
pub(crate) struct SentAnswer {
    #[serde(flatten)]
    answer: Answer,
    #[serde(default)]
    next: String,
    #[serde(default)]
    name: String,
}

/// Where the browser goes next.
#[derive(Serialize)]
struct Next {
    next: String,
}

fn passkeys(state: &ApiState) -> Result<&Passkeys, ApiError> {
    state.passkeys().ok_or(ApiError::NotFound(Thing::Address))
}

/// `POST /passkeys/sign-in/options`.
pub(crate) async fn begin_sign_in(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Begun>, ApiError> {
    let passkeys = passkeys(&state)?;
    let begun = match second::half(&state, &headers).await? {
        Some(half) => {
            passkeys.begin_of(&state, CeremonyKind::SecondFactor, half.who.user.id).await?
        }
        None => {
            let proxies = &state.config().trusted_proxies;
            let address = web::client_address(peer.ip(), &headers, proxies);
            attempts::begins(&state, Trying::BeginsPasskey(address)).await?;
            passkeys.begin_sign_in(&state, address).await?
        }
    };
    Ok(Json(begun))
}

/// `POST /passkeys/sign-in`.
pub(crate) async fn sign_in(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(sent): Json<SentAnswer>,
) -> Result<Response, ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let half = second::half(&state, &headers).await?;
    // Before it is checked nobody knows whose passkey it is: the address alone counts.
    let (trying, account) = match &half {
        Some(half) => (Trying::Half(half.token), half.who.user.email.as_str()),
        None => (Trying::Passkey(address), ""),
    };
    attempts::admit(&state, &headers, trying, account, address).await?;
    let cookies = match &half {
        Some(half) => {
            let user = half.who.user.id;
            let kind = CeremonyKind::SecondFactor;
            let checked = passkeys(&state)?.check_of(&state, kind, user, &sent.answer).await;
            noted(&state, &headers, account, address, checked).await?;
            let (proof, result) = (half.proof(Proof::Passkey), LoginResult::OkPasskey);
            let whole = second::whole(&state, &headers, half, proof, result, address).await?;
            whole.ok_or(ApiError::PasskeyRefused)?
        }
        None => {
            let users = state.records().users();
            // Whose it claims to be, if anybody's: a refusal is theirs to see.
            let owner = passkeys::owner(&state, &sent.answer).await?;
            let owner = match owner {
                Some(owner) => users.by_id(owner).await.map_err(ApiError::records)?,
                None => None,
            };
            let email = owner.as_ref().map_or("", |owner| owner.email.as_str());
            let checked = passkeys(&state)?.check_sign_in(&state, &sent.answer).await;
            let user = noted(&state, &headers, email, address, checked).await?;
            let found = users.by_id(user).await.map_err(ApiError::records)?;
            let Some(user) = found.filter(User::is_active) else {
                attempts::note(&state, &headers, email, address, LoginResult::Inactive).await;
                return Err(ApiError::PasskeyRefused);
            };
            if sso::decides_alone(&state, &user).await? {
                let result = LoginResult::SignOnOnly;
                attempts::note(&state, &headers, &user.email, address, result).await;
                return Err(ApiError::PasskeyRefused);
            }
            attempts::succeeded(&state, trying).await?;
            let result = LoginResult::OkPasskey;
            attempts::note(&state, &headers, &user.email, address, result).await;
            metric::login("ok");
            tracing::info!(user = %user.id, %address, "signed in with a passkey");
            renewed_session(&state, &headers, &user, address, Proof::Passkey).await?
        }
    };
    Ok((cookies, Json(Next { next: local_path(&sent.next).to_owned() })).into_response())
}

/// `POST /passkeys/confirmation/options`.
pub(crate) async fn begin_confirmation(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Begun>, ApiError> {
    let kind = CeremonyKind::Confirmation;
    Ok(Json(passkeys(&state)?.begin_of(&state, kind, principal.id()).await?))
}

/// `POST /passkeys/confirmation`.
pub(crate) async fn confirm(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(sent): Json<SentAnswer>,
) -> Result<Response, ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let trying = attempts::in_session(&principal)?;
    attempts::admit(&state, &headers, trying, principal.email(), address).await?;
    let kind = CeremonyKind::Confirmation;
    let checked = passkeys(&state)?.check_of(&state, kind, principal.id(), &sent.answer).await;
    noted(&state, &headers, principal.email(), address, checked).await?;
    let jar = confirm::renew(&state, &principal, &headers, address).await?;
    Ok((jar, Json(Next { next: local_path(&sent.next).to_owned() })).into_response())
}

/// `POST /passkeys/registration/options`.
pub(crate) async fn begin_registration(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Begun>, ApiError> {
    Ok(Json(passkeys(&state)?.begin_registration(&state, principal.account()).await?))
}

/// `POST /passkeys/registration`.
pub(crate) async fn register(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Json(sent): Json<SentAnswer>,
) -> Result<Response, ApiError> {
    let passkeys = passkeys(&state)?;
    let draft = passkeys.register(&state, principal.id(), &sent.answer, &sent.name).await?;
    let actor = principal.actor(&state);
    let from = actor.address.clone().unwrap_or_default();
    let letter =
        letters::factors_changed(&state, principal.account(), FactorNews::PasskeyAdded, &from);
    let factors = state.records().factors();
    let added = factors.add_passkey(&actor, principal.id(), &draft, letter.as_ref()).await;
    added.map_err(ApiError::of_records)?;
    tracing::info!(user = %principal.id(), "somebody added a passkey");
    let next = urls::security_done(SecurityDone::PasskeyAdded);
    Ok(Json(Next { next }).into_response())
}

/// Writes a refused passkey down.
async fn noted<T>(
    state: &ApiState,
    headers: &HeaderMap,
    email: &str,
    address: IpAddr,
    checked: Result<T, PasskeyError>,
) -> Result<T, ApiError> {
    if checked.as_ref().is_err_and(PasskeyError::is_refusal) {
        attempts::note(state, headers, email, address, LoginResult::WrongPasskey).await;
        metric::login("wrong");
    }
    Ok(checked?)
}
