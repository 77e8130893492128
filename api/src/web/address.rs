//! Who is calling: the client's address, also behind a reverse proxy.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;

use super::network::{Network, any_contains};

/// The header that a proxy adds the client's address to, nearest last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address: the peer itself, or, when the peer is a proxy that
/// is trusted, the last address in `X-Forwarded-For` that is no trusted proxy.
/// What a stranger writes in the header is never believed.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[Network]) -> IpAddr {
    let peer = peer.to_canonical();
    if !any_contains(trusted_proxies, peer) {
        return peer;
    }
    let mut nearest = peer;
    let hops = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = hops.filter_map(|value| value.to_str().ok());
    for hop in hops.flat_map(|value| value.rsplit(',')) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !any_contains(trusted_proxies, nearest) {
            return nearest;
        }
    }
    nearest
}

/// The client's address of a whole request; `None` where nothing says who sent it.
pub(crate) fn client_of(request: &Request, trusted_proxies: &[Network]) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| client(peer.ip(), request.headers(), trusted_proxies))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("a header value"));
        }
        let proxies = ["127.0.0.1", "10.0.0.8/31"].map(|one| one.parse().expect("a network"));
        let found = client(peer.parse().expect("ip"), &headers, &proxies);
        assert_eq!(found.to_string(), expected);
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("198.51.100.7", &["203.0.113.1"], "198.51.100.7");
        check("127.0.0.1", &["203.0.113.1"], "203.0.113.1");
        check("::ffff:127.0.0.1", &["203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["6.6.6.6, 203.0.113.1, 10.0.0.9"], "203.0.113.1");
        check("127.0.0.1", &["6.6.6.6", "203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["nonsense"], "127.0.0.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }
}
