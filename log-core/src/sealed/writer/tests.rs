#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::chain::Redacted;
use crate::error::Fault;
use crate::format::{FLAG_ENCRYPTED, FrameHeader, Kind, SEGMENT_HEADER_BYTES, control_payload};
use crate::sealed::WalkFault;
use crate::sealed::samples::{
    Builder, MemoryFile, Place, open, read_windows, redact, seal_into, sealed_bytes, segment,
};
use crate::sealed::tests::{EDGES, check_round_trip, source};

#[test]
fn a_redacted_segment_keeps_its_seal() {
    let sample = segment(&EDGES);
    let (after, digests) = redact(&sample, &[1003, 1012, 1015]);
    let file = MemoryFile::new(Vec::new());
    let written = seal_into(&after, &digests, &file).unwrap();
    assert_eq!(written.file_bytes, file.bytes().len() as u64);
    assert_eq!(written.table.seal_hash, sample.hash);
    let sealed = open(file.bytes()).unwrap();
    assert_eq!(sealed.table(), &written.table);
    assert_eq!(sealed.table().redacted, digests);
    assert_eq!(sealed.table().generation, 1);
    assert_eq!(sealed.check().unwrap().hash, sample.hash);
    assert!(read_windows(&sealed).unwrap() == after.bytes);
    let error = seal_into(&after, &Redacted::default(), &file).unwrap_err();
    assert!(
        matches!(
            error,
            SealedError::Segment {
                fault: WalkFault::Digest { sequence: 1003, .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_seal_without_its_hash_is_refused() {
    let mut builder = Builder::new();
    builder.frame(Kind::Data, 0, 5, b"a payload");
    let fault = refuse(&builder.seal(false).bytes);
    assert!(matches!(fault, WalkFault::Seal { .. }), "{fault:?}");
}

#[test]
fn records_that_were_given_up_leave_a_gap() {
    let mut builder = Builder::new();
    builder.frame(Kind::Data, 0, 5, b"a payload");
    builder.frame(Kind::Lost, 0, 5, &control_payload(1002, 1009));
    builder.skip_to(1009);
    builder.frame(Kind::Data, 0, 6, b"another");
    let sealed = check_round_trip(&builder.seal(true));
    assert_eq!(sealed.table().end, 1010);
}

/// Seals damaged raw bytes; what it said.
fn refuse(bytes: &[u8]) -> WalkFault {
    refuse_to(bytes, bytes.len())
}

/// Seals the bytes below `end`.
fn refuse_to(mut bytes: &[u8], end: usize) -> WalkFault {
    let error = write_sealed(
        &mut source(&mut bytes, end),
        Sealing {
            level: LEVEL_DEFAULT,
            generation: 0,
            redacted: &Redacted::default(),
        },
        &Target {
            file: &*MemoryFile::new(Vec::new()),
            path: Path::new("sealed"),
        },
    )
    .unwrap_err();
    let SealedError::Segment { fault, .. } = error else {
        panic!("{error:?}");
    };
    fault
}

#[test]
fn damage_is_never_sealed_in() {
    let sample = segment(&[1, 300, 17, 90, 2000]);
    let place = sample.records[3].offset;
    let flip = |at: usize| {
        let mut bytes = sample.bytes.clone();
        bytes[at] ^= 4;
        refuse(&bytes)
    };
    let in_header = flip(place as usize + 9);
    assert!(
        matches!(in_header, WalkFault::Frame { offset, fault: Fault::Header } if offset == place),
        "{in_header:?}"
    );
    let in_payload = flip(place as usize + 50);
    assert!(
        matches!(in_payload, WalkFault::Frame { offset, fault: Fault::Payload } if offset == place),
        "{in_payload:?}"
    );
    assert!(matches!(flip(40), WalkFault::Header(_)));

    // Cut at each frame: there is no seal where the bytes end.
    for place in &sample.records {
        let fault = refuse(&sample.bytes[..place.offset as usize]);
        assert!(
            matches!(
                fault,
                WalkFault::Frame {
                    fault: Fault::Missing,
                    ..
                }
            ),
            "{fault:?}"
        );
    }
    let padded = [&sample.bytes[..], &[0; 64]].concat();
    let fault = refuse(&padded);
    assert!(
        matches!(
            fault,
            WalkFault::Seal {
                reason: "bytes follow it",
                ..
            }
        ),
        "{fault:?}"
    );
}

#[test]
fn a_seal_with_another_hash_or_end_is_refused() {
    for (says, reason) in [
        ((1002, 0), "it names another end"),
        ((1003, 1), "it names another end"),
        ((1002, 1), "it carries another hash"),
    ] {
        let mut builder = Builder::new();
        builder.frame(Kind::Data, 0, 5, b"a payload");
        let offset = builder.sample.bytes.len() as u64 * says.1;
        let mut payload = control_payload(says.0, offset).to_vec();
        payload.extend_from_slice(&[3; 32]);
        builder.frame(Kind::Seal, 0, 5, &payload);
        let fault = refuse(&builder.sample.bytes);
        assert!(
            matches!(fault, WalkFault::Seal { reason: found, .. } if found == reason),
            "{fault:?}"
        );
    }
}

#[test]
fn a_header_page_with_unknown_content_is_kept_raw() {
    let mut sample = segment(&[1]);
    sample.bytes[2000] = 1;
    let crc = crc32fast::hash(&sample.bytes[..SEGMENT_HEADER_BYTES - 4]);
    sample.bytes[SEGMENT_HEADER_BYTES - 4..SEGMENT_HEADER_BYTES]
        .copy_from_slice(&crc.to_le_bytes());
    let error = seal_into(&sample, &Redacted::default(), &MemoryFile::new(Vec::new())).unwrap_err();
    assert!(
        matches!(error, SealedError::HeaderLayout { .. }),
        "{error:?}"
    );
}

#[test]
fn verification_names_the_first_byte_that_differs() {
    let sample = segment(&[200_000; 5]);
    let sealed = open(sealed_bytes(&sample)).unwrap();
    for at in [0, 300_000, sample.bytes.len() - 1] {
        let mut other = sample.bytes.clone();
        other[at] ^= 1;
        let error = sealed
            .verify(&mut source(&mut &other[..], other.len()))
            .unwrap_err();
        assert!(
            matches!(error, SealedError::Differs { offset, .. } if offset == at as u64),
            "{error:?}"
        );
    }
    let shorter = &sample.bytes[..sample.bytes.len() - 16];
    let error = sealed
        .verify(&mut source(&mut &shorter[..], shorter.len()))
        .unwrap_err();
    assert!(matches!(error, SealedError::Differs { .. }), "{error:?}");
}

#[test]
fn a_table_that_says_other_things_than_the_blocks_is_found_by_the_check() {
    let sample = segment(&[1, 300]);
    let file = MemoryFile::new(Vec::new());
    let written = seal_into(&sample, &Redacted::default(), &file).unwrap();
    let blocks_end = written.table.blocks[0].file_bytes as usize;
    let mut table = written.table;
    table.seal_hash[0] ^= 1;
    let mut bytes = file.bytes()[..blocks_end].to_vec();
    bytes.extend_from_slice(&table.encode());
    let error = open(bytes).unwrap().check().unwrap_err();
    assert!(matches!(
        error,
        SealedError::Contradiction {
            what: "the seal hash",
            ..
        }
    ));
}

#[test]
fn a_frame_that_does_not_belong_there_is_refused() {
    type Wrong = (&'static str, fn(&mut FrameHeader), Fault);
    let wrongs: [Wrong; 6] = [
        (
            "a record is missing",
            |head| head.sequence += 1,
            Fault::Sequence,
        ),
        (
            "a record comes twice",
            |head| head.sequence -= 1,
            Fault::Sequence,
        ),
        ("an older writer's", |head| head.epoch -= 1, Fault::Sequence),
        (
            "durable before written",
            |head| head.durable_to += 2,
            Fault::Sequence,
        ),
        (
            "encrypted",
            |head| head.flags = FLAG_ENCRYPTED,
            Fault::Reserved,
        ),
        ("under a key", |head| head.key_id = 1, Fault::Reserved),
    ];
    for (what, change, expected) in wrongs {
        let mut builder = Builder::new();
        builder.frame(Kind::Data, 0, 5, b"a payload");
        let at = builder.sample.bytes.len() as u64;
        builder.frame_with(Kind::Data, 0, 6, b"another", change);
        let fault = refuse(&builder.seal(true).bytes);
        assert!(
            matches!(fault, WalkFault::Frame { offset, fault } if offset == at && fault == expected),
            "{what}: {fault:?}"
        );
    }
}

#[test]
fn a_segment_that_ends_within_a_frame_is_refused() {
    let sample = segment(&[1, 300, 17, 90, 2000]);
    let place = &sample.records[4];
    for beyond in [64, place.frame_bytes - 16] {
        let fault = refuse_to(&sample.bytes, place.offset as usize + beyond);
        assert!(
            matches!(fault, WalkFault::Frame { offset, fault: Fault::Length } if offset == place.offset),
            "{beyond}: {fault:?}"
        );
    }
}

#[test]
fn each_block_knows_the_times_of_its_records() {
    let sample = segment(&EDGES.repeat(3));
    let sealed = open(sealed_bytes(&sample)).unwrap();
    for block in &sealed.table().blocks {
        let raw = block.raw_offset..block.raw_offset + u64::from(block.raw_bytes);
        let times = || {
            let inside = |place: &&Place| raw.contains(&place.offset);
            sample
                .records
                .iter()
                .filter(inside)
                .map(|place| place.time_ns)
        };
        assert_eq!(
            block.lowest_ns,
            times().min().unwrap_or(i64::MAX),
            "{block:?}"
        );
        assert_eq!(
            block.highest_ns,
            times().max().unwrap_or(i64::MIN),
            "{block:?}"
        );
    }
}
