//! The caller's own profile.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::{Extension, Json};
use serde::Deserialize;
use store::records::ProfileDraft;
use utoipa::ToSchema;

use super::definitions::refused_json;
use super::users::{UserOut, customer_names, out};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::people;
use crate::problem::{ApiError, Problem};

/// What people may change of themselves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileIn {
    /// What to call them; their address when empty.
    #[serde(default)]
    name: String,
    /// `nl` or `en`.
    language: String,
    /// The IANA zone in which they read instants; that of the product unless given.
    time_zone: Option<String>,
    /// Where notifications go; to their address unless given.
    notification_email: Option<String>,
}

/// The caller's own profile.
#[utoipa::path(
    get, path = "/api/v1/profile", tag = "users",
    responses((status = 200, description = "The profile", body = UserOut))
)]
pub(crate) async fn profile(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<UserOut>, ApiError> {
    let account = principal.account().clone();
    let names = customer_names(&state, principal.scope(), std::slice::from_ref(&account)).await?;
    Ok(Json(out(account, &names)))
}

/// Changes the caller's own profile; role, customers and address are for
/// administrators.
#[utoipa::path(
    put, path = "/api/v1/profile", tag = "users", request_body = ProfileIn,
    responses(
        (status = 200, description = "It is so now", body = UserOut),
        (status = 422, description = "A field is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_profile(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<ProfileIn>, JsonRejection>,
) -> Result<Json<UserOut>, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let draft = ProfileDraft {
        name: body.name,
        language: body.language.parse().map_err(ApiError::of_records)?,
        time_zone: body.time_zone,
        notification_email: body.notification_email,
    };
    people::update_profile(&state, &principal, &draft).await?;
    let users = state.records().users();
    let after = users.by_email(principal.email()).await.map_err(ApiError::records)?;
    let account = after.ok_or(ApiError::Unauthenticated)?;
    let names = customer_names(&state, principal.scope(), std::slice::from_ref(&account)).await?;
    Ok(Json(out(account, &names)))
}
