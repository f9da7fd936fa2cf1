//! What happens to complete segments: they are sealed, redacted, dropped and read again.
//!
//! Invariant: a file is durable, and checked against what it replaces, before the manifest names it; the manifest is
//! durable before what it no longer names is removed. One such change runs at a time. Failing leaves the log as it
//! was, but for a manifest that could not be written, which poisons it: nobody would know which files count.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::chain::{PayloadDigest, Redacted};
use crate::commit::lock;
use crate::error::{MaintainError, OpenError};
use crate::format::{FrameHeader, Kind, Parsed};
use crate::io::{LogFile, LogIo, Open, remove_if_there};
use crate::log::Sealing;
use crate::manifest::Form;
use crate::publish::PageState;
use crate::queue::Queue;
use crate::retention::{Plan, Retention};
use crate::scrub::Scrubber;
use crate::sealed::{self, PositionedReader, SealedFile, Source, Target, write_sealed};
use crate::segment::Segment;
use crate::store::Store;
use crate::writer::WriterState;

/// End of the name of a sealed file that is not finished.
pub(crate) const SEALING_SUFFIX: &str = ".log.zst.tmp";

/// A record whose payload is to be replaced.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// Its sequence number.
    pub sequence: u64,
    /// What stands in its place from now on: as long as what it replaces.
    pub payload: Bytes,
}

/// What was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// First sequence number that is left.
    pub first: u64,
    /// Segments that went.
    pub segments: u64,
    /// Bytes on disk that they took.
    pub bytes: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Maintainer {
    store: Arc<Store>,
    queue: Arc<Queue>,
    epoch: u32,
    sealing: Option<Sealing>,
    pub(crate) scrubber: Scrubber,
    /// Held while files are changed; what could not be sealed is kept raw.
    turn: Mutex<BTreeSet<u64>>,
}

impl Maintainer {
    pub(crate) fn new(
        store: Arc<Store>,
        queue: Arc<Queue>,
        epoch: u32,
        sealing: Option<Sealing>,
        scrubber: Scrubber,
    ) -> Self {
        Self {
            store,
            queue,
            epoch,
            sealing,
            scrubber,
            turn: Mutex::new(BTreeSet::new()),
        }
    }

    fn io(&self) -> &dyn LogIo {
        self.store.io.as_ref()
    }

    /// Seals the oldest complete raw segment that is not to be kept as it is; its number. A segment that cannot be
    /// sealed is named by the error, and passed over from then on.
    pub(crate) fn seal_next(&self) -> Result<Option<u64>, MaintainError> {
        let Some(sealing) = self.sealing else {
            return Ok(None);
        };
        let mut unfit = lock(&self.turn);
        let raw: Vec<_> = self
            .store
            .segments()
            .into_iter()
            .filter(|segment| segment.end().is_some() && segment.form() == Form::Raw)
            .collect();
        let last = raw.len().saturating_sub(sealing.raw_segments as usize);
        let next = raw[..last]
            .iter()
            .find(|segment| !unfit.contains(&segment.header.number));
        let Some(segment) = next else {
            return Ok(None);
        };
        let number = segment.header.number;
        match self.seal(segment, sealing.level) {
            Ok(()) => Ok(Some(number)),
            // Room or a descriptor may come; what is wrong with the bytes stays wrong.
            Err(error) if error.may_pass() => Err(error),
            Err(error) => {
                unfit.insert(number);
                Err(error)
            }
        }
    }

    fn seal(&self, segment: &Segment, level: i32) -> Result<(), MaintainError> {
        let raw = self.open(&segment.path)?;
        let source = || PositionedReader::new(raw.as_ref());
        self.write(segment, level, 0, &Redacted::new(), source)?;
        self.install(segment, 0)
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn LogFile>, MaintainError> {
        self.io()
            .open(path, Open::Read)
            .map_err(failed("open segment", path))
    }

    /// Writes and checks the unfinished sealed file of `segment`, whose raw bytes `source` reads.
    fn write<R: io::Read>(
        &self,
        segment: &Segment,
        level: i32,
        generation: u32,
        redacted: &Redacted,
        source: impl Fn() -> R,
    ) -> Result<(), MaintainError> {
        let path = self.unfinished(segment);
        let file = self
            .io()
            .open(&path, Open::Create)
            .map_err(failed("create", &path))?;
        let written = self.fill(
            segment,
            level,
            generation,
            redacted,
            &source,
            (&path, &file),
        );
        if written.is_err() {
            // It holds room that others may need.
            let _ = remove_if_there(self.io(), &path);
        }
        written
    }

    fn fill<R: io::Read>(
        &self,
        segment: &Segment,
        level: i32,
        generation: u32,
        redacted: &Redacted,
        source: &impl Fn() -> R,
        (path, file): (&Path, &Arc<dyn LogFile>),
    ) -> Result<(), MaintainError> {
        let sealing = sealed::Sealing {
            level,
            generation: u64::from(generation),
            redacted,
        };
        let mut input = source();
        let mut raw = Source {
            input: &mut input,
            path: &segment.path,
            end: segment.readable(),
        };
        let target = Target {
            file: file.as_ref(),
            path,
        };
        let written = write_sealed(&mut raw, sealing, &target)?;
        let next = self.store.segment_of(written.table.end);
        // Whoever reads the file later can only compare it with what the next segment repeats.
        if let Some(next) = next
            && next.header.base == written.table.end
            && next.header.number == segment.header.number + 1
            && next.header.previous_seal_hash != written.table.seal_hash
        {
            return Err(MaintainError::Open(OpenError::Chain {
                path: next.path.clone(),
                before: segment.path.clone(),
            }));
        }
        debug_assert_eq!(file.len().ok(), Some(written.file_bytes), "nothing follows");
        file.sync_all().map_err(failed("sync", path))?;
        let sealed = SealedFile::open(Arc::clone(file), path, Arc::clone(&self.store.cache))?;
        let mut input = source();
        sealed.verify(&mut Source {
            input: &mut input,
            path: &segment.path,
            end: segment.readable(),
        })?;
        Ok(())
    }

    fn unfinished(&self, segment: &Segment) -> PathBuf {
        let name = format!("{:010}{SEALING_SUFFIX}", segment.header.number);
        self.store.dir.join(name)
    }

    /// Gives the finished file its name, lists it, and removes what it replaces.
    fn install(&self, segment: &Segment, redaction: u32) -> Result<(), MaintainError> {
        let (io, dir) = (self.io(), &self.store.dir);
        let number = segment.header.number;
        let path = sealed::path_of(dir, number);
        io.rename(&self.unfinished(segment), &path)
            .map_err(failed("name", &path))?;
        io.sync_dir(dir).map_err(failed("sync", dir))?;
        self.store.cache.forget(number);
        let extent = (
            segment.readable(),
            segment.end().unwrap_or(segment.header.base),
        );
        self.store.replace(Segment::sealed(
            &self.store.io,
            path,
            segment.header.clone(),
            extent,
            redaction,
            &self.store.cache,
        ));
        self.save()?;
        if segment.form() == Form::Raw {
            io.remove(&segment.path)
                .map_err(failed("remove", &segment.path))?;
            io.sync_dir(dir).map_err(failed("sync", dir))?;
        }
        Ok(())
    }

    fn save(&self) -> Result<(), MaintainError> {
        let saved = self.store.save_manifest(self.epoch);
        if let Err(error) = &saved
            && !error.may_pass()
        {
            self.queue.set_state(WriterState::Poisoned {
                stage: "manifest",
                error: error.to_string(),
            });
            self.store.page().set_state(PageState::Poisoned);
        }
        Ok(saved?)
    }

    /// What retention would drop now.
    pub(crate) fn plan(&self, retention: &Retention) -> Result<Plan, MaintainError> {
        Ok(self.store.plan(retention, self.io().now_ns())?)
    }

    /// Drops the complete segments all of whose records are below `sequence`.
    pub(crate) fn drop_below(&self, sequence: u64) -> Result<Dropped, MaintainError> {
        let _turn = lock(&self.turn);
        let segments = self.store.segments();
        let kept = segments.iter().find(|segment| {
            segment.end().is_none_or(|end| end > sequence)
                || segments
                    .last()
                    .is_some_and(|last| last.header.number == segment.header.number)
        });
        let Some(kept) = kept.map(|segment| segment.header.number) else {
            return Ok(Dropped::default());
        };
        let gone = self.store.drop_before(kept);
        let mut dropped = Dropped {
            first: self.store.first(),
            ..Dropped::default()
        };
        if gone.is_empty() {
            return Ok(dropped);
        }
        self.save()?;
        for segment in gone {
            dropped.segments += 1;
            dropped.bytes += self.store.disk_bytes(&segment.path)?;
            remove_if_there(self.io(), &segment.path).map_err(failed("remove", &segment.path))?;
            self.store.cache.forget(segment.header.number);
        }
        let dir = &self.store.dir;
        self.io().sync_dir(dir).map_err(failed("sync", dir))?;
        Ok(dropped)
    }

    /// Replaces payloads, segment by segment. Each segment's redactions are durable together.
    pub(crate) fn redact(&self, redactions: &[Redaction]) -> Result<(), MaintainError> {
        let _turn = lock(&self.turn);
        let mut by_segment: BTreeMap<u64, Vec<&Redaction>> = BTreeMap::new();
        for redaction in redactions {
            let sequence = redaction.sequence;
            let segment = self
                .store
                .segment_of(sequence)
                .filter(|segment| sequence < segment.end().unwrap_or(self.store.end()))
                .ok_or(MaintainError::NoSuchRecord { sequence })?;
            if segment.end().is_none() {
                return Err(MaintainError::StillOpen { sequence });
            }
            by_segment
                .entry(segment.header.number)
                .or_default()
                .push(redaction);
        }
        for redactions in by_segment.values() {
            let segment = self.store.segment_of(redactions[0].sequence);
            if let Some(segment) = segment {
                self.redact_in(&segment, redactions)?;
            }
        }
        Ok(())
    }

    fn redact_in(
        &self,
        segment: &Arc<Segment>,
        redactions: &[&Redaction],
    ) -> Result<(), MaintainError> {
        let (mut bytes, mut redacted) = self.whole(segment)?;
        for redaction in redactions {
            replace(segment, &mut bytes, redaction, &mut redacted)?;
        }
        let level = self
            .sealing
            .map_or(sealed::LEVEL_DEFAULT, |sealing| sealing.level);
        let redaction = segment.redaction + 1;
        self.write(segment, level, redaction, &redacted, || &bytes[..])?;
        self.install(segment, redaction)
    }

    /// All raw bytes of a segment, and the digests that were kept of what was redacted before.
    fn whole(&self, segment: &Arc<Segment>) -> Result<(Vec<u8>, Redacted), MaintainError> {
        let mut bytes = Vec::with_capacity(segment.readable() as usize);
        let path = &segment.path;
        if segment.form() == Form::Raw {
            let file = self.open(path)?;
            let mut reader =
                io::Read::take(PositionedReader::new(file.as_ref()), segment.readable());
            io::Read::read_to_end(&mut reader, &mut bytes).map_err(failed("read segment", path))?;
            return Ok((bytes, Redacted::new()));
        }
        let file = self.open(path)?;
        let sealed = SealedFile::open(file, path, Arc::clone(&self.store.cache))?;
        io::Read::read_to_end(&mut sealed.reader(), &mut bytes)
            .map_err(failed("read segment", path))?;
        let redacted = sealed.table().redacted.clone();
        Ok((bytes, redacted))
    }
}

/// Replaces one payload in the raw bytes of its segment.
fn replace(
    segment: &Arc<Segment>,
    bytes: &mut [u8],
    redaction: &Redaction,
    redacted: &mut Redacted,
) -> Result<(), MaintainError> {
    let sequence = redaction.sequence;
    let missing = MaintainError::NoSuchRecord { sequence };
    let mut at = segment.floor(sequence)? as usize;
    let (salt, log_id) = (segment.header.salt, &segment.header.log_id);
    let frame = loop {
        let head = bytes.get(at..).unwrap_or_default();
        let Parsed::Frame(frame) = FrameHeader::parse(head, salt, at as u64) else {
            return Err(missing);
        };
        if frame.kind.is_record() && frame.sequence >= sequence {
            break frame;
        }
        at += frame.frame_bytes();
    };
    if frame.sequence != sequence {
        return Err(missing);
    }
    let (expected, found) = (frame.length as usize, redaction.payload.len());
    if expected != found {
        return Err(MaintainError::Length {
            sequence,
            expected,
            found,
        });
    }
    if frame.kind == Kind::Data {
        let digest = PayloadDigest::of(log_id, &bytes[frame.payload_range(at)]);
        redacted.insert(sequence, digest);
    }
    let header = FrameHeader {
        kind: Kind::Redacted,
        payload_crc: crc32fast::hash(&redaction.payload),
        ..frame
    };
    let mut again = Vec::with_capacity(frame.frame_bytes());
    header.encode(&redaction.payload, salt, at as u64, &mut again);
    bytes[at..at + again.len()].copy_from_slice(&again);
    Ok(())
}

pub(crate) fn failed(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MaintainError {
    let path = path.to_path_buf();
    move |source| MaintainError::Open(OpenError::Io { step, path, source })
}
