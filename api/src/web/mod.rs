//! What every request passes, whatever the route: identity of the client,
//! limits, headers, and the layers that put them in place.

mod address;
mod headers;
mod host;
mod idempotency;
mod layers;
mod lenient;
mod limits;
mod network;
mod probes;
mod routes;
mod transport;

use axum::http::HeaderMap;

pub(crate) use address::{client as client_address, client_of};
pub(crate) use headers::REQUEST_ID;
pub(crate) use host::OwnHosts;
pub(crate) use layers::{wrap, wrap_redirect};
pub(crate) use lenient::Lenient;
#[cfg(test)]
pub(crate) use limits::COSTLY;
pub(crate) use limits::Limits;
pub use limits::RequestLimits;
pub(crate) use network::any_contains;
pub use network::{Network, NoNetwork};
pub(crate) use probes::Probes;
pub(crate) use routes::{Policy, RouteEntry, Routes, Verb};
pub(crate) use transport::Transport;

/// Whether an address answers programs: errors are JSON there, and a caller
/// who is not signed in is told so instead of being sent to the login page.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/v1/")
        || path.starts_with("/push/")
        || path.starts_with("/passkeys/")
        || matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Whether htmx asks for a part of a page.
pub(crate) fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}
