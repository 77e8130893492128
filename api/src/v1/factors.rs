//! Second factors: what the caller has, passkeys to remove, resetting those of
//! somebody else, and which roles must have one.
//!
//! What needs a person at a browser, such as adding one, is on the pages alone.

use std::collections::BTreeSet;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use store::records::{Role, UserId};
use utoipa::ToSchema;

use super::definitions::refused_json;
use crate::app::ApiState;
use crate::auth::{Principal, required_roles};
use crate::instant::rfc3339;
use crate::pages::{reset_factors_of, take_passkey};
use crate::problem::{ApiError, Problem, Thing};

/// What the caller signs in with besides a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorsOut {
    /// Whether a password alone does not let them in.
    has_second_factor: bool,
    /// Whether their role must have a second factor.
    required: bool,
    /// The app that makes one-time codes, if they have set one up.
    totp: Option<TotpOut>,
    /// How many recovery codes they have left.
    recovery_codes_left: u64,
    /// Their passkeys, the oldest first.
    passkeys: Vec<PasskeyOut>,
}

/// An app that makes one-time codes.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpOut {
    /// Since when.
    since: Option<String>,
    /// When a code was last given.
    last_used_at: Option<String>,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyOut {
    /// Its id.
    id: String,
    /// What its owner calls it.
    #[schema(example = "Laptop")]
    name: String,
    /// Since when they have it.
    created_at: Option<String>,
    /// When it was last used.
    last_used_at: Option<String>,
}

/// Which roles must have a second factor.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorRule {
    /// Each `beheer`, `accountmanager` or `klant`.
    #[schema(example = json!(["beheer"]))]
    roles: Vec<String>,
}

/// What the caller signs in with besides a password.
#[utoipa::path(
    get, path = "/api/v1/profile/factors", tag = "users",
    responses((status = 200, description = "What they have", body = FactorsOut))
)]
pub(crate) async fn factors(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<FactorsOut>, ApiError> {
    let factors = state.records().factors();
    let (status, roles) = tokio::try_join!(factors.status(principal.id()), required_roles(&state))
        .map_err(ApiError::records)?;
    let has_second_factor = status.has_second();
    let passkey = |passkey: store::records::Passkey| PasskeyOut {
        id: passkey.id.to_string(),
        name: passkey.name,
        created_at: rfc3339(passkey.created_at),
        last_used_at: passkey.last_used_at.and_then(rfc3339),
    };
    Ok(Json(FactorsOut {
        has_second_factor,
        required: roles.contains(&principal.role()),
        totp: status.totp.map(|totp| TotpOut {
            since: rfc3339(totp.since),
            last_used_at: totp.last_used_at.and_then(rfc3339),
        }),
        recovery_codes_left: status.codes_left,
        passkeys: status.passkeys.into_iter().map(passkey).collect(),
    }))
}

/// Removes a passkey of the caller. Only in a session in which they proved who
/// they are within ten minutes, never with a token.
#[utoipa::path(
    delete, path = "/api/v1/profile/passkeys/{id}", tag = "users",
    params(("id" = String, Path, description = "The passkey's id")),
    responses(
        (status = 204, description = "It signs nobody in any more"),
        (status = 403, description = "A token was sent (urn:padwacht:problem:session-only), or \
            who it is was not confirmed lately (urn:padwacht:problem:confirmation-required)",
            body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The caller has no such passkey", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove_own_passkey(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    take_passkey(&state, &principal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes every second factor from somebody who has lost theirs: app, recovery
/// codes and passkeys. Their sessions end.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/factors", tag = "users",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 204, description = "They have no second factor any more"),
        (status = 403, description = "In a session: who it is was not confirmed lately \
            (urn:padwacht:problem:confirmation-required)", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset_user_factors(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: UserId = id.parse().map_err(|_| ApiError::NotFound(Thing::User))?;
    reset_factors_of(&state, &principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which roles must have a second factor.
#[utoipa::path(
    get, path = "/api/v1/settings/second-factor", tag = "users",
    responses((status = 200, description = "The roles", body = SecondFactorRule))
)]
pub(crate) async fn second_factor_rule(
    State(state): State<ApiState>,
) -> Result<Json<SecondFactorRule>, ApiError> {
    rule(&state).await
}

/// Changes which roles must have a second factor: whoever has such a role and
/// none can do nothing but set one up. Whoever signs in through an organisation
/// that vouches for two factors needs none here, and API tokens are not affected.
/// Until it is changed for the first time, `api.second_factor_for` says.
#[utoipa::path(
    put, path = "/api/v1/settings/second-factor", tag = "users", request_body = SecondFactorRule,
    responses(
        (status = 200, description = "It is so now", body = SecondFactorRule),
        (status = 403, description = "In a session: who it is was not confirmed lately \
            (urn:padwacht:problem:confirmation-required)", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "There is no such role", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_second_factor_rule(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<SecondFactorRule>, JsonRejection>,
) -> Result<Json<SecondFactorRule>, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let roles: BTreeSet<Role> = body
        .roles
        .iter()
        .map(|role| role.parse())
        .collect::<Result<_, _>>()
        .map_err(ApiError::of_records)?;
    let factors = state.records().factors();
    let changed = factors.require_of(&principal.actor(&state), &roles).await;
    changed.map_err(ApiError::of_records)?;
    rule(&state).await
}

async fn rule(state: &ApiState) -> Result<Json<SecondFactorRule>, ApiError> {
    let roles = required_roles(state).await.map_err(ApiError::records)?;
    let roles = roles.into_iter().map(|role| role.as_str().to_owned()).collect();
    Ok(Json(SecondFactorRule { roles }))
}
