//! Damaged bytes are refused or read as something else, never a panic, never a read
//! outside of the record.

use bytes::Bytes;
use event_model::{
    Command, Decision, EventRecord, Head, StackHash, StoredEvent, StoredStack,
    record::{BodyPlace, SCHEMA_EVENT_V1, StackPlace, archive_head, decode_marker, encode_event},
    stack::archive_stack,
};
use proptest::prelude::*;

use crate::sample::{commands, head};

fn record() -> Vec<u8> {
    let place = StackPlace {
        hash: stack().hash(),
        ..StackPlace::default()
    };
    let body = BodyPlace::Plain(b"{\"message\":1}");
    encode_event(&archive_head(&head()), &place, body)
}

fn stack() -> StoredStack {
    let archive = archive_stack(&head()).unwrap().to_vec();
    StoredStack::read(StackHash::of(&archive), archive.into()).unwrap()
}

/// Reads everything of what parses.
fn read_event(bytes: Vec<u8>) -> bool {
    let Ok(record) = EventRecord::parse(SCHEMA_EVENT_V1, Bytes::from(bytes)) else {
        return false;
    };
    let _ = format!("{:?}", record.body());
    let _ = record.stack().of(7, 3);
    let is_head = rkyv::deserialize::<Head, rkyv::rancor::Error>(record.head()).is_ok();
    // Damage may name another stack, or have other texts than the stack has exceptions.
    let Ok(event) = record.with(stack()) else {
        return is_head;
    };
    let whole = event.whole();
    let _ = whole.exceptions().map(|e| e.value.len()).sum::<usize>();
    let _ = whole.to_json();
    is_head
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
fn a_stack_is_read_by_its_hash_alone() {
    let archive = archive_stack(&head()).unwrap().to_vec();
    let hash = StackHash::of(&archive);
    for bit in 0..archive.len() * 8 {
        let mut bytes = archive.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // Bytes that are their own hash's are read, or refused, without a panic.
        let _ = StoredStack::read(StackHash::of(&bytes), bytes.clone().into());
        assert!(StoredStack::read(hash, bytes.into()).is_err(), "bit {bit}");
    }
    for len in 0..archive.len() {
        let cut = archive[..len].to_vec();
        assert!(StoredStack::read(hash, cut.into()).is_err(), "cut to {len}");
    }
    assert_eq!(
        StoredStack::read(hash, archive.into()).unwrap().hash(),
        hash
    );
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
        read_event(bytes.to_vec());
        let _ = EventRecord::parse(SCHEMA_EVENT_V1, bytes);
    }

    #[test]
    fn a_record_is_read_the_same_at_any_alignment(shift in 0..16usize, body in prop::collection::vec(any::<u8>(), 0..100)) {
        let shifted = |bytes: &[u8]| {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(bytes);
            Bytes::from(shifted).slice(shift..)
        };
        let archive = archive_stack(&head()).unwrap();
        let place = StackPlace { hash: StackHash::of(&archive), ..StackPlace::default() };
        let record = encode_event(&archive_head(&head()), &place, BodyPlace::Plain(&body));
        let record = EventRecord::parse(SCHEMA_EVENT_V1, shifted(&record)).unwrap();
        let stack = StoredStack::read(place.hash, shifted(&archive)).unwrap();
        let event: StoredEvent = record.with(stack).unwrap();
        prop_assert_eq!(event.whole().to_head().unwrap(), head());
        prop_assert_eq!(event.body(), &event_model::record::BodyRef::Plain(body.into()));
    }
}
