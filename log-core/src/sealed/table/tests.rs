#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::sealed::samples::{open, sealed_bytes, segment};
use crate::sealed::{BlockFault, SealedError, SealedFile};

/// A sealed file of several blocks, and where its table starts.
fn file() -> (Vec<u8>, usize) {
    let bytes = sealed_bytes(&segment(&[200_000, 200_000, 600_000, 100, 7]));
    let at = bytes.len() - u32_at(&bytes, bytes.len() - 4) as usize;
    (bytes, at)
}

/// Changes the table and makes its checksum right again.
fn forge(change: impl FnOnce(&mut [u8])) -> Result<SealedFile, SealedError> {
    let (mut bytes, at) = file();
    change(&mut bytes[at..]);
    let crc_at = bytes.len() - 8;
    let crc = crc32fast::hash(&bytes[at..crc_at]);
    bytes[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
    open(bytes)
}

#[test]
fn a_table_comes_back_as_it_was_written() {
    let (bytes, at) = file();
    let mut table = Table::decode(&bytes[at..], at as u64).unwrap();
    assert!(table.blocks.len() > 3, "{} blocks", table.blocks.len());
    assert_eq!(table.header, crate::sealed::samples::header());
    assert_eq!((table.end, table.generation), (1006, 0));
    assert_eq!(table.payload_bytes, 1_000_107);
    table.generation = 3;
    table.redacted.insert(1001, PayloadDigest([5; 16]));
    table.redacted.insert(1004, PayloadDigest([6; 16]));
    assert_eq!(Table::decode(&table.encode(), at as u64).unwrap(), table);
}

/// Which number a refused table was refused for; its kind if it is no sum.
fn refused(result: Result<SealedFile, SealedError>) -> String {
    match result {
        Err(SealedError::Table {
            fault: TableFault::Sum { what, .. },
            ..
        }) => what.to_owned(),
        Err(SealedError::Table { fault, .. }) => format!("{fault:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_number_of_a_forged_table_is_held_against_the_others() {
    let wrongs: [(&str, usize, u64, usize); 20] = [
        ("Magic", 0, 0x184D_2A5B, 4),
        ("length of its zstd frame", 4, 500, 4),
        ("Magic", 8, 1, 8),
        ("Version(2)", 16, 2, 4),
        ("length of the table", 20, 1, 4),
        ("number of blocks", 20, u64::MAX, 4),
        ("number of redacted records", 24, u64::MAX, 4),
        ("length of the table", 24, 1, 4),
        ("sum of raw blocks", 32, 2_000_000, 8),
        ("raw length", 32, u64::MAX, 8),
        ("end", 40, 1, 8),
        ("offset of the seal", 56, u64::MAX, 8),
        ("offset of the seal", 56, 5000, 8),
        ("Header(Magic)", 112, 1, 8),
        ("offset of a block", 240, 1, 8),
        ("raw offset of a block", 248, 16, 8),
        ("length of a block", 256, u64::MAX, 4),
        ("raw length of a block", 260, 0, 4),
        ("place of a block's first frame", 264, 0xFFFF_FFF0, 4),
        ("first sequence number of a block", 272, 2000, 8),
    ];
    assert!(forge(|_| {}).is_ok());
    for (what, at, value, width) in wrongs {
        let forged = forge(|table| {
            table[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        });
        assert_eq!(refused(forged), what, "at {at}");
    }
    // Lengths that add up in the end, but not for the block between.
    let overlapping = forge(|table| {
        for (at, change) in [(256, 1_u32), (240 + 56 + 16, u32::MAX)] {
            let length = u32_at(table, at).wrapping_add(change);
            table[at..at + 4].copy_from_slice(&length.to_le_bytes());
        }
    });
    assert_eq!(refused(overlapping), "offset of a block");
}

#[test]
fn redacted_records_are_of_this_segment_and_come_once() {
    let (bytes, at) = file();
    let with = |sequences: [u64; 2], twice: bool| {
        let mut table = Table::decode(&bytes[at..], at as u64).unwrap();
        let entries = sequences.map(|sequence| (sequence, PayloadDigest([5; 16])));
        table.redacted.extend(entries);
        let mut encoded = table.encode();
        let end = encoded.len();
        if twice {
            let second = end - TRAILER_BYTES - REDACTED_ENTRY_BYTES;
            encoded.copy_within(second - REDACTED_ENTRY_BYTES..second, second);
            let crc = crc32fast::hash(&encoded[..end - 8]);
            encoded[end - 8..end - 4].copy_from_slice(&crc.to_le_bytes());
        }
        open([&bytes[..at], &encoded].concat())
    };
    with([1001, 1005], false).unwrap();
    assert_eq!(refused(with([1000, 1005], false)), "first redacted record");
    assert_eq!(refused(with([1001, 1006], false)), "last redacted record");
    assert_eq!(
        refused(with([1001, 1005], true)),
        "number of different redacted records"
    );
}

#[test]
fn a_block_that_decodes_to_other_bytes_than_the_table_vouches_for_is_refused() {
    let sealed = forge(|table| table[268] ^= 1).unwrap();
    let error = sealed.window(0).unwrap_err();
    assert!(
        matches!(
            error,
            SealedError::Block {
                fault: BlockFault::Checksum,
                ..
            }
        ),
        "{error:?}"
    );
    // A frame that zstd would pass over in front of the block: decodes alike, but is no block.
    let bytes = sealed_bytes(&segment(&[300]));
    let at = bytes.len() - u32_at(&bytes, bytes.len() - 4) as usize;
    let mut table = Table::decode(&bytes[at..], at as u64).unwrap();
    table.blocks[0].file_bytes += 8;
    let skipped = [SKIPPABLE_MAGIC.to_le_bytes(), [0; 4]].concat();
    let sealed = open([&skipped[..], &bytes[..at], &table.encode()].concat()).unwrap();
    let error = sealed.window(0).unwrap_err();
    assert!(
        matches!(
            error,
            SealedError::Block {
                fault: BlockFault::Magic,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_trailer_with_an_absurd_length_is_refused_before_anything_is_read() {
    let (bytes, at) = file();
    for length in [0, 1, 255, 400_000, u32::MAX] {
        let mut bytes = bytes.clone();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&u32::to_le_bytes(length));
        let error = open(bytes).unwrap_err();
        assert!(matches!(error, SealedError::Table { .. }), "{error:?}");
    }
    let error = open(bytes[at..].to_vec()).unwrap_err();
    assert!(
        matches!(
            error,
            SealedError::Table {
                fault: TableFault::Sum {
                    what: "sum of blocks",
                    ..
                },
                ..
            }
        ),
        "a table without its blocks: {error:?}"
    );
}

#[test]
fn a_later_release_is_named_not_called_damage() {
    let error = forge(|table| table[16] = 9).unwrap_err();
    assert!(
        matches!(
            error,
            SealedError::Table {
                fault: TableFault::Version(9),
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn the_limits_are_those_that_the_writer_keeps() {
    let bound = zstd::zstd_safe::compress_bound(BLOCK_BYTES_MAX);
    assert!(bound <= BLOCK_FILE_BYTES_MAX, "{bound}");
    assert!(TABLE_BYTES_MAX < u32::MAX as usize);
}

proptest! {
    /// Whatever the bytes say, as long as the trailer and the checksum hold: an answer, and memory by the file's size.
    #[test]
    fn arbitrary_tables_are_refused_or_add_up(
        changes in prop::collection::vec((0_usize..600, any::<u8>()), 1..12)
    ) {
        let sealed = forge(|table| {
            let end = table.len() - TRAILER_BYTES;
            for &(at, value) in &changes {
                table[at % end] = value;
            }
        });
        if let Ok(sealed) = sealed {
            let blocks = &sealed.table().blocks;
            let sum: u64 = blocks.iter().map(|block| u64::from(block.raw_bytes)).sum();
            prop_assert_eq!(sum, sealed.table().raw_bytes);
            for at in (0..sum).step_by(50_000) {
                let _ = sealed.window(at);
                let _ = sealed.window_at_least(at, 300_000);
            }
            for sequence in 995..1010 {
                let _ = sealed.block_of_sequence(sequence);
            }
            let _ = sealed.block_of_time(2_000);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_sealed_file(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(open(bytes).is_err());
    }
}
