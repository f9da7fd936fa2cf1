//! Frames, segments, sealed files and manifests: one file's bytes, without a log around them.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::recipe::{KINDS, follow};
use super::{is_mended, put_u32, split, u32_at};
use crate::disk::SimDisk;
use log_core::format::{
    FORMAT_VERSION, FRAME_ALIGN_BYTES, FRAME_HEADER_BYTES, FrameHeader, Kind, Parsed,
    SEGMENT_HEADER_BYTES, SegmentHeader,
};
use log_core::inside::classify::{Place, Verdict, classify};
use log_core::inside::io::write_all;
use log_core::inside::manifest::{ENTRY_BYTES, HEADER_BYTES, MAGIC, Manifest};
use log_core::inside::scan::{Scan, scan};
use log_core::inside::sealed::{BlockCache, SealedError, SealedFile};
use log_core::{LogFile, LogIo, Open};

/// Longer payloads are not built to see a frame encoded again.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// More raw bytes than this are not decoded: a few bytes of zstd can stand for very many.
const RAW_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of the segment that a recipe makes.
const SEGMENT_BYTES: usize = 16 * 1024;

/// Salt 8, offset 8, a frame header 48: what parses is what was encoded, and parses nowhere else.
pub fn frame(input: &[u8]) {
    let Some((how, rest)) = split(input) else {
        return;
    };
    let (Some(salt), Some(head)) = (rest.first_chunk(), rest.get(16..)) else {
        return;
    };
    let salt = u64::from_le_bytes(*salt);
    let offset = u64::from(u32_at(rest, 8).unwrap_or_default() & 0x3FFF_FFF0);
    let mut head = head.to_vec();
    if is_mended(how) && head.len() >= FRAME_HEADER_BYTES {
        let header = anything(&head, how);
        let mut bytes = Vec::new();
        header.encode(&vec![0; header.length as usize], salt, offset, &mut bytes);
        assert_eq!(bytes.len(), header.frame_bytes(), "length of a frame");
        let parsed = FrameHeader::parse(&bytes, salt, offset);
        assert_eq!(parsed, Parsed::Frame(header), "what was encoded");
        head = bytes;
    }
    let Parsed::Frame(header) = FrameHeader::parse(&head, salt, offset) else {
        return;
    };
    let length = header.length as usize;
    assert!(length > 0, "a frame without a payload");
    if length <= PAYLOAD_BYTES_MAX {
        let mut again = Vec::new();
        header.encode(&vec![0; length], salt, offset, &mut again);
        let (again, head) = (&again[..FRAME_HEADER_BYTES], &head[..FRAME_HEADER_BYTES]);
        assert_eq!(again, head, "a parsed header is encoded as it was");
    }
    // Places of one segment differ in fewer bits than the CRC has: it must tell all of them apart.
    for bit in FRAME_ALIGN_BYTES.ilog2()..30 {
        let moved = FrameHeader::parse(&head, salt, offset ^ 1 << bit);
        assert_eq!(moved, Parsed::Bad, "a frame that was moved parses");
    }
}

/// A frame header with all of its fields from `head`, of 48 bytes at least.
fn anything(head: &[u8], how: u8) -> FrameHeader {
    let number = |at: usize| u32_at(head, at).unwrap_or_default();
    let long = |at: usize| u64::from(number(at)) << 32 | u64::from(number(at + 4));
    FrameHeader {
        length: number(0) % PAYLOAD_BYTES_MAX as u32 + 1,
        sequence: long(4),
        time_ns: long(12) as i64,
        durable_to: long(20),
        payload_crc: number(28),
        schema: number(32) as u16,
        kind: KINDS[usize::from(how >> 1) % KINDS.len()],
        flags: head[36],
        epoch: number(37),
        key_id: number(41),
    }
}

/// A segment, header page and all; or a recipe for what follows a sound one.
pub fn segment(input: &[u8]) {
    let Some((how, rest)) = split(input) else {
        return;
    };
    let (header, bytes) = if is_mended(how) {
        let header = sample_header();
        let mut bytes = header.encode();
        let room = SEGMENT_BYTES - bytes.len();
        let start = bytes.len() as u64;
        bytes.extend(follow(rest, &header, start, header.base, room));
        bytes.resize(SEGMENT_BYTES, 0);
        (header, bytes)
    } else {
        let mut bytes = rest.to_vec();
        if let Some(page) = bytes.first_chunk_mut::<SEGMENT_HEADER_BYTES>() {
            let end = SEGMENT_HEADER_BYTES - 4;
            page[..8].copy_from_slice(&log_core::format::MAGIC);
            let crc = crc32fast::hash(&page[..end]);
            put_u32(page, end, crc);
        }
        let Ok(header) = SegmentHeader::decode(&bytes) else {
            return;
        };
        let again = SegmentHeader::decode(&header.encode());
        assert_eq!(again.as_ref(), Ok(&header), "a header comes back");
        (header, bytes)
    };
    check_scan(&bytes, &header, &scan(&bytes, &header));
}

fn sample_header() -> SegmentHeader {
    SegmentHeader {
        version: FORMAT_VERSION,
        log_id: [1; 16],
        number: 3,
        base: 1000,
        created_ns: 1,
        epoch: 200,
        salt: 0x5A17,
        previous_seal_offset: 4096,
        previous_seal_hash: [2; 32],
        segment_bytes: SEGMENT_BYTES as u64,
    }
}

/// What holds of every scan.
fn check_scan(bytes: &[u8], header: &SegmentHeader, scan: &Scan) {
    // The padding of the last frame is never read, and may be cut off.
    let end = bytes.len().next_multiple_of(FRAME_ALIGN_BYTES) as u64;
    let start = SEGMENT_HEADER_BYTES as u64;
    assert!((start..=end).contains(&scan.valid_end), "{scan:?}");
    assert!((scan.valid_end..=end).contains(&scan.reach.0), "{scan:?}");
    assert!(
        (start..=scan.valid_end).contains(&scan.proven_offset),
        "{scan:?}"
    );
    assert!(scan.dirty_end <= bytes.len() as u64, "{scan:?}");
    assert!(scan.next >= header.base, "{scan:?}");

    let mut at = start;
    let mut last = None;
    while at < scan.valid_end {
        let frame = whole(bytes, header, at);
        at += frame.frame_bytes() as u64;
        last = Some(frame.kind);
    }
    assert_eq!(at, scan.valid_end, "the first run ends with a frame");
    assert_eq!(scan.seal.is_some(), last == Some(Kind::Seal), "{scan:?}");

    let mut below = u64::MAX;
    while let Some((sequence, offset)) = scan.index.floor(below) {
        let frame = whole(bytes, header, offset);
        assert!(
            frame.kind.is_record(),
            "the index names a frame that is no record"
        );
        assert_eq!(frame.sequence, sequence, "the index names another record");
        let Some(next) = sequence.checked_sub(1) else {
            break;
        };
        below = next;
    }

    for damage in &scan.damage {
        assert!(damage.bytes.start <= damage.bytes.end, "{scan:?}");
        assert!(damage.sequences.start <= damage.sequences.end, "{scan:?}");
    }
    for pair in scan.damage.windows(2) {
        assert!(pair[0].bytes.end <= pair[1].bytes.start, "{scan:?}");
        assert!(pair[0].sequences.end <= pair[1].sequences.start, "{scan:?}");
    }
    for place in [Place::Tail, Place::Inner] {
        if classify(place, scan) != Verdict::Rot {
            assert!(scan.next >= scan.proven, "proven records are cut: {scan:?}");
        }
    }
}

/// The frame at `at`, which must be there with its payload.
fn whole(bytes: &[u8], header: &SegmentHeader, at: u64) -> FrameHeader {
    let parsed = FrameHeader::parse(&bytes[at as usize..], header.salt, at);
    let Parsed::Frame(frame) = parsed else {
        panic!("no frame at {at}: {parsed:?}");
    };
    let payload = &bytes[frame.payload_range(at as usize)];
    assert_eq!(crc32fast::hash(payload), frame.payload_crc, "frame at {at}");
    frame
}

/// A sealed file; mended in its table's checksum.
pub fn sealed(input: &[u8]) {
    let Some((how, rest)) = split(input) else {
        return;
    };
    let mut bytes = rest.to_vec();
    if is_mended(how) {
        mend_table(&mut bytes);
    }
    let path = Path::new("/0000000001.log.zst");
    let Ok(sealed) = SealedFile::open(file_of(&bytes, path), path, BlockCache::new(0)) else {
        return;
    };
    let table = sealed.table();
    if table.raw_bytes > RAW_BYTES_MAX {
        return;
    }
    let mut raw = Vec::new();
    let mut all = true;
    for block in &table.blocks {
        match sealed.window(block.raw_offset) {
            Ok(window) => {
                assert_eq!(window.len(), block.raw_bytes as usize, "length of a block");
                assert_eq!(crc32fast::hash(&window), block.crc, "checksum of a block");
                raw.extend_from_slice(&window);
            }
            Err(SealedError::Block { .. }) => all = false,
            Err(error) => panic!("a sound disk, and {error}"),
        }
    }
    let whole = sealed.window_at_least(0, table.raw_bytes as usize);
    assert_eq!(whole.is_ok(), all, "the whole can be read if all parts can");
    let mut streamed = Vec::new();
    let read = sealed.reader().read_to_end(&mut streamed);
    assert_eq!(read.is_ok(), all, "the stream ends at the first bad block");
    if let Ok(whole) = whole {
        assert!(whole == raw && streamed == raw, "three ways to one segment");
    }
    if let Ok(proven) = sealed.check() {
        assert!(all, "a file with a bad block is sound");
        assert_eq!(proven.end, table.end, "records of a sound file");
    }
    for sequence in [0, table.header.base, table.end, u64::MAX] {
        if let Some(floor) = sealed.block_of_sequence(sequence) {
            assert!(floor.offset < table.raw_bytes && floor.sequence <= sequence);
        }
    }
}

/// Makes the table's checksum hold, where the file's last bytes say that it is.
fn mend_table(bytes: &mut [u8]) {
    let length = bytes.len();
    let Some(table_bytes) = length.checked_sub(4).and_then(|at| u32_at(bytes, at)) else {
        return;
    };
    let Some(start) = length.checked_sub(table_bytes as usize) else {
        return;
    };
    if table_bytes >= 8 {
        let crc = crc32fast::hash(&bytes[start..length - 8]);
        put_u32(bytes, length - 8, crc);
    }
}

fn file_of(bytes: &[u8], path: &Path) -> Arc<dyn LogFile> {
    let file = SimDisk::new(1)
        .open(path, Open::Create)
        .unwrap_or_else(|error| panic!("an empty disk takes a file: {error}"));
    write_all(file.as_ref(), bytes, 0)
        .unwrap_or_else(|error| panic!("a file takes bytes: {error}"));
    file
}

/// A manifest; mended in its count and checksum.
pub fn manifest(input: &[u8]) {
    let Some((how, rest)) = split(input) else {
        return;
    };
    let mut bytes = rest.to_vec();
    if is_mended(how) && bytes.len() >= HEADER_BYTES + ENTRY_BYTES {
        bytes[..8].copy_from_slice(&MAGIC);
        let room = (bytes.len() - HEADER_BYTES) / ENTRY_BYTES;
        let count = u32_at(&bytes, 44).unwrap_or_default() as usize % room + 1;
        put_u32(&mut bytes, 44, count as u32);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&bytes[..12]);
        hasher.update(&bytes[16..HEADER_BYTES + count * ENTRY_BYTES]);
        let crc = hasher.finalize();
        put_u32(&mut bytes, 12, crc);
    }
    let Ok(manifest) = Manifest::decode(&bytes) else {
        return;
    };
    assert!(
        manifest.encoded_bytes() <= bytes.len(),
        "more than there was"
    );
    let again = Manifest::decode(&manifest.encode());
    assert_eq!(again.as_ref(), Ok(&manifest), "a manifest comes back");
}
