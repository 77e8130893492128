//! Sessions of people in a browser: the caller's own, and for administrators
//! those of everybody.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use store::records::{Session, SessionId, UserId};
use utoipa::{IntoParams, ToSchema};

use super::query::{page, part};
use super::users::user_id;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem, Thing};

/// Whose sessions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// Those of this user (its id), for administrators; the caller's own
    /// unless given.
    user: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// Which sessions to end.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndQuery {
    /// Those of this user (its id), for administrators; the caller's own
    /// unless given.
    user: Option<String>,
    /// Whether also the one that carries this request; false unless given.
    everywhere: Option<bool>,
}

/// Sessions, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// Those that have not ended.
    sessions: Vec<SessionOut>,
    /// How many there are altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
}

/// A session in a browser.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionOut {
    /// Its id, which opens nothing.
    id: String,
    /// Whose it is.
    user: String,
    /// When it began.
    created_at: Option<String>,
    /// Its last request, to the minute.
    last_used_at: Option<String>,
    /// When it ends if no request comes.
    expires_at: Option<String>,
    /// The network address it began from.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// What the browser calls itself.
    user_agent: String,
    /// Whether it carries this request.
    current: bool,
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsEnded {
    /// So many.
    ended: u64,
}

/// The sessions of the caller or, for administrators, of a user.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions", params(SessionsQuery),
    responses(
        (status = 200, description = "The sessions", body = SessionList),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_sessions(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<SessionsQuery>, QueryRejection>,
) -> Result<Json<SessionList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let page = page(query.offset, query.limit)?;
    let user = whose(&state, &principal, query.user.as_deref()).await?;
    let found = state.records().sessions().list(user, state.now()).await;
    let (found, total) = part(found.map_err(ApiError::records)?, page);
    let sessions = found.into_iter().map(|session| out(session, principal.session())).collect();
    Ok(Json(SessionList { sessions, total, offset: page.offset, limit: page.limit }))
}

/// Ends every session of the caller but the one that carries the request, or,
/// for administrators, every session of a user.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "sessions", params(EndQuery),
    responses(
        (status = 200, description = "They are ended, in every process at once", body = SessionsEnded),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end_sessions(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<EndQuery>, QueryRejection>,
) -> Result<Json<SessionsEnded>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let user = whose(&state, &principal, query.user.as_deref()).await?;
    let kept = principal.session().filter(|_| query.everywhere != Some(true));
    let ended = state.records().sessions().revoke_all(&principal.actor(&state), user, kept).await;
    Ok(Json(SessionsEnded { ended: ended.map_err(ApiError::records)? }))
}

/// Ends a session: one of the caller or, for administrators, any.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "It is ended, in every process at once"),
        (status = 404, description = "There is no such session", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end_session(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: SessionId = id.parse().map_err(ApiError::of_records)?;
    end_one(&state, &principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session that the caller may end: their own or, for administrators, any.
pub(crate) async fn end_one(
    state: &ApiState,
    principal: &Principal,
    id: SessionId,
) -> Result<UserId, ApiError> {
    let sessions = state.records().sessions();
    let owner = sessions.owner(id).await.map_err(ApiError::records)?;
    let may = |owner: &UserId| principal.scope().is_everything() || *owner == principal.id();
    let owner = owner.filter(may).ok_or(ApiError::NotFound(Thing::Address))?;
    let ended = sessions.revoke(&principal.actor(state), owner, id).await;
    ended.map_err(ApiError::of_records)?;
    Ok(owner)
}

/// The user whose sessions are asked for, as far as the caller may: what is
/// not theirs answers as what does not exist.
async fn whose(
    state: &ApiState,
    principal: &Principal,
    asked: Option<&str>,
) -> Result<UserId, ApiError> {
    let Some(asked) = asked else { return Ok(principal.id()) };
    let asked = user_id(asked)?;
    if asked == principal.id() {
        return Ok(asked);
    }
    let scope = principal.scope();
    let found = state.records().users().within(scope).get(asked).await;
    let found = found.map_err(ApiError::records)?.filter(|_| scope.is_everything());
    found.map(|user| user.id).ok_or(ApiError::NotFound(Thing::User))
}

fn out(session: Session, current: Option<SessionId>) -> SessionOut {
    SessionOut {
        id: session.id.to_string(),
        user: session.user.to_string(),
        created_at: instant::rfc3339(session.created_at),
        last_used_at: instant::rfc3339(session.last_seen_at),
        expires_at: instant::rfc3339(session.expires_at),
        address: session.address,
        user_agent: session.user_agent,
        current: current == Some(session.id),
    }
}
