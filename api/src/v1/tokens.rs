//! The caller's own API tokens.

use std::collections::BTreeSet;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use correlate::model::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::records::{ApiToken, ApiTokenId};
use utoipa::ToSchema;

use super::definitions::refused_json;
use super::query::{self, PageQuery};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem};
use crate::tokens::{Wish, issue, scopes_of_user};

/// The caller's tokens, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// Also those that no longer work.
    tokens: Vec<TokenOut>,
    /// How many there are altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
    /// What a token of the caller can be good for.
    scopes: Vec<&'static str>,
}

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenOut {
    /// Its id.
    id: String,
    /// What it is for.
    name: String,
    /// How it begins.
    #[schema(example = "pw_3f9a01")]
    prefix: String,
    /// What it is good for; null: whatever its user may.
    #[schema(example = json!(["read:services"]))]
    scopes: Option<BTreeSet<String>>,
    /// When it was issued.
    created_at: Option<String>,
    /// When it stops working; null: never.
    expires_at: Option<String>,
    /// Its last use, to the minute.
    last_used_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
}

/// A token to issue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenIn {
    /// What it is for.
    #[schema(example = "Grafana")]
    name: String,
    /// When it stops working (RFC 3339); never unless given.
    expires_at: Option<String>,
    /// What it is good for; whatever the caller may unless given.
    #[schema(example = json!(["read:services"]))]
    scopes: Option<BTreeSet<String>>,
}

/// A token with its secret, which is shown only here.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedToken {
    /// Its id.
    pub(super) id: String,
    /// Send it as `Authorization: Bearer …`.
    pub(super) token: String,
}

/// The caller's API tokens.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "tokens", params(PageQuery),
    responses((status = 200, description = "One page of tokens", body = TokenList))
)]
pub(crate) async fn list_tokens(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<TokenList>, ApiError> {
    let page = PageQuery::page(query)?;
    let found = state.records().api_tokens().page(principal.id(), page).await;
    let (tokens, total) = found.map_err(ApiError::records)?;
    let tokens = tokens.into_iter().map(token_out).collect();
    let scopes = scopes_of_user(principal.role());
    Ok(Json(TokenList { tokens, total, offset: page.offset, limit: page.limit, scopes }))
}

/// Issues an API token that acts in the caller's name.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "tokens", request_body = TokenIn,
    responses(
        (status = 201, description = "The token; it is shown only now", body = IssuedToken),
        (status = 422, description = "A field is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<TokenIn>, JsonRejection>,
) -> Result<(StatusCode, Json<IssuedToken>), ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let expires_at = expiry(body.expires_at.as_deref())?;
    let wish = Wish { name: body.name, expires_at, scopes: body.scopes, grant: None };
    let (id, token) = issue(&state, &principal, wish).await?;
    let token = token.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(IssuedToken { id: id.to_string(), token })))
}

/// Stops one of the caller's API tokens from working.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 404, description = "The caller has no such token in force", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: ApiTokenId = id.parse().map_err(ApiError::of_records)?;
    let tokens = state.records().api_tokens();
    let revoked = tokens.revoke(&principal.actor(&state), principal.id(), id).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(StatusCode::NO_CONTENT)
}

/// When a token should stop working, as a request says.
pub(super) fn expiry(given: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    given.map(|text| query::instant("expires_at", text)).transpose()
}

pub(super) fn token_out(token: ApiToken) -> TokenOut {
    TokenOut {
        id: token.id.to_string(),
        name: token.name,
        prefix: token.prefix,
        scopes: token.scopes,
        created_at: instant::rfc3339(token.created_at),
        expires_at: token.expires_at.and_then(instant::rfc3339),
        last_used_at: token.last_used_at.and_then(instant::rfc3339),
        revoked_at: token.revoked_at.and_then(instant::rfc3339),
    }
}
