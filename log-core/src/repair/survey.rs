//! What is there of a damaged log: headers, forms, cursors, and what they prove about each other. Changes nothing.
//!
//! A header page is mended when its first 120 bytes are whole (the rest is zeros), or when a single flipped bit
//! explains its checksum: a CRC-32 over 4 KiB tells any two such pages apart. Without a header nothing of a segment
//! can be read: the salt that every frame's checksum covers is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::RepairError;
use crate::chain::Redacted;
use crate::cursor;
use crate::error::{CursorError, OpenError, SealedError};
use crate::format::{
    CONTROL_FRAME_BYTES, FORMAT_VERSION, FrameHeader, HeaderFault, Kind, Parsed, SEAL_FRAME_BYTES,
    SEGMENT_BYTES_MAX, SEGMENT_HEADER_BYTES, SegmentHeader,
};
use crate::io::{LogIo, Open, random_bytes, read_all, read_up_to};
use crate::manifest::check::Present;
use crate::manifest::file::{Loaded, load};
use crate::manifest::{Form, Manifest};
use crate::recover::{io_error, open_segment};
use crate::scan::{Seal, scan};
use crate::sealed::{self, BLOCK_BYTES_MAX, BlockCache, CACHE_BYTES_DEFAULT, SealedFile};
use crate::segment::{number_of, path_of};

/// Bytes of a header page that say something; zeros and the CRC follow.
const HEADER_USED_BYTES: usize = 120;
/// Size of a new tail when no header says one, in bytes.
const SEGMENT_BYTES_DEFAULT: u64 = 4 * 1024 * 1024;
/// Segments in a row that may be missing before the names are doubted: a stray file of an absurd number.
const MISSING_MAX: u64 = 100_000;

/// A segment's place in the log, and what is there of it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) number: u64,
    /// In which form it counts; `None` if nothing of it can be read.
    pub(super) form: Option<Form>,
    pub(super) header: Option<SegmentHeader>,
    /// Whether the header page, or the block table, cannot be read as it is.
    pub(super) mended: bool,
    /// The form of which nothing can be read, while the other one is of use.
    pub(super) spoiled: Option<Form>,
    pub(super) redaction: u32,
    /// Its first record, as the header or the manifest says.
    pub(super) base: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Survey {
    dir: PathBuf,
    pub(super) manifest: Loaded,
    /// Every segment that there is or should be, ascending without gaps.
    pub(super) parts: Vec<Part>,
    pub(super) present: Vec<Present>,
    pub(super) log_id: [u8; 16],
    pub(super) epoch: u32,
    /// All records below were acknowledged: sound cursors prove it.
    pub(super) acknowledged: u64,
    pub(super) bad_cursors: Vec<(String, PathBuf)>,
}

pub(super) fn survey(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Survey, RepairError> {
    let manifest = load(io.as_ref(), dir)?;
    let mut files: BTreeMap<u64, (bool, bool)> = BTreeMap::new();
    for name in io.list(dir).map_err(io_error("list", dir))? {
        if let Some(number) = number_of(&name) {
            files.entry(number).or_default().0 = true;
        }
        if let Some(number) = sealed::number_of(&name) {
            files.entry(number).or_default().1 = true;
        }
    }
    let known = manifest.manifest();
    let first = known.map_or(0, Manifest::first_segment);
    files.retain(|&number, _| number >= first);
    let empty = || OpenError::Empty {
        dir: dir.to_path_buf(),
    };
    let lowest = files.keys().next().copied().or(known.map(|_| first));
    let highest = files.keys().next_back().copied().unwrap_or(0);
    let highest = highest.max(known.map_or(0, Manifest::last_segment));
    let lowest = lowest.ok_or_else(empty)?;
    let lowest = if first > 0 { first } else { lowest };
    if highest.saturating_sub(lowest) > MISSING_MAX + files.len() as u64 {
        return Err(RepairError::Beyond {
            path: path_of(dir, highest),
            reason: "its number is too far from all others",
        });
    }
    let mut parts = Vec::new();
    let mut present = Vec::new();
    for number in lowest..=highest {
        let (raw, sealed) = files.get(&number).copied().unwrap_or((false, false));
        let listed = known.and_then(|known| {
            let at = number.checked_sub(known.first_segment())?;
            known.segments.get(at as usize).copied()
        });
        let mut part = Part {
            number,
            form: None,
            header: None,
            mended: false,
            spoiled: None,
            redaction: listed.map_or(0, |listed| listed.redaction),
            base: listed.map(|listed| listed.base),
        };
        let mut forms = vec![(Form::Raw, raw), (Form::Sealed, sealed)];
        if let Some(listed) = listed {
            forms.sort_by_key(|(form, _)| *form != listed.form);
            // The other form is older than the redaction.
            forms.truncate(if listed.redaction > 0 { 1 } else { 2 });
        }
        for (form, there) in forms {
            if there && part.header.is_none() {
                look(io, dir, form, &mut part)?;
                if part.header.is_none() {
                    part.spoiled = Some(form);
                }
            }
        }
        present.extend(part.header.as_ref().map(|header| Present {
            number,
            log_id: header.log_id,
            base: header.base,
            raw,
            sealed,
        }));
        parts.push(part);
    }
    let header_id = parts.iter().find_map(|part| part.header.as_ref());
    let log_id = known
        .map(|known| known.log_id)
        .or(header_id.map(|header| header.log_id))
        .ok_or_else(|| RepairError::Beyond {
            path: dir.to_path_buf(),
            reason: "neither a segment header nor a manifest can be read",
        })?;
    let mut survey = Survey {
        dir: dir.to_path_buf(),
        epoch: known.map_or(1, |known| known.epoch),
        manifest,
        parts,
        present,
        log_id,
        acknowledged: 0,
        bad_cursors: Vec::new(),
    };
    survey.agree()?;
    survey.cursors(io.as_ref())?;
    survey.tail(io)?;
    Ok(survey)
}

impl Survey {
    /// Holds that all headers are of one log, and takes the highest epoch.
    fn agree(&mut self) -> Result<(), RepairError> {
        for part in &self.parts {
            let Some(header) = &part.header else { continue };
            let beyond = |reason| RepairError::Beyond {
                path: path_of(&self.dir, part.number),
                reason,
            };
            if header.log_id != self.log_id {
                return Err(beyond("it is of another log"));
            }
            if header.number != part.number {
                return Err(beyond("its header has another number than its name"));
            }
            if part.base.is_some_and(|base| base != header.base) {
                return Err(beyond("it does not start where the manifest says"));
            }
            self.epoch = self.epoch.max(header.epoch);
        }
        for part in &mut self.parts {
            part.base = part.base.or(part.header.as_ref().map(|header| header.base));
        }
        Ok(())
    }

    fn cursors(&mut self, io: &dyn LogIo) -> Result<(), RepairError> {
        for (name, path) in cursor::files(io, &self.dir)? {
            match cursor::look(io, &name, &path) {
                Ok(cursor) => self.acknowledged = self.acknowledged.max(cursor.position),
                Err(CursorError::Damaged { .. }) => self.bad_cursors.push((name, path)),
                Err(error) => return Err(OpenError::Cursor(error).into()),
            }
        }
        Ok(())
    }

    /// A log ends with a raw segment that is open, or with one whose seal a crash kept from being followed.
    fn tail(&mut self, io: &Arc<dyn LogIo>) -> Result<(), RepairError> {
        let last = self.parts.len() - 1;
        let part = &self.parts[last];
        let (Some(form), Some(header)) = (part.form, &part.header) else {
            return Ok(());
        };
        let (bytes, _) = self.bytes(io, last, form)?;
        let seal = scan(&bytes, header).seal;
        let ended = seal.filter(|seal| form == Form::Sealed || seal.next < self.acknowledged);
        if ended.is_some() || form == Form::Sealed {
            self.parts.push(Part {
                number: part.number + 1,
                form: None,
                header: None,
                mended: false,
                spoiled: None,
                redaction: 0,
                base: ended.map(|seal| seal.next),
            });
        }
        Ok(())
    }

    /// The seal that segment `at`, which begins at record `base`, must end with: as the next header repeats it; or,
    /// if that is gone as well, its own; or one that fits behind what is whole.
    pub(super) fn seal_of(
        &self,
        io: &Arc<dyn LogIo>,
        at: usize,
        base: u64,
    ) -> Result<Seal, RepairError> {
        if let Some(next) = &self.parts[at + 1].header {
            return Ok(Seal {
                next: next.base,
                offset: next.previous_seal_offset,
                hash: next.previous_seal_hash,
            });
        }
        let (mut next, mut offset) = (base, (SEGMENT_HEADER_BYTES + CONTROL_FRAME_BYTES) as u64);
        if let (Some(form), Some(header)) = (self.parts[at].form, &self.parts[at].header) {
            let bytes = self.bytes(io, at, form)?.0;
            let found = scan(&bytes, header);
            if let Some(seal) = found.seal.or(last_seal(&bytes, header, found.reach.0)) {
                return Ok(seal);
            }
            (offset, next) = found.reach;
        }
        let later = self.parts[at + 1..].iter().find_map(|part| part.base);
        Ok(Seal {
            next: later.unwrap_or(next).max(next),
            offset,
            hash: [0; 32],
        })
    }

    /// A header for a segment of which none is left.
    pub(super) fn new_header(
        &self,
        io: &dyn LogIo,
        at: usize,
        base: u64,
        before: Option<Seal>,
    ) -> Result<SegmentHeader, RepairError> {
        let next = self.parts.get(at + 1).and_then(|part| part.header.as_ref());
        let any = self
            .parts
            .iter()
            .rev()
            .find_map(|part| part.header.as_ref());
        let salt = random_bytes(io).map_err(io_error("get random bytes for", &self.dir))?;
        Ok(SegmentHeader {
            version: FORMAT_VERSION,
            log_id: self.log_id,
            number: self.parts[at].number,
            base,
            created_ns: next.map_or_else(|| io.now_ns(), |next| next.created_ns),
            epoch: next.map_or(self.epoch, |next| next.epoch),
            salt: u64::from_le_bytes(salt),
            previous_seal_offset: before.map_or(0, |seal| seal.offset),
            previous_seal_hash: before.map_or([0; 32], |seal| seal.hash),
            segment_bytes: any.map_or(SEGMENT_BYTES_DEFAULT, |any| any.segment_bytes),
        })
    }

    /// The raw bytes of a segment, zeros where a sealed one cannot be decoded; and the digests it kept.
    pub(super) fn bytes(
        &self,
        io: &Arc<dyn LogIo>,
        at: usize,
        form: Form,
    ) -> Result<(Vec<u8>, Redacted), RepairError> {
        let number = self.parts[at].number;
        if form == Form::Sealed {
            let path = sealed::path_of(&self.dir, number);
            let (bytes, redacted, _) = sealed_bytes(io.as_ref(), &path)?;
            return Ok((bytes, redacted));
        }
        let path = path_of(&self.dir, number);
        let file = open_segment(io.as_ref(), &path, Open::Read)?;
        let bytes = read_all(file.as_ref()).map_err(io_error("read segment", &path))?;
        Ok((bytes, Redacted::new()))
    }
}

/// The seal that ends at `end`, where whole frames end behind damage.
fn last_seal(bytes: &[u8], header: &SegmentHeader, end: u64) -> Option<Seal> {
    let at = end.checked_sub(SEAL_FRAME_BYTES as u64)?;
    let head = bytes.get(at as usize..)?;
    match FrameHeader::parse(head, header.salt, at) {
        Parsed::Frame(frame) if frame.kind == Kind::Seal => {
            Seal::read(bytes.get(frame.payload_range(at as usize))?)
        }
        _ => None,
    }
}

/// Reads a segment's header in one form, if it can be read.
fn look(io: &Arc<dyn LogIo>, dir: &Path, form: Form, part: &mut Part) -> Result<(), RepairError> {
    let (path, page, whole) = match form {
        Form::Raw => {
            let path = path_of(dir, part.number);
            let file = open_segment(io.as_ref(), &path, Open::Read)?;
            let mut page = vec![0; SEGMENT_HEADER_BYTES];
            read_up_to(file.as_ref(), &mut page, 0)
                .map_err(io_error("read segment header of", &path))?;
            (path, page, true)
        }
        Form::Sealed => {
            let path = sealed::path_of(dir, part.number);
            let (mut bytes, _, whole) = sealed_bytes(io.as_ref(), &path)?;
            bytes.resize(SEGMENT_HEADER_BYTES, 0);
            (path, bytes, whole)
        }
    };
    let (header, mended) = match SegmentHeader::decode(&page) {
        Ok(header) => (Some(header), !whole),
        Err(source @ HeaderFault::Version(_)) => {
            return Err(OpenError::Header { path, source }.into());
        }
        Err(_) => (mend(&page), true),
    };
    if header.is_some() {
        (part.header, part.form, part.mended) = (header, Some(form), mended);
    }
    Ok(())
}

/// The header that a damaged page held, if that is certain.
pub(super) fn mend(page: &[u8]) -> Option<SegmentHeader> {
    let mut page = page.get(..SEGMENT_HEADER_BYTES)?.to_vec();
    let used = page.clone();
    page[HEADER_USED_BYTES..SEGMENT_HEADER_BYTES - 4].fill(0);
    if let Ok(header) = SegmentHeader::decode(&page) {
        return Some(header);
    }
    for base in [page, used] {
        let mut page = base;
        for bit in 0..SEGMENT_HEADER_BYTES * 8 {
            page[bit / 8] ^= 1 << (bit % 8);
            if let Ok(header) = SegmentHeader::decode(&page) {
                return Some(header);
            }
            page[bit / 8] ^= 1 << (bit % 8);
        }
    }
    None
}

/// Whatever can be decoded of a sealed file, in its place; the digests it kept; whether its table can be read.
fn sealed_bytes(io: &dyn LogIo, path: &Path) -> Result<(Vec<u8>, Redacted, bool), RepairError> {
    let file = open_segment(io, path, Open::Read)?;
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let sealed = match SealedFile::open(Arc::clone(&file), path, cache) {
        Ok(sealed) => sealed,
        Err(error @ SealedError::Io { .. }) => return Err(OpenError::from(error).into()),
        Err(_) => {
            let bytes = read_all(file.as_ref()).map_err(io_error("read segment", path))?;
            return Ok((decode_blocks(&bytes), Redacted::new(), false));
        }
    };
    let table = sealed.table();
    let mut bytes = vec![0; table.raw_bytes as usize];
    for block in &table.blocks {
        match sealed.window(block.raw_offset) {
            Ok(window) => {
                let start = block.raw_offset as usize;
                bytes[start..start + window.len()].copy_from_slice(&window);
            }
            Err(error @ SealedError::Io { .. }) => return Err(OpenError::from(error).into()),
            Err(_) => {}
        }
    }
    Ok((bytes, table.redacted.clone(), true))
}

/// Without a table: the blocks from the first one on, as far as they can be decoded one after the other.
fn decode_blocks(bytes: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut at = 0;
    while let Ok(length) = zstd::zstd_safe::find_frame_compressed_size(&bytes[at..])
        && length > 0
        && raw.len() < SEGMENT_BYTES_MAX as usize
    {
        let frame = &bytes[at..at + length];
        let Ok(block) = zstd::bulk::decompress(frame, BLOCK_BYTES_MAX) else {
            break;
        };
        raw.extend_from_slice(&block);
        at += length;
    }
    raw
}
