//! The page that says that there is no page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dashboards::{ErrorKind, ErrorPage, Lang};

use super::{html, shell};
use crate::app::ApiState;

/// The page for an answer with `status`; `reference` finds the request in the
/// log.
pub(crate) fn error(
    state: &ApiState,
    language: Lang,
    here: String,
    status: StatusCode,
    reference: String,
) -> Response {
    let kind = match status {
        StatusCode::FORBIDDEN => ErrorKind::Forbidden,
        StatusCode::SERVICE_UNAVAILABLE => ErrorKind::Unavailable { reference },
        status if status.is_client_error() => ErrorKind::NotFound,
        _ => ErrorKind::Internal { reference },
    };
    let page = ErrorPage { shell: shell::bare(state, language, here), kind };
    html(&page).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
