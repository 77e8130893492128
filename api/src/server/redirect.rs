//! What listens on the port of plain http beside TLS: it sends browsers to
//! https, and refuses programs, which would go on sending their tokens in clear.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::ApiError;
use crate::web::is_for_programs;

/// Answers every request on plain http; `origin` is ours on https.
pub(super) fn router(origin: &str) -> Router {
    Router::new().fallback(answer).with_state(origin.to_owned())
}

async fn answer(State(origin): State<String>, request: Request) -> Response {
    to_https(&origin, &request)
}

/// Where `request` should have gone; not by the host that it names, which may
/// be anybody's.
pub(crate) fn to_https(origin: &str, request: &Request) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || is_for_programs(request.uri().path()) {
        return ApiError::PlainHttp.into_response();
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match HeaderValue::try_from(format!("{origin}{path}")) {
        Ok(location) => {
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        Err(_) => ApiError::Malformed.into_response(),
    }
}
