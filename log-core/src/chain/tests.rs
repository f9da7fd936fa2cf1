#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use super::*;
use crate::sealed::samples::{header, redact, segment};

const LENGTHS: [usize; 9] = [1, 16, 17, 400, 3000, 33, 2000, 5, 64];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn frame() -> FrameHeader {
    FrameHeader {
        length: 9,
        sequence: 1001,
        time_ns: -5,
        durable_to: 1000,
        payload_crc: 1,
        schema: 17,
        kind: Kind::Data,
        flags: 1,
        epoch: 3,
        key_id: 0,
    }
}

fn hash(previous: &SealHash, header: &SegmentHeader, frame: &FrameHeader) -> SealHash {
    let mut chain = Chain::start(previous, header);
    chain.frame(frame, PayloadDigest::of(&header.log_id, b"a payload"));
    chain.seal()
}

/// Computed once by another program from the layout in the module's head: the format may not drift.
#[test]
fn the_hashes_are_those_of_the_documented_layout() {
    let digest = PayloadDigest::of(&header().log_id, b"a payload");
    assert_eq!(hex(&digest.0), "1c9705b242298cf33c7463506d0a49b9");
    let mut chain = Chain::start(&header().previous_seal_hash, &header());
    chain.frame(&frame(), digest);
    let watermark = FrameHeader {
        length: 16,
        sequence: 1002,
        time_ns: 6,
        durable_to: 1001,
        payload_crc: 2,
        schema: 0,
        kind: Kind::Watermark,
        flags: 0,
        epoch: 3,
        key_id: 0,
    };
    chain.frame(&watermark, PayloadDigest::of(&header().log_id, &[0; 16]));
    assert_eq!(
        hex(&chain.seal()),
        "cda36b7fade420bc9f0b194b9a7fddc89fd8817dfc11eeac7c90f565e8f8ab2c"
    );
}

#[test]
fn pieces_have_the_digest_of_the_whole() {
    let payload = crate::sealed::samples::payload(5, 1000);
    let mut hasher = PayloadHasher::new(&[7; 16]);
    for piece in payload.chunks(77) {
        hasher.update(piece);
    }
    let whole = PayloadDigest::of(&[7; 16], &payload);
    assert_eq!(hasher.finish(), whole);
    assert_ne!(whole, PayloadDigest::of(&[8; 16], &payload));
}

#[test]
fn every_fact_changes_the_hash_but_those_that_redaction_changes() {
    let plain = hash(&[9; 32], &header(), &frame());
    let frames: [fn(&mut FrameHeader); 9] = [
        |frame| frame.length = 10,
        |frame| frame.sequence = 1002,
        |frame| frame.time_ns = -6,
        |frame| frame.durable_to = 999,
        |frame| frame.schema = 18,
        |frame| frame.kind = Kind::Watermark,
        |frame| frame.flags = 0,
        |frame| frame.epoch = 4,
        |frame| frame.key_id = 1,
    ];
    for (number, change) in frames.iter().enumerate() {
        let mut other = frame();
        change(&mut other);
        assert_ne!(
            hash(&[9; 32], &header(), &other),
            plain,
            "frame fact {number}"
        );
    }
    let headers: [fn(&mut SegmentHeader); 6] = [
        |header| header.log_id = [1; 16],
        |header| header.number = 8,
        |header| header.base = 1,
        |header| header.created_ns = 1,
        |header| header.epoch = 4,
        |header| header.salt = 1,
    ];
    for (number, change) in headers.iter().enumerate() {
        let mut other = header();
        change(&mut other);
        assert_ne!(
            hash(&[9; 32], &other, &frame()),
            plain,
            "segment fact {number}"
        );
    }
    assert_ne!(hash(&[8; 32], &header(), &frame()), plain, "previous seal");

    let redacted = FrameHeader {
        kind: Kind::Redacted,
        payload_crc: 77,
        ..frame()
    };
    assert_eq!(hash(&[9; 32], &header(), &redacted), plain);
}

#[test]
fn a_segment_hashes_alike_before_and_after_redaction() {
    let sample = segment(&LENGTHS);
    let none = Redacted::default();
    let before = segment_seal_hash(&sample.bytes, &sample.header, &none).unwrap();
    assert_eq!(before, sample.hash);
    let (after, digests) = redact(&sample, &[1001, 1005, 1009]);
    assert_ne!(after.bytes, sample.bytes);
    assert_eq!(
        segment_seal_hash(&after.bytes, &after.header, &digests).unwrap(),
        before
    );
    // Without the digest there is no hash, and with another one it is another hash.
    let fault = segment_seal_hash(&after.bytes, &after.header, &none).unwrap_err();
    assert!(
        matches!(fault, ChainFault::Digest { sequence: 1001, .. }),
        "{fault}"
    );
    let mut wrong = digests;
    wrong.insert(1005, PayloadDigest([0; 16]));
    assert_ne!(
        segment_seal_hash(&after.bytes, &after.header, &wrong).unwrap(),
        before
    );
}

#[test]
fn a_rotten_payload_changes_the_hash_and_a_rotten_header_ends_the_walk() {
    let sample = segment(&LENGTHS);
    let none = Redacted::default();
    let end = sample.bytes.len();
    for place in &sample.records {
        let mut payload = sample.bytes.clone();
        payload[place.offset as usize + 48] ^= 1;
        let hash = segment_seal_hash(&payload, &sample.header, &none).unwrap();
        assert_ne!(hash, sample.hash, "record {}", place.sequence);
        let mut head = sample.bytes.clone();
        head[place.offset as usize + 9] ^= 1;
        let fault = segment_seal_hash(&head, &sample.header, &none).unwrap_err();
        let expected = ChainFault::Frame {
            offset: place.offset,
            fault: Fault::Header,
        };
        assert_eq!(fault, expected);
    }
    // Cut anywhere before the seal's header: no hash.
    for cut in (SEGMENT_HEADER_BYTES..end - 96).step_by(13) {
        segment_seal_hash(&sample.bytes[..cut], &sample.header, &none).unwrap_err();
    }
}
