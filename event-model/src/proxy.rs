//! Whose request it is, behind proxies.
//!
//! Invariant: an address counts only if a chain of trusted proxies, from the peer on,
//! vouches for it. A pure function of the peer and of what is in `X-Forwarded-For`.

use std::{fmt, net::IpAddr};

use crate::{
    credential::{FORWARDER_HEADER, ServerSecret},
    network::{Network, NetworkError},
};

/// What proxies say of whose a request is.
pub const FORWARDED_FOR_HEADER: &str = "x-forwarded-for";

/// Networks of reverse proxies that are believed. This host is always one.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct TrustedProxies(Vec<Network>);

/// Tells whose address a request came from; for throttles, for what is stored and for what
/// is logged alike.
#[derive(Debug, Clone)]
pub struct Addresses {
    proxies: TrustedProxies,
    secret: ServerSecret,
}

impl Addresses {
    /// Behind these proxies.
    pub fn new(proxies: TrustedProxies, secret: ServerSecret) -> Self {
        Self { proxies, secret }
    }

    /// The client's address: the peer's, or what a trusted proxy says. A query role that
    /// forwards shows the internal token; a wrong one is no proxy of ours, wherever it
    /// runs. `lines` gives the lines of a header, in their order.
    pub fn client<'a, L>(
        &self,
        peer: Option<IpAddr>,
        lines: impl Fn(&'static str) -> L,
    ) -> Option<IpAddr>
    where
        L: DoubleEndedIterator<Item = &'a str>,
    {
        let peer = peer.map(|peer| peer.to_canonical());
        let mut said = lines(FORWARDED_FOR_HEADER);
        match lines(FORWARDER_HEADER).next() {
            // It has judged already, and says one address.
            Some(token) if self.secret.is_internal_token(token) => said
                .next_back()
                .and_then(|line| line.trim().parse().ok())
                .or(peer),
            Some(_) => peer,
            None => self.proxies.client(peer, said),
        }
    }
}

impl TrustedProxies {
    /// Whether what this address says of others is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback() || self.0.iter().any(|network| network.holds(address))
    }

    /// The client's address: the last one, of the peer's and of all `X-Forwarded-For`
    /// lines in their order, that is not itself a trusted proxy's. What stands before it
    /// is hearsay, and so is what follows something that is no address.
    pub fn client<'a>(
        &self,
        peer: Option<IpAddr>,
        lines: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        let entries = lines.rev().flat_map(|line| line.rsplit(','));
        for entry in entries {
            if !self.trusts(client) {
                break;
            }
            match address(entry) {
                Some(named) => client = named,
                None => break,
            }
        }
        Some(client)
    }
}

/// An address, alone or with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let parsed = bare.parse().ok();
    let with_port = || Some(entry.parse::<std::net::SocketAddr>().ok()?.ip());
    parsed
        .or_else(with_port)
        .map(|ip: IpAddr| ip.to_canonical())
}

impl TryFrom<Vec<String>> for TrustedProxies {
    type Error = NetworkError;

    fn try_from(texts: Vec<String>) -> Result<Self, NetworkError> {
        texts
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl From<TrustedProxies> for Vec<String> {
    fn from(proxies: TrustedProxies) -> Self {
        proxies.0.iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.clone().into();
        f.write_str(&texts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        let texts: Vec<String> = networks.iter().map(|text| (*text).to_owned()).collect();
        texts.try_into().expect("sound networks")
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_is_the_clients() {
        let behind = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"];
        #[rustfmt::skip]
        let cases: &[(&str, &[&str], &str)] = &[
            // Nobody vouches.
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            // One proxy: on this host, of a network, a single address, IPv6, IPv4 in IPv6.
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::1", &["198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            ("192.0.2.7", &["198.51.100.1"], "198.51.100.1"),
            ("192.0.2.8", &["198.51.100.1"], "192.0.2.8"),
            ("2001:db8::5", &["2001:470::1"], "2001:470::1"),
            ("::ffff:10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            // What the client made up stands before what the proxy says.
            ("10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1, 2.2.2.2", "3.3.3.3, 198.51.100.1"], "198.51.100.1"),
            // A chain of proxies.
            ("10.1.2.3", &["1.1.1.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1", "192.0.2.7, 10.9.9.9"], "198.51.100.1"),
            // All are ours: the first is somebody inside.
            ("10.1.2.3", &["10.7.7.7, 10.9.9.9"], "10.7.7.7"),
            // With a port; without a sense.
            ("10.1.2.3", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.1.2.3", &["[2001:470::1]:4711"], "2001:470::1"),
            ("10.1.2.3", &["198.51.100.1, unknown"], "10.1.2.3"),
            ("10.1.2.3", &[""], "10.1.2.3"),
        ];
        for (peer, lines, expected) in cases {
            let peer = peer.parse().ok();
            let client = proxies(&behind).client(peer, lines.iter().copied());
            assert_eq!(client, expected.parse().ok(), "{peer:?} {lines:?}");
        }
        assert_eq!(proxies(&behind).client(None, ["1.1.1.1"].into_iter()), None);
    }

    #[test]
    fn only_a_role_of_this_installation_may_say_it_in_another_name() {
        let secret = ServerSecret::new([7; 32]);
        let token = secret.internal_token();
        let addresses = Addresses::new(proxies(&["10.0.0.0/8"]), secret);
        for (peer, forwarder, expected) in [
            ("203.0.113.9", None, "203.0.113.9"),
            ("203.0.113.9", Some(token.as_str()), "198.51.100.1"),
            ("203.0.113.9", Some("guessed"), "203.0.113.9"),
            // Nor where the proxy is a trusted one.
            ("10.1.2.3", Some("guessed"), "10.1.2.3"),
            ("10.1.2.3", None, "198.51.100.1"),
            ("::ffff:203.0.113.9", None, "203.0.113.9"),
        ] {
            let lines = |name| {
                let lines = match name {
                    FORWARDER_HEADER => forwarder.into_iter().collect::<Vec<&str>>(),
                    _ => vec!["1.1.1.1", "198.51.100.1"],
                };
                lines.into_iter()
            };
            let client = addresses.client(peer.parse().ok(), lines);
            assert_eq!(client, expected.parse().ok(), "{peer} {forwarder:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        let texts = vec!["10.0.0.0/8".to_owned(), "proxy.internal".to_owned()];
        let error = TrustedProxies::try_from(texts).expect_err("no network");
        assert!(error.to_string().contains("proxy.internal"), "{error}");
        assert_eq!(
            proxies(&["10.0.0.1", "10.0.0.0/8"]).to_string(),
            "10.0.0.1/32, 10.0.0.0/8"
        );
    }
}
