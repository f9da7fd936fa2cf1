//! Lists the segments of a directory and holds them together.
//!
//! Invariant: what is listed has no gap in numbers and no hole or overlap in records, each segment was written behind
//! the one before it (its header repeats that one's seal hash), and the manifest explains every file. Nothing is
//! changed here. Segments are held by their header and by the seal before them; no payload is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Fault, OpenError};
use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, Kind, Parsed, SEAL_FRAME_BYTES, SEAL_PAYLOAD_BYTES,
    SEGMENT_HEADER_BYTES, SegmentHeader,
};
use crate::io::{LogIo, Open, read_all, read_up_to};
use crate::manifest::check::{Present, Problem, Resolution, check};
use crate::manifest::file::{Loaded, load};
use crate::manifest::{Form, Manifest};
use crate::recover::{io_error, open_segment};
use crate::scan::{Damage, Seal, scan};
use crate::sealed::{self, BlockCache, SealedFile};
use crate::segment::{Segment, number_of, path_of};

/// A segment of the directory whose header is sound.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) redaction: u32,
    /// What the block table of a sealed one says.
    pub(crate) sealed: Option<SealedFacts>,
}

/// What joins a sealed segment to the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedFacts {
    pub(crate) raw_bytes: u64,
    pub(crate) seal: Seal,
}

/// A directory as it was found.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Oldest first; the last one is the tail, always raw. Empty: a new log begins here.
    pub(crate) found: Vec<Found>,
    pub(crate) manifest: Loaded,
    /// What the manifest and the directory call for together.
    pub(crate) resolution: Resolution,
}

/// What a directory is opened for: a reader may go on where a writer must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

/// All segments in order, held together.
pub(crate) fn list(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    cache: &Arc<BlockCache>,
    purpose: Purpose,
) -> Result<Listing, OpenError> {
    let look = Look { io, dir, cache };
    // The manifest first: what is listed there was there before.
    let manifest = load(io.as_ref(), dir)?;
    let names = io.list(dir).map_err(io_error("list", dir))?;
    let mut files: BTreeMap<u64, (bool, bool)> = BTreeMap::new();
    for name in names {
        if let Some(number) = number_of(&name) {
            files.entry(number).or_default().0 = true;
        }
        if let Some(number) = sealed::number_of(&name) {
            files.entry(number).or_default().1 = true;
        }
    }
    let first_kept = manifest.manifest().map_or(0, Manifest::first_segment);
    let mut present = Vec::with_capacity(files.len());
    for (&number, &(raw, sealed)) in &files {
        // What was dropped is not looked into: it may be half gone.
        let header = if number < first_kept {
            None
        } else if raw {
            Some(look.raw(number)?.header)
        } else {
            Some(look.sealed(number, 0)?.header)
        };
        present.push(Present {
            number,
            log_id: match (&header, manifest.manifest()) {
                (Some(header), _) => header.log_id,
                (None, known) => known.map_or([0; 16], |known| known.log_id),
            },
            base: header.as_ref().map_or(0, |header| header.base),
            raw,
            sealed,
        });
    }
    let resolution = check(&manifest.known, &present).map_err(|problem| match problem {
        Problem::Missing { number, .. } | Problem::Gap { number, .. } => OpenError::Missing {
            dir: dir.to_path_buf(),
            number,
        },
        Problem::Foreign { number } => OpenError::Foreign {
            path: path_of(dir, number),
            reason: "it is of another log",
        },
        problem => OpenError::Manifest {
            dir: dir.to_path_buf(),
            problem,
        },
    })?;
    let mut found: Vec<Found> = Vec::with_capacity(resolution.segments.len());
    for listed in &resolution.segments {
        let next = match listed.form {
            Form::Raw => look.raw(listed.number)?,
            Form::Sealed => look.sealed(listed.number, listed.redaction)?,
        };
        if let Some(before) = found.last() {
            match look.join(before, &next) {
                // Its records are checked one by one as they are read.
                Err(OpenError::Rot { .. }) if purpose == Purpose::Read => {}
                joined => joined?,
            }
        }
        found.push(next);
    }
    if let Some(last) = found.last().filter(|last| last.sealed.is_some()) {
        // Only what another segment follows is ever sealed.
        return Err(OpenError::Missing {
            dir: dir.to_path_buf(),
            number: last.header.number + 1,
        });
    }
    Ok(Listing {
        found,
        manifest,
        resolution,
    })
}

struct Look<'a> {
    io: &'a Arc<dyn LogIo>,
    dir: &'a Path,
    cache: &'a Arc<BlockCache>,
}

impl Look<'_> {
    fn raw(&self, number: u64) -> Result<Found, OpenError> {
        let path = path_of(self.dir, number);
        let file = open_segment(self.io.as_ref(), &path, Open::Read)?;
        let mut page = vec![0; SEGMENT_HEADER_BYTES];
        let count = read_up_to(file.as_ref(), &mut page, 0)
            .map_err(io_error("read segment header of", &path))?;
        let header = SegmentHeader::decode(&page[..count]).map_err(|source| OpenError::Header {
            path: path.clone(),
            source,
        })?;
        named(number, &header, &path)?;
        Ok(Found {
            path,
            header,
            redaction: 0,
            sealed: None,
        })
    }

    fn sealed(&self, number: u64, redaction: u32) -> Result<Found, OpenError> {
        let path = sealed::path_of(self.dir, number);
        let file = open_segment(self.io.as_ref(), &path, Open::Read)?;
        let sealed = SealedFile::open(file, &path, Arc::clone(self.cache))?;
        let table = sealed.table();
        named(number, &table.header, &path)?;
        let seal = Seal {
            next: table.end,
            offset: table.seal_offset,
            hash: table.seal_hash,
        };
        Ok(Found {
            header: table.header.clone(),
            redaction,
            sealed: Some(SealedFacts {
                raw_bytes: table.raw_bytes,
                seal,
            }),
            path,
        })
    }

    /// Holds that `next` starts where `before` was sealed, and was written behind it.
    fn join(&self, before: &Found, next: &Found) -> Result<(), OpenError> {
        let path = next.path.clone();
        if before.header.log_id != next.header.log_id {
            let reason = "it is of another log";
            return Err(OpenError::Foreign { path, reason });
        }
        let seal = match &before.sealed {
            Some(facts) => facts.seal,
            None => self.seal_of(before, next.header.previous_seal_offset)?,
        };
        let (expected, found) = (seal.next, next.header.base);
        match found.cmp(&expected) {
            std::cmp::Ordering::Less => Err(OpenError::Overlap {
                path,
                expected,
                found,
            }),
            std::cmp::Ordering::Greater => Err(OpenError::Hole {
                path,
                expected,
                found,
            }),
            std::cmp::Ordering::Equal if seal.hash != next.header.previous_seal_hash => {
                Err(OpenError::Chain {
                    path,
                    before: before.path.clone(),
                })
            }
            std::cmp::Ordering::Equal => Ok(()),
        }
    }

    /// The seal of a complete raw segment, at `offset`. When the seal itself has rotted the segment is read in full
    /// to tell what else has.
    fn seal_of(&self, segment: &Found, offset: u64) -> Result<Seal, OpenError> {
        let path = &segment.path;
        let file = open_segment(self.io.as_ref(), path, Open::Read)?;
        let mut bytes = vec![0; SEAL_FRAME_BYTES];
        let count = read_up_to(file.as_ref(), &mut bytes, offset)
            .map_err(io_error("read seal of", path))?;
        let parsed = FrameHeader::parse(&bytes[..count], segment.header.salt, offset);
        if let Parsed::Frame(frame) = parsed
            && frame.kind == Kind::Seal
            && frame.length as usize == SEAL_PAYLOAD_BYTES
            && let Some(payload) = bytes[..count].get(FRAME_HEADER_BYTES..)
            && crc32fast::hash(payload) == frame.payload_crc
            && let Some(seal) = Seal::read(payload)
            && seal.offset == offset
        {
            return Ok(seal);
        }
        let end = offset + bytes.len() as u64;
        let bytes = read_all(file.as_ref()).map_err(io_error("read segment", path))?;
        let scan = scan(&bytes, &segment.header);
        let damage = scan.damage.first().cloned().unwrap_or(Damage {
            bytes: offset..end,
            sequences: scan.next..scan.next,
            fault: Fault::Header,
        });
        Err(OpenError::Rot {
            path: path.clone(),
            bytes: damage.bytes,
            sequences: damage.sequences,
        })
    }
}

fn named(number: u64, header: &SegmentHeader, path: &Path) -> Result<(), OpenError> {
    if header.number == number {
        return Ok(());
    }
    Err(OpenError::Foreign {
        path: path.to_path_buf(),
        reason: "its header has another number than its name",
    })
}

/// The complete segments before the tail, ready to be read.
pub(crate) fn inner_segments(
    io: &Arc<dyn LogIo>,
    found: &[Found],
    cache: &Arc<BlockCache>,
) -> Vec<Arc<Segment>> {
    found
        .windows(2)
        .map(|pair| {
            let (path, header) = (pair[0].path.clone(), pair[0].header.clone());
            let next = &pair[1].header;
            Arc::new(if let Some(facts) = pair[0].sealed {
                let extent = (facts.raw_bytes, next.base);
                Segment::sealed(io, path, header, extent, pair[0].redaction, cache)
            } else {
                let readable = next.previous_seal_offset + SEAL_FRAME_BYTES as u64;
                Segment::new(io, path, header, readable, Some(next.base), None)
            })
        })
        .collect()
}
