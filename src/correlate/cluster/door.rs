//! Who may come in, and who calls: the greeting between two processes.
//!
//! ```text
//!  caller ── connects ──▶ door
//!         ◀─ challenge ──
//!         ── hello, with proof ──▶   then follower's messages, timely's bytes,
//!         ◀─ or: refused ──          or nothing more
//! ```
//! A process listens at one address only, its own in `correlate.processes`
//! unless another one is set.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::connection::Connection;
use super::frame::{self, GREETING_BYTES_MAX};
use super::message::{Challenge, Hello, Message, PROTOCOL, Purpose, Refused};
use super::proof;
use crate::config::ClusterConfig;

/// A greeting takes a few round trips; a caller that needs longer is no
/// process of ours.
const GREETING_MAX: Duration = Duration::from_secs(10);

/// Callers that are greeted at once; others wait.
const GREETED_AT_ONCE: usize = 16;

/// Greeted callers that wait for this process to look.
const WAITING_MAX: usize = 64;

/// Only processes of one version work together: their engines must agree.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A follower that has come.
pub(super) struct Arrival {
    /// Which process.
    pub(super) process: usize,
    /// To it.
    pub(super) connection: Connection,
}

/// Timely's stream from another process of a session.
pub(super) struct MeshCall {
    pub(super) session: u64,
    /// The caller's place in the session.
    pub(super) rank: usize,
    pub(super) stream: TcpStream,
}

/// Lets other processes in, as long as it lives.
pub(super) struct Door {
    /// Followers, if this process leads.
    pub(super) arrivals: mpsc::Receiver<Arrival>,
    /// Streams of sessions.
    pub(super) mesh: mpsc::Receiver<MeshCall>,
    _listening: AbortOnDropHandle<()>,
}

impl Door {
    /// Listens for the other processes. `urgent` is woken by what any
    /// follower says that cannot wait.
    ///
    /// # Errors
    /// An address that this machine does not have, or that is taken.
    pub(super) async fn open(config: &ClusterConfig, urgent: Arc<Notify>) -> anyhow::Result<Door> {
        let listener = bind(config).await?;
        let (arrived, arrivals) = mpsc::channel(WAITING_MAX);
        let (called, mesh) = mpsc::channel(WAITING_MAX);
        let porter = Porter { config: config.clone(), arrived, called, urgent };
        let listening = AbortOnDropHandle::new(tokio::spawn(porter.listen(listener)));
        Ok(Door { arrivals, mesh, _listening: listening })
    }
}

async fn bind(config: &ClusterConfig) -> anyhow::Result<TcpListener> {
    let own = &config.processes[config.process];
    let (bound, address) = match config.listen {
        Some(listen) => (TcpListener::bind(listen).await, listen.to_string()),
        None => (TcpListener::bind(own).await, own.clone()),
    };
    let bound = bound.with_context(|| {
        format!(
            "listen at {address} for the other processes; correlate.processes must hold an address \
             of this machine at place {}, or set correlate.process_listen",
            config.process
        )
    })?;
    if config.secret.is_none() {
        tracing::warn!(
            address,
            "whoever reaches this address can join the cluster; set correlate.secret, or keep it in \
             a private network"
        );
    }
    Ok(bound)
}

/// Whether a caller at `address` is heard: what is said is not encrypted.
fn is_heard(config: &ClusterConfig, address: IpAddr) -> bool {
    config.in_clear.reaches(address)
}

#[derive(Clone)]
struct Porter {
    config: ClusterConfig,
    arrived: mpsc::Sender<Arrival>,
    called: mpsc::Sender<MeshCall>,
    urgent: Arc<Notify>,
}

impl Porter {
    async fn listen(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(GREETED_AT_ONCE));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((_, from)) if !is_heard(&self.config, from.ip()) => {
                    tracing::warn!(
                        %from,
                        "somebody called from where network.in_clear lets nobody speak in clear"
                    );
                }
                Ok((stream, from)) => {
                    let porter = self.clone();
                    tokio::spawn(async move {
                        match timeout(GREETING_MAX, porter.greet(stream)).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                                tracing::debug!(%from, "somebody only looked in");
                            }
                            Ok(Err(error)) => tracing::warn!(%from, %error, "let nobody in"),
                            Err(_) => tracing::warn!(%from, "somebody called and said nothing"),
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a call");
                    // Too many open files, most likely: give them time to close.
                    tokio::time::sleep(crate::wiring::RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn greet(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let nonce = proof::nonce();
        let challenge = Challenge { nonce: nonce.clone() };
        frame::write(&mut stream, Message::Challenge(challenge)).await?;
        let hello = match frame::read_up_to(&mut stream, GREETING_BYTES_MAX).await? {
            Message::Hello(hello) => hello,
            _ => return Err(io::Error::other("it did not say who it is")),
        };
        if let Err(reason) = check(&self.config, &nonce, &hello) {
            let refused = Refused { reason: reason.clone() };
            frame::write(&mut stream, Message::Refused(refused)).await?;
            return Err(io::Error::other(reason));
        }
        let index = hello.process as usize;
        // A channel is closed only while this process ends.
        match hello.purpose() {
            Purpose::Follow => {
                let name = name(&self.config, index);
                let connection = Connection::new(stream, name, self.urgent.clone());
                drop(self.arrived.send(Arrival { process: index, connection }).await);
            }
            Purpose::Mesh => {
                let call = MeshCall { session: hello.session, rank: index, stream };
                drop(self.called.send(call).await);
            }
        }
        Ok(())
    }
}

/// A process as logs and errors name it.
pub(super) fn name(config: &ClusterConfig, process: usize) -> String {
    let address = config.processes.get(process).map_or("unknown", String::as_str);
    format!("process {process} ({address})")
}

/// Why the caller is not let in.
fn check(config: &ClusterConfig, nonce: &[u8], hello: &Hello) -> Result<(), String> {
    if hello.protocol != PROTOCOL || hello.version != VERSION {
        let theirs = &hello.version;
        return Err(format!("its version is {theirs} and mine {VERSION}; run one version"));
    }
    if !proof::is_proven(config.secret.as_ref(), nonce, hello) {
        return Err(String::from("its correlate.secret is not mine; set the same one everywhere"));
    }
    if hello.purpose() == Purpose::Mesh {
        return Ok(());
    }
    if !config.leads() {
        let leader = &config.processes[0];
        return Err(format!("I am process {} and do not lead; {leader} does", config.process));
    }
    if hello.processes != config.processes {
        return Err(String::from(
            "its correlate.processes is not mine; set the same list everywhere",
        ));
    }
    let index = hello.process as usize;
    if index == 0 || index >= config.processes.len() {
        return Err(format!("it says that it is process {index}; each needs a number of its own"));
    }
    Ok(())
}

/// Calls another process and greets it.
///
/// # Errors
/// Nobody answers, or not as a process of this cluster does.
pub(super) async fn call(
    address: &str,
    secret: Option<&SecretString>,
    mut hello: Hello,
) -> io::Result<TcpStream> {
    let greeting = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        match frame::read_up_to(&mut stream, GREETING_BYTES_MAX).await? {
            Message::Challenge(Challenge { nonce }) => {
                hello.protocol = PROTOCOL;
                VERSION.clone_into(&mut hello.version);
                hello.proof = proof::proof(secret, &nonce, &hello);
            }
            _ => return Err(io::Error::other("it is no process of a cluster")),
        }
        frame::write(&mut stream, Message::Hello(hello)).await?;
        Ok(stream)
    };
    match timeout(GREETING_MAX, greeting).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")),
    }
}

/// Whether a process of a cluster answers at `address`. Joins nothing.
///
/// # Errors
/// What stands in the way.
pub(crate) async fn answers(address: &str) -> io::Result<()> {
    let looking = async {
        let mut stream = TcpStream::connect(address).await?;
        match frame::read_up_to(&mut stream, GREETING_BYTES_MAX).await? {
            Message::Challenge(_) => Ok(()),
            _ => Err(io::Error::other("it is no process of a cluster")),
        }
    };
    match timeout(GREETING_MAX, looking).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::InClear;

    fn cluster(process: usize, secret: &str) -> ClusterConfig {
        ClusterConfig {
            processes: vec!["127.0.0.1:1".to_owned(), "127.0.0.1:2".to_owned()],
            process,
            listen: Some("127.0.0.1:0".parse().expect("an address")),
            secret: (!secret.is_empty()).then(|| SecretString::from(secret)),
            in_clear: InClear::Private,
            join_wait: Duration::from_secs(1),
        }
    }

    /// What the leader says to a follower that differs in one thing.
    #[track_caller]
    fn refused(change: impl FnOnce(&mut Hello), expected: &str) {
        let leader = cluster(0, "");
        let mut hello = Hello {
            protocol: PROTOCOL,
            version: VERSION.to_owned(),
            process: 1,
            processes: leader.processes.clone(),
            ..Hello::default()
        };
        assert_eq!(check(&leader, &[], &hello), Ok(()));
        change(&mut hello);
        let reason = check(&leader, &[], &hello).expect_err("refused");
        assert!(reason.contains(expected), "{reason}");
    }

    #[test]
    fn callers_are_heard_only_from_where_clear_text_may_come() {
        let near = cluster(0, "s");
        let far = ClusterConfig { in_clear: InClear::Any, ..near.clone() };
        let here = ClusterConfig { in_clear: InClear::ThisMachine, ..near.clone() };
        for (address, expected) in [("127.0.0.1", true), ("10.1.2.3", true), ("192.0.2.1", false)] {
            let address = address.parse().expect("an address");
            assert_eq!(is_heard(&near, address), expected, "{address}");
            assert!(is_heard(&far, address), "{address}");
            assert_eq!(is_heard(&here, address), address.is_loopback(), "{address}");
        }
    }

    #[test]
    fn who_does_not_fit_is_told_why() {
        refused(|hello| hello.version = "0.0.9".to_owned(), "its version is 0.0.9");
        refused(|hello| hello.processes.reverse(), "set the same list everywhere");
        refused(|hello| hello.process = 0, "each needs a number of its own");
        refused(|hello| hello.process = 2, "each needs a number of its own");
        let hello = Hello {
            protocol: PROTOCOL,
            version: VERSION.to_owned(),
            process: 1,
            processes: cluster(0, "").processes,
            ..Hello::default()
        };
        let reason = check(&cluster(0, "s"), &[], &hello).expect_err("no proof");
        assert!(reason.contains("correlate.secret"), "{reason}");
        let reason = check(&cluster(1, ""), &[], &hello).expect_err("no leader");
        assert!(reason.contains("127.0.0.1:1 does"), "{reason}");
    }
}
