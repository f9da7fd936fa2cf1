//! The writer at the ends of a segment: begins an epoch, proves the end, seals, starts the next one.
//!
//! Invariant: a segment's seal is durable before the next one has a name, and that one before the manifest lists it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Active, IDLE_WAIT, Stop, Writer, random_u64};
use crate::chain::{Chain, SealHash};
use crate::format::{
    CONTROL_FRAME_BYTES, FORMAT_VERSION, Kind, SEGMENT_HEADER_BYTES, SegmentHeader, control_payload,
};
use crate::index::Index;
use crate::io::{LogFile, LogIo, write_all};
use crate::manifest::file::ManifestError;
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

    /// Stores the manifest with the newest segment in it. A full disk shows here at most every few thousand segments.
    fn list(&mut self) -> Result<(), Stop> {
        self.unlisted = true;
        match self.store.save_manifest(self.epoch) {
            Ok(()) => {
                self.unlisted = false;
                Ok(())
            }
            Err(ManifestError::NoRoom { source, .. }) => Err(Stop::NoSpace(source)),
            Err(error) => Err(Stop::Poison("manifest", io::Error::other(error))),
        }
    }

    /// Seals the active segment and starts the next one. Nothing is changed when there is no room for it.
    pub(super) fn roll(&mut self) -> Result<(), Stop> {
        // Two segments that are not listed are more than a crash can explain.
        if self.unlisted {
            self.list()?;
        }
        let file = self.next_segment.take().map_err(Stop::NoSpace)?;
        let old = Arc::clone(&self.active.segment);
        let seal = match self.active.seal {
            Some(seal) => seal,
            None => self.seal()?,
        };
        let seal_bytes = old.header.seal_frame_bytes() as u64;
        let header = SegmentHeader {
            version: FORMAT_VERSION,
            log_id: old.header.log_id,
            number: old.header.number + 1,
            base: self.next,
            created_ns: self.io.now_ns(),
            epoch: self.epoch,
            salt: random_u64(self.io.as_ref())
                .map_err(|error| Stop::Poison("random salt", error))?,
            previous_seal_offset: self.active.offset - seal_bytes,
            previous_seal_hash: seal,
            segment_bytes: self.segment_bytes,
        };
        let chain = Chain::start(&header.previous_seal_hash, &header);
        let segment = publish_segment(&self.io, &self.store.dir, file.as_ref(), header)
            .map_err(|error| Stop::Poison("start of a segment", error))?;
        let segment = Arc::new(segment);
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

    /// Writes the seal of the active segment; its hash.
    fn seal(&mut self) -> Result<SealHash, Stop> {
        let old = Arc::clone(&self.active.segment);
        let hash = match old.header.version {
            // A seal of version 1 has no room for it.
            1 => SealHash::default(),
            _ => self.active.chain.clone().seal(),
        };
        let payload = old
            .header
            .seal_payload(self.next, self.active.offset, &hash);
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

/// Gives the prepared file its header and its name, durably.
pub(crate) fn publish_segment(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    file: &dyn LogFile,
    header: SegmentHeader,
) -> io::Result<Segment> {
    write_all(file, &header.encode(), 0)?;
    file.sync_data()?;
    let path: PathBuf = path_of(dir, header.number);
    io.rename(&dir.join(NEXT_NAME), &path)?;
    io.sync_dir(dir)?;
    Ok(Segment::new(
        io,
        path,
        header,
        SEGMENT_HEADER_BYTES as u64,
        None,
        Some(Index::default()),
    ))
}
