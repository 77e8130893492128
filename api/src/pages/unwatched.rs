//! What services name and no NMS watches.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use dashboards::{UnwatchedPage, urls};

use super::sources::unwatched_row;
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;
use crate::v1::operations::{ask_for_all_inventories, everything_unwatched};

/// `GET /unwatched`.
pub(crate) async fn unwatched(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let found = everything_unwatched(&state, principal.scope());
    let shell = shell::full(&state, &principal, &headers, &uri);
    let (shell, (found, waiting)) = tokio::try_join!(shell, found)?;
    let unwatched = found.into_iter().map(unwatched_row).collect();
    html(&UnwatchedPage { shell, unwatched, waiting })
}

/// `POST /unwatched`: has all inventories read at once.
pub(crate) async fn read_inventories(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, ApiError> {
    ask_for_all_inventories(&state, &principal).await?;
    Ok(Redirect::to(urls::UNWATCHED).into_response())
}
