//! Takes connections and speaks HTTP/1.1 on them, within limits that keep slow
//! or many clients from taking the place of the others.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::tls::Tls;
use crate::web::{Network, Transport, any_contains};

/// Connections at once. Each open page holds one for live updates; the systemd
/// units allow 65,536 open files.
const CONNECTIONS_MAX: usize = 8_192;
/// Connections at once from one address that is no trusted proxy: an office
/// behind one address has hundreds of pages open, a flood has more.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 512;
/// Request line and header fields together; hyper takes 100 fields. Browsers
/// send a few kilobytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// What was sent and not acknowledged for so long goes to nobody: a client that
/// asks for much and reads nothing holds its connection no longer.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);
/// When the process has no more files: others end meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How long a client may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    /// For the TLS handshake, which takes some round trips.
    pub(super) handshake: Duration,
    /// From the opening of a connection, or the end of the last answer, to the
    /// end of the next head: also how long an idle connection is kept.
    pub(super) head: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { handshake: Duration::from_secs(10), head: Duration::from_secs(30) }
    }
}

/// What all connections of a listener share.
#[derive(Clone)]
pub(super) struct Server {
    /// Answers requests; without TLS in front it is told so.
    pub(super) router: Router,
    /// Encrypts, if the listener does.
    pub(super) tls: Option<Tls>,
    /// Peers that may open any number of connections.
    pub(super) trusted_proxies: Arc<[Network]>,
    /// How long clients may take.
    pub(super) limits: Limits,
    /// No new requests after this.
    pub(super) stop: CancellationToken,
    /// No connections after this.
    pub(super) cut: CancellationToken,
    /// Every connection.
    pub(super) running: TaskTracker,
}

/// Takes connections until `server.stop`.
pub(super) async fn accept(listener: TcpListener, server: Server) {
    let places = Places::default();
    loop {
        let accepted = tokio::select! {
            () = server.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let is_proxy = any_contains(&server.trusted_proxies, peer.ip());
                let Some(place) = places.take(peer.ip(), is_proxy) else {
                    metrics::counter!("padwacht_http_refused_connections_total").increment(1);
                    tracing::debug!(%peer, "too many connections: closed one");
                    continue;
                };
                let server = server.clone();
                server.running.clone().spawn(async move {
                    serve(stream, peer, &server).await;
                    drop(place);
                });
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The client went away before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve(stream: TcpStream, peer: SocketAddr, server: &Server) {
    // Answers are written whole; waiting to fill a packet only delays them.
    drop(stream.set_nodelay(true));
    let unheard_ms = u32::try_from(ACKNOWLEDGED_WITHIN.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, unheard_ms) {
        tracing::debug!(%error, "the operating system's own, longer limit holds");
    }
    let Some(tls) = &server.tls else {
        return speak(stream, peer, Transport::Plain, server).await;
    };
    let handshake = tls.acceptor().accept(stream);
    let encrypted = tokio::select! {
        () = server.stop.cancelled() => return,
        encrypted = tokio::time::timeout(server.limits.handshake, handshake) => encrypted,
    };
    match encrypted {
        Ok(Ok(stream)) => speak(stream, peer, Transport::Tls, server).await,
        // Scanners and http on the port of https; nothing to act on.
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn speak<I>(io: I, peer: SocketAddr, transport: Transport, server: &Server)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = server.router.clone();
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(transport);
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(server.limits.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = server.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = server.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}

/// How many connections there are, in all and by address.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's; given back when dropped.
struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    fn take(&self, address: IpAddr, is_proxy: bool) -> Option<Place> {
        let address = address.to_canonical();
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = taken.by_address.get(&address).copied().unwrap_or_default();
        let full = here >= CONNECTIONS_PER_ADDRESS_MAX && !is_proxy;
        if full || taken.all >= CONNECTIONS_MAX {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, here + 1);
        Some(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let left = taken.by_address.get(&self.address).map_or(0, |here| here.saturating_sub(1));
        if left == 0 {
            taken.by_address.remove(&self.address);
        } else {
            taken.by_address.insert(self.address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let places = Places::default();
        let flood: IpAddr = "198.51.100.7".parse().expect("an address");
        let mapped: IpAddr = "::ffff:198.51.100.7".parse().expect("an address");
        let mut held: Vec<Place> = std::iter::from_fn(|| places.take(flood, false)).collect();
        assert_eq!(held.len(), CONNECTIONS_PER_ADDRESS_MAX);
        assert!(places.take(mapped, false).is_none(), "it is the same one");
        let other = places.take("198.51.100.8".parse().expect("an address"), false);
        assert!(other.is_some(), "others still come in");
        assert!(places.take(flood, true).is_some(), "a proxy speaks for many");
        held.pop();
        assert!(places.take(flood, false).is_some(), "a place that was given back is free");
    }

    #[test]
    fn there_is_an_end_to_all_connections() {
        let places = Places::default();
        let proxy: IpAddr = "127.0.0.1".parse().expect("an address");
        let held: Vec<Place> = std::iter::from_fn(|| places.take(proxy, true)).collect();
        assert_eq!(held.len(), CONNECTIONS_MAX);
        drop(held);
        let taken = places.0.lock().expect("not poisoned");
        assert!(taken.all == 0 && taken.by_address.is_empty());
    }

    /// A server on a free port, and a connection to it.
    async fn connected(limits: Limits) -> (TcpStream, CancellationToken) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let server = Server {
            router: Router::new().fallback(|| async { "here" }),
            tls: None,
            trusted_proxies: Arc::new([]),
            limits,
            stop: stop.clone(),
            cut: CancellationToken::new(),
            running: TaskTracker::new(),
        };
        tokio::spawn(accept(listener, server));
        (TcpStream::connect(address).await.expect("it listens"), stop)
    }

    async fn sends(stream: &mut TcpStream, text: &str) {
        stream.write_all(text.as_bytes()).await.expect("it reads");
    }

    /// All that comes until the server closes the connection.
    async fn until_closed(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        // A connection that is closed with unread bytes is reset.
        drop(stream.read_to_end(&mut bytes).await);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn whoever_sends_a_head_slowly_is_cut_off() {
        let head = Duration::from_millis(50);
        let (mut stream, _stop) = connected(Limits { head, ..Limits::default() }).await;
        sends(&mut stream, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        // Without a limit this waits for ever.
        assert_eq!(until_closed(&mut stream).await, "");
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        let (mut stream, _stop) = connected(Limits::default()).await;
        let start = "GET / HTTP/1.1\r\nHost: x\r\nX-Much: ";
        // Not a byte more than is read: what is not read resets the connection.
        let filler = "x".repeat(HEAD_BYTES_MAX - start.len());
        sends(&mut stream, &format!("{start}{filler}")).await;
        assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 431 "));
        let (mut stream, _stop) = connected(Limits::default()).await;
        let many: String = (0..101).map(|number| format!("X-{number}: 1\r\n")).collect();
        sends(&mut stream, &format!("GET / HTTP/1.1\r\n{many}\r\n")).await;
        assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 431 "));
    }

    /// RFC 9112, 6.1 and 6.3: of these a proxy and we could make two things.
    #[tokio::test]
    async fn requests_of_which_the_length_is_unclear_are_refused() {
        for unclear in [
            "Content-Length: 3\r\nContent-Length: 4",
            "Content-Length: -1",
            "Transfer-Encoding: gzip",
        ] {
            let (mut stream, _stop) = connected(Limits::default()).await;
            let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{unclear}\r\n\r\n");
            sends(&mut stream, &head).await;
            let answer = until_closed(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{unclear}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_stop_ends_connections_that_are_idle() {
        let (mut stream, stop) = connected(Limits::default()).await;
        sends(&mut stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
        stop.cancel();
        assert!(until_closed(&mut stream).await.ends_with("here"));
    }
}
