//! `[network]`: where what is not encrypted may go. One setting for every other
//! part that this process speaks with: ClickHouse, PostgreSQL, Kafka, the other
//! processes of a cluster, and the LibreNMS accounts of the configuration. Mail,
//! single sign-on and accounts that are entered on the pages have no such choice.

use std::net::IpAddr;

use url::Url;

use super::reader::Reader;
use super::rule::Choice;

const IN_CLEAR: Choice<InClear> = Choice(&[
    ("this_machine", InClear::ThisMachine),
    ("private", InClear::Private),
    ("any", InClear::Any),
]);

/// Where connections may go, and come from, that are not encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InClear {
    /// Not beyond this machine.
    ThisMachine,
    /// Into private networks too, which somebody says are closed to others or
    /// encrypted themselves.
    Private,
    /// Anywhere.
    Any,
}

pub(super) fn read(reader: &Reader<'_>) -> InClear {
    reader.section("network").or("in_clear", &IN_CLEAR, InClear::ThisMachine)
}

impl InClear {
    /// Whether what is in clear may go to `address` or come from there.
    pub(crate) fn reaches(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            InClear::ThisMachine => address.is_loopback(),
            InClear::Private => is_private(address),
            InClear::Any => true,
        }
    }

    /// The same of a host as settings name it. Where a name leads is known to the
    /// name service alone, so whoever says that the network is private answers for it.
    pub(super) fn reaches_host(self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse() {
            Ok(address) => self.reaches(address),
            Err(_) => self != InClear::ThisMachine || host.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Why a setting with this URL is refused, if it is.
    pub(super) fn refuses_http(self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        let is_clear = url.scheme() != "https" && !self.reaches_host(host);
        is_clear.then(|| self.refusal(host, "use https://"))
    }

    /// Why a setting is refused that would speak in clear with `host`; `how` says how
    /// it would not.
    pub(super) fn refusal(self, host: &str, how: &str) -> String {
        let otherwise = match self {
            InClear::ThisMachine => {
                "or, if the network between is closed to others or encrypted itself (a VPN, \
                 containers of one machine), say so by network.in_clear = \"private\""
            }
            InClear::Private | InClear::Any => {
                "or, if all of the way there is encrypted by something else, say so by \
                 network.in_clear = \"any\""
            }
        };
        format!(
            "speaks with {host} without encryption that checks whom it speaks with: {how}; {otherwise}"
        )
    }
}

/// Whether `address` is of a network that does not reach beyond its owner: of this
/// machine, of a link, or one of RFC 1918, RFC 4193 or RFC 6598.
fn is_private(address: IpAddr) -> bool {
    match address {
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
    fn check(host: &str, [on_this_machine, in_private]: [bool; 2]) {
        assert_eq!(InClear::ThisMachine.reaches_host(host), on_this_machine, "{host}");
        assert_eq!(InClear::Private.reaches_host(host), in_private, "{host}");
        assert!(InClear::Any.reaches_host(host), "{host}");
    }

    #[test]
    fn what_is_in_clear_stays_on_this_machine_or_in_networks_that_do_not_reach_far() {
        for host in ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "::ffff:127.0.0.1", "localhost"] {
            check(host, [true, true]);
        }
        for host in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.254",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.254",
            "fd00::2",
            "[fe80::1]",
            "::ffff:10.0.0.1",
            "kafka",
            "localhost.example.net",
        ] {
            check(host, [false, true]);
        }
        for host in [
            "192.0.2.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "8.8.8.8",
            "[2001:db8::1]",
            "::ffff:192.0.2.1",
            "11.0.0.1",
        ] {
            check(host, [false, false]);
        }
    }
}
