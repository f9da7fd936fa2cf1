//! Bringing a copied log back: the manifest for files that were put into a folder, and cutting it at a record.
//!
//! For copies only, before a writer has opened them: a log that acknowledges records is never cut. Invariant: what is
//! left after [`cut`] is the log as it was when the record before the cut was written: every kept record in its place,
//! under its number, and the cut segment open, as after a crash. A batch that the cut goes through is closed with what
//! is kept of it.
//!
//! Neither survives a crash half way; the folder is then to be filled again. Fails with [`AdoptError`].

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{ManifestError, OpenError};
use crate::format::{
    CONTROL_PAYLOAD_BYTES, FLAG_BATCH, FrameHeader, Kind, Parsed, SEGMENT_HEADER_BYTES,
    SegmentHeader, control_payload, lost_range,
};
use crate::io::{LogIo, Open, RealDisk, read_all, read_up_to, remove_if_there, write_all};
use crate::list::{Found, Purpose, list};
use crate::lock::WriterLock;
use crate::manifest::file::{ManifestStore, load};
use crate::manifest::{Form, Listed};
use crate::recover::{io_error, open_segment};
use crate::sealed::{self, BlockCache, CACHE_BYTES_DEFAULT, SealedFile};
use crate::segment::path_of;

/// A new manifest is written so often: both of its files must hold one.
const MANIFEST_WRITES: usize = 2;
/// End of the name of a cut segment that is not finished.
const CUT_SUFFIX: &str = ".log.cut.tmp";

/// A segment's file that was put into the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its number.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// Whether it is the sealed form (`{number:010}.log.zst`).
    pub sealed: bool,
    /// How often it was rewritten by a redaction.
    pub redaction: u32,
}

/// Why a copied log cannot be adopted or cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// The files are no log, or the system failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing was put there.
    #[error("{} has no segments to adopt", dir.display())]
    Nothing {
        /// The folder.
        dir: PathBuf,
    },
    /// The cut lies before the first record, or behind the last one.
    #[error("the log {} cannot be cut before record {end}: it has {first} to {last}", dir.display())]
    Outside {
        /// The folder.
        dir: PathBuf,
        /// The first record that should go.
        end: u64,
        /// The first one there is.
        first: u64,
        /// The last one there is.
        last: u64,
    },
    /// The cut goes through records that a repair gave up.
    #[error("{} cannot be cut before record {end}: a repair gave up the records {first} to {last} together", path.display())]
    Lost {
        /// The segment.
        path: PathBuf,
        /// The first record that should go.
        end: u64,
        /// The first one given up.
        first: u64,
        /// The last one given up.
        last: u64,
    },
    /// Bytes of the segment are damaged before the cut.
    #[error("{} is damaged at byte {offset}, before record {end}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// The first record that should go.
        end: u64,
    },
}

impl From<ManifestError> for AdoptError {
    fn from(error: ManifestError) -> Self {
        Self::Open(error.into())
    }
}

/// Makes the files in `dir` a log by a manifest that lists them: oldest first, without gaps. If the last one is sealed it
/// is opened again. Holds then that they join each other.
pub fn adopt(dir: &Path, placed: &[Placed]) -> Result<(), AdoptError> {
    let io: Arc<dyn LogIo> = Arc::new(RealDisk);
    let _lock = WriterLock::acquire(io.as_ref(), dir)?;
    let last = placed.last().ok_or_else(|| AdoptError::Nothing {
        dir: dir.to_path_buf(),
    })?;
    let gap = placed
        .windows(2)
        .find(|pair| pair[0].number + 1 != pair[1].number || pair[0].base > pair[1].base);
    if let Some(pair) = gap {
        return Err(OpenError::Missing {
            dir: dir.to_path_buf(),
            number: pair[0].number + 1,
        }
        .into());
    }
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let header = if last.sealed {
        open_again(&io, dir, last.number, &cache)?
    } else {
        header_of(&io, &path_of(dir, last.number))?
    };
    let mut listed: Vec<Listed> = placed
        .iter()
        .map(|one| Listed {
            number: one.number,
            base: one.base,
            form: if one.sealed { Form::Sealed } else { Form::Raw },
            redaction: one.redaction,
        })
        .collect();
    open_last(&mut listed);
    store(&io, dir, &header, &listed)?;
    list(&io, dir, &cache, Purpose::Write)?;
    Ok(())
}

fn open_last(listed: &mut [Listed]) {
    if let Some(last) = listed.last_mut() {
        last.form = Form::Raw;
        last.redaction = 0;
    }
}

fn header_of(io: &Arc<dyn LogIo>, path: &Path) -> Result<SegmentHeader, AdoptError> {
    let file = open_segment(io.as_ref(), path, Open::Read)?;
    let mut page = vec![0; SEGMENT_HEADER_BYTES];
    let count = read_up_to(file.as_ref(), &mut page, 0)
        .map_err(io_error("read segment header of", path))?;
    let header = SegmentHeader::decode(&page[..count]).map_err(|source| OpenError::Header {
        path: path.to_path_buf(),
        source,
    })?;
    Ok(header)
}

/// Makes a sealed segment a raw one that is written to; its header.
fn open_again(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    number: u64,
    cache: &Arc<BlockCache>,
) -> Result<SegmentHeader, AdoptError> {
    let path = sealed::path_of(dir, number);
    let file = open_segment(io.as_ref(), &path, Open::Read)?;
    let sealed = SealedFile::open(file, &path, Arc::clone(cache)).map_err(OpenError::from)?;
    let (header, end) = (sealed.table().header.clone(), sealed.table().end);
    let raw = decoded(&sealed, &path)?;
    write_open(io, dir, &before(&raw, &header, &path, end)?, number)?;
    io.remove(&path).map_err(io_error("remove", &path))?;
    io.sync_dir(dir).map_err(io_error("sync", dir))?;
    Ok(header)
}

fn decoded(sealed: &SealedFile, path: &Path) -> Result<Vec<u8>, AdoptError> {
    let mut bytes = Vec::new();
    sealed
        .reader()
        .read_to_end(&mut bytes)
        .map_err(io_error("read segment", path))?;
    Ok(bytes)
}

/// Puts an open segment's bytes under its name.
fn write_open(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    bytes: &[u8],
    number: u64,
) -> Result<PathBuf, AdoptError> {
    let temporary = dir.join(format!("{number:010}{CUT_SUFFIX}"));
    let file = io
        .open(&temporary, Open::Create)
        .map_err(io_error("create", &temporary))?;
    write_all(file.as_ref(), bytes, 0).map_err(io_error("write", &temporary))?;
    file.sync_all().map_err(io_error("sync", &temporary))?;
    let path = path_of(dir, number);
    io.rename(&temporary, &path)
        .map_err(io_error("name", &path))?;
    Ok(path)
}

/// Takes away the records from `end` on, of a log in `dir` that nobody writes. The first record may be the cut: then
/// none is left, and the next one written is that.
pub fn cut(dir: &Path, end: u64) -> Result<(), AdoptError> {
    let io: Arc<dyn LogIo> = Arc::new(RealDisk);
    let reader = crate::read::Reader::open_read_only_on(&io, dir)?;
    let (first, durable_end) = (reader.first(), reader.durable_end());
    if end < first || end > durable_end {
        return Err(AdoptError::Outside {
            dir: dir.to_path_buf(),
            end,
            first,
            last: durable_end - 1,
        });
    }
    if end == durable_end {
        return Ok(());
    }
    let _lock = WriterLock::acquire(io.as_ref(), dir)?;
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let found = list(&io, dir, &cache, Purpose::Write)?.found;
    // The segment of the last record that is kept; if none is, the first one.
    let kept = found
        .iter()
        .rposition(|segment| segment.header.base < end)
        .unwrap_or(0);
    let segment = &found[kept];
    let raw = raw_bytes(&io, segment, &cache)?;
    let bytes = before(&raw, &segment.header, &segment.path, end)?;
    let path = write_open(&io, dir, &bytes, segment.header.number)?;
    let mut listed: Vec<Listed> = found[..=kept].iter().map(as_listed).collect();
    open_last(&mut listed);
    store(&io, dir, &segment.header, &listed)?;
    for gone in &found[kept..] {
        if gone.path != path {
            remove_if_there(io.as_ref(), &gone.path).map_err(io_error("remove", &gone.path))?;
        }
    }
    io.sync_dir(dir).map_err(io_error("sync", dir))?;
    Ok(())
}

fn as_listed(segment: &Found) -> Listed {
    Listed {
        number: segment.header.number,
        base: segment.header.base,
        form: match segment.sealed {
            Some(_) => Form::Sealed,
            None => Form::Raw,
        },
        redaction: segment.redaction,
    }
}

fn store(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    header: &SegmentHeader,
    listed: &[Listed],
) -> Result<(), AdoptError> {
    let loaded = load(io.as_ref(), dir)?;
    let mut manifest = ManifestStore::new(Arc::clone(io), dir, header.log_id, &loaded);
    let first = listed.first().map_or(1, |first| first.base);
    for _ in 0..MANIFEST_WRITES {
        manifest.store(header.epoch, first, listed.to_vec())?;
    }
    Ok(())
}

/// All raw bytes of a segment.
fn raw_bytes(
    io: &Arc<dyn LogIo>,
    segment: &Found,
    cache: &Arc<BlockCache>,
) -> Result<Vec<u8>, AdoptError> {
    let path = &segment.path;
    let file = open_segment(io.as_ref(), path, Open::Read)?;
    if segment.sealed.is_none() {
        return Ok(read_all(file.as_ref()).map_err(io_error("read segment", path))?);
    }
    let sealed = SealedFile::open(file, path, Arc::clone(cache)).map_err(OpenError::from)?;
    decoded(&sealed, path)
}

/// The part of a segment's raw bytes before record `end`, its last batch closed, without a seal. What was redacted
/// becomes plain data: the digest of what it was is known to a seal that is no longer there.
fn before(
    raw: &[u8],
    header: &SegmentHeader,
    path: &Path,
    end: u64,
) -> Result<Vec<u8>, AdoptError> {
    let mut bytes = raw.get(..SEGMENT_HEADER_BYTES).unwrap_or(raw).to_vec();
    let mut next = header.base;
    // First record of the open batch, and the last of its frames that is kept.
    let mut batch: Option<(u64, FrameHeader)> = None;
    loop {
        let at = bytes.len();
        let head = raw.get(at..).unwrap_or_default();
        let Parsed::Frame(mut frame) = FrameHeader::parse(head, header.salt, at as u64) else {
            break;
        };
        let Some(payload) = raw.get(frame.payload_range(at)) else {
            break;
        };
        match frame.kind {
            Kind::Data | Kind::Redacted if frame.sequence >= end => break,
            Kind::Data | Kind::Redacted => {
                next = frame.sequence + 1;
                frame.kind = Kind::Data;
                if frame.flags & FLAG_BATCH != 0 {
                    batch = Some((batch.map_or(frame.sequence, |open| open.0), frame));
                }
            }
            Kind::BatchEnd => batch = None,
            Kind::Seal => break,
            Kind::Lost => {
                let lost = lost_range(payload).unwrap_or(next..next);
                if lost.end > end {
                    return Err(AdoptError::Lost {
                        path: path.to_path_buf(),
                        end,
                        first: lost.start,
                        last: lost.end - 1,
                    });
                }
                next = lost.end;
            }
            Kind::Epoch | Kind::Watermark => {}
        }
        frame.encode(payload, header.salt, at as u64, &mut bytes);
    }
    if next != end {
        return Err(AdoptError::Damaged {
            path: path.to_path_buf(),
            offset: bytes.len() as u64,
            end,
        });
    }
    if let Some((first, last)) = batch {
        let payload = control_payload(first, end - first);
        let close = FrameHeader {
            length: CONTROL_PAYLOAD_BYTES as u32,
            sequence: end,
            payload_crc: crc32fast::hash(&payload),
            schema: 0,
            kind: Kind::BatchEnd,
            flags: 0,
            ..last
        };
        let at = bytes.len() as u64;
        close.encode(&payload, header.salt, at, &mut bytes);
    }
    Ok(bytes)
}
