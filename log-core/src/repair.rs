//! `repair`: makes a log usable again whose acknowledged data has rotted or is gone, and says exactly what is lost.
//!
//! Owns the decision what can be kept, and the order in which files are replaced. Nothing is moved: in a rewritten
//! segment every whole record keeps its place, and a lost frame stands where one was damaged (see `rewrite`); a
//! segment that is gone, or whose header is beyond mending, becomes one that holds a lost frame only. A manifest that
//! does not fit is made again from the files; a cursor that cannot be read is set to the first retained record.
//!
//! Invariant: no record that `verify` calls whole is lost. Every original is kept in `torn/` before its name is
//! given to what replaces it; each step is durable before the next, so after a crash the log is as it was or as it
//! shall be, and repairing again goes on. An I/O error is never taken for damage: it ends the repair.
//!
//! Without [`RepairMode::AcceptLoss`] nothing is changed. Fails with [`RepairError`]; what it cannot judge (segments of
//! two logs, a chain that does not hold over sound bytes) it refuses and leaves to people.

mod rewrite;
mod survey;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::{Redacted, segment_seal_hash};
use crate::cursor;
use crate::error::{Fault, ManifestError, OpenError};
use crate::format::SegmentHeader;
use crate::io::{LogIo, Open, RealDisk, exists, remove_if_there, write_all};
use crate::lock::{self, WriterLock};
use crate::manifest::check::check;
use crate::manifest::file::ManifestStore;
use crate::manifest::{Form, Listed};
use crate::recover::{TORN_DIR, io_error};
use crate::scan::{Damage, Seal, scan};
use crate::segment::path_of;
use crate::{sealed, verify};

use rewrite::{End, lost, placeholder, rewrite};
use survey::{Survey, survey};

/// End of the name of a segment that is not finished.
pub(crate) const REPAIR_SUFFIX: &str = ".log.repair.tmp";
/// Times a new manifest is written: both files must hold one.
const MANIFEST_WRITES: usize = 2;

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairMode {
    /// Says what would be done.
    DryRun,
    /// Does it. The lost records are given up.
    AcceptLoss,
}

/// What a repair found, and did if it was told to.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The log's directory.
    pub dir: PathBuf,
    /// Whether anything was changed.
    pub mode: RepairMode,
    /// What is wrong, oldest segment first; empty for a sound log.
    pub findings: Vec<Finding>,
}

/// Something wrong, and what a repair does about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: FindingKind,
    /// Damaged places, if it is a segment that can be read in part.
    pub damage: Vec<Damage>,
    /// Acknowledged records that are lost with it.
    pub lost: Vec<Range<u64>>,
    /// Where the original was kept.
    pub saved_to: Option<PathBuf>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// A segment with damaged places: it is rewritten with lost frames in them.
    Damaged,
    /// A segment's header page, or a sealed one's block table, was damaged and can be mended from what is left.
    Header,
    /// Nothing of the file can be read, but the segment is there in its other form.
    Form,
    /// A segment is gone, or nothing of it can be read: a segment that names the lost records takes its place.
    Missing,
    /// The last segment is gone: a new, empty one is made. How many records it held is unknown.
    MissingTail,
    /// The manifest is damaged or does not fit the files: it is made again from them.
    Manifest(String),
    /// A cursor has no valid slot: it is set to the first retained record.
    Cursor(String),
}

/// Why a log was not repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The directory cannot be worked on: a writer holds it, or the system failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something is wrong that a repair must not decide about.
    #[error("{} cannot be repaired: {reason}", path.display())]
    Beyond {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
}

impl From<ManifestError> for RepairError {
    fn from(error: ManifestError) -> Self {
        Self::Open(error.into())
    }
}

impl Repair {
    /// Whether nothing was wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Acknowledged records that are lost.
    pub fn lost_records(&self) -> u64 {
        let ranges = self.findings.iter().flat_map(|finding| &finding.lost);
        ranges.map(|range| range.end - range.start).sum()
    }
}

/// Repairs the log in `dir`, which no writer may hold; or says what that would do and lose.
pub fn repair(dir: &Path, mode: RepairMode) -> Result<Repair, RepairError> {
    repair_on(&(Arc::new(RealDisk) as Arc<dyn LogIo>), dir, mode)
}

/// [`repair`] on any file system.
pub fn repair_on(io: &Arc<dyn LogIo>, dir: &Path, mode: RepairMode) -> Result<Repair, RepairError> {
    let _lock = match mode {
        RepairMode::AcceptLoss => Some(WriterLock::acquire(io.as_ref(), dir)?),
        RepairMode::DryRun => {
            let holder = lock::holder(io.as_ref(), dir).map_err(io_error("look at", dir))?;
            if let Some(pid) = holder {
                let dir = dir.to_path_buf();
                return Err(OpenError::Locked { dir, pid }.into());
            }
            None
        }
    };
    let survey = survey(io, dir)?;
    let mut work = Work {
        io,
        dir,
        mode,
        listed: Vec::new(),
        replaced: Vec::new(),
        findings: Vec::new(),
    };
    work.segments(&survey)?;
    work.manifest(&survey)?;
    work.cursors(&survey)?;
    let findings = work.findings;
    if mode == RepairMode::AcceptLoss {
        let found = verify::verify_on(io, dir)?;
        if let Some(bad) = found
            .segments
            .iter()
            .find(|segment| segment.verdict == verify::SegmentVerdict::Damaged)
        {
            return Err(RepairError::Beyond {
                path: bad.path.clone(),
                reason: "it still is not sound; nothing was thrown away, see the folder torn",
            });
        }
    }
    Ok(Repair {
        dir: dir.to_path_buf(),
        mode,
        findings,
    })
}

/// Whether the chain holds over bytes that are whole one by one.
fn holds(raw: &[u8], header: &SegmentHeader, redacted: &Redacted, end: End) -> bool {
    match end {
        End::Sealed(seal) if !scan(raw, header).repaired => {
            segment_seal_hash(raw, header, redacted) == Ok(seal.hash)
        }
        _ => true,
    }
}

struct Work<'a> {
    io: &'a Arc<dyn LogIo>,
    dir: &'a Path,
    mode: RepairMode,
    listed: Vec<Listed>,
    /// Files that the other form of their segment has taken the place of.
    replaced: Vec<PathBuf>,
    findings: Vec<Finding>,
}

impl Work<'_> {
    fn accepts(&self) -> bool {
        self.mode == RepairMode::AcceptLoss
    }

    fn segments(&mut self, survey: &Survey) -> Result<(), RepairError> {
        let mut before: Option<Seal> = None;
        for (at, part) in survey.parts.iter().enumerate() {
            let beyond = |reason| RepairError::Beyond {
                path: path_of(self.dir, part.number),
                reason,
            };
            let last = at + 1 == survey.parts.len();
            let base = part.base.or(before.map(|seal| seal.next));
            let base = base.ok_or_else(|| beyond("where it starts is unknown"))?;
            let end = if last {
                End::Open(survey.acknowledged.max(base))
            } else {
                End::Sealed(survey.seal_of(self.io, at, base)?)
            };
            let (header, form) = match &part.header {
                Some(header) => (header.clone(), part.form),
                None => (survey.new_header(self.io.as_ref(), at, base, before)?, None),
            };
            if before.is_some_and(|seal| {
                (seal.next, seal.offset) != (header.base, header.previous_seal_offset)
                    || seal.hash != header.previous_seal_hash
            }) {
                return Err(beyond("it was not written behind the segment before it"));
            }
            if let Some(spoiled) = part.spoiled.filter(|_| form.is_some()) {
                self.forget(part.number, spoiled)?;
            }
            let form = self.segment(survey, at, &header, form, end)?;
            self.listed.push(Listed {
                number: part.number,
                base: header.base,
                form,
                redaction: if form == Form::Sealed {
                    part.redaction
                } else {
                    0
                },
            });
            before = match end {
                End::Sealed(seal) => Some(seal),
                End::Open(_) => None,
            };
        }
        Ok(())
    }

    /// Notes that one form of a segment is worth nothing beside the other.
    fn forget(&mut self, number: u64, form: Form) -> Result<(), RepairError> {
        let path = self.path(number, form);
        let mut finding = Finding {
            path: path.clone(),
            what: FindingKind::Form,
            damage: Vec::new(),
            lost: Vec::new(),
            saved_to: None,
        };
        if self.accepts() {
            finding.saved_to = self.keep(&path)?;
            self.replaced.push(path);
        }
        self.findings.push(finding);
        Ok(())
    }

    fn path(&self, number: u64, form: Form) -> PathBuf {
        match form {
            Form::Raw => path_of(self.dir, number),
            Form::Sealed => sealed::path_of(self.dir, number),
        }
    }

    /// Judges a segment and replaces it if need be; in which form it is now.
    fn segment(
        &mut self,
        survey: &Survey,
        at: usize,
        header: &SegmentHeader,
        form: Option<Form>,
        end: End,
    ) -> Result<Form, RepairError> {
        let part = &survey.parts[at];
        let path = self.path(part.number, form.unwrap_or(Form::Raw));
        let beyond = || RepairError::Beyond {
            path: path.clone(),
            reason: "its bytes are sound, but they are not what the next segment was written behind",
        };
        let (what, bytes, damage) = match form {
            None => {
                let bytes = placeholder(header, end).ok_or_else(beyond)?;
                let (what, until) = match end {
                    End::Sealed(seal) => (FindingKind::Missing, seal.next),
                    End::Open(next) => (FindingKind::MissingTail, next),
                };
                let all = Damage {
                    bytes: 0..0,
                    sequences: header.base..until,
                    fault: Fault::Missing,
                };
                (what, bytes, vec![all])
            }
            Some(form) => {
                let (raw, redacted) = survey.bytes(self.io, at, form)?;
                let rewritten = rewrite(&raw, header, end).ok_or_else(beyond)?;
                match (rewritten.damage.is_empty(), part.mended) {
                    (true, false) if holds(&raw, header, &redacted, end) => return Ok(form),
                    (true, false) => return Err(beyond()),
                    (true, true) => {
                        let mut raw = raw;
                        let page = header.encode();
                        raw[..page.len()].copy_from_slice(&page);
                        (FindingKind::Header, raw, Vec::new())
                    }
                    (false, _) => (FindingKind::Damaged, rewritten.bytes, rewritten.damage),
                }
            }
        };
        let mut finding = Finding {
            path: path.clone(),
            what,
            lost: lost(&damage).collect(),
            damage,
            saved_to: None,
        };
        if self.accepts() {
            let length = match end {
                End::Open(_) => header.segment_bytes.max(bytes.len() as u64),
                End::Sealed(_) => bytes.len() as u64,
            };
            let raw = self.path(part.number, Form::Raw);
            let sealed = self.path(part.number, Form::Sealed);
            finding.saved_to = self.keep(&path)?;
            if form != Some(Form::Raw)
                && exists(self.io.as_ref(), &sealed).map_err(io_error("look at", &sealed))?
            {
                if form.is_none() {
                    let kept = self.keep(&sealed)?;
                    finding.saved_to = finding.saved_to.or(kept);
                }
                self.replaced.push(sealed);
            }
            self.replace(part.number, &bytes, length)?;
            self.replaced.retain(|path| *path != raw);
        }
        self.findings.push(finding);
        Ok(Form::Raw)
    }

    /// Gives the original a second name in `torn/`, if there is one.
    fn keep(&self, path: &Path) -> Result<Option<PathBuf>, RepairError> {
        let torn = self.dir.join(TORN_DIR);
        self.io
            .create_dir(&torn)
            .map_err(io_error("create", &torn))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let kept = torn.join(format!("{}-{name}", self.io.now_ns()));
        match self.io.link(path, &kept) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            linked => linked.map_err(io_error("keep aside", path))?,
        }
        self.io.sync_dir(&torn).map_err(io_error("sync", &torn))?;
        self.io
            .sync_dir(self.dir)
            .map_err(io_error("sync", self.dir))?;
        Ok(Some(kept))
    }

    /// Puts new bytes under the name of a raw segment.
    fn replace(&self, number: u64, bytes: &[u8], length: u64) -> Result<(), RepairError> {
        let temporary = self.dir.join(format!("{number:010}{REPAIR_SUFFIX}"));
        let file = self
            .io
            .open(&temporary, Open::Create)
            .map_err(io_error("create", &temporary))?;
        file.reserve(0, length)
            .map_err(io_error("reserve room for", &temporary))?;
        write_all(file.as_ref(), bytes, 0).map_err(io_error("write", &temporary))?;
        file.sync_all().map_err(io_error("sync", &temporary))?;
        let path = path_of(self.dir, number);
        self.io
            .rename(&temporary, &path)
            .map_err(io_error("name", &path))?;
        self.io
            .sync_dir(self.dir)
            .map_err(io_error("sync", self.dir))?;
        Ok(())
    }

    /// Lists what is there now, and removes the sealed files it no longer names.
    fn manifest(&mut self, survey: &Survey) -> Result<(), RepairError> {
        let problem = check(&survey.manifest.known, &survey.present).err();
        if let Some(problem) = &problem {
            self.findings.push(Finding {
                path: self.dir.join(crate::manifest::NAMES[0]),
                what: FindingKind::Manifest(problem.to_string()),
                damage: Vec::new(),
                lost: Vec::new(),
                saved_to: None,
            });
        }
        if !self.accepts() || self.findings.is_empty() {
            return Ok(());
        }
        for name in crate::manifest::NAMES {
            if problem.is_some() {
                self.keep(&self.dir.join(name))?;
            }
        }
        let io = Arc::clone(self.io);
        let mut store = ManifestStore::new(io, self.dir, survey.log_id, &survey.manifest);
        for _ in 0..MANIFEST_WRITES {
            let first = self.listed.first().map_or(1, |first| first.base);
            store.store(survey.epoch, first, self.listed.clone())?;
        }
        for path in &self.replaced {
            remove_if_there(self.io.as_ref(), path).map_err(io_error("remove", path))?;
        }
        self.io
            .sync_dir(self.dir)
            .map_err(io_error("sync", self.dir))?;
        Ok(())
    }

    fn cursors(&mut self, survey: &Survey) -> Result<(), RepairError> {
        let first = self.listed.first().map_or(1, |first| first.base);
        for (name, path) in &survey.bad_cursors {
            let mut finding = Finding {
                path: path.clone(),
                what: FindingKind::Cursor(name.clone()),
                damage: Vec::new(),
                lost: Vec::new(),
                saved_to: None,
            };
            if self.accepts() {
                finding.saved_to = self.keep(path)?;
                cursor::reset(self.io.as_ref(), path, first).map_err(OpenError::Cursor)?;
            }
            self.findings.push(finding);
        }
        Ok(())
    }
}
