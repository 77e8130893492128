//! The manual of the integration with LibreNMS.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::ManualPage;

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;

/// `GET /manual/librenms`.
pub(crate) async fn manual(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    html(&ManualPage { shell: shell::full(&state, &principal, &headers, &uri).await? })
}
