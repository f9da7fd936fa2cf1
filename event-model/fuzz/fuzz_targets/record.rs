//! Reads whatever libFuzzer makes up as each kind of record: everything in it is looked at, nothing may panic or read
//! outside of the bytes. The first byte tells how the rest lies in memory.
#![no_main]

use bytes::Bytes;
use event_model::record::{SCHEMA_EVENT_V1, decode_marker};
use event_model::{Command, Decision, EventRecord, Head, Note, StackHash, StoredStack};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&shift, bytes)) = input.split_first() else {
        return;
    };
    // Segments hand records out 16-byte aligned; other readers need not.
    let shift = usize::from(shift % 16);
    let mut placed = vec![0; shift];
    placed.extend_from_slice(bytes);
    let placed = Bytes::from(placed).slice(shift..);
    if let Ok(event) = EventRecord::parse(SCHEMA_EVENT_V1, placed.clone()) {
        let _ = format!("{:?} {:?}", event.body(), event.stack());
        let _ = rkyv::deserialize::<Head, rkyv::rancor::Error>(event.head());
    }
    if let Ok(stack) = StoredStack::read(StackHash::of(&placed), placed.clone()) {
        for exception in stack.get().exceptions.iter() {
            let _ = format!("{} {}", exception.ty, exception.frames.len());
        }
    }
    for (schema, _) in Decision::KINDS {
        if let Ok(command) = Command::decode(*schema, &placed) {
            let _ = format!("{command:?}");
        }
    }
    for kind in 0x04..=0x09 {
        if let Ok(note) = Note::decode(kind << 8 | 1, &placed) {
            let _ = format!("{note:?}");
        }
    }
    let _ = decode_marker(&placed);
});
