//! Networks of addresses as people write them: `192.0.2.0/24`, or an address alone.
//!
//! Invariant: an IPv4 address written as IPv6 (`::ffff:192.0.2.7`) is the IPv4 address, in
//! networks and in what is looked for in them.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};

/// A network of IPv4 or of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no IP address or network like 192.0.2.0/24")]
pub struct NetworkError(String);

impl Network {
    /// Whether the address is in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let text = text.trim();
        let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
        let network = text.parse().ok().or_else(address).and_then(canonical);
        let network = network.ok_or_else(|| NetworkError(text.to_owned()))?;
        Ok(Self(network))
    }
}

/// `::ffff:192.0.2.0/120` is `192.0.2.0/24`; none if it holds addresses of both kinds.
fn canonical(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(v6) = network else {
        return Some(network);
    };
    let Some(v4) = v6.addr().to_ipv4_mapped() else {
        return Some(network);
    };
    let bits = v6.prefix_len().checked_sub(96)?;
    Ipv4Net::new(v4, bits).ok().map(IpNet::V4)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses() {
        for (network, address, expected) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.99/24", "192.0.2.1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("::ffff:192.0.2.0/120", "192.0.2.9", true),
            ("::ffff:192.0.2.9", "192.0.2.9", true),
            (" 192.0.2.0/24 ", "192.0.2.9", true),
        ] {
            let parsed: Network = network.parse().expect("a sound network");
            let address: IpAddr = address.parse().expect("a sound address");
            assert_eq!(parsed.holds(address), expected, "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in [
            "",
            "x",
            "proxy.internal",
            "192.0.2.0/33",
            "2001:db8::/129",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "::ffff:1.2.3.4/8",
        ] {
            let error = text.parse::<Network>().expect_err("no network");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
