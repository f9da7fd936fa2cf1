//! The writer at the ends of a segment: begins an epoch, proves the end, seals, starts the next one.
//!
//! Invariant: a segment's seal is durable before the next one has a name, and that one before the manifest lists it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ground::with_causes;

use super::{Active, IDLE_WAIT, Stop, Writer, random_u64};
use crate::chain::{Chain, SealHash};
use crate::format::{
    CONTROL_FRAME_BYTES, FORMAT_VERSION, Kind, SEAL_FRAME_BYTES, SEGMENT_HEADER_BYTES,
    SegmentHeader, control_payload, seal_payload,
};
use crate::index::Index;
use crate::io::{LogFile, LogIo, may_pass, write_all};
use crate::segment::{NEXT_NAME, Segment, path_of};

impl Writer {
    /// Rolls when the active segment holds records and has reached its age. Without room for the next segment the
    /// old one simply goes on: there is still room in it.
    pub(super) fn roll_if_old(&mut self) -> Result<(), Stop> {
        let now_ns = self.io.now_ns();
        if now_ns.saturating_sub(self.age_checked_ns) < IDLE_WAIT.as_nanos() as i64 {
            return Ok(());
        }
        self.age_checked_ns = now_ns;
        let header = &self.active.segment.header;
        let age =
            Duration::from_nanos(self.io.now_ns().saturating_sub(header.created_ns).max(0) as u64);
        if self.next == header.base || age < self.segment_age {
            return Ok(());
        }
        match self.roll() {
            Err(Stop::NoSpace(_)) => Ok(()),
            rolled => rolled,
        }
    }

    /// Stores the manifest with the newest segment in it. A full disk shows here at most every few thousand segments,
    /// a lack of descriptors once.
    fn list(&mut self) -> Result<(), Stop> {
        self.unlisted = true;
        match self.store.save_manifest(self.epoch) {
            Ok(()) => {
                self.unlisted = false;
                Ok(())
            }
            Err(error) if error.may_pass() => {
                Err(Stop::NoSpace(io::Error::other(with_causes(&error))))
            }
            Err(error) => Err(Stop::Poison("manifest", io::Error::other(error))),
        }
    }

    /// Seals the active segment and starts the next one. Nothing is changed when there is no room for it. Where the
    /// system cannot do a step at the moment, the same roll goes on from that step later.
    pub(super) fn roll(&mut self) -> Result<(), Stop> {
        // Two segments that are not listed are more than a crash can explain.
        if self.unlisted {
            self.list()?;
        }
        let mut begun = match self.begun.take() {
            Some(begun) => begun,
            None => self.begin_next()?,
        };
        let (io, dir) = (&self.io, &self.store.dir);
        if let Err(error) = begun.publish(io.as_ref(), dir) {
            if may_pass(&error) {
                self.begun = Some(begun);
                return Err(Stop::NoSpace(error));
            }
            return Err(Stop::Poison("start of a segment", error));
        }
        let Begun { file, header, .. } = begun;
        let chain = Chain::start(&header.previous_seal_hash, &header);
        let segment = Arc::new(new_segment(io, dir, header));
        let old = Arc::clone(&self.active.segment);
        // The new one first: who sees the old one complete must find where to go on.
        self.store.push(Arc::clone(&segment));
        self.store.page().publish(segment.place(), self.next);
        old.complete(self.next);
        self.active = Active {
            segment,
            file,
            offset: SEGMENT_HEADER_BYTES as u64,
            chain,
            seal: None,
        };
        match self.list() {
            // The segment is there; listing it is tried again before the next one.
            Err(Stop::NoSpace(_)) => Ok(()),
            listed => listed,
        }
    }

    /// Seals the active segment; the prepared file of the next one and its header.
    fn begin_next(&mut self) -> Result<Begun, Stop> {
        let file = self.next_segment.take().map_err(Stop::NoSpace)?;
        let salt = random_u64(self.io.as_ref()).map_err(Stop::NoSpace)?;
        let old = Arc::clone(&self.active.segment);
        let seal = match self.active.seal {
            Some(seal) => seal,
            None => self.seal()?,
        };
        let header = SegmentHeader {
            version: FORMAT_VERSION,
            log_id: old.header.log_id,
            number: old.header.number + 1,
            base: self.next,
            created_ns: self.io.now_ns(),
            epoch: self.epoch,
            salt,
            previous_seal_offset: self.active.offset - SEAL_FRAME_BYTES as u64,
            previous_seal_hash: seal,
            segment_bytes: self.segment_bytes,
        };
        Ok(Begun::new(file, header))
    }

    /// Writes the seal of the active segment; its hash.
    fn seal(&mut self) -> Result<SealHash, Stop> {
        let hash = self.active.chain.clone().seal();
        let payload = seal_payload(self.next, self.active.offset, &hash);
        self.control(Kind::Seal, &payload);
        self.flush()?;
        // What a seal follows is durable.
        self.unproven = false;
        self.active.seal = Some(hash);
        Ok(hash)
    }

    /// Proves that all records are durable, so that later rot in the last group is told from a torn tail.
    pub(super) fn mark_end(&mut self) -> Result<(), Stop> {
        if self.unproven && self.fits(CONTROL_FRAME_BYTES) {
            self.control(Kind::Watermark, &control_payload(0, 0));
            self.flush()?;
        }
        self.unproven = false;
        Ok(())
    }

    /// Says on opening that a new epoch begins. Without room for a segment that is needed, the log is open and says
    /// so: it can be read, and heals.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        let begun = if self.fits(CONTROL_FRAME_BYTES) {
            let who = u64::from(self.epoch) << 32 | u64::from(std::process::id());
            self.control(Kind::Epoch, &control_payload(who, self.next));
            self.flush()
        } else {
            // The header of a new segment says the same.
            self.roll()
        };
        match begun {
            Err(Stop::Poison(_, error)) => Err(error),
            Err(stop) => {
                self.enter(&stop);
                Ok(())
            }
            Ok(()) => {
                self.resume();
                Ok(())
            }
        }
    }
}

/// A segment whose predecessor is sealed: what is left is to give it its header and its name. Nothing may be written
/// to the log meanwhile, so that what the header says stays true.
#[derive(Debug)]
pub(crate) struct Begun {
    file: Arc<dyn LogFile>,
    header: SegmentHeader,
    is_written: bool,
    is_named: bool,
}

impl Begun {
    pub(crate) fn new(file: Arc<dyn LogFile>, header: SegmentHeader) -> Self {
        Self {
            file,
            header,
            is_written: false,
            is_named: false,
        }
    }

    /// Writes the header and gives the file its name, durably; goes on where it failed before. An error that [may
    /// pass](may_pass) is one of a step that did nothing.
    fn publish(&mut self, io: &dyn LogIo, dir: &Path) -> io::Result<()> {
        if !self.is_written {
            write_all(self.file.as_ref(), &self.header.encode(), 0)?;
            // What a failed sync has lost, no second one finds.
            self.file.sync_data().map_err(io::Error::other)?;
            self.is_written = true;
        }
        if !self.is_named {
            io.rename(&dir.join(NEXT_NAME), &path_of(dir, self.header.number))?;
            self.is_named = true;
        }
        io.sync_dir(dir)
    }
}

fn new_segment(io: &Arc<dyn LogIo>, dir: &Path, header: SegmentHeader) -> Segment {
    let path = path_of(dir, header.number);
    let start = SEGMENT_HEADER_BYTES as u64;
    Segment::new(io, path, header, start, None, Some(Index::default()))
}

/// Gives the prepared file of a new log its header and its name, durably.
pub(crate) fn publish_segment(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    file: &Arc<dyn LogFile>,
    header: SegmentHeader,
) -> io::Result<Segment> {
    Begun::new(Arc::clone(file), header.clone()).publish(io.as_ref(), dir)?;
    Ok(new_segment(io, dir, header))
}
