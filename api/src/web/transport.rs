//! How a request came: encrypted or not, and under which name of ours, also
//! behind a reverse proxy. What a stranger writes in `X-Forwarded-Proto` and
//! `X-Forwarded-Host` is never believed.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, header};

use super::network::any_contains;
use crate::app::ApiConfig;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// How a connection came in; in the extensions of every request that
/// [`crate::serve`] takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    /// Without encryption of ours: from a proxy, or a browser on this machine.
    Plain,
    /// Encrypted by us.
    Tls,
}

/// Whether a request travelled encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encrypted {
    /// By us, or a trusted proxy says so.
    Yes,
    /// A trusted proxy says that the browser spoke plain http.
    No,
    /// Nobody says so: what is before us, if anything, is not a trusted proxy.
    Unsaid,
}

/// Which name of ours a request was sent to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Host {
    /// This host, in lower case and without its port.
    Named(String),
    /// None, or several that contradict each other.
    Unclear,
}

/// Whether `request` travelled encrypted as far as can be known.
pub(crate) fn encrypted(request: &Request, config: &ApiConfig) -> Encrypted {
    if request.extensions().get::<Transport>() == Some(&Transport::Tls) {
        return Encrypted::Yes;
    }
    let said = from_proxy(request, config).then(|| last(request, &FORWARDED_PROTO)).flatten();
    match said.as_deref() {
        Some("https") => Encrypted::Yes,
        Some("http") => Encrypted::No,
        _ => Encrypted::Unsaid,
    }
}

/// The host that `request` is meant for.
pub(crate) fn host(request: &Request, config: &ApiConfig) -> Host {
    if from_proxy(request, config)
        && let Some(host) = last(request, &FORWARDED_HOST)
    {
        return named(&host);
    }
    // RFC 9112, 3.2.2: an absolute address in the request line goes before Host.
    if let Some(authority) = request.uri().authority() {
        return named(authority.as_str());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
        (Some(host), None) => named(host),
        _ => Host::Unclear,
    }
}

/// Whether the client itself, and no proxy, is on this machine.
pub(crate) fn is_local(request: &Request, config: &ApiConfig) -> bool {
    !from_proxy(request, config) && peer(request).is_some_and(|peer| peer.is_loopback())
}

fn peer(request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

fn from_proxy(request: &Request, config: &ApiConfig) -> bool {
    peer(request).is_some_and(|peer| any_contains(&config.trusted_proxies, peer))
}

/// The value that the nearest proxy wrote.
fn last(request: &Request, name: &HeaderName) -> Option<String> {
    let values = request.headers().get_all(name);
    let value = values.iter().next_back()?.to_str().ok()?;
    Some(value.rsplit(',').next()?.trim().to_ascii_lowercase())
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn named(authority: &str) -> Host {
    let authority = authority.trim();
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = |port: &str| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    };
    let is_host = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
    };
    if is_host(host) && is_port(port) {
        Host::Named(host.trim_end_matches('.').to_ascii_lowercase())
    } else {
        Host::Unclear
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const PROXY: &str = "10.0.0.9";
    const STRANGER: &str = "198.51.100.7";

    fn config() -> ApiConfig {
        let config = ApiConfig::new("https://pad.example", "9.9.9").expect("the zone is bundled");
        ApiConfig { trusted_proxies: vec![PROXY.parse().expect("an address")], ..config }
    }

    fn request(peer: &str, uri: &str, headers: &[(&str, &str)]) -> Request {
        let peer = SocketAddr::new(peer.parse().expect("an address"), 4711);
        let mut request = Request::builder().uri(uri).extension(ConnectInfo(peer));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).expect("a request")
    }

    #[test]
    fn only_a_trusted_proxy_says_whether_a_request_was_encrypted() {
        let check = |peer: &str, proto: &str, expected| {
            let request = request(peer, "/", &[("x-forwarded-proto", proto)]);
            assert_eq!(encrypted(&request, &config()), expected, "{peer} {proto}");
        };
        check(PROXY, "https", Encrypted::Yes);
        check(PROXY, "http, HTTPS", Encrypted::Yes);
        check(PROXY, "https, http", Encrypted::No);
        check(PROXY, "gopher", Encrypted::Unsaid);
        check(STRANGER, "https", Encrypted::Unsaid);
        let mut direct = request(STRANGER, "/", &[("x-forwarded-proto", "http")]);
        direct.extensions_mut().insert(Transport::Tls);
        assert_eq!(encrypted(&direct, &config()), Encrypted::Yes);
    }

    #[test]
    fn the_host_is_what_the_browser_asked_for() {
        let check = |peer: &str, uri: &str, headers: &[(&str, &str)], expected: Option<&str>| {
            let expected = expected.map_or(Host::Unclear, |host| Host::Named(host.to_owned()));
            assert_eq!(host(&request(peer, uri, headers), &config()), expected, "{headers:?}");
        };
        check(STRANGER, "/", &[("host", "Pad.Example:8443")], Some("pad.example"));
        check(STRANGER, "/", &[("host", "pad.example.")], Some("pad.example"));
        check(STRANGER, "/", &[("host", "[::1]:8080")], Some("::1"));
        check(STRANGER, "http://evil.example/", &[("host", "pad.example")], Some("evil.example"));
        let claims = [("host", "evil.example"), ("x-forwarded-host", "pad.example")];
        check(STRANGER, "/", &claims, Some("evil.example"));
        check(PROXY, "/", &claims, Some("pad.example"));
        check(STRANGER, "/", &[], None);
        check(STRANGER, "/", &[("host", "pad.example"), ("host", "evil.example")], None);
        for host in ["", "pad.example:", "pad.example:x", "a b", "pad.example/x", "u@pad.example"] {
            check(STRANGER, "/", &[("host", host)], None);
        }
    }
}
