#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;

use proptest::prelude::*;

use super::samples::{
    MemoryFile, Place, Sample, open, open_with, read_windows, seal_into, sealed_bytes, segment,
};
use super::table::{BLOCK_BYTES_MAX, BLOCKS_MAX};
use super::*;
use crate::chain::Redacted;
use crate::format::FRAME_HEADER_BYTES;

/// Record lengths around every edge of the block cutting.
pub(super) const EDGES: [usize; 18] = [
    1,
    15,
    16,
    17,
    4096,
    100_000,
    BLOCK_BYTES_MAX - FRAME_HEADER_BYTES,
    BLOCK_BYTES_MAX - FRAME_HEADER_BYTES + 1,
    1,
    200_000,
    200_000,
    300_000,
    1 << 20,
    2 * BLOCK_BYTES_MAX - FRAME_HEADER_BYTES,
    3 << 20,
    33,
    5_000,
    64,
];

pub(super) fn source(input: &mut dyn Read, end: usize) -> Source<'_> {
    Source {
        input,
        path: Path::new("raw"),
        end: end as u64,
    }
}

/// Seals, reads back in every way, and holds all of it against the raw bytes.
pub(super) fn check_round_trip(sample: &Sample) -> SealedFile {
    let sealed = open(sealed_bytes(sample)).unwrap();
    let raw = &sample.bytes;
    assert!(read_windows(&sealed).unwrap() == *raw, "windows");
    let mut streamed = Vec::new();
    sealed.reader().read_to_end(&mut streamed).unwrap();
    assert!(streamed == *raw, "stream");
    sealed
        .verify(&mut source(&mut &raw[..], raw.len()))
        .unwrap();
    let proven = sealed.check().unwrap();
    assert_eq!(proven.hash, sample.hash);
    for Place {
        offset,
        frame_bytes,
        ..
    } in &sample.records
    {
        let window = sealed.window_at_least(*offset, *frame_bytes).unwrap();
        let start = *offset as usize;
        let frame = &raw[start..start + frame_bytes];
        assert!(window.len() >= *frame_bytes && window[..*frame_bytes] == *frame);
        assert_eq!(window.as_ptr().addr() % 16, 0, "aligned like its offset");
        if *frame_bytes <= BLOCK_BYTES_MAX {
            let whole = sealed.window(*offset).unwrap();
            assert!(
                whole.len() >= *frame_bytes,
                "a frame that fits lies in one block"
            );
        }
    }
    sealed
}

#[test]
fn what_was_sealed_is_what_is_read() {
    for lengths in [
        &EDGES[..],
        &[1],
        &[],
        &vec![200; 4000],
        &[3 << 20],
        &[262_000; 9],
    ] {
        let sample = segment(lengths);
        let sealed = check_round_trip(&sample);
        let table = sealed.table();
        assert_eq!(table.header, sample.header);
        assert_eq!(table.end, sample.header.base + lengths.len() as u64);
        assert_eq!(table.payload_bytes, lengths.iter().sum::<usize>() as u64);
        let neighbours = table.blocks.windows(2);
        for pair in neighbours {
            let both = pair[0].raw_bytes + pair[1].raw_bytes;
            let last = pair[1] == table.blocks[table.blocks.len() - 1];
            assert!(last || both as usize > BLOCK_BYTES_MAX, "{pair:?}");
        }
    }
}

#[test]
fn windows_keep_the_alignment_of_odd_offsets_and_refuse_what_is_beyond() {
    let sample = segment(&[900_000, 90]);
    let sealed = open(sealed_bytes(&sample)).unwrap();
    let raw_bytes = sample.bytes.len();
    for start in [0, 1, 7, 4097, 262_143, 262_144, 262_145, 500_001] {
        for length in [0, 1, 16, 262_144, 300_001, 100_000] {
            let window = sealed.window_at_least(start as u64, length).unwrap();
            assert!(window.len() >= length);
            assert!(sample.bytes[start..].starts_with(&window));
            assert_eq!(window.as_ptr().addr() % 16, start % 16, "{start} {length}");
        }
    }
    assert!(sealed.window(raw_bytes as u64).unwrap().is_empty());
    for (start, length) in [
        (raw_bytes as u64 + 1, 0),
        (raw_bytes as u64, 1),
        (0, raw_bytes + 1),
        (u64::MAX, 1),
        (16, usize::MAX),
    ] {
        let error = sealed.window_at_least(start, length).unwrap_err();
        assert!(matches!(error, SealedError::Beyond { .. }), "{error:?}");
    }
}

#[test]
fn every_zstd_decoder_restores_the_segment() {
    let sample = segment(&EDGES);
    let file = sealed_bytes(&sample);
    let plain = zstd::stream::decode_all(&file[..]).unwrap();
    assert!(plain == sample.bytes, "the crate's plain stream decoder");

    let mut zstd = Command::new("zstd")
        .args(["-d", "-c", "-q"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs the program `zstd` on the PATH (Debian: apt-get install zstd)");
    let mut stdin = zstd.stdin.take().unwrap();
    let feeder = thread::spawn(move || stdin.write_all(&file));
    let output = zstd.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    assert!(output.stdout == sample.bytes, "the program zstd");
}

#[test]
fn a_cut_file_is_refused_wherever_it_was_cut() {
    let bytes = sealed_bytes(&segment(&[1, 300, 17, 90, 2000]));
    for cut in 0..bytes.len() {
        let error = open(bytes[..cut].to_vec()).unwrap_err();
        assert!(
            matches!(error, SealedError::Table { .. }),
            "cut at {cut}: {error:?}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(open(longer).is_err());
}

#[test]
fn no_flipped_bit_changes_what_is_read() {
    let sample = segment(&[1, 300, 17, 90, 2000]);
    let bytes = sealed_bytes(&sample);
    let (mut refused, mut same) = (0, 0);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match open(flipped).and_then(|sealed| read_windows(&sealed)) {
            Ok(raw) => {
                assert!(raw == sample.bytes, "bit {bit} changed the content");
                same += 1;
            }
            Err(SealedError::Table { .. } | SealedError::Block { .. }) => refused += 1,
            Err(error) => panic!("bit {bit}: {error:?}"),
        }
    }
    // A few bits mean nothing to zstd, such as an unused one in each frame's descriptor.
    assert!(refused > 100 * same, "{refused} refused, {same} the same");
}

#[test]
fn one_rotten_block_leaves_the_others_readable() {
    let sample = segment(&[200_000; 5]);
    let mut bytes = sealed_bytes(&sample);
    let rotten = open(bytes.clone()).unwrap().table().blocks[2];
    bytes[rotten.file_offset as usize + 100] ^= 0x10;
    let sealed = open(bytes).unwrap();
    for block in &sealed.table().blocks {
        let read = sealed.window(block.raw_offset);
        if block.raw_offset == rotten.raw_offset {
            let error = read.unwrap_err();
            let SealedError::Block { file, raw, .. } = &error else {
                panic!("{error:?}");
            };
            assert_eq!(file.start, rotten.file_offset);
            assert_eq!(raw.start, rotten.raw_offset);
        } else {
            let start = block.raw_offset as usize;
            assert!(read.unwrap() == sample.bytes[start..start + block.raw_bytes as usize]);
        }
    }
    assert!(matches!(sealed.check(), Err(SealedError::Block { .. })));
}

#[test]
fn records_are_found_by_number_and_by_time() {
    let sample = segment(&EDGES.repeat(2));
    let sealed = open(sealed_bytes(&sample)).unwrap();
    for place in &sample.records {
        let floor = sealed.block_of_sequence(place.sequence).unwrap();
        assert!(floor.offset <= place.offset && floor.sequence <= place.sequence);
        let (from, to) = (floor.offset, place.offset);
        let block = sealed
            .table()
            .blocks
            .iter()
            .rfind(|block| block.raw_offset <= to);
        assert!(
            from >= block.unwrap().raw_offset,
            "the floor is in the record's own block"
        );
    }
    let base = sample.header.base;
    assert_eq!(sealed.block_of_sequence(base - 1), None);
    assert_eq!(sealed.block_of_sequence(base + 36), None);
    for time_ns in (-10_000..40_000).step_by(500) {
        let first = sample.records.iter().find(|place| place.time_ns >= time_ns);
        let floor = sealed.block_of_time(time_ns);
        assert_eq!(floor.is_some(), first.is_some(), "{time_ns}");
        if let (Some(floor), Some(first)) = (floor, first) {
            assert_eq!(sealed.block_of_sequence(first.sequence), Some(floor));
        }
    }
}

#[test]
fn a_failing_disk_is_never_called_damage() {
    let sample = segment(&[200_000, 600_000, 5]);
    let whole = sealed_bytes(&sample);
    for calls in 0..12 {
        let file = MemoryFile::new(whole.clone());
        file.calls_left.store(calls, Ordering::SeqCst);
        let path = Path::new("sealed");
        let read = SealedFile::open(file, path, BlockCache::new(0))
            .and_then(|sealed| sealed.check().map(|_| ()));
        match read {
            Ok(()) => assert!(calls > 3, "all of it in {calls} reads"),
            Err(error) => assert!(matches!(error, SealedError::Io { .. }), "{error:?}"),
        }
        let file = MemoryFile::new(Vec::new());
        file.calls_left.store(calls, Ordering::SeqCst);
        if let Err(error) = seal_into(&sample, &Redacted::default(), &file) {
            assert!(
                matches!(error, SealedError::Io { step: "write", .. }),
                "{error:?}"
            );
        }
    }
    // The raw segment's file fails while it is being sealed.
    let raw = MemoryFile::new(sample.bytes.clone());
    raw.calls_left.store(2, Ordering::SeqCst);
    let mut input = PositionedReader::new(&*raw);
    let target = MemoryFile::new(Vec::new());
    let error = write_sealed(
        &mut source(&mut input, sample.bytes.len()),
        Sealing {
            level: LEVEL_DEFAULT,
            generation: 0,
            redacted: &Redacted::default(),
        },
        &Target {
            file: &*target,
            path: Path::new("sealed"),
        },
    )
    .unwrap_err();
    assert!(
        matches!(error, SealedError::Io { step: "read", .. }),
        "{error:?}"
    );
}

#[test]
fn short_reads_and_writes_change_nothing() {
    let sample = segment(&[70_000, 300, 400_000]);
    let file = MemoryFile::stepping(Vec::new(), 1000);
    seal_into(&sample, &Redacted::default(), &file).unwrap();
    assert!(file.bytes() == sealed_bytes(&sample));
    let cache = BlockCache::new(0);
    let sealed = SealedFile::open(file, Path::new("sealed"), cache).unwrap();
    assert!(read_windows(&sealed).unwrap() == sample.bytes);
}

#[test]
fn a_block_is_read_once_while_it_is_cached() {
    let sample = segment(&vec![100; 3000]);
    let file = MemoryFile::new(sealed_bytes(&sample));
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let sealed = SealedFile::open(
        std::sync::Arc::clone(&file) as std::sync::Arc<dyn crate::io::LogFile>,
        Path::new("sealed"),
        std::sync::Arc::clone(&cache),
    )
    .unwrap();
    let before = file.reads.load(Ordering::SeqCst);
    for place in sample.records.iter().chain(&sample.records) {
        sealed.window(place.offset).unwrap();
    }
    let reads = file.reads.load(Ordering::SeqCst) - before;
    assert_eq!(reads, sealed.table().blocks.len() as u64);
    assert_eq!(cache.bytes(), sample.bytes.len());
    cache.forget(sample.header.number);
    sealed.window(0).unwrap();
    assert_eq!(file.reads.load(Ordering::SeqCst) - before, reads + 1);
}

#[test]
fn names_are_told_apart() {
    let path = path_of(Path::new("dir"), 12);
    assert_eq!(path, Path::new("dir/0000000012.log.zst"));
    assert_eq!(number_of("0000000012.log.zst"), Some(12));
    for name in [
        "0000000012.log",
        "12.log.zst",
        "000000001x.log.zst",
        "0000000012.log.zst.tmp",
    ] {
        assert_eq!(number_of(name), None, "{name}");
    }
    assert_eq!(number_of("99999999999999999999999.log.zst"), None);
    // The bound on blocks holds for the largest segment, cut as badly as can be.
    let worst = 2 * (crate::format::SEGMENT_BYTES_MAX as usize / BLOCK_BYTES_MAX) + 1;
    assert!(worst <= BLOCKS_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_segment_comes_back(
        lengths in prop::collection::vec(
            prop_oneof![8 => 1_usize..3_000, 3 => 50_000_usize..270_000, 1 => 270_000_usize..900_000],
            0..40,
        )
    ) {
        check_round_trip(&segment(&lengths));
    }

    /// Several bytes wrong anywhere: an error or the same content, from a cache that others use too.
    #[test]
    fn any_damage_is_refused_or_harmless(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let sample = segment(&[5, 90_000, 120_000, 90_000, 40]);
        let mut bytes = sealed_bytes(&sample);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(sealed) = open_with(bytes, BlockCache::new(300_000))
            && let Ok(raw) = read_windows(&sealed)
        {
            prop_assert!(raw == sample.bytes);
        }
    }
}
