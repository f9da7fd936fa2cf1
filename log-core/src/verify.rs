//! `verify`: reads every byte of a log and checks every checksum, sequence number and joint.
//!
//! Changes nothing; may run beside a writer. What stands behind the last whole record and was never proven durable
//! is a torn tail (or is being written right now) and no damage.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::{Redacted, segment_seal_hash};
use crate::classify::{Place, Verdict, classify};
use crate::cursor;
use crate::error::{Fault, OpenError, SealedError};
use crate::io::{LogIo, Open, RealDisk, read_all};
use crate::list::Found;
use crate::open::read_settled;
use crate::recover::{io_error, open_segment};
use crate::scan::{Damage, Scan, Seal, scan};
use crate::sealed::{BlockCache, CACHE_BYTES_DEFAULT, SealedFile};

/// All of a log, checked.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Its directory.
    pub dir: PathBuf,
    /// Segments, oldest first.
    pub segments: Vec<VerifiedSegment>,
    /// First retained sequence number.
    pub first: u64,
    /// First sequence number that is not durable.
    pub durable_end: u64,
}

/// One segment, checked.
#[derive(Clone, Debug)]
pub struct VerifiedSegment {
    /// Its file.
    pub path: PathBuf,
    /// Its number.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// Whole frames, of all kinds.
    pub frames: u64,
    /// Whole records.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// What it comes to.
    pub verdict: SegmentVerdict,
    /// Damaged places: exact ranges of bytes and of records. In a torn tail, what will be cut off.
    pub damage: Vec<Damage>,
}

/// What checking a segment comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentVerdict {
    /// Every byte that matters is as it was written.
    Sound,
    /// It ends in bytes that were never acknowledged. A complete segment too may have some behind its seal: a torn tail
    /// that was zeroed, but not on disk.
    TornTail,
    /// Acknowledged data is damaged.
    Damaged,
}

impl Verification {
    /// Whether no acknowledged data is damaged.
    pub fn is_sound(&self) -> bool {
        self.segments
            .iter()
            .all(|segment| segment.verdict != SegmentVerdict::Damaged)
    }
}

/// Checks the log in `dir`. A directory whose segments do not join, or with a cursor beyond its end, is an error.
pub fn verify(dir: &Path) -> Result<Verification, OpenError> {
    verify_on(&(Arc::new(RealDisk) as Arc<dyn LogIo>), dir)
}

/// [`verify`] on any file system.
pub fn verify_on(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Verification, OpenError> {
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let (listing, tail) = read_settled(io, dir, &cache)?;
    let found = listing.found;
    let mut segments = Vec::with_capacity(found.len());
    for pair in found.windows(2) {
        segments.push(verify_inner(io.as_ref(), &cache, &pair[0], &pair[1])?);
    }
    let durable_end = if tail.verdict == Verdict::Rot {
        tail.scan.proven
    } else {
        tail.scan.next
    };
    let last = Found {
        path: tail.path,
        header: tail.header,
        redaction: 0,
        sealed: None,
    };
    segments.push(report(&last, tail.scan, tail.verdict));
    cursor::check_all(io.as_ref(), dir, durable_end)?;
    Ok(Verification {
        dir: dir.to_path_buf(),
        first: segments[0].base,
        segments,
        durable_end,
    })
}

fn verify_inner(
    io: &dyn LogIo,
    cache: &Arc<BlockCache>,
    segment: &Found,
    next: &Found,
) -> Result<VerifiedSegment, OpenError> {
    if segment.sealed.is_some() {
        return verify_sealed(io, cache, segment);
    }
    let path = &segment.path;
    let file = open_segment(io, path, Open::Read)?;
    let bytes = read_all(file.as_ref()).map_err(io_error("read segment", path))?;
    let mut scan = scan(&bytes, &segment.header);
    let mut verdict = classify(Place::Inner, &scan);
    // The next segment is the strongest proof of what this one held up to its end.
    let (end, base) = (next.header.previous_seal_offset, next.header.base);
    if scan.reach.1 < base {
        match scan.damage.last_mut() {
            Some(last) => {
                last.bytes.end = last.bytes.end.max(end);
                last.sequences.end = base;
            }
            None => scan.damage.push(Damage {
                bytes: scan.valid_end..end.max(scan.valid_end),
                sequences: scan.next..base,
                fault: Fault::Missing,
            }),
        }
    }
    // The first run ends at the very seal that the next segment was written behind; else what follows it may matter.
    let hash = next.header.previous_seal_hash;
    let seal = Seal {
        next: base,
        offset: end,
        hash,
    };
    if scan.seal != Some(seal) {
        verdict = Verdict::Rot;
    }
    // What a repair gave up is not covered by the hash that the next segment repeats.
    if verdict != Verdict::Rot
        && !scan.repaired
        && segment_seal_hash(&bytes, &segment.header, &Redacted::new()) != Ok(hash)
    {
        verdict = Verdict::Rot;
        scan.damage.push(Damage {
            bytes: 0..end,
            sequences: segment.header.base..base,
            fault: Fault::Chain,
        });
    }
    Ok(report(segment, scan, verdict))
}

fn verify_sealed(
    io: &dyn LogIo,
    cache: &Arc<BlockCache>,
    segment: &Found,
) -> Result<VerifiedSegment, OpenError> {
    let path = &segment.path;
    let file = open_segment(io, path, Open::Read)?;
    let sealed = SealedFile::open(file, path, Arc::clone(cache))?;
    let table = sealed.table();
    let mut damage = Vec::new();
    match sealed.check() {
        Ok(_) => {}
        Err(error @ SealedError::Io { .. }) => return Err(error.into()),
        Err(_) => {
            for (at, block) in table.blocks.iter().enumerate() {
                match sealed.window(block.raw_offset) {
                    Ok(_) => {}
                    Err(error @ SealedError::Io { .. }) => return Err(error.into()),
                    Err(_) => {
                        let next = table.blocks.get(at + 1);
                        let end = next.map_or(table.end, |next| next.first_sequence);
                        damage.push(Damage {
                            bytes: block.file_offset
                                ..block.file_offset + u64::from(block.file_bytes),
                            sequences: block.first_sequence..end.max(block.first_sequence),
                            fault: Fault::Payload,
                        });
                    }
                }
            }
            if damage.is_empty() {
                // Every block is as it was written, and yet they do not make up what the table says.
                damage.push(Damage {
                    bytes: 0..table.raw_bytes,
                    sequences: table.header.base..table.end,
                    fault: Fault::Chain,
                });
            }
        }
    }
    Ok(VerifiedSegment {
        path: path.clone(),
        number: segment.header.number,
        base: segment.header.base,
        frames: table.frames,
        records: table.end - table.header.base,
        payload_bytes: table.payload_bytes,
        verdict: if damage.is_empty() {
            SegmentVerdict::Sound
        } else {
            SegmentVerdict::Damaged
        },
        damage,
    })
}

fn report(segment: &Found, scan: Scan, verdict: Verdict) -> VerifiedSegment {
    VerifiedSegment {
        path: segment.path.clone(),
        number: segment.header.number,
        base: segment.header.base,
        frames: scan.frames,
        records: scan.records,
        payload_bytes: scan.payload_bytes,
        verdict: match verdict {
            Verdict::Clean => SegmentVerdict::Sound,
            Verdict::TornTail => SegmentVerdict::TornTail,
            Verdict::Rot => SegmentVerdict::Damaged,
        },
        damage: scan.damage,
    }
}
