//! Every bit, every length, every kind of foreign bytes, on segments built in memory.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::classify::{Place, Verdict, classify};
use crate::format::{FORMAT_VERSION, control_payload, seal_payload};

/// What a record was, as a reader would get it.
type Readable = (u64, Vec<u8>);

/// Builds a segment the way the writer does.
struct Built {
    header: SegmentHeader,
    bytes: Vec<u8>,
    next: u64,
    epoch: u32,
    records: Vec<Readable>,
    /// First sequence number and offset of every append: what is recovered ends at one of them.
    units: Vec<(u64, u64)>,
}

impl Built {
    fn new(salt: u64) -> Self {
        let header = SegmentHeader {
            version: FORMAT_VERSION,
            log_id: [3; 16],
            number: 1,
            base: 1,
            created_ns: 5,
            epoch: 1,
            salt,
            previous_seal_offset: 0,
            previous_seal_hash: [0; 32],
            segment_bytes: 16 * 1024,
        };
        let (bytes, records) = (header.encode(), Vec::new());
        Self {
            header,
            bytes,
            next: 1,
            epoch: 1,
            records,
            units: vec![(1, 4096)],
        }
    }

    fn frame(&mut self, kind: Kind, flags: u8, durable_to: u64, payload: &[u8]) {
        let header = FrameHeader {
            length: payload.len() as u32,
            sequence: self.next,
            time_ns: 9,
            durable_to,
            payload_crc: crc32fast::hash(payload),
            schema: 1,
            kind,
            flags,
            epoch: self.epoch,
            key_id: 0,
        };
        let offset = self.bytes.len() as u64;
        header.encode(payload, self.header.salt, offset, &mut self.bytes);
        if kind.is_record() {
            self.records.push((self.next, payload.to_vec()));
            self.next += 1;
        }
    }

    fn one(&mut self, durable_to: u64, length: usize) {
        let payload = vec![self.next as u8 | 1; length];
        self.frame(Kind::Data, 0, durable_to, &payload);
        self.end_unit();
    }

    fn batch(&mut self, durable_to: u64, lengths: &[usize]) {
        let first = self.next;
        for &length in lengths {
            let payload = vec![self.next as u8 | 1; length];
            self.frame(Kind::Data, FLAG_BATCH, durable_to, &payload);
        }
        self.frame(
            Kind::BatchEnd,
            0,
            durable_to,
            &control_payload(first, lengths.len() as u64),
        );
        self.end_unit();
    }

    fn control(&mut self, kind: Kind, durable_to: u64) {
        self.frame(kind, 0, durable_to, &control_payload(0, 1));
        self.units.last_mut().unwrap().1 = self.bytes.len() as u64;
    }

    fn end_unit(&mut self) {
        self.units.push((self.next, self.bytes.len() as u64));
    }

    /// Singles, batches and control frames; everything up to the last group is proven.
    fn usual() -> Self {
        let mut built = Self::new(0x5eed);
        built.control(Kind::Epoch, 1);
        built.one(1, 1);
        built.one(1, 33);
        built.batch(3, &[7, 700, 16]);
        built.one(6, 120);
        built.batch(7, &[40, 41]);
        built
    }

    fn padded(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes.resize(self.header.segment_bytes as usize, 0);
        bytes
    }
}

/// The records of the first run, read as a reader does.
fn readable(bytes: &[u8], header: &SegmentHeader, end: u64) -> Vec<Readable> {
    let mut records = Vec::new();
    let mut at = SEGMENT_HEADER_BYTES;
    while (at as u64) < end {
        let Parsed::Frame(frame) = FrameHeader::parse(&bytes[at..], header.salt, at as u64) else {
            panic!()
        };
        if frame.kind.is_record() {
            records.push((frame.sequence, bytes[frame.payload_range(at)].to_vec()));
        }
        at += frame.frame_bytes();
    }
    records
}

#[test]
fn zeros_behind_what_was_written_need_not_be_looked_at() {
    let built = Built::usual();
    let bytes = built.padded();
    let torn = [
        &bytes[..built.bytes.len()],
        &[7; 40][..],
        &bytes[built.bytes.len() + 40..],
    ]
    .concat();
    for (bytes, written) in [(&bytes, built.bytes.len()), (&torn, built.bytes.len() + 40)] {
        let known = scan_written(bytes, written, &built.header);
        let looked = scan(bytes, &built.header);
        assert_eq!(format!("{known:?}"), format!("{looked:?}"));
    }
}

#[test]
fn a_sound_segment_is_whole() {
    let built = Built::usual();
    let scan = scan(&built.padded(), &built.header);
    assert_eq!((scan.next, scan.valid_end), (9, built.bytes.len() as u64));
    assert_eq!((scan.frames, scan.records, scan.epoch), (11, 8, 1));
    assert_eq!((scan.proven, scan.damage.len()), (7, 0));
    assert_eq!(
        scan.proven_offset, built.units[4].1,
        "the last group is written again"
    );
    assert_eq!(
        readable(&built.padded(), &built.header, scan.valid_end),
        built.records
    );
}

#[test]
fn any_flipped_bit_is_rot_or_torn_tail_and_never_wrong_data() {
    let mut built = Built::usual();
    built.control(Kind::Watermark, 9);
    for acknowledged in [true, false] {
        if !acknowledged {
            built = Built::usual();
        }
        let mut bytes = built.padded();
        let mut seen = [0; 3];
        // Beyond the last frame one page of zeros stands for all of them.
        for bit in SEGMENT_HEADER_BYTES * 8..(built.bytes.len() + 4096) * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let scan = scan(&bytes, &built.header);
            let verdict = classify(Place::Tail, &scan);
            seen[verdict as usize] += 1;
            let whole = readable(&bytes, &built.header, scan.valid_end);
            assert_eq!(
                whole,
                built.records[..whole.len()],
                "bit {bit}: what is whole is what was written"
            );
            assert!(
                built.units.iter().any(|unit| unit.0 == scan.next),
                "bit {bit}: batches are whole or absent"
            );
            match verdict {
                Verdict::Clean => {
                    assert_eq!(scan.next, 9, "bit {bit}: only padding may change unseen");
                }
                Verdict::TornTail => assert!(scan.next >= scan.proven, "bit {bit}"),
                Verdict::Rot => {
                    let hit = scan
                        .damage
                        .iter()
                        .any(|damage| damage.bytes.contains(&(bit as u64 / 8)));
                    assert!(hit, "bit {bit}: {:?}", scan.damage);
                    assert!(scan.next < scan.proven);
                }
            }
            if acknowledged && scan.next < 9 {
                assert_eq!(
                    verdict,
                    Verdict::Rot,
                    "bit {bit}: acknowledged, so it is rot"
                );
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(
            seen.iter().all(|&count| count > 0),
            "all verdicts occur: {seen:?}"
        );
    }
}

#[test]
fn the_damaged_range_is_exact() {
    let mut built = Built::usual();
    built.control(Kind::Watermark, 9);
    let mut bytes = built.padded();
    // Record 4 is the second of the batch 3..6: 700 bytes after a frame of 7.
    let start = built.units[2].1 + 64;
    bytes[start as usize + 300] ^= 0x40;
    let scan = scan(&bytes, &built.header);
    assert_eq!(scan.next, 3, "its batch is not whole");
    assert_eq!(scan.reach.1, 9);
    let damage = Damage {
        bytes: start..start + 48 + 704,
        sequences: 4..5,
        fault: Fault::Payload,
    };
    assert_eq!(scan.damage, [damage]);
}

#[test]
fn every_length_leaves_whole_appends() {
    let built = Built::usual();
    let bytes = built.padded();
    for length in SEGMENT_HEADER_BYTES..bytes.len() {
        let scan = scan(&bytes[..length], &built.header);
        let ended = built
            .units
            .iter()
            .rev()
            .find(|unit| unit.1 <= length as u64);
        let expected = ended.map_or(1, |unit| unit.0);
        // Padding is not trusted, so a cut inside the last padding may lose the frame or not.
        assert!(
            scan.next == expected || scan.next == expected + 1,
            "length {length}"
        );
        assert!(
            built.units.iter().any(|unit| unit.0 == scan.next),
            "length {length}"
        );
        let rot = classify(Place::Tail, &scan) == Verdict::Rot;
        assert_eq!(rot, scan.next < scan.proven, "length {length}");
    }
}

#[test]
fn an_unproven_batch_goes_as_a_whole() {
    let built = Built::usual();
    let (first, start) = built.units[built.units.len() - 2];
    // Behind its first record nothing arrived.
    let scan = scan(&built.bytes[..start as usize + 48 + 48], &built.header);
    assert_eq!(classify(Place::Tail, &scan), Verdict::TornTail);
    assert_eq!((scan.next, scan.valid_end), (first, start));
    let cut = start..scan.dirty_end;
    assert_eq!(
        scan.damage,
        [Damage {
            bytes: cut,
            sequences: 7..7,
            fault: Fault::Batch
        }]
    );
}

#[test]
fn a_lost_page_before_a_proof_is_rot() {
    let mut built = Built::usual();
    built.one(9, 5000);
    let mut bytes = built.padded();
    bytes[SEGMENT_HEADER_BYTES..SEGMENT_HEADER_BYTES + 1024].fill(0);
    let scan = scan(&bytes, &built.header);
    assert_eq!((scan.next, scan.proven), (1, 9));
    assert_eq!(classify(Place::Tail, &scan), Verdict::Rot);
    assert_eq!(scan.damage[0].fault, Fault::Missing);
}

#[test]
fn a_lost_page_within_the_last_group_is_a_torn_tail() {
    let mut built = Built::new(1);
    built.one(1, 3000);
    built.one(1, 3000);
    built.one(1, 3000);
    let mut bytes = built.padded();
    bytes[SEGMENT_HEADER_BYTES..SEGMENT_HEADER_BYTES + 4096].fill(0);
    let scan = scan(&bytes, &built.header);
    assert_eq!(
        (scan.next, scan.proven),
        (1, 1),
        "frames behind it prove nothing"
    );
    assert_eq!(classify(Place::Tail, &scan), Verdict::TornTail);
}

#[test]
fn stale_frames_of_an_older_epoch_never_parse() {
    let mut old = Built::new(1);
    old.one(1, 16);
    old.one(1, 16);
    old.one(1, 16);
    let mut new = Built::new(1);
    new.epoch = 2;
    new.header.epoch = 1;
    new.one(1, 16);
    let cut = new.bytes.len();
    let mut bytes = old.padded();
    bytes[..cut].copy_from_slice(&new.bytes);
    let scan = scan(&bytes, &new.header);
    assert_eq!((scan.next, scan.valid_end, scan.epoch), (2, cut as u64, 2));
    assert_eq!(classify(Place::Tail, &scan), Verdict::TornTail);
}

#[test]
fn a_batch_is_of_one_epoch() {
    let mut built = Built::new(1);
    built.frame(Kind::Data, FLAG_BATCH, 1, &[1; 16]);
    built.epoch = 2;
    built.frame(Kind::Data, FLAG_BATCH, 1, &[2; 16]);
    built.frame(Kind::BatchEnd, 0, 1, &control_payload(1, 2));
    let found = scan(&built.padded(), &built.header);
    assert_eq!((found.next, found.valid_end), (1, 4096));
    assert_eq!(found.damage[0].fault, Fault::Batch);
    assert_eq!(classify(Place::Tail, &found), Verdict::TornTail);
}

#[test]
fn what_stands_behind_a_seal_is_not_part_of_the_segment() {
    let mut built = Built::usual();
    let offset = built.bytes.len() as u64;
    let seal = seal_payload(9, offset, &[7; 32]);
    built.frame(Kind::Seal, 0, 7, &seal);
    let end = built.bytes.len();
    let sound = scan(&built.padded(), &built.header);
    // A whole frame that fits there in every way is the worst of what can stand there.
    built.frame(Kind::Data, 0, 7, &[5; 100]);
    let mut bytes = built.padded();
    let found = scan(&bytes, &built.header);
    assert_eq!((found.seal, found.next), (sound.seal, 9));
    assert_eq!(
        (found.frames, found.records, found.valid_end),
        (sound.frames, sound.records, end as u64)
    );
    assert_eq!(classify(Place::Inner, &sound), Verdict::Clean);
    assert_eq!(classify(Place::Inner, &found), Verdict::TornTail);
    assert_eq!(found.index.floor(9), sound.index.floor(9));
    // It hides nothing before the seal, nor a proof that this seal is not the end.
    for at in (SEGMENT_HEADER_BYTES..end).step_by(7) {
        bytes[at] ^= 1;
        let found = scan(&bytes, &built.header);
        let whole = readable(&bytes, &built.header, found.valid_end);
        if whole != built.records[..8] || found.seal.is_none() {
            assert_eq!(classify(Place::Inner, &found), Verdict::Rot, "byte {at}");
        }
        bytes[at] ^= 1;
    }
    built.frame(Kind::Data, 0, 10, &[6; 100]);
    let found = scan(&built.padded(), &built.header);
    assert_eq!(classify(Place::Inner, &found), Verdict::Rot);
}

#[test]
fn a_payload_that_holds_a_whole_segment_is_only_a_payload() {
    let inner = Built::usual();
    let mut built = Built::new(0x5eed);
    let sequence = built.next;
    built.frame(Kind::Data, 0, 1, &inner.bytes);
    built.end_unit();
    let mut bytes = built.padded();
    let found = scan(&bytes, &built.header);
    assert_eq!((found.next, found.records), (sequence + 1, 1));
    // Even when its own header is gone, and although the salt is the same.
    bytes[SEGMENT_HEADER_BYTES] ^= 1;
    let found = scan(&bytes, &built.header);
    assert_eq!((found.records, found.proven, found.next), (0, 1, sequence));
    assert_eq!(classify(Place::Tail, &found), Verdict::TornTail);
}

#[test]
fn swapped_pages_are_seen() {
    let mut built = Built::new(4);
    for _ in 0..40 {
        built.one(built.next, 80);
    }
    let mut bytes = built.padded();
    let (first, second) = bytes[4096..].split_at_mut(2048);
    first.swap_with_slice(&mut second[..2048]);
    let scan = scan(&bytes, &built.header);
    assert_eq!(classify(Place::Tail, &scan), Verdict::Rot);
    assert_eq!(scan.damage[0].bytes.start, 4096);
}

#[test]
fn any_bytes_give_a_result() {
    let header = Built::new(7).header;
    proptest::proptest!(|(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..9000), zeros in 0..9000_usize)| {
        let start = bytes.len().min(zeros);
        bytes[..start].fill(0);
        let found = scan(&bytes, &header);
        proptest::prop_assert_eq!((found.next, found.records), (1, 0));
    });
}
