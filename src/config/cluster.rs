//! `[correlate]`, what concerns several processes that correlate together.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;

use super::reader::Section;
use super::rule::{Choice, DurationIn, Listen, Places, Whole};

/// Each process holds a connection to each other one.
pub(super) const PROCESSES_MAX: u32 = 32;
const JOIN_WAIT: DurationIn =
    DurationIn { min: Duration::from_secs(1), max: Duration::from_secs(86_400) };
/// Longer than a machine needs to start again.
const JOIN_WAIT_DEFAULT: Duration = Duration::from_secs(60);

/// Whether processes may speak with each other in any network, in clear as they do.
const NETWORK: Choice<bool> = Choice(&[("private", false), ("any", true)]);

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
    /// Whether callers from public addresses are heard too: what is said is not
    /// encrypted.
    pub in_any_network: bool,
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
pub(super) fn read(section: &Section<'_>) -> Option<ClusterConfig> {
    let processes = section.or("processes", &Places { max: PROCESSES_MAX }, Vec::new());
    let process = section.or("process", &Whole { min: 0, max: PROCESSES_MAX - 1 }, 0);
    let listen = section.optional("process_listen", &Listen);
    let secret = section.secret("secret");
    let in_any_network = section.or("process_network", &NETWORK, false);
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
    let spoken_at = processes.iter().filter_map(|place| place.parse().ok()).chain(listen);
    let is_public =
        |address: &SocketAddr| !address.ip().is_unspecified() && !is_private(address.ip());
    if let Some(public) = spoken_at.filter(|_| !in_any_network).find(is_public) {
        let reason = format!(
            "and its neighbours name {public}, and what processes send each other is not \
             encrypted: use a private network or a VPN, or say correlate.process_network = \"any\""
        );
        section.conflict("processes", &reason);
    }
    (processes.len() > 1).then_some(ClusterConfig {
        processes,
        process,
        listen,
        secret,
        in_any_network,
        join_wait,
    })
}

/// Whether `address` is of a network that does not reach beyond its owner: of this
/// machine, of a link, or one of RFC 1918, RFC 4193 or RFC 6598.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            address.is_loopback() || address.is_private() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: bool) {
        assert_eq!(is_private(address.parse().expect("an address")), expected, "{address}");
    }

    #[test]
    fn networks_that_do_not_reach_far_are_private() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.254",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.254",
            "::1",
            "fd00::2",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            check(address, true);
        }
        for address in [
            "192.0.2.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "8.8.8.8",
            "2001:db8::1",
            "::ffff:192.0.2.1",
            "11.0.0.1",
        ] {
            check(address, false);
        }
    }
}
