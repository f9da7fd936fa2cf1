//! Networks: an address, or an address with the number of bits that count.

use std::{net::IpAddr, str::FromStr};

/// A network of IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Bits from the front that must be equal.
    bits: u8,
}

impl FromStr for Network {
    /// What is wrong, for people.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let given: IpAddr = address
            .trim()
            .parse()
            .map_err(|_| format!("{text:?} is no IP address or network like 192.0.2.0/24"))?;
        let address = given.to_canonical();
        let max: u8 = if address.is_ipv4() { 32 } else { 128 };
        let Some(bits) = bits else {
            return Ok(Self { address, bits: max });
        };
        let given_max: u8 = if given.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits
            .trim()
            .parse()
            .ok()
            .filter(|bits| *bits <= given_max)
            .ok_or_else(|| format!("{text:?} must have 0 to {given_max} bits after the slash"))?;
        // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
        let bits = bits
            .checked_sub(given_max - max)
            .ok_or_else(|| format!("{text:?} holds addresses of both kinds"))?;
        Ok(Self { address, bits })
    }
}

impl Network {
    /// Whether the address is in it. An IPv4 address written as IPv6 is IPv4.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = u128::from(own.to_bits() ^ other.to_bits());
                differ >> (32 - self.bits) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                self.bits == 0 || differ >> (128 - self.bits) == 0
            }
            _ => false,
        }
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
        ] {
            let parsed: Network = network.parse().expect("a sound network");
            let address: IpAddr = address.parse().expect("a sound address");
            assert_eq!(parsed.holds(address), expected, "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "x",
            "192.0.2.0/33",
            "2001:db8::/129",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "::ffff:1.2.3.4/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
