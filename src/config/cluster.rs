//! `[correlate]`, what concerns several processes that correlate together.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use super::InClear;
use super::reader::Section;
use super::rule::{DurationIn, Listen, Places, Whole};

/// Each process holds a connection to each other one.
pub(super) const PROCESSES_MAX: u32 = 32;
const JOIN_WAIT: DurationIn =
    DurationIn { min: Duration::from_secs(1), max: Duration::from_secs(86_400) };
/// Longer than a machine needs to start again.
const JOIN_WAIT_DEFAULT: Duration = Duration::from_secs(60);

/// Several `padwacht correlate` that are one engine.
#[derive(Clone, Debug)]
pub(crate) struct ClusterConfig {
    /// `host:port` of each process, at least two; the first one leads.
    pub processes: Vec<String>,
    /// Which of them this is, from 0.
    pub process: usize,
    /// Where this process listens, if not at its own entry of `processes`.
    pub listen: Option<SocketAddr>,
    /// What every process must know to be let in.
    pub secret: Option<SecretString>,
    /// From where callers are heard: what is said is not encrypted.
    pub in_clear: InClear,
    /// How long the leader waits for the others before it starts without them.
    pub join_wait: Duration,
}

impl ClusterConfig {
    /// Whether this process keeps the state, writes the rows and tells the
    /// others what to do.
    pub(crate) fn leads(&self) -> bool {
        self.process == 0
    }
}

/// Reads it from the section `[correlate]`.
pub(super) fn read(section: &Section<'_>, in_clear: InClear) -> Option<ClusterConfig> {
    let processes = section.or("processes", &Places { max: PROCESSES_MAX }, Vec::new());
    let process = section.or("process", &Whole { min: 0, max: PROCESSES_MAX - 1 }, 0);
    let listen = section.optional("process_listen", &Listen);
    let secret = section.secret("secret");
    let join_wait = section.or("join_wait", &JOIN_WAIT, JOIN_WAIT_DEFAULT);
    let process = process as usize;
    if process >= processes.len().max(1) {
        let there = match processes.len() {
            0 => String::from("correlate.processes is empty"),
            n => format!("correlate.processes has {n} entries, which count from 0"),
        };
        section.conflict("process", &format!("is {process}, but {there}"));
    }
    if processes.iter().collect::<BTreeSet<_>>().len() < processes.len() {
        section.conflict("processes", "names one address twice");
    }
    if listen.is_some_and(|listen| listen.ip().is_unspecified()) && secret.is_none() {
        let reason = "lets every network in; set correlate.secret too, or listen on one address";
        section.conflict("process_listen", reason);
    }
    let host = |place: &String| {
        place.rsplit_once(':').map_or_else(|| place.clone(), |(host, _)| host.to_owned())
    };
    // Where it listens on all networks, callers are looked at one by one.
    let listens = listen.map(|listen| listen.ip()).filter(|ip| !ip.is_unspecified());
    let spoken_with = processes.iter().map(host).chain(listens.map(|ip| ip.to_string()));
    if let Some(host) = spoken_with.into_iter().find(|host| !in_clear.reaches_host(host))
        && processes.len() > 1
    {
        let how = "processes cannot encrypt what they send each other, so keep them on one machine";
        section.conflict("processes", &in_clear.refusal(&host, how));
    }
    (processes.len() > 1).then_some(ClusterConfig {
        processes,
        process,
        listen,
        secret,
        in_clear,
        join_wait,
    })
}
