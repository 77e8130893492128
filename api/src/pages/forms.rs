//! What pages with a form share: the way back after a change, and what is
//! answered to a form that is refused.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::problem::ApiError;

/// Whether a page follows a change.
#[derive(Deserialize, Default)]
pub(crate) struct Saved {
    pub(super) saved: Option<String>,
}

/// After a change: to `page`, which says that it was kept.
pub(crate) fn saved_at(page: &str) -> Response {
    Redirect::to(&format!("{page}?saved=1")).into_response()
}

/// A page that shows what is wrong.
pub(super) fn refused(mut response: Response) -> Result<Response, ApiError> {
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}
