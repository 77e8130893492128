//! Push from NMS accounts: their secrets, and what they pushed last.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use secrecy::ExposeSecret;
use serde::Serialize;
use store::records::{PushSecret, PushSecretId, ReceivedPush};
use utoipa::ToSchema;

use super::query::{PageQuery, part};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem, Thing};
use crate::push;

/// Pushes that an answer lists.
const PUSHES_MAX: u64 = 100;

/// How an NMS account may push, and what it pushed.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushOut {
    /// Where it must push to, with POST.
    #[schema(example = "https://uptime.example.net/push/ams1")]
    url: String,
    /// Its secrets, the latest first; also those that no longer work.
    secrets: Vec<PushSecretOut>,
    /// How many secrets there are altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
    /// What it pushed last, the latest first.
    pushes: Vec<ReceivedPushOut>,
}

/// A push secret, without itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushSecretOut {
    /// Its id.
    id: String,
    /// How it begins.
    #[schema(example = "pwpush_3f9a0")]
    prefix: String,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Option<String>,
    /// When it stops working or stopped; null for the one in force.
    ends_at: Option<String>,
    /// Its last use, to the minute.
    last_used_at: Option<String>,
}

/// A push as it came in.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceivedPushOut {
    /// When.
    at: Option<String>,
    /// From where.
    address: String,
    /// The device that it named, as the NMS numbers it.
    device: Option<String>,
    /// The alert rule.
    rule: String,
    /// The state of the alert, in the NMS's own number.
    alert_state: String,
    /// `device`, `anything`, `test`, `limited` or `log_away`.
    outcome: &'static str,
}

/// A push secret that was just made; it is shown only here.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedPushSecret {
    /// Its id.
    id: String,
    /// Send it as `Authorization: Bearer …`.
    secret: String,
    /// Where to push to, with POST.
    url: String,
}

/// How an NMS account may push, and what it pushed last.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/push", tag = "pipeline",
    params(("name" = String, Path, description = "The account's name"), PageQuery),
    responses(
        (status = 200, description = "Its secrets and pushes", body = PushOut),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn source_push(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<PushOut>, ApiError> {
    let page = PageQuery::page(query)?;
    known_source(&state, &name).await?;
    let (secrets, pushes) = tokio::try_join!(
        state.records().push_secrets().list(&name),
        state.records().pushes().latest(&name, PUSHES_MAX),
    )
    .map_err(ApiError::records)?;
    let (secrets, total) = part(secrets, page);
    Ok(Json(PushOut {
        url: push_url(&state, &name),
        secrets: secrets.into_iter().map(secret_out).collect(),
        total,
        offset: page.offset,
        limit: page.limit,
        pushes: pushes.into_iter().map(push_out).collect(),
    }))
}

/// Makes a push secret of an NMS account. Those that work now go on for 24
/// hours, so that the NMS can be told; revoke them to end them at once.
#[utoipa::path(
    post, path = "/api/v1/sources/{name}/push/secrets", tag = "pipeline",
    params(("name" = String, Path, description = "The account's name")),
    responses(
        (status = 201, description = "The secret; it is shown only now", body = IssuedPushSecret),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue_push_secret(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<IssuedPushSecret>), ApiError> {
    known_source(&state, &name).await?;
    let fresh = push::issue(state.records(), &principal.actor(&state), &name).await?;
    let issued = IssuedPushSecret {
        id: fresh.id.to_string(),
        secret: fresh.secret.expose_secret().to_owned(),
        url: push_url(&state, &name),
    };
    Ok((StatusCode::CREATED, Json(issued)))
}

/// Stops a push secret of an NMS account from working, at once.
#[utoipa::path(
    delete, path = "/api/v1/sources/{name}/push/secrets/{id}", tag = "pipeline",
    params(
        ("name" = String, Path, description = "The account's name"),
        ("id" = String, Path, description = "The secret's id"),
    ),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 404, description = "The account has no such secret in force", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke_push_secret(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let id: PushSecretId = id.parse().map_err(ApiError::of_records)?;
    let revoked = state.records().push_secrets().revoke(&principal.actor(&state), &name, id).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where an account must push to.
pub(crate) fn push_url(state: &ApiState, name: &str) -> String {
    format!("{}{}", state.public_origin(), dashboards::urls::push(name))
}

/// Refuses a source that never reported and that nobody entered.
///
/// # Errors
/// It is not there, or the records are away.
pub(crate) async fn known_source(state: &ApiState, name: &str) -> Result<(), ApiError> {
    let found = state.records().source_status().get(name).await.map_err(ApiError::records)?;
    if found.is_some() {
        return Ok(());
    }
    let entered = state.records().accounts().get(name).await.map_err(ApiError::records)?;
    entered.map(drop).ok_or(ApiError::NotFound(Thing::Address))
}

fn secret_out(secret: PushSecret) -> PushSecretOut {
    PushSecretOut {
        id: secret.id.to_string(),
        prefix: secret.prefix,
        created_by: secret.created_by,
        created_at: instant::rfc3339(secret.created_at),
        ends_at: secret.ends_at.and_then(instant::rfc3339),
        last_used_at: secret.last_used_at.and_then(instant::rfc3339),
    }
}

fn push_out(push: ReceivedPush) -> ReceivedPushOut {
    ReceivedPushOut {
        at: instant::rfc3339(push.at),
        address: push.address,
        device: push.device,
        rule: push.rule,
        alert_state: push.alert_state,
        outcome: push.outcome.as_str(),
    }
}
