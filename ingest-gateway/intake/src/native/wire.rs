//! What decoding an event of protobuf would take, before it is decoded: two bytes of a
//! message may become a structure of some hundred.
//!
//! One pass over the bytes, no memory. What is broken costs nothing here: decoding
//! fails on it.

use prost_types::{Struct, Value};
use proto::v1;

pub(super) use super::super::otlp::protobuf::{Field, fields};

/// Messages within each other: prost decodes no deeper ones.
const DEPTH_MAX: u8 = 100;
/// An entry of a map, besides its key and value.
const ENTRY_BYTES: usize = 64;

/// The messages of an event.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Event,
    Error,
    Frame,
    Context,
    Breadcrumb,
    /// `google.protobuf.Struct`, its entries, its values, and lists of them.
    Struct,
    Entry,
    Value,
    List,
    /// An entry of a map of texts.
    Tag,
    /// A message without lists.
    Flat,
}

impl Kind {
    /// What a field of this message is; none for texts, numbers and unknown ones.
    fn child(self, field: u32) -> Option<Self> {
        Some(match (self, field) {
            (Self::Event, 1) | (Self::Error, 5) => Self::Error,
            (Self::Error, 4) => Self::Frame,
            (Self::Event, 8 | 9) => Self::Flat,
            (Self::Event, 10) => Self::Context,
            (Self::Event, 11) => Self::Tag,
            (Self::Context, 1) => Self::Breadcrumb,
            (Self::Event, 13)
            | (Self::Frame, 11)
            | (Self::Context, 2 | 3)
            | (Self::Breadcrumb, 6)
            | (Self::Value, 5) => Self::Struct,
            (Self::Struct, 1) => Self::Entry,
            (Self::Entry, 2) | (Self::List, 1) => Self::Value,
            (Self::Value, 6) => Self::List,
            _ => return None,
        })
    }

    /// The structure that each one becomes; twice, as lists grow by doubling.
    fn bytes(self) -> usize {
        2 * match self {
            Self::Event => size_of::<v1::Event>(),
            Self::Error => size_of::<v1::Error>(),
            Self::Frame => size_of::<v1::Frame>(),
            Self::Context => size_of::<v1::Context>(),
            Self::Breadcrumb => size_of::<v1::Breadcrumb>(),
            Self::Struct => size_of::<Struct>(),
            Self::Entry | Self::Tag => ENTRY_BYTES,
            Self::Value => size_of::<Value>(),
            Self::List => size_of::<Vec<Value>>(),
            Self::Flat => 0,
        }
    }
}

/// Bytes that decoding this `Event` takes, about.
pub(super) fn decoded_bytes(event: &[u8]) -> usize {
    of(Kind::Event, event, 0)
}

fn of(kind: Kind, message: &[u8], depth: u8) -> usize {
    let mut sum = kind.bytes();
    if depth >= DEPTH_MAX {
        return sum;
    }
    for field in fields(message) {
        let Ok((number, field)) = field else {
            break;
        };
        if let Field::Bytes(bytes) = field {
            sum += match kind.child(number) {
                Some(child) => of(child, bytes, depth + 1),
                // A text, one of a list maybe.
                None => 2 * size_of::<String>() + bytes.len(),
            };
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn empty_parts_are_told_by_what_they_become() {
        let error = v1::Error {
            frames: vec![v1::Frame::default(); 1_000],
            causes: vec![v1::Error::default(); 1_000],
            ..v1::Error::default()
        };
        let event = v1::Event {
            error: Some(error),
            tags: (0..1_000).map(|n| (n.to_string(), String::new())).collect(),
            fingerprint: vec![String::new(); 1_000],
            ..v1::Event::default()
        };
        let message = event.encode_to_vec();
        let structures = size_of::<v1::Frame>() + size_of::<v1::Error>() + 2 * 24;
        let bytes = decoded_bytes(&message);
        assert!(bytes > 1_000 * structures, "{bytes}");
        assert!(bytes < 4_000 * structures, "{bytes}");
        // What is cut or no message at all is nobody's loss.
        for length in 0..message.len() {
            assert!(decoded_bytes(&message[..length]) <= bytes);
        }
    }
}
