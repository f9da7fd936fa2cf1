//! Damaged bytes are refused or read as something else, never a panic, never a read
//! outside of the record.

use bytes::Bytes;
use event_model::{
    Command, Decision, Head, StoredEvent,
    record::{BodyPlace, SCHEMA_EVENT_V1, archive_head, decode_marker, encode_event},
};
use proptest::prelude::*;

use crate::sample::{commands, head};

fn record() -> Vec<u8> {
    encode_event(&archive_head(&head()), BodyPlace::Plain(b"{\"message\":1}"))
}

/// Reads everything of what parses.
fn read_event(bytes: Vec<u8>) -> bool {
    let Ok(event) = StoredEvent::parse(SCHEMA_EVENT_V1, Bytes::from(bytes)) else {
        return false;
    };
    let _ = format!("{:?}", event.body());
    let _ = event.head().to_json();
    rkyv::deserialize::<Head, rkyv::rancor::Error>(event.head()).is_ok()
}

fn read_command(schema: u16, bytes: &[u8]) -> bool {
    Command::decode(schema, bytes).is_ok_and(|command| {
        let _ = format!("{command:?}");
        true
    })
}

#[test]
fn an_event_cut_short_anywhere_is_refused() {
    let whole = record();
    assert!(read_event(whole.clone()));
    for len in 0..whole.len() {
        assert!(!read_event(whole[..len].to_vec()), "cut to {len} bytes");
    }
}

#[test]
fn a_command_cut_short_anywhere_is_read_without_a_panic() {
    for (_, command) in commands() {
        let (schema, whole) = (command.schema(), command.encode());
        assert!(read_command(schema, &whole));
        for len in 0..whole.len() {
            read_command(schema, &whole[..len]);
        }
        assert!(!read_command(schema, &[]));
    }
}

#[test]
fn a_flip_of_any_single_bit_is_read_without_a_panic() {
    let flip = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    let event = record();
    for bit in 0..event.len() * 8 {
        read_event(flip(&event, bit));
    }
    for (_, command) in commands() {
        let (schema, whole) = (command.schema(), command.encode());
        for bit in 0..whole.len() * 8 {
            read_command(schema, &flip(&whole, bit));
        }
    }
}

#[test]
fn lengths_that_overflow_are_refused() {
    for head_len in [u32::MAX, u32::MAX - 15, 1 << 31] {
        let mut bytes = record();
        bytes[..4].copy_from_slice(&head_len.to_le_bytes());
        assert!(!read_event(bytes));
    }
    assert!(decode_marker(&[1; 7]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_event(bytes.clone());
        for (schema, _) in Decision::KINDS {
            read_command(*schema, &bytes);
        }
        let _ = decode_marker(&bytes);
    }

    #[test]
    fn many_flips_at_any_alignment_are_read_without_a_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        shift in 0..16usize,
    ) {
        let mut shifted = vec![0; shift];
        shifted.extend(record());
        for (index, byte) in flips {
            let at = shift + index.index(shifted.len() - shift);
            shifted[at] = byte;
        }
        let bytes = Bytes::from(shifted).slice(shift..);
        if let Ok(event) = StoredEvent::parse(SCHEMA_EVENT_V1, bytes) {
            let _ = event.head().to_json();
        }
    }

    #[test]
    fn a_record_is_read_the_same_at_any_alignment(shift in 0..16usize, body in prop::collection::vec(any::<u8>(), 0..100)) {
        let record = encode_event(&archive_head(&head()), BodyPlace::Plain(&body));
        let mut shifted = vec![0; shift];
        shifted.extend(record);
        let bytes = Bytes::from(shifted).slice(shift..);
        let event = StoredEvent::parse(SCHEMA_EVENT_V1, bytes).unwrap();
        let stored = rkyv::deserialize::<Head, rkyv::rancor::Error>(event.head()).unwrap();
        prop_assert_eq!(stored, head());
        prop_assert_eq!(event.body(), &event_model::record::BodyRef::Plain(body.into()));
    }
}
