//! The documentation of the API.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{DocsPage, Reference};

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;
use crate::reference::ReferenceError;
use crate::v1::operations::DOCUMENT_PATH;

/// `GET /docs`.
pub(crate) async fn docs(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(reference): Extension<Result<Arc<Reference>, ReferenceError>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let reference = reference.map_err(ApiError::internal)?;
    let shell = shell::own(&state, &principal, &headers, &uri);
    let origin = state.public_origin().to_owned();
    html(&DocsPage { shell, reference, document: DOCUMENT_PATH, origin })
}
