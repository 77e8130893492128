//! The manuals: of the integration with LibreNMS, and of single sign-on.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{Manual, ManualPage};

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
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    html(&ManualPage { shell, manual: Manual::LibreNms })
}

/// `GET /manual/single-sign-on`.
pub(crate) async fn manual_sign_on(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    html(&ManualPage { shell, manual: Manual::SignOn })
}
