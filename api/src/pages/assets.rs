//! The browser's files, out of the binary.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::problem::{ApiError, Thing};

/// Names hold a hash of the content, so what is cached never goes out of date.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Files without a hash in their name.
const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// `GET /assets/{file}`.
pub(crate) async fn asset(Path(file): Path<String>) -> Result<Response, ApiError> {
    let asset = dashboards::asset(&file).ok_or(ApiError::NotFound(Thing::Address))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, if asset.immutable { FOR_EVER } else { FOR_AN_HOUR }),
    ];
    Ok((headers, asset.bytes).into_response())
}
