//! The layers around all routes, outermost first in [`wrap`].

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::headers::{REQUEST_ID, secure};
use super::host;
use crate::app::ApiState;
use crate::problem::{ApiError, render};

/// The largest body that a route takes unless it says otherwise: forms and
/// single definitions.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
/// After this an answer has begun, or the request fails. Longer than the
/// longest query that the series allow.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Puts every layer around `routes`.
pub(crate) fn wrap(routes: Router, state: &ApiState) -> Router {
    let csrf = csrf_layer(state);
    routes.layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(SetSensitiveHeadersLayer::new([
                header::AUTHORIZATION,
                header::COOKIE,
                header::SET_COOKIE,
            ]))
            .layer(TraceLayer::new_for_http().make_span_with(span).on_response(
                |response: &Response, latency: Duration, _: &Span| {
                    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
                    tracing::debug!(status = response.status().as_u16(), latency_ms, "answered");
                },
            ))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(from_fn_with_state(state.clone(), secure))
            .layer(CompressionLayer::new())
            .layer(from_fn_with_state(state.clone(), render))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
            .layer(from_fn_with_state(state.clone(), host::check))
            .layer(csrf)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX)),
    )
}

/// The layers for what listens on plain http beside TLS, which answers nothing.
pub(crate) fn wrap_redirect(routes: Router, state: &ApiState) -> Router {
    routes.layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(from_fn_with_state(state.clone(), secure))
            .layer(from_fn_with_state(state.clone(), render)),
    )
}

/// Refuses state-changing requests that a browser sends from another site.
fn csrf_layer(
    state: &ApiState,
) -> CsrfLayer<impl FnMut(ProtectionError) -> Response + Clone + use<>> {
    CsrfLayer::new()
        .add_trusted_origin(state.public_origin())
        .expect("ApiState::new checked that the public origin is one")
        .with_rejection_response(|_: ProtectionError| ApiError::CrossOrigin.into_response())
}

/// The query string stays out of the log: it may hold names of customers.
fn span(request: &Request<Body>) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        id = id.unwrap_or_default(),
    )
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = message, "a request handler panicked");
    ApiError::Internal.into_response()
}
