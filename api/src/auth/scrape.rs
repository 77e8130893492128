//! Who may read `/metrics` besides administrators.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, header};
use secrecy::ExposeSecret;

use super::secret;
use crate::app::ApiState;

/// Whether the request has the metrics token, or comes from this machine while
/// browsers reach us there too. When the public address is another one, a
/// proxy on this machine may stand in front, and loopback proves nothing.
pub(crate) fn may_scrape(state: &ApiState, request: &Request) -> bool {
    let token = state.config().metrics_token.as_ref();
    if let (Some(token), Some(given)) = (token, bearer(request.headers()))
        && secret::same(given, token.expose_secret())
    {
        return true;
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_local = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    is_local && state.is_loopback_only() && is_to_loopback(request.headers())
}

/// What `Authorization: Bearer` carries.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the request names this machine as its host: a page of a stranger
/// whose name was pointed at 127.0.0.1 does not, and a forwarded one neither.
fn is_to_loopback(headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];
    if forwarded.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<axum::http::uri::Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host().trim_matches(['[', ']']);
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
