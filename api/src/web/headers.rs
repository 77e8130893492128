//! The security headers of every answer.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::transport::{Encrypted, encrypted};
use crate::app::{ApiConfig, ApiState};

/// The request's id: taken over from a proxy or made here, in every answer and log line.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Adds the headers; what a handler set itself stays.
pub(crate) async fn secure(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let in_clear = !may_be_encrypted(&request, state.config());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, dashboards::CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if state.config().secure_cookies && !in_clear {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    // What is not declared cacheable may hold a customer's data.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// RFC 6797, 7.2: the header is not for answers that travel in clear. Where
/// nobody says, the public address is https, and a proxy is believed to be so.
fn may_be_encrypted(request: &Request, config: &ApiConfig) -> bool {
    match encrypted(request, config) {
        Encrypted::Yes => true,
        Encrypted::No => false,
        Encrypted::Unsaid => !config.serves_tls,
    }
}
