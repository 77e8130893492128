//! What every request passes, whatever the route: identity of the client,
//! limits, headers, and the layers that put them in place.

mod address;
mod headers;
mod idempotency;
mod layers;
mod lenient;
mod routes;

use axum::http::HeaderMap;

pub(crate) use address::client as client_address;
pub(crate) use headers::{ContentPolicy, REQUEST_ID};
pub(crate) use layers::wrap;
pub(crate) use lenient::Lenient;
pub(crate) use routes::{Policy, RouteEntry, Routes, Verb};

/// Whether an address answers programs: errors are JSON there, and a caller
/// who is not signed in is told so instead of being sent to the login page.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/v1/")
        || path.starts_with("/push/")
        || matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Whether htmx asks for a part of a page.
pub(crate) fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}
