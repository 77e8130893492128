//! A small OpenID provider on loopback, for tests of single sign-on: discovery,
//! key set, authorization with a real page for user name and password, token
//! endpoint, user info and sign-out. It verifies client, redirect address, PKCE
//! and the single use of codes, and signs with RS256 or ES256.
//!
//! What it must not do, it does on command: see [`Fault`]. Never a part of the
//! product; nothing here is safe against anybody.

pub mod authenticator;
mod keys;
mod page;
mod server;
mod token;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use keys::Algorithm;
use keys::Key;

/// The client that the provider knows.
pub const CLIENT_ID: &str = "padwacht";
/// What proves it.
pub const CLIENT_SECRET: &str = "the client's secret";

/// Says what time it is, in seconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Something that is wrong with what the provider sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The nonce is another one.
    WrongNonce,
    /// There is no nonce.
    NoNonce,
    /// The token is for another client.
    WrongAudience,
    /// The token is also for another client.
    SecondAudience,
    /// The token was given to another client.
    WrongParty,
    /// The token is of another issuer.
    WrongIssuer,
    /// The token has expired.
    Expired,
    /// The token was issued an hour from now.
    Future,
    /// The signature belongs to other claims.
    WrongSignature,
    /// The token is not signed, and says so (`alg: none`).
    NoSignature,
    /// The token is signed with the client's secret (HS256).
    SharedSecret,
    /// The hash of the access token is another one.
    WrongAccessToken,
    /// The token is signed with a key that is not published.
    UnknownKey,
    /// The discovery document names another issuer.
    OtherDiscovery,
    /// The browser is sent back with another issuer (RFC 9207).
    OtherIssuerBack,
    /// Every answer is an error of the server.
    Down,
    /// Groups are told by the user info endpoint alone.
    GroupsInUserInfo,
    /// The user info endpoint tells of somebody else.
    OtherUserInfo,
    /// The last proof at the provider is an hour old.
    StaleProof,
    /// Nothing says when they proved who they are.
    NoProof,
}

/// Somebody whom the provider knows.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    /// Their password.
    pub password: String,
    /// The subject.
    pub subject: String,
    /// Their claims beside those of the protocol: `email`, `name`, `groups`, …
    pub claims: Map<String, Value>,
}

impl Person {
    /// Somebody with a subject, an address and groups; their password is
    /// `password`.
    pub fn new(subject: &str, email: &str, groups: &[&str]) -> Person {
        let mut claims = Map::new();
        claims.insert("email".to_owned(), email.into());
        claims.insert("email_verified".to_owned(), true.into());
        claims.insert("name".to_owned(), format!("{subject} of the provider").into());
        claims.insert("groups".to_owned(), groups.iter().copied().collect());
        Person { password: "password".to_owned(), subject: subject.to_owned(), claims }
    }

    /// The same with one more claim.
    #[must_use]
    pub fn with(mut self, claim: &str, value: Value) -> Person {
        self.claims.insert(claim.to_owned(), value);
        self
    }
}

/// A running provider; it ends when this is dropped.
pub struct TestProvider {
    issuer: String,
    shared: Arc<Shared>,
    shutdown: CancellationToken,
}

struct Shared {
    issuer: String,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    people: BTreeMap<String, Person>,
    /// The last one signs; all are published.
    keys: Vec<Key>,
    fault: Option<Fault>,
    codes: HashMap<String, Grant>,
    access_tokens: HashMap<String, String>,
    requests: Vec<String>,
}

/// What a code stands for.
#[derive(Clone)]
struct Grant {
    user: String,
    nonce: Option<String>,
    challenge: String,
    redirect: String,
}

impl TestProvider {
    /// Starts one on a free port of 127.0.0.1, signing with `algorithm`.
    ///
    /// # Panics
    /// There is no free port, or no randomness.
    pub async fn start(algorithm: Algorithm, clock: Clock) -> TestProvider {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let listener = listener.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let issuer = format!("http://{address}");
        let state = State {
            people: BTreeMap::new(),
            keys: vec![Key::new(algorithm, "key-1")],
            fault: None,
            codes: HashMap::new(),
            access_tokens: HashMap::new(),
            requests: Vec::new(),
        };
        let shared = Arc::new(Shared { issuer: issuer.clone(), clock, state: Mutex::new(state) });
        let shutdown = CancellationToken::new();
        let serving = axum::serve(listener, server::router(Arc::clone(&shared)))
            .with_graceful_shutdown(shutdown.clone().cancelled_owned());
        tokio::spawn(async move { serving.await });
        TestProvider { issuer, shared, shutdown }
    }

    /// The issuer: scheme, host and port.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Makes `person` known under a user name, in place of who had it.
    pub fn know(&self, user: &str, person: Person) {
        self.shared.lock().people.insert(user.to_owned(), person);
    }

    /// Does something wrong from now on, or no longer.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.shared.lock().fault = fault;
    }

    /// Signs with a new key from now on; those before are no longer published.
    pub fn rotate(&self, algorithm: Algorithm) {
        let mut state = self.shared.lock();
        let name = format!("key-{}", state.requests.len() + 2);
        state.keys = vec![Key::new(algorithm, &name)];
    }

    /// The paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked has failed already; the others may go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 256 random bits in hexadecimal.
fn secret() -> String {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
