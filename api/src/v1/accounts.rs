//! Accounts at NMSes: entering, changing and removing them. A token goes in and
//! never comes out again.

use std::collections::BTreeMap;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::records::{AccountDraft, NmsAccount};
use utoipa::ToSchema;

use super::definitions::refused_json;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::nms::{ConfiguredNms, NmsDesk, NmsFinding, NmsRefusal, NmsWanted};
use crate::problem::{ApiError, Problem, Refusal, Thing};

/// What an account speaks unless it says.
const KIND_DEFAULT: &str = "librenms";

/// The accounts that are watched or were.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountList {
    /// By name, those of the configuration first.
    accounts: Vec<AccountOut>,
}

/// An account at an NMS, without its token.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountOut {
    /// The first part of all its component ids.
    #[schema(example = "ams1")]
    name: String,
    /// What it speaks.
    #[schema(example = "librenms")]
    kind: String,
    /// Where it is.
    #[schema(example = "https://librenms.example.net/")]
    url: String,
    /// `configuration`, which is read-only here, or `records`.
    #[schema(example = "records")]
    from: &'static str,
    /// Whether it is read.
    enabled: bool,
    /// What differs from the defaults, by key; empty for the configuration.
    settings: BTreeMap<String, String>,
    /// Who set the token; null for the configuration.
    token_set_by: Option<String>,
    /// When.
    token_set_at: Option<String>,
}

/// An account to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountNew {
    /// 1 to 64 letters, digits, dots, dashes or underscores; it never changes.
    #[schema(example = "ams1")]
    name: String,
    /// `librenms`, which it is unless given.
    kind: Option<String>,
    /// https, or http on this machine.
    #[schema(example = "https://librenms.example.net")]
    url: String,
    /// The API token; it is never given out again.
    #[schema(write_only)]
    token: String,
    /// Keys and values as `[[nms]]` of the configuration has them, such as
    /// `time_zone`, `poll_interval` or `requests_per_second`.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// Whether it is read; it is unless given.
    enabled: Option<bool>,
}

/// An account as it should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountIn {
    /// `librenms`, which it is unless given.
    kind: Option<String>,
    /// https, or http on this machine.
    #[schema(example = "https://librenms.example.net")]
    url: String,
    /// Another API token; must be given with another URL, as the one that is
    /// there is sent nowhere else.
    #[schema(write_only)]
    token: Option<String>,
    /// All settings; those that are left out follow the defaults.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// Whether it is read; it is unless given.
    enabled: Option<bool>,
}

/// A token to put in the place of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenIn {
    /// The API token; it is never given out again.
    #[schema(write_only)]
    token: String,
}

/// A connection to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckIn {
    /// Of an account that is there, whose token is taken where none is given.
    name: Option<String>,
    /// `librenms`, which it is unless given.
    kind: Option<String>,
    /// https, or http on this machine. That of the account where it is left out.
    url: Option<String>,
    /// The API token.
    #[schema(write_only)]
    token: Option<String>,
    /// As of an account.
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

/// How a try went.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckOut {
    /// Whether the account could be read.
    is_well: bool,
    /// Step by step; the last may be where it ended.
    steps: Vec<CheckStep>,
}

/// A step of a try.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckStep {
    /// What was tried.
    #[schema(example = "address and token")]
    subject: &'static str,
    /// What was found (English); null where it went wrong.
    seen: Option<String>,
    /// The kind of fault, a short name that does not change; null where it went
    /// well.
    #[schema(example = "unauthorized")]
    fault: Option<&'static str>,
}

/// A token that nothing is sent with: to check an account that keeps its own.
const KEPT: &str = "kept";

/// The accounts at NMSes: those of the configuration, and those that were entered.
#[utoipa::path(
    get, path = "/api/v1/source-accounts", tag = "pipeline",
    responses((status = 200, description = "The accounts, without tokens", body = AccountList))
)]
pub(crate) async fn list_accounts(
    State(state): State<ApiState>,
) -> Result<Json<AccountList>, ApiError> {
    let entered = state.records().accounts().list().await.map_err(ApiError::records)?;
    let configured = configured(&state).iter().map(configured_out);
    let accounts = configured.chain(entered.into_iter().map(account_out)).collect();
    Ok(Json(AccountList { accounts }))
}

/// Adds an account at an NMS; it is read from within seconds on.
#[utoipa::path(
    post, path = "/api/v1/sources", tag = "pipeline",
    request_body = AccountNew,
    responses(
        (status = 201, description = "The account; its address is in Location", body = AccountOut),
        (status = 409, description = "There is one of that name", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A field is not allowed", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    sent: Result<Json<AccountNew>, JsonRejection>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<AccountOut>), ApiError> {
    let Json(sent) = sent.map_err(refused_json)?;
    let AccountNew { name, kind, url, token, settings, enabled } = sent;
    let draft = draft(kind, url, settings, enabled);
    let added = enter(&state, &principal, &name, &draft, &token.into()).await?;
    let place = format!("/api/v1/sources/{}/account", dashboards::urls::encode(&name));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(account_out(added))))
}

/// One account that was entered.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/account", tag = "pipeline",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The account, without its token", body = AccountOut),
        (status = 404, description = "There is none of that name", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one_account(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<AccountOut>, ApiError> {
    if let Some(account) = configured(&state).iter().find(|one| one.name == name) {
        return Ok(Json(configured_out(account)));
    }
    Ok(Json(account_out(known_account(&state, &name).await?)))
}

/// Changes an account that was entered; ingest takes it up within seconds.
#[utoipa::path(
    put, path = "/api/v1/sources/{name}", tag = "pipeline",
    params(("name" = String, Path, description = "Its name")),
    request_body = AccountIn,
    responses(
        (status = 200, description = "The account", body = AccountOut),
        (status = 404, description = "There is none of that name", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "It is in the configuration", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A field is not allowed", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    sent: Result<Json<AccountIn>, JsonRejection>,
) -> Result<Json<AccountOut>, ApiError> {
    let Json(sent) = sent.map_err(refused_json)?;
    let AccountIn { kind, url, token, settings, enabled } = sent;
    let (draft, token) = (draft(kind, url, settings, enabled), token.map(SecretString::from));
    change(&state, &principal, &name, &draft, token.as_ref()).await?;
    Ok(Json(account_out(known_account(&state, &name).await?)))
}

/// Puts another token in the place of the one of an account.
#[utoipa::path(
    put, path = "/api/v1/sources/{name}/token", tag = "pipeline",
    params(("name" = String, Path, description = "Its name")),
    request_body = TokenIn,
    responses(
        (status = 204, description = "The next request carries it"),
        (status = 404, description = "There is no account of that name", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "It is in the configuration", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "It is no token", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_account_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    sent: Result<Json<TokenIn>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(TokenIn { token }) = sent.map_err(refused_json)?;
    replace_token(&state, &principal, &name, &token.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an account: reading it stops within seconds, its token is gone, and
/// its components turn unknown as their states go stale. The past stays.
#[utoipa::path(
    delete, path = "/api/v1/sources/{name}", tag = "pipeline",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is none of that name", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "It is in the configuration", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    remove(&state, &principal, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries whether an NMS can be read with a URL and a token, step by step, as
/// `padwacht doctor` does. Nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/sources/check", tag = "pipeline",
    request_body = CheckIn,
    responses(
        (status = 200, description = "How it went", body = CheckOut),
        (status = 422, description = "A field is not allowed; nothing was sent", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn check_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    sent: Result<Json<CheckIn>, JsonRejection>,
) -> Result<Json<CheckOut>, ApiError> {
    let Json(sent) = sent.map_err(refused_json)?;
    let CheckIn { name, kind, url, token, settings } = sent;
    let found = match (&name, url) {
        (_, Some(url)) => draft(kind, url, settings, None),
        (Some(name), None) => known_account(&state, name).await?.entered,
        (None, None) => return Err(ApiError::refused("url", "is missing")),
    };
    let token = token.map(SecretString::from);
    let tried = try_out(&state, &principal, name.as_deref(), &found, token).await?;
    let is_well = tried.iter().all(|finding| finding.outcome.is_ok());
    let step = |NmsFinding { subject, outcome }| CheckStep {
        subject,
        fault: outcome.as_ref().err().copied(),
        seen: outcome.ok(),
    };
    Ok(Json(CheckOut { is_well, steps: tried.into_iter().map(step).collect() }))
}

fn draft(
    kind: Option<String>,
    url: String,
    settings: BTreeMap<String, String>,
    enabled: Option<bool>,
) -> AccountDraft {
    let kind = kind.unwrap_or_else(|| KIND_DEFAULT.to_owned());
    AccountDraft { kind, url: url.trim().to_owned(), settings, enabled: enabled.unwrap_or(true) }
}

/// Adds an account after having checked it.
///
/// # Errors
/// What is wrong with it; [`ApiError::Conflict`] for a name that is taken.
pub(crate) async fn enter(
    state: &ApiState,
    principal: &Principal,
    name: &str,
    draft: &AccountDraft,
    token: &SecretString,
) -> Result<NmsAccount, ApiError> {
    must_be_ours(state, name)?;
    check(state, name, draft, token)?;
    let actor = principal.actor(state);
    let created = state.records().accounts().create(&actor, name, draft, &trimmed(token)).await;
    created.map_err(ApiError::of_records)?;
    known_account(state, name).await
}

/// Changes an account after having checked it.
///
/// # Errors
/// What is wrong with it, or that there is none.
pub(crate) async fn change(
    state: &ApiState,
    principal: &Principal,
    name: &str,
    draft: &AccountDraft,
    token: Option<&SecretString>,
) -> Result<(), ApiError> {
    must_be_ours(state, name)?;
    known_account(state, name).await?;
    let kept = SecretString::from(KEPT);
    check(state, name, draft, token.unwrap_or(&kept))?;
    let actor = principal.actor(state);
    let token = token.map(trimmed);
    let changed = state.records().accounts().update(&actor, name, draft, token.as_ref()).await;
    changed.map(drop).map_err(ApiError::of_records)
}

/// Replaces the token of an account after having checked it.
///
/// # Errors
/// What is wrong with it, or that there is no such account.
pub(crate) async fn replace_token(
    state: &ApiState,
    principal: &Principal,
    name: &str,
    token: &SecretString,
) -> Result<(), ApiError> {
    must_be_ours(state, name)?;
    let account = known_account(state, name).await?;
    check(state, name, &account.entered, token)?;
    let actor = principal.actor(state);
    let set = state.records().accounts().set_token(&actor, name, &trimmed(token)).await;
    set.map_err(ApiError::of_records)
}

/// Removes an account.
///
/// # Errors
/// There is none, or it is in the configuration.
pub(crate) async fn remove(
    state: &ApiState,
    principal: &Principal,
    name: &str,
) -> Result<(), ApiError> {
    must_be_ours(state, name)?;
    let removed = state.records().accounts().delete(&principal.actor(state), name).await;
    removed.map_err(ApiError::of_records)
}

/// Asks an NMS what reading it needs. Without a token, that of the account
/// `name` is taken, for the URL that it was given for alone.
///
/// # Errors
/// What is wrong with what was sent; then nothing is asked.
pub(crate) async fn try_out(
    state: &ApiState,
    principal: &Principal,
    name: Option<&str>,
    draft: &AccountDraft,
    token: Option<SecretString>,
) -> Result<Vec<NmsFinding>, ApiError> {
    let token = match (token, name) {
        (Some(token), _) => token,
        (None, Some(name)) => {
            if known_account(state, name).await?.entered.url != draft.url {
                return Err(ApiError::refused("token", "must be given for another URL"));
            }
            state.records().accounts().token(name).await.map_err(ApiError::of_records)?
        }
        (None, None) => return Err(ApiError::refused("token", "is missing")),
    };
    // The name has no part in it, and one that is there already does no harm.
    let trying = desk(state)?.try_connection(wanted("try", draft), &token).map_err(refused)?;
    let place = state.one_nms_check()?;
    // Who had us call where is told in the log, as every call is.
    tracing::info!(user = %principal.id(), url = %draft.url, "tries the connection to an NMS");
    let found = trying.await;
    drop(place);
    Ok(found)
}

fn wanted<'a>(name: &'a str, draft: &'a AccountDraft) -> NmsWanted<'a> {
    NmsWanted { name, kind: &draft.kind, url: &draft.url, settings: &draft.settings }
}

fn check(
    state: &ApiState,
    name: &str,
    draft: &AccountDraft,
    token: &SecretString,
) -> Result<(), ApiError> {
    desk(state)?.check(wanted(name, draft), token).map_err(refused)
}

/// Tokens are pasted, often with a line's end.
fn trimmed(token: &SecretString) -> SecretString {
    SecretString::from(token.expose_secret().trim())
}

fn refused(refusals: Vec<NmsRefusal>) -> ApiError {
    let refusal = |NmsRefusal { field, reason }| Refusal { place: field, reason };
    ApiError::Refused(refusals.into_iter().map(refusal).collect())
}

fn desk(state: &ApiState) -> Result<&dyn NmsDesk, ApiError> {
    let desk = state.config().nms.as_deref();
    desk.ok_or_else(|| ApiError::refused("name", "this server takes no NMS accounts"))
}

/// The accounts of the configuration.
pub(crate) fn configured(state: &ApiState) -> &[ConfiguredNms] {
    match state.config().nms.as_deref() {
        Some(desk) => desk.configured(),
        None => &[],
    }
}

/// Refuses what the configuration makes.
fn must_be_ours(state: &ApiState, name: &str) -> Result<(), ApiError> {
    if configured(state).iter().any(|one| one.name == name) {
        let reason = "is in the configuration: change it there";
        let refusal = Refusal { place: "name".to_owned(), reason: reason.to_owned() };
        return Err(ApiError::Conflict(vec![refusal]));
    }
    Ok(())
}

/// The account `name` that was entered.
///
/// # Errors
/// There is none, or the records are away.
pub(crate) async fn known_account(state: &ApiState, name: &str) -> Result<NmsAccount, ApiError> {
    let found = state.records().accounts().get(name).await.map_err(ApiError::records)?;
    found.ok_or(ApiError::NotFound(Thing::Address))
}

fn configured_out(account: &ConfiguredNms) -> AccountOut {
    AccountOut {
        name: account.name.clone(),
        kind: account.kind.clone(),
        url: account.url.clone(),
        from: "configuration",
        enabled: true,
        settings: BTreeMap::new(),
        token_set_by: None,
        token_set_at: None,
    }
}

fn account_out(account: NmsAccount) -> AccountOut {
    let AccountDraft { kind, url, settings, enabled } = account.entered;
    AccountOut {
        name: account.name,
        kind,
        url,
        from: "records",
        enabled,
        settings,
        token_set_by: Some(account.token_set_by),
        token_set_at: instant::rfc3339(account.token_set_at),
    }
}
