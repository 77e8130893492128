//! Connecting one's account with the provider, and taking it apart again: on
//! the profile by its owner, on the page of a user by whoever may change
//! users. The policy asks both to have proved lately who they are.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use dashboards::letters::FactorNews;
use dashboards::{SignOnProblem, urls};
use store::records::{SignOnPurpose, UserId};

use super::flow::{self, NotSent};
use super::handlers::{leave, told, user_word};
use super::provider::Provider;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::letters;
use crate::pages::saved_at;
use crate::problem::{ApiError, Thing};

fn configured(state: &ApiState) -> Result<&Provider, ApiError> {
    state.sso().ok_or(ApiError::NotFound(Thing::Address))
}

/// `POST /profile/single-sign-on`: to the provider.
pub(crate) async fn connect(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let provider = configured(&state)?;
    let purpose = SignOnPurpose::Link(principal.id());
    let origin = user_word(principal.id());
    match flow::begin(&state, provider, &headers, purpose, urls::PROFILE, origin).await {
        Ok(sent) => leave(&state, &headers, sent, urls::PROFILE),
        Err(NotSent::Ours(error)) => Err(error),
        Err(NotSent::Provider(error)) => {
            tracing::warn!(%error, "nobody can be sent to the OpenID provider");
            Ok(told(urls::PROFILE, SignOnProblem::Away, ""))
        }
    }
}

/// `POST /profile/single-sign-on/removal`.
pub(crate) async fn disconnect(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, ApiError> {
    let provider = configured(&state)?;
    let issuer = &provider.config().issuer;
    let users = state.records().users();
    if !users.has_password(principal.id()).await.map_err(ApiError::records)? {
        return Ok(told(urls::PROFILE, SignOnProblem::OnlyWay, ""));
    }
    let (actor, news) = (principal.actor(&state), FactorNews::SignOnUnlinked);
    let from = actor.address.clone().unwrap_or_default();
    let letter = letters::factors_changed(&state, principal.account(), news, &from);
    let done = users.unlink(&actor, principal.id(), issuer, letter.as_ref()).await;
    done.map_err(ApiError::of_records)?;
    Ok(saved_at(urls::PROFILE))
}

/// `POST /users/{id}/single-sign-on/removal`.
pub(crate) async fn disconnect_user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id: UserId = id.parse().map_err(ApiError::of_records)?;
    unlink(&state, &principal, id).await?;
    Ok(saved_at(&urls::user(&id.to_string())))
}

/// Takes the way in by the provider away from somebody, who is told by mail.
///
/// # Errors
/// Not found without a provider, without that user in sight, or without an
/// identity of theirs; refused when no active administrator would be left.
pub(crate) async fn unlink(
    state: &ApiState,
    principal: &Principal,
    id: UserId,
) -> Result<(), ApiError> {
    let provider = configured(state)?;
    let users = state.records().users();
    let found = users.within(principal.scope()).get(id).await.map_err(ApiError::records)?;
    let owner = found.ok_or(ApiError::NotFound(Thing::User))?;
    let (actor, news) = (principal.actor(state), FactorNews::SignOnUnlinked);
    let from = actor.address.clone().unwrap_or_default();
    let letter = letters::factors_changed(state, &owner, news, &from);
    let issuer = &provider.config().issuer;
    let done = users.unlink(&actor, id, issuer, letter.as_ref()).await;
    done.map_err(ApiError::of_records)
}
