//! Refuses requests that are meant for another host: a page of a stranger
//! whose name was pointed at our address (DNS rebinding), or a proxy that mixes
//! up its sites.
//!
//! Ours are the host of `api.public_url` and `api.allowed_hosts`; from this
//! machine itself also localhost and loopback addresses; and any address in
//! figures as long as the public one is one, for then nobody has named us yet.
//! Health and pushes carry no cookie and are asked for by many names, so they
//! are answered under each.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::transport::{Encrypted, Host, encrypted, host, is_local};
use crate::app::{ApiConfig, ApiState};
use crate::problem::ApiError;
use crate::server::to_https;

/// The hosts that are ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OwnHosts {
    named: Vec<String>,
    by_address: bool,
}

impl OwnHosts {
    /// The host of `origin`, and `more`.
    pub(crate) fn new(origin_host: &str, more: &[String]) -> OwnHosts {
        let plain = |host: &str| host.trim_matches(['[', ']', '.']).to_ascii_lowercase();
        let public = plain(origin_host);
        let by_address = public == "localhost" || public.parse::<IpAddr>().is_ok();
        let named = std::iter::once(public).chain(more.iter().map(|host| plain(host))).collect();
        OwnHosts { named, by_address }
    }

    fn hold(&self, host: &str, is_local: bool) -> bool {
        let address = host.parse::<IpAddr>().ok();
        let is_loopback = host == "localhost" || address.is_some_and(|one| one.is_loopback());
        self.named.iter().any(|named| named == host)
            || (is_loopback && (is_local || self.by_address))
            || (address.is_some() && self.by_address)
    }
}

/// Lets through what is meant for us and came encrypted where it must.
pub(crate) async fn check(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let config = state.config();
    if under_any_name(request.uri().path()) {
        return next.run(request).await;
    }
    match host(&request, config) {
        Host::Unclear => return ApiError::Malformed.into_response(),
        Host::Named(host) if !state.own_hosts().hold(&host, is_local(&request, config)) => {
            tracing::debug!(host, "refused a request for another host");
            return ApiError::Misdirected.into_response();
        }
        Host::Named(_) => {}
    }
    if is_in_clear(&request, config) {
        return to_https(state.public_origin(), &request);
    }
    next.run(request).await
}

fn under_any_name(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz") || path.starts_with("/push/")
}

/// Whether a proxy passed on what the browser sent in clear, though we are on https.
fn is_in_clear(request: &Request, config: &ApiConfig) -> bool {
    config.secure_cookies && encrypted(request, config) == Encrypted::No
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours() {
        let check = |origin: &str, host: &str, is_local: bool, expected: bool| {
            let own = OwnHosts::new(origin, &["Padwacht.internal".to_owned()]);
            assert_eq!(own.hold(host, is_local), expected, "{host} at {origin}");
        };
        check("pad.example", "pad.example", false, true);
        check("pad.example", "padwacht.internal", false, true);
        check("pad.example", "evil.example", false, false);
        check("pad.example", "evil.example", true, false);
        check("pad.example", "sub.pad.example", false, false);
        check("pad.example", "127.0.0.1", true, true);
        check("pad.example", "localhost", true, true);
        check("pad.example", "::1", true, true);
        check("pad.example", "127.0.0.1", false, false);
        check("pad.example", "192.0.2.1", true, false);
        // Nobody has named us.
        check("[::]", "192.0.2.1", false, true);
        check("0.0.0.0", "localhost", false, true);
        check("127.0.0.1", "evil.example", true, false);
    }
}
