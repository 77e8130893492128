//! The security headers of every answer.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::ApiState;

/// The request's id: taken over from a proxy or made here, in every answer and log line.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a page may load and run; an answer without one gets [`ContentPolicy::Strict`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ContentPolicy {
    /// What the pages need: only our own files, nothing inline, no frames.
    Strict,
    /// The same, but inline styles: Swagger UI writes them. Only on its own page.
    ApiDocs,
}

impl ContentPolicy {
    fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            ContentPolicy::Strict => dashboards::CONTENT_SECURITY_POLICY,
            ContentPolicy::ApiDocs => {
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                 img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; \
                 base-uri 'none'; frame-ancestors 'none'"
            }
        })
    }
}

/// Adds the headers; what a handler set itself stays.
pub(crate) async fn secure(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let policy =
        response.extensions().get::<ContentPolicy>().copied().unwrap_or(ContentPolicy::Strict);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.value());
    for (name, value) in [
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
    if state.config().secure_cookies {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    // What is not declared cacheable may hold a customer's data.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
