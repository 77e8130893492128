//! The API tokens of services, for administrators.

use std::collections::BTreeSet;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::records::{ApiToken, ApiTokenId, Role, ServiceGrant};
use utoipa::ToSchema;

use super::definitions::refused_json;
use super::query::PageQuery;
use super::tokens::{IssuedToken, TokenOut, expiry, token_out};
use super::users::listed_customer;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::{ApiError, Problem};
use crate::tokens::{Wish, issue, scopes_of_service};

/// The tokens of services, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceTokenList {
    /// Also those that no longer work.
    tokens: Vec<ServiceTokenOut>,
    /// How many there are altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
    /// What each role can be good for.
    scopes: Vec<RoleScopes>,
}

/// The scopes that a token of a service can have.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleScopes {
    /// `beheer`, `accountmanager` or `klant`.
    role: &'static str,
    /// What such a token can be good for.
    scopes: Vec<&'static str>,
}

/// A token of a service, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceTokenOut {
    /// The token.
    #[serde(flatten)]
    token: TokenOut,
    /// By which role it acts.
    #[schema(example = "klant")]
    role: &'static str,
    /// The ids of the customers that it may see; none for `beheer`, which sees all.
    customers: Vec<String>,
    /// The id of the user who issued it.
    issued_by: String,
}

/// A token of a service to issue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceTokenIn {
    /// What it is for.
    #[schema(example = "Billing")]
    name: String,
    /// By which role it acts: `beheer`, `accountmanager` or `klant`.
    #[schema(example = "klant")]
    role: String,
    /// The ids of the customers that it may see: at least one, but none for `beheer`.
    #[serde(default)]
    customers: Vec<String>,
    /// What it is good for, out of what its role can be.
    #[schema(example = json!(["read:services"]))]
    scopes: BTreeSet<String>,
    /// When it stops working (RFC 3339); never unless given.
    expires_at: Option<String>,
}

/// The tokens of services.
#[utoipa::path(
    get, path = "/api/v1/service-tokens", tag = "tokens", params(PageQuery),
    responses((status = 200, description = "One page of tokens", body = ServiceTokenList))
)]
pub(crate) async fn list_service_tokens(
    State(state): State<ApiState>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ServiceTokenList>, ApiError> {
    let page = PageQuery::page(query)?;
    let found = state.records().api_tokens().page_services(page).await;
    let (found, total) = found.map_err(ApiError::records)?;
    let scopes = |role: Role| RoleScopes { role: role.as_str(), scopes: scopes_of_service(role) };
    let scopes = Role::ALL.into_iter().map(scopes).collect();
    let tokens = found.into_iter().filter_map(out).collect();
    Ok(Json(ServiceTokenList { tokens, total, offset: page.offset, limit: page.limit, scopes }))
}

/// Issues an API token for a service. It belongs to the installation and goes
/// on working when whoever issued it leaves, but not when they are banned.
#[utoipa::path(
    post, path = "/api/v1/service-tokens", tag = "tokens", request_body = ServiceTokenIn,
    responses(
        (status = 201, description = "The token; it is shown only now", body = IssuedToken),
        (status = 422, description = "A field is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue_service_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<ServiceTokenIn>, JsonRejection>,
) -> Result<(StatusCode, Json<IssuedToken>), ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let customers =
        body.customers.iter().map(|id| listed_customer(id)).collect::<Result<_, _>>()?;
    let role = body.role.parse().map_err(ApiError::of_records)?;
    let wish = Wish {
        name: body.name,
        expires_at: expiry(body.expires_at.as_deref())?,
        scopes: Some(body.scopes),
        grant: Some(ServiceGrant { role, customers }),
    };
    let (id, token) = issue(&state, &principal, wish).await?;
    let token = token.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(IssuedToken { id: id.to_string(), token })))
}

/// Stops an API token of a service from working.
#[utoipa::path(
    delete, path = "/api/v1/service-tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 404, description = "There is no such token in force", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke_service_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: ApiTokenId = id.parse().map_err(ApiError::of_records)?;
    let tokens = state.records().api_tokens();
    let revoked = tokens.revoke_service(&principal.actor(&state), id).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(StatusCode::NO_CONTENT)
}

fn out(token: ApiToken) -> Option<ServiceTokenOut> {
    let grant = token.grant.clone()?;
    Some(ServiceTokenOut {
        role: grant.role.as_str(),
        customers: grant.customers.iter().map(ToString::to_string).collect(),
        issued_by: token.user.to_string(),
        token: token_out(token),
    })
}
