//! The caller's own API tokens.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::records::{ApiToken, ApiTokenId};
use utoipa::ToSchema;

use super::definitions::refused_json;
use crate::app::ApiState;
use crate::auth::{Principal, TokenError, issue_api_token};
use crate::instant;
use crate::problem::{ApiError, Problem};

/// The caller's tokens, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// Also those that no longer work.
    tokens: Vec<TokenOut>,
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
}

/// A token with its secret, which is shown only here.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedToken {
    /// Its id.
    id: String,
    /// Send it as `Authorization: Bearer …`.
    token: String,
}

/// The caller's API tokens.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, description = "The tokens", body = TokenList))
)]
pub(crate) async fn list_tokens(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<TokenList>, ApiError> {
    let found = state.records().api_tokens().list(principal.id()).await;
    let tokens = found.map_err(ApiError::records)?.into_iter().map(token_out).collect();
    Ok(Json(TokenList { tokens }))
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
    let read = |text: &str| {
        instant::parse(text).filter(|at| *at > state.now()).ok_or_else(|| {
            ApiError::refused("expires_at", format!("must be later than now, found {text:?}"))
        })
    };
    let expires_at = body.expires_at.as_deref().map(read).transpose()?;
    let actor = principal.actor(&state);
    let issued =
        issue_api_token(state.records(), &actor, principal.id(), &body.name, expires_at).await;
    let (id, token) = issued.map_err(|error| match error {
        TokenError::Records(error) => ApiError::of_records(error),
        TokenError::Randomness(error) => ApiError::internal(error),
    })?;
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

fn token_out(token: ApiToken) -> TokenOut {
    TokenOut {
        id: token.id.to_string(),
        name: token.name,
        prefix: token.prefix,
        created_at: instant::rfc3339(token.created_at),
        expires_at: token.expires_at.and_then(instant::rfc3339),
        last_used_at: token.last_used_at.and_then(instant::rfc3339),
        revoked_at: token.revoked_at.and_then(instant::rfc3339),
    }
}
