//! Mails on their way, for administrators: which wait, were sent or failed.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use store::records::{Mail, MailId, MailState, Page};
use utoipa::{IntoParams, ToSchema};

use super::query::limit;
use super::users::parsed;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::{ApiError, Problem};
use crate::{instant, letters};

/// Mails in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which mails.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MailsQuery {
    /// Only those that are so: `waiting`, `sent`, `failed` or `expired`.
    state: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of mails, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailList {
    /// The mails of this page.
    mails: Vec<MailOut>,
    /// How many match altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
    /// Whether a mail server is configured: without one nothing is queued.
    configured: bool,
}

/// A mail, without what is in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailOut {
    /// Its id.
    id: String,
    /// What it is about.
    #[schema(example = "invitation")]
    kind: &'static str,
    /// To which address.
    recipient: String,
    /// Its subject.
    subject: String,
    /// `waiting`, `sent`, `failed` or `expired`.
    #[schema(example = "sent")]
    state: &'static str,
    /// How often it was tried.
    attempts: u64,
    /// Since when it waits, or waited.
    queued_at: Option<String>,
    /// From when on it is not sent any more.
    expires_at: Option<String>,
    /// When it is tried next; null when it waits no more.
    next_at: Option<String>,
    /// When it was sent or given up.
    ended_at: Option<String>,
    /// What the mail server or the network said last; else empty.
    error: String,
}

/// How many mails are tried at once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailsHurried {
    /// So many.
    hurried: u64,
}

/// A test mail on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailQueued {
    /// Its id.
    id: String,
    /// To which address.
    recipient: String,
}

/// Mails, the latest first.
#[utoipa::path(
    get, path = "/api/v1/mails", tag = "mails", params(MailsQuery),
    responses(
        (status = 200, description = "One page of mails", body = MailList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_mails(
    State(state): State<ApiState>,
    query: Result<Query<MailsQuery>, QueryRejection>,
) -> Result<Json<MailList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, Page::MAX_LIMIT)?;
    let offset = query.offset.unwrap_or(0);
    let wanted: Option<MailState> = parsed(query.state.as_deref())?;
    let mails = state.records().mails();
    let page = Page { offset, limit };
    let (found, total) = tokio::try_join!(mails.list(wanted, page), mails.count(wanted))
        .map_err(ApiError::records)?;
    let mails = found.into_iter().map(out).collect();
    Ok(Json(MailList { mails, total, offset, limit, configured: state.config().sends_mail }))
}

/// Has the mails that wait tried now instead of at their next attempt.
#[utoipa::path(
    post, path = "/api/v1/mails/hurry", tag = "mails",
    responses((status = 200, description = "How many wait", body = MailsHurried))
)]
pub(crate) async fn hurry_mails(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<MailsHurried>, ApiError> {
    let hurried = state.records().mails().hurry(&principal.actor(&state)).await;
    Ok(Json(MailsHurried { hurried: hurried.map_err(ApiError::records)? }))
}

/// Queues a test mail to the caller's own address.
#[utoipa::path(
    post, path = "/api/v1/mails/test", tag = "mails",
    responses(
        (status = 201, description = "It is on its way: see what becomes of it", body = MailQueued),
        (status = 422, description = "No mail server is configured, or the caller is a service",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send_test_mail(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<(StatusCode, Json<MailQueued>), ApiError> {
    let id = queue_test(&state, &principal).await?;
    let recipient = principal.email().to_owned();
    Ok((StatusCode::CREATED, Json(MailQueued { id: id.to_string(), recipient })))
}

/// Queues a test mail to the caller's own address.
///
/// # Errors
/// [`ApiError::Refused`] without a mail server, and for the token of a service.
pub(crate) async fn queue_test(
    state: &ApiState,
    principal: &Principal,
) -> Result<MailId, ApiError> {
    if principal.is_service() {
        return Err(ApiError::refused("token", "a service has no address: use a token of yours"));
    }
    if !state.config().sends_mail {
        let reason = "no mail server is configured: set mail.url and mail.from";
        return Err(ApiError::refused("mail", reason));
    }
    let letter = letters::test(state, principal.account()).ok_or(ApiError::Internal)?;
    let queued = state.records().mails().queue_test(&principal.actor(state), &letter).await;
    queued.map_err(ApiError::of_records)
}

fn out(mail: Mail) -> MailOut {
    MailOut {
        id: mail.id.to_string(),
        kind: mail.kind.as_str(),
        recipient: mail.recipient,
        subject: mail.subject,
        state: mail.state.as_str(),
        attempts: mail.attempts,
        queued_at: instant::rfc3339(mail.queued_at),
        expires_at: instant::rfc3339(mail.expires_at),
        next_at: mail.next_at.and_then(instant::rfc3339),
        ended_at: mail.ended_at.and_then(instant::rfc3339),
        error: mail.error,
    }
}
