//! The two manifest files on a disk.
//!
//! Invariant: [`ManifestStore::store`] overwrites the file that does not hold the newest manifest, whole, and syncs
//! it before it returns; so of the two, the newest durable one is never touched. The space of both files is reserved
//! ahead, in steps of [`STEP_BYTES`], before a byte is overwritten: a full disk shows there, changes nothing, and
//! the same store may be tried again. So does a lack of descriptors or memory; both files stay open, so that later
//! stores need none. (On a copy-on-write file system an overwrite can still lack space; then, as after any other
//! failure, the store is broken: the log is poisoned and opened again.)
//!
//! Reads are of whole files, 25 MiB at most. An I/O error is never taken for damage.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::Known;
use super::{
    ENTRY_BYTES, HEADER_BYTES, Listed, Manifest, ManifestFault, NAMES, SEGMENTS_MAX, name_of,
};
use crate::io::{LogFile, LogIo, Open, is_full, may_pass, read_all, write_all};

/// Both files grow by this: 2,728 segments fit into the first step.
pub(crate) const STEP_BYTES: u64 = 64 * 1024;
/// Largest file that is looked into.
const FILE_BYTES_MAX: u64 =
    ((HEADER_BYTES + SEGMENTS_MAX * ENTRY_BYTES) as u64).next_multiple_of(STEP_BYTES);

/// Why a manifest could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The operating system failed.
    #[error("cannot {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// No room to reserve; nothing was changed, the same store may be tried again.
    #[error("no room to reserve {bytes} bytes for {}", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// Its size as wanted.
        bytes: u64,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The system could not do it at the moment; nothing was changed, the same store may be tried again.
    #[error("cannot {step} {} at the moment", path.display())]
    Passing {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Written by a later release.
    #[error("{} is of version {version}, this release reads version 1", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// More segments than a manifest can list.
    #[error("the log has {0} segments, a manifest lists at most {SEGMENTS_MAX}")]
    TooMany(usize),
    /// A store failed before: what its file holds is unknown until the log is opened again.
    #[error("an earlier write of the manifest failed")]
    Broken,
}

impl ManifestError {
    /// Whether nothing was changed and the same store may be tried again.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::NoRoom { .. } | Self::Passing { .. })
    }
}

/// One of the two files, as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// No such file.
    Absent,
    /// A manifest.
    Sound(Manifest),
    /// A file that holds none.
    Unreadable(ManifestFault),
}

/// Both files, as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// By generation mod 2.
    pub(crate) slots: [Slot; 2],
    /// What they tell together.
    pub(crate) known: Known,
}

impl Loaded {
    /// The newest manifest that can be read.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        match &self.known {
            Known::Newest(manifest) | Known::Doubtful(manifest) => Some(manifest),
            Known::Nothing | Known::Lost => None,
        }
    }

    /// Files that cannot be read though something was written to them, and why.
    #[allow(dead_code, reason = "for the checks of `verify`")]
    pub(crate) fn damaged(&self) -> impl Iterator<Item = (&'static str, &ManifestFault)> {
        NAMES
            .into_iter()
            .zip(&self.slots)
            .filter_map(|(name, slot)| match slot {
                Slot::Absent | Slot::Unreadable(ManifestFault::Blank) | Slot::Sound(_) => None,
                Slot::Unreadable(fault) => Some((name, fault)),
            })
    }
}

/// Reads both files. Nothing is changed; whatever is there but a later version, gives a result.
pub(crate) fn load(io: &dyn LogIo, dir: &Path) -> Result<Loaded, ManifestError> {
    let slots = [read_slot(io, dir, 0)?, read_slot(io, dir, 1)?];
    let known = compare(&slots);
    Ok(Loaded { slots, known })
}

fn read_slot(io: &dyn LogIo, dir: &Path, at: usize) -> Result<Slot, ManifestError> {
    let path = dir.join(NAMES[at]);
    let file = match io.open(&path, Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Slot::Absent),
        file => file.map_err(failed("open", &path))?,
    };
    let length = file.len().map_err(failed("look at", &path))?;
    if length > FILE_BYTES_MAX {
        return Ok(Slot::Unreadable(ManifestFault::Long(length)));
    }
    let bytes = read_all(file.as_ref()).map_err(failed("read", &path))?;
    match Manifest::decode(&bytes) {
        Ok(manifest) if manifest.generation % 2 == at as u64 => Ok(Slot::Sound(manifest)),
        Ok(_) => Ok(Slot::Unreadable(ManifestFault::Content(
            "its generation belongs into the other file",
        ))),
        Err(ManifestFault::Version(version)) => Err(ManifestError::Version { path, version }),
        Err(fault) => Ok(Slot::Unreadable(fault)),
    }
}

/// What two files tell together.
fn compare(slots: &[Slot; 2]) -> Known {
    let unwritten =
        |slot: &Slot| matches!(slot, Slot::Absent | Slot::Unreadable(ManifestFault::Blank));
    match slots {
        [Slot::Sound(one), Slot::Sound(other)] => {
            let (newer, older) = if one.generation > other.generation {
                (one, other)
            } else {
                (other, one)
            };
            // Of two generations that do not follow each other, one was put here by somebody.
            if newer.generation == older.generation + 1 && newer.log_id == older.log_id {
                Known::Newest(newer.clone())
            } else {
                Known::Doubtful(newer.clone())
            }
        }
        [Slot::Sound(only), other] | [other, Slot::Sound(only)] => {
            if only.generation == 1 && unwritten(other) {
                Known::Newest(only.clone())
            } else {
                Known::Doubtful(only.clone())
            }
        }
        // The very first write goes to file 1, and a crash may cut it.
        [zero, _] if unwritten(zero) => Known::Nothing,
        _ => Known::Lost,
    }
}

/// Writes manifests, one generation after the other.
#[derive(Debug)]
pub(crate) struct ManifestStore {
    io: Arc<dyn LogIo>,
    dir: PathBuf,
    log_id: [u8; 16],
    generation: u64,
    /// What was loaded, until it is known to be durable, as are both names: an earlier process may have died before
    /// it synced them.
    unproven: Option<Manifest>,
    named: bool,
    /// Both files, by generation mod 2, once they were opened, and how long they are.
    open: [Option<(Arc<dyn LogFile>, u64)>; 2],
    broken: bool,
}

impl ManifestStore {
    /// Goes on behind what was loaded.
    pub(crate) fn new(io: Arc<dyn LogIo>, dir: &Path, log_id: [u8; 16], loaded: &Loaded) -> Self {
        Self {
            io,
            dir: dir.to_path_buf(),
            log_id,
            generation: loaded.manifest().map_or(0, |manifest| manifest.generation),
            unproven: loaded.manifest().cloned(),
            named: false,
            open: [None, None],
            broken: false,
        }
    }

    /// Generation of the newest manifest that was stored; 0 before the first.
    #[cfg(test)]
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Stores the list as the next generation; durable when it returns. After an error that [may
    /// pass](ManifestError::may_pass) nothing has changed; after any other one this store refuses whatever follows.
    pub(crate) fn store(
        &mut self,
        epoch: u32,
        first_sequence: u64,
        segments: Vec<Listed>,
    ) -> Result<Manifest, ManifestError> {
        if self.broken {
            return Err(ManifestError::Broken);
        }
        if segments.len() > SEGMENTS_MAX {
            return Err(ManifestError::TooMany(segments.len()));
        }
        let manifest = Manifest {
            generation: self.generation + 1,
            log_id: self.log_id,
            epoch,
            first_sequence,
            segments,
        };
        let written = self.write(&manifest);
        match &written {
            Ok(()) => self.generation = manifest.generation,
            Err(error) if error.may_pass() => {}
            Err(_) => self.broken = true,
        }
        written.map(|()| manifest)
    }

    fn write(&mut self, manifest: &Manifest) -> Result<(), ManifestError> {
        let wanted = (manifest.encode().len() as u64).next_multiple_of(STEP_BYTES);
        // Both: so that the store after this one cannot lack space either.
        let (other, other_length) = self.room(manifest.generation + 1, wanted)?;
        let (file, length) = self.room(manifest.generation, wanted)?;
        if !self.named {
            self.io
                .sync_dir(&self.dir)
                .map_err(passing("sync", &self.dir))?;
            self.named = true;
        }
        // Before the other file is overwritten: what was loaded may stand in the page cache only.
        if let Some(loaded) = self.unproven.take() {
            self.write_file(other.as_ref(), &loaded, other_length)?;
        }
        self.write_file(file.as_ref(), manifest, length)
    }

    /// Overwrites a whole file; the zeros wipe what a longer list left.
    fn write_file(
        &self,
        file: &dyn LogFile,
        manifest: &Manifest,
        length: u64,
    ) -> Result<(), ManifestError> {
        let path = self.dir.join(name_of(manifest.generation));
        let mut bytes = manifest.encode();
        bytes.resize(length.min(FILE_BYTES_MAX) as usize, 0);
        write_all(file, &bytes, 0).map_err(failed("write", &path))?;
        file.sync_data().map_err(failed("sync", &path))
    }

    /// A file of at least `wanted` bytes, and its length. Zeros behind a manifest need no sync of their own.
    fn room(
        &mut self,
        generation: u64,
        wanted: u64,
    ) -> Result<(Arc<dyn LogFile>, u64), ManifestError> {
        let path = self.dir.join(name_of(generation));
        let full = |source: io::Error| ManifestError::NoRoom {
            path: path.clone(),
            bytes: wanted,
            source,
        };
        let place = &mut self.open[(generation % 2) as usize];
        let (file, length) = if let Some(open) = place.take() {
            open
        } else {
            let file = match self.io.open(&path, Open::OpenOrCreate) {
                Err(error) if is_full(&error) => return Err(full(error)),
                file => file.map_err(passing("open", &path))?,
            };
            let length = file.len().map_err(passing("look at", &path))?;
            (file, length)
        };
        if length < wanted {
            match file.reserve(length, wanted - length) {
                Err(error) if is_full(&error) => return Err(full(error)),
                reserved => reserved.map_err(passing("reserve room for", &path))?,
            }
        }
        let length = length.max(wanted);
        *place = Some((Arc::clone(&file), length));
        Ok((file, length))
    }
}

/// Before a byte is overwritten.
fn passing(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ManifestError {
    let path = path.to_path_buf();
    move |source| {
        if may_pass(&source) {
            ManifestError::Passing { step, path, source }
        } else {
            ManifestError::Io { step, path, source }
        }
    }
}

fn failed(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ManifestError {
    let path = path.to_path_buf();
    move |source| ManifestError::Io { step, path, source }
}

#[cfg(test)]
mod tests;
