//! By what others come in, for administrators: the personal tokens of a user,
//! and their identity at the OpenID provider.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use store::records::{ApiTokenId, UserId};
use utoipa::ToSchema;

use super::query::PageQuery;
use super::tokens::{TokenOut, token_out};
use super::users::user_id;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::{ApiError, Problem, Thing};

/// The personal tokens of a user, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserTokenList {
    /// Also those that no longer work.
    tokens: Vec<TokenOut>,
    /// How many there are altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
}

/// The personal API tokens of a user, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/tokens", tag = "users",
    params(("id" = String, Path, description = "The user's id"), PageQuery),
    responses(
        (status = 200, description = "The tokens", body = UserTokenList),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn user_tokens(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<UserTokenList>, ApiError> {
    let page = PageQuery::page(query)?;
    let user = known(&state, &principal, &id).await?;
    let found = state.records().api_tokens().page(user, page).await;
    let (tokens, total) = found.map_err(ApiError::records)?;
    let tokens = tokens.into_iter().map(token_out).collect();
    Ok(Json(UserTokenList { tokens, total, offset: page.offset, limit: page.limit }))
}

/// Stops a personal API token of a user from working.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/tokens/{token}", tag = "users",
    params(
        ("id" = String, Path, description = "The user's id"),
        ("token" = String, Path, description = "The token's id"),
    ),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 404, description = "There is no such user, or they have no such token in force",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke_user_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    revoke(&state, &principal, &id, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the identity at the OpenID provider from a user: who signs in there
/// is no longer them. Who has no password must be invited again.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/single-sign-on", tag = "users",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 204, description = "It is taken away"),
        (status = 404, description = "There is no provider, no such user, or they have no identity \
            there", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No active administrator would be left", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unlink_user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let user = known(&state, &principal, &id).await?;
    crate::sso::profile::unlink(&state, &principal, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a personal token of a user, for the page and the API alike.
pub(crate) async fn revoke(
    state: &ApiState,
    principal: &Principal,
    user: &str,
    token: &str,
) -> Result<UserId, ApiError> {
    let user = known(state, principal, user).await?;
    let token: ApiTokenId = token.parse().map_err(ApiError::of_records)?;
    let revoked = state.records().api_tokens().revoke(&principal.actor(state), user, token).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(user)
}

async fn known(state: &ApiState, principal: &Principal, id: &str) -> Result<UserId, ApiError> {
    let found = state.records().users().within(principal.scope()).get(user_id(id)?).await;
    let found = found.map_err(ApiError::records)?;
    found.map(|user| user.id).ok_or(ApiError::NotFound(Thing::User))
}
