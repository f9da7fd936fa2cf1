//! Numbers that belong to people: payment cards, bank accounts, social security
//! numbers, and, where a project asks for it, e-mail and IP addresses. Each must
//! hold its own check (digit, range, country), and stand alone: a part of a longer
//! number or of an id is left.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Detect, Scan, Secret, secret};

/// Longest local part of an e-mail address, by RFC 5321.
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// Longest domain, by RFC 1035.
const EMAIL_DOMAIN_BYTES_MAX: usize = 253;
/// Longest IPv6 address as text.
const IP_V6_BYTES_MAX: usize = 45;
/// Longest IBAN with a blank after each four.
const IBAN_BYTES_MAX: usize = 42;

/// Countries with an IBAN and its length, by the registry of SWIFT.
const IBAN_LENGTHS: [(&[u8; 2], u8); 89] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];
/// How the digits of a card are grouped in print: four by four, American Express,
/// Diners Club, and the 19 digits of some.
const CARD_GROUPS: [&[usize]; 4] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3]];

impl<'t> Scan<'t> {
    /// What a number is part of; `at` is its first digit.
    pub(super) fn number(&self, at: usize) -> Option<Secret<'t>> {
        if let Some(byte) = self.before(at)
            && byte.is_ascii_alphabetic()
        {
            return self.iban(at);
        }
        if !self.begins_word(at) || matches!(self.before(at), Some(b'-' | b'.')) {
            return None;
        }
        self.card(at)
            .or_else(|| self.ssn(at))
            .or_else(|| self.ip_v4(at))
    }

    fn card(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::CARD) {
            return None;
        }
        let is_digit = |b: u8| b.is_ascii_digit();
        let first = self.run(at, 20, is_digit);
        if first == 4 {
            return CARD_GROUPS
                .iter()
                .find_map(|groups| self.grouped_card(at, groups));
        }
        let to = at + first;
        let whole = (14..=16).contains(&first) && self.stands_alone(to);
        (whole && is_card_number(&self.bytes[at..to])).then(|| secret(at, to))
    }

    /// Four digits, a separator, and so on.
    fn grouped_card(&self, at: usize, groups: &[usize]) -> Option<Secret<'t>> {
        let separator = *self.bytes.get(at + 4)?;
        if !matches!(separator, b' ' | b'-') {
            return None;
        }
        let mut digits = [0u8; 19];
        let mut count = 0;
        let mut to = at;
        for (place, group) in groups.iter().enumerate() {
            if place > 0 {
                (self.bytes.get(to) == Some(&separator)).then_some(())?;
                to += 1;
            }
            if self.run(to, group + 1, |b| b.is_ascii_digit()) != *group {
                return None;
            }
            digits[count..count + group].copy_from_slice(&self.bytes[to..to + group]);
            count += group;
            to += group;
        }
        (self.stands_alone(to) && is_card_number(&digits[..count])).then(|| secret(at, to))
    }

    fn ssn(&self, at: usize) -> Option<Secret<'t>> {
        let given = self.bytes.get(at..at + 11)?;
        if !self.detect.has(Detect::SSN) || given[3] != b'-' || given[6] != b'-' {
            return None;
        }
        let number = |from: usize, to: usize| {
            given[from..to].iter().try_fold(0u32, |sum, digit| {
                let digit = char::from(*digit).to_digit(10)?;
                Some(sum * 10 + digit)
            })
        };
        let (area, group, serial) = (number(0, 3)?, number(4, 6)?, number(7, 11)?);
        let issued = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
        (issued && self.stands_alone(at + 11)).then(|| secret(at, at + 11))
    }

    /// Whether a number that reaches to `to` is not part of a longer one or of an id.
    fn stands_alone(&self, to: usize) -> bool {
        let goes_on = |at: usize| {
            let next = self.bytes.get(at + 1);
            next.is_some_and(u8::is_ascii_alphanumeric)
        };
        match self.bytes.get(to) {
            Some(b'-') => !goes_on(to),
            Some(b'.') => !self.bytes.get(to + 1).is_some_and(u8::is_ascii_digit),
            _ => self.ends_word(to),
        }
    }

    /// `DE89 3704 …`; `at` is the first check digit.
    fn iban(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::IBAN) || at < self.floor + 2 {
            return None;
        }
        let from = at - 2;
        let starts_alike = self.bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !starts_alike || !self.begins_word(from) {
            return None;
        }
        let country = [
            self.bytes[from].to_ascii_uppercase(),
            self.bytes[from + 1].to_ascii_uppercase(),
        ];
        let length = IBAN_LENGTHS.iter().find(|(known, _)| **known == country)?.1;
        let mut remainder = Mod97::default();
        let mut head = [0u8; 4];
        let mut count = 0;
        let mut to = from;
        for byte in self.bytes[from..].iter().take(IBAN_BYTES_MAX) {
            if count == length {
                break;
            }
            match byte {
                b' ' if count % 4 == 0 && self.bytes[to - 1] != b' ' => {}
                byte if byte.is_ascii_alphanumeric() => {
                    if count < 4 {
                        head[usize::from(count)] = *byte;
                    } else {
                        remainder.push(*byte);
                    }
                    count += 1;
                }
                _ => return None,
            }
            to += 1;
        }
        if count != length || !self.ends_word(to) {
            return None;
        }
        for byte in head {
            remainder.push(byte);
        }
        (remainder.0 == 1).then(|| secret(from, to))
    }

    pub(super) fn email(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::EMAIL) {
            return None;
        }
        let in_local = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-') || b >= 0x80
        };
        let mut from = at;
        while from > self.floor
            && at - from < EMAIL_LOCAL_BYTES_MAX
            && in_local(self.bytes[from - 1])
        {
            from -= 1;
        }
        // Not within a letter of more than one byte.
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        let in_domain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        let to = at + 1 + self.run(at + 1, EMAIL_DOMAIN_BYTES_MAX, in_domain);
        let domain = self.text[at + 1..to].trim_end_matches(['.', '-']);
        let (host, top) = domain.rsplit_once('.')?;
        let is_domain = !host.is_empty()
            && !host.starts_with(['.', '-'])
            && top.len() >= 2
            && top.bytes().all(|b| b.is_ascii_alphabetic());
        (is_domain && from < at).then(|| secret(from, at + 1 + domain.len()))
    }

    fn ip_v4(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::IP) {
            return None;
        }
        let length = self.run(at, 16, |b| b.is_ascii_digit() || b == b'.');
        let given = self.text[at..at + length].trim_end_matches('.');
        let address: Ipv4Addr = given.parse().ok()?;
        // "Chrome/120.0.0.0" is a version, "//192.0.2.1" is none.
        let version = self.before(at) == Some(b'/')
            && at
                .checked_sub(2)
                .is_some_and(|i| self.bytes[i].is_ascii_alphanumeric());
        let of_the_host =
            address.is_loopback() || address.is_unspecified() || address.is_broadcast();
        let to = at + given.len();
        (!version && !of_the_host && self.ends_word(to)).then(|| secret(at, to))
    }

    /// `2001:db8::1`; `at` is one of its colons.
    pub(super) fn ip_v6(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::IP) {
            return None;
        }
        let in_address = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
        let mut from = at;
        while from > self.floor && at - from < 5 && in_address(self.bytes[from - 1]) {
            from -= 1;
        }
        let to = from + self.run(from, IP_V6_BYTES_MAX + 1, in_address);
        let given = self.text[from..to].trim_end_matches('.');
        let to = from + given.len();
        let address: Ipv6Addr = given.parse().ok()?;
        // `abc::def` is a path of Rust or C++.
        let digits = given.bytes().any(|b| b.is_ascii_digit());
        let alone = self.begins_word(from) && self.ends_word(to);
        let of_the_host = address.is_loopback() || address.is_unspecified();
        (digits && alone && !of_the_host).then(|| secret(from, to))
    }
}

/// The remainder of a number of letters and digits, a letter being 10 to 35.
#[derive(Default)]
struct Mod97(u32);

impl Mod97 {
    fn push(&mut self, byte: u8) {
        let value = char::from(byte).to_digit(36).unwrap_or(0);
        let shift = if value > 9 { 100 } else { 10 };
        self.0 = (self.0 * shift + value) % 97;
    }
}

/// Whether digits are the number of a payment card: issuer, length, Luhn's check
/// digit.
fn is_card_number(digits: &[u8]) -> bool {
    let leading = |count: usize| {
        let start = digits.get(..count).unwrap_or_default();
        start.iter().fold(0u32, |sum, digit| {
            sum * 10 + u32::from(digit.wrapping_sub(b'0'))
        })
    };
    let issued = match digits.len() {
        14 => matches!(leading(3), 300..=305) || matches!(leading(2), 36 | 38),
        15 => matches!(leading(2), 34 | 37),
        16 => {
            leading(1) == 4
                || matches!(leading(2), 51..=55 | 62 | 65)
                || matches!(leading(3), 644..=649)
                || matches!(leading(4), 2_221..=2_720 | 3_528..=3_589 | 6_011)
        }
        19 => leading(1) == 4 || leading(2) == 62,
        _ => false,
    };
    if !issued || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit) {
                (0, digit) => digit,
                (_, 5..) => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != digits[0])
}
