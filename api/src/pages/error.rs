//! The page that says that there is no page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dashboards::{ErrorKind, ErrorPage, Lang};

use super::{html, shell};
use crate::app::ApiState;
use crate::problem::ApiError;

/// The page for an answer that is `error`; `reference` finds the request in the
/// log.
pub(crate) fn error(
    state: &ApiState,
    language: Lang,
    here: String,
    error: &ApiError,
    reference: String,
) -> Response {
    let kind = match error {
        ApiError::Forbidden => ErrorKind::Forbidden,
        ApiError::NotFound(_) => ErrorKind::NotFound,
        ApiError::Unavailable(_) => ErrorKind::Unavailable { reference },
        ApiError::Internal => ErrorKind::Internal { reference },
        told => {
            let (title, detail) = told.words(language);
            let refusals = told.refusals().into_iter();
            ErrorKind::Told {
                status: told.status().as_u16(),
                title: title.to_owned(),
                detail: detail.to_owned(),
                refusals: refusals.map(|one| format!("{}: {}", one.place, one.reason)).collect(),
                retry_after_s: match told {
                    ApiError::TooMany { retry_after_s } => Some(*retry_after_s),
                    _ => None,
                },
            }
        }
    };
    let page = ErrorPage { shell: shell::bare(state, language, here), kind };
    html(&page).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
