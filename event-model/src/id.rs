//! Ids and positions. All are plain numbers with one text form each.
//!
//! Units: none. Parsing fails with [`IdError`], which names the text and the form
//! expected.

use std::{fmt, str::FromStr};

use rkyv::{Archive, Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that is no id of the kind expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct IdError {
    /// What was given, at most 64 characters of it.
    pub text: String,
    /// The form expected.
    pub expected: &'static str,
}

impl IdError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self {
            text: text.chars().take(64).collect(),
            expected,
        }
    }
}

/// Bytes as hex digits in lower case, for serde.
pub(crate) fn hex<S: serde::Serializer>(bytes: &[u8; 16], s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&EventId(*bytes))
}

fn parse_hex16(text: &str, hyphens: bool, expected: &'static str) -> Result<[u8; 16], IdError> {
    let mut bytes = [0u8; 16];
    let mut digits = 0usize;
    for c in text.chars() {
        if c == '-' && hyphens {
            continue;
        }
        let digit = c.to_digit(16).ok_or_else(|| IdError::new(text, expected))? as u8;
        if digits == 32 {
            return Err(IdError::new(text, expected));
        }
        bytes[digits / 2] = (bytes[digits / 2] << 4) | digit;
        digits += 1;
    }
    if digits == 32 {
        Ok(bytes)
    } else {
        Err(IdError::new(text, expected))
    }
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $hyphens:expr, $expected:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Archive, Serialize, Deserialize)]
        #[rkyv(derive(Clone, Copy, PartialEq, Eq, Hash))]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex16(text, $hyphens, $expected).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(
    /// An event's id: 32 hex digits, hyphens and upper case allowed on the way in.
    EventId, true, "an event id of 32 hex digits"
);
hex_id!(
    /// The identity that grouping computes from an event (128 bits of a hash).
    Fingerprint, false, "a fingerprint of 32 hex digits"
);
hex_id!(
    /// A project's public key, as it stands in a DSN.
    PublicKey, false, "a public key of 32 hex digits"
);

hex_id!(
    /// A signed-in browser. No secret: the session's signature is.
    SessionId, false, "a session id of 32 hex digits"
);

impl SessionId {
    /// A random id.
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }
}

impl EventId {
    /// A random id (UUID version 4).
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }
}

impl PublicKey {
    /// A random key.
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Archive, Serialize,
            Deserialize, serde::Serialize, serde::Deserialize,
        )]
        #[rkyv(derive(Clone, Copy, PartialEq, Eq, Hash, Debug))]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// A project's number, dense from 1.
    ProjectId, u32
);
number_id!(
    /// A user's number, dense from 1.
    UserId, u32
);
number_id!(
    /// An API token's number, dense from 1.
    TokenId, u32
);

/// An issue's id: a hash of project and fingerprint at its creation. As text, 16
/// hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Archive, Serialize, Deserialize)]
#[rkyv(derive(Clone, Copy, PartialEq, Eq, Hash))]
pub struct IssueId(pub u64);

impl IssueId {
    /// The id of the issue that `fingerprint` opens in `project`.
    pub fn derive(project: ProjectId, fingerprint: Fingerprint) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"errata issue 1");
        hash.update(project.0.to_le_bytes());
        hash.update(fingerprint.0);
        let digest = hash.finalize();
        let mut first = [0u8; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }
}

impl fmt::Display for IssueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for IssueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssueId({self})")
    }
}

impl serde::Serialize for IssueId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl FromStr for IssueId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let expected = "an issue id of 16 hex digits";
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(IdError::new(text, expected));
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| IdError::new(text, expected))
    }
}

/// A place in the events log: (partition, sequence) packed in a u64, 16 and 48
/// bits. Partition 0 when embedded. `Position(n)` names the record with sequence
/// number n; "a projection's position" is that of the last record it applied.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    const SEQUENCE_BITS: u32 = 48;

    /// Packs a place. `sequence` must be below 2^48.
    pub fn new(partition: u16, sequence: u64) -> Self {
        debug_assert!(sequence < 1 << Self::SEQUENCE_BITS);
        Self((u64::from(partition) << Self::SEQUENCE_BITS) | sequence)
    }

    /// The partition.
    pub fn partition(self) -> u16 {
        (self.0 >> Self::SEQUENCE_BITS) as u16
    }

    /// The sequence number within the partition; the first record has 1.
    pub fn sequence(self) -> u64 {
        self.0 & ((1 << Self::SEQUENCE_BITS) - 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
