//! Networks, as the operator writes them: an address, or one with the length of
//! its prefix (CIDR).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network of IPv4 or IPv6; a single address is one too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// What was written is no network: no address, or bits behind its prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be an address or a network, such as 192.0.2.7 or 10.0.0.0/8")]
pub struct NoNetwork;

impl Network {
    /// Whether `address` is in it; an IPv4 address within IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits())
                    .checked_shr(32 - u32::from(self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits())
                    .checked_shr(128 - u32::from(self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

/// Whether one of `networks` contains `address`.
pub(crate) fn any_contains(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Network {
        let base = address.to_canonical();
        Network { base, prefix: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Network, NoNetwork> {
        let text = text.trim();
        let Some((address, prefix)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(Network::from).map_err(|_| NoNetwork);
        };
        let base: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|_| is_number).ok_or(NoNetwork)?;
        // Bits behind the prefix are a slip: who writes them means another network.
        let (is_short_enough, behind) = match base {
            IpAddr::V4(v4) => {
                (prefix <= 32, u128::from(v4.to_bits().checked_shl(prefix.into()).unwrap_or(0)))
            }
            IpAddr::V6(v6) => (prefix <= 128, v6.to_bits().checked_shl(prefix.into()).unwrap_or(0)),
        };
        if is_short_enough && behind == 0 { Ok(Network { base, prefix }) } else { Err(NoNetwork) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Network::from(self.base) {
            return self.base.fmt(f);
        }
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, inside: &[&str], outside: &[&str]) {
        let read: Network = network.parse().expect("a network");
        assert_eq!(read.to_string(), network);
        for (addresses, expected) in [(inside, true), (outside, false)] {
            for address in addresses {
                let address: IpAddr = address.parse().expect("an address");
                assert_eq!(read.contains(address), expected, "{address} in {network}");
            }
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        check("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.6", "::1"]);
        check("10.0.0.0/8", &["10.0.0.0", "10.255.255.255"], &["11.0.0.0", "9.255.255.255"]);
        check("192.0.2.128/25", &["192.0.2.128"], &["192.0.2.127", "192.0.3.128"]);
        check("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::", "2001:db8::1"]);
        check("2001:db8::/32", &["2001:db8:ffff::1"], &["2001:db9::", "10.0.0.1"]);
        check("::/0", &["::", "2001:db8::1"], &["10.0.0.1"]);
        check("2001:db8::1", &["2001:db8::1"], &["2001:db8::2"]);
    }

    #[test]
    fn slips_are_refused() {
        for text in ["", "x", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::/129", "10/8", "::1/+1"]
        {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }
}
