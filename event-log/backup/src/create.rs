//! Making a backup of a data directory, whether a server runs on it or not.
//!
//! Owns the order: look at the target, look at the source (`source`), store what the target lacks, sync, write the
//! manifest, sync. What fails leaves no manifest, and its objects are removed. An incremental backup takes what the
//! newest whole one of the same log and key has, if it is still in the target.
//!
//! Fails with [`BackupError`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use ground::Clock;
use jiff::Timestamp;
use object_place::Place;

use crate::{
    error::BackupError,
    key::{Key, hex},
    manifest::{Contents, FORMAT, FileEntry, Form, Header, Kind, Manifest, NAME, Part, VERSION},
    object::{Stored, store},
    source::{Found, From, SegmentBytes, Source, is_known, modified_ns, same_segment, sealed_name},
    target::Target,
    verify::{newest, read},
};

/// What to make.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Of what.
    pub data_dir: &'a Path,
    /// Where to.
    pub place: &'a Place,
    /// Take nothing from earlier ones.
    pub full: bool,
    /// Encrypt with it.
    pub key: Option<&'a Key>,
    /// The release that makes it.
    pub release: &'a str,
    /// When.
    pub clock: &'a Clock,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The backup.
    pub header: Header,
    /// Files that earlier backups had.
    pub known: u64,
    /// Files that it brought.
    pub brought: u64,
    /// What whoever asked for it should know.
    pub notes: Vec<String>,
}

/// Makes a backup.
pub fn create(wanted: &Wanted<'_>) -> Result<Created, BackupError> {
    let target = Target::open_for_writing(wanted.place, wanted.data_dir)?;
    let begun_ns = wanted.clock.now_ns();
    let id = new_id(begun_ns)?;
    let made = Making {
        wanted,
        target: &target,
        id: &id,
        begun_ns,
    }
    .run();
    if made.is_err() {
        // What is left of it has no manifest, and is told by the next one.
        let _ = target.remove(&id);
    }
    made
}

/// Sorts by time; the random end keeps two of one second apart.
fn new_id(begun_ns: i64) -> Result<String, BackupError> {
    let mut random = [0; 4];
    getrandom::fill(&mut random)
        .map_err(|error| std::io::Error::other(error.to_string()))
        .map_err(BackupError::file("draw random bytes for", "the id"))?;
    let time = Timestamp::from_nanosecond(i128::from(begun_ns)).unwrap_or_default();
    Ok(format!(
        "{}-{}",
        time.strftime("%Y%m%dT%H%M%SZ"),
        hex(&random)
    ))
}

struct Making<'a> {
    wanted: &'a Wanted<'a>,
    target: &'a Target,
    id: &'a str,
    begun_ns: i64,
}

/// What earlier backups have.
#[derive(Default)]
struct Known {
    files: BTreeMap<String, FileEntry>,
    /// By seal: the form may have changed since, and with it the path.
    segments: BTreeMap<String, FileEntry>,
    log_id: String,
}

impl Known {
    fn of(manifest: Option<Manifest>, objects: &BTreeMap<String, u64>) -> Self {
        let Some(manifest) = manifest else {
            return Self::default();
        };
        // Somebody may have removed a folder that others rely on.
        let is_there =
            |file: &FileEntry| objects.get(&file.object.location()) == Some(&file.object.bytes);
        let files: Vec<_> = manifest
            .contents
            .files
            .into_iter()
            .filter(is_there)
            .collect();
        let segments = files.iter().filter_map(|file| match &file.part {
            Part::Segment { seal, .. } => Some((seal.clone()?, file.clone())),
            _ => None,
        });
        Self {
            segments: segments.collect(),
            files: files
                .into_iter()
                .map(|file| (file.path.clone(), file))
                .collect(),
            log_id: manifest.header.log_id,
        }
    }

    fn segment(&self, part: &Part) -> Option<&FileEntry> {
        let Part::Segment {
            seal: Some(seal), ..
        } = part
        else {
            return None;
        };
        let known = self.segments.get(seal);
        known.filter(|known| same_segment(&known.part, part))
    }

    fn find(&self, found: &Found) -> Option<FileEntry> {
        let known = match &found.part {
            Part::Segment { .. } => self.segment(&found.part),
            _ => self.files.get(&found.path),
        };
        let known = known.filter(|known| is_known(known, found))?;
        Some(FileEntry {
            // A blob's time says when it was last named.
            modified_ns: found.modified_ns,
            part: found.part.clone(),
            ..known.clone()
        })
    }
}

impl Making<'_> {
    fn run(&self) -> Result<Created, BackupError> {
        let mut notes = Vec::new();
        let mut known = self.known(&mut notes)?;
        let data_dir = self.wanted.data_dir;
        let mut source = Source::look(data_dir, &|part| known.segment(part).is_some())?;
        let log_id = hex(&source.log_id);
        if !known.segments.is_empty() && known.log_id != log_id {
            notes.push("the newest backup there is of another log: this one is full".to_owned());
            known = Known::default();
            source = Source::look(data_dir, &|_| false)?;
        }
        notes.append(&mut source.notes);
        if source.earliest.is_none() {
            notes.push(
                "no checkpoint reaches back to the log's first event: the issues of events that were dropped cannot be rebuilt from this backup".to_owned(),
            );
        }
        let (mut files, mut brought, mut brought_bytes) = (Vec::new(), 0, 0);
        for found in &source.found {
            if let Some(entry) = known.find(found) {
                files.push(entry);
                continue;
            }
            let Some(entry) = self.bring(found)? else {
                notes.push(format!(
                    "{} went while this was made, and is left out",
                    found.path
                ));
                continue;
            };
            brought += 1;
            brought_bytes += entry.object.bytes;
            files.push(entry);
        }
        let relies_on: BTreeSet<_> = files.iter().map(|file| &file.object.backup).collect();
        let relies_on = relies_on.into_iter().filter(|id| *id != self.id);
        let relies_on: Vec<_> = relies_on.cloned().collect();
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            release: self.wanted.release.to_owned(),
            id: self.id.to_owned(),
            kind: if relies_on.is_empty() {
                Kind::Full
            } else {
                Kind::Incremental
            },
            relies_on,
            begun_ns: self.begun_ns,
            log_id,
            first: source.first.0,
            position: source.position.0,
            written_ns: source.written_ns,
            commands: source.commands,
            earliest: source.earliest.map(|position| position.0),
            files: files.len() as u64,
            bytes: files.iter().map(|file| file.bytes).sum(),
            brought_bytes,
            key: self.wanted.key.map(Key::fingerprint),
        };
        let known = header.files - brought;
        self.seal(header, files).map(|header| Created {
            header,
            known,
            brought,
            notes,
        })
    }

    /// What need not be brought again.
    fn known(&self, notes: &mut Vec<String>) -> Result<Known, BackupError> {
        if self.wanted.full {
            return Ok(Known::default());
        }
        let folders = self.target.folders()?;
        for id in &folders.interrupted {
            notes.push(format!(
                "backup {id} was interrupted and is not whole: its folder can be removed"
            ));
        }
        let key = self.wanted.key.map(Key::fingerprint);
        let Some(header) = newest(&folders, |header| header.key == key) else {
            return Ok(Known::default());
        };
        match read(self.target, &header.id, self.wanted.key) {
            Ok(manifest) => Ok(Known::of(Some(manifest), &self.target.objects()?)),
            Err(error @ BackupError::Manifest { .. }) => {
                notes.push(format!("{error}: this backup is full"));
                Ok(Known::default())
            }
            Err(error) => Err(error),
        }
    }

    /// Stores a file; none if it is gone.
    fn bring(&self, found: &Found) -> Result<Option<FileEntry>, BackupError> {
        // Sealed ones, Parquet and checkpoints are compressed, and what is attached mostly.
        let form = match (&found.part, sealed_name(&found.path)) {
            (Part::Segment { .. }, false) => Form::Zstd,
            _ => Form::Plain,
        };
        let mut file = match &found.from {
            From::Segment(_) => None,
            From::Open(file) => Some(
                file.try_clone()
                    .map_err(BackupError::file("open again", &found.path))?,
            ),
            From::Path(path) => match File::open(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                file => Some(file.map_err(BackupError::file("open", path))?),
            },
        };
        let (mut bytes, mut changed_ns) = (found.bytes, found.modified_ns);
        if let (From::Path(path), Some(file)) = (&found.from, &file) {
            // It may have been replaced since it was listed.
            let facts = file
                .metadata()
                .map_err(BackupError::file("look at", path))?;
            (bytes, changed_ns) = (facts.len(), modified_ns(&facts));
        }
        let mut segment = None;
        if let From::Segment(copy) = &found.from {
            segment = Some(SegmentBytes { copy, at: 0 });
        }
        let reader: &mut dyn Read = match (&mut segment, &mut file) {
            (Some(segment), _) => segment,
            (None, Some(file)) => file,
            (None, None) => return Ok(None),
        };
        let name = format!("files/{}", found.path);
        let Stored {
            bytes: stored,
            sha256,
            object,
        } = store(self.target, (self.id, &name), reader, form, self.wanted.key)?;
        if stored != bytes {
            let short = format!("it had {bytes} bytes, {stored} could be read");
            return Err(BackupError::file("read", &found.path)(std::io::Error::new(
                ErrorKind::UnexpectedEof,
                short,
            )));
        }
        Ok(Some(FileEntry {
            path: found.path.clone(),
            bytes,
            sha256,
            modified_ns: changed_ns,
            part: found.part.clone(),
            object,
        }))
    }

    /// Writes the manifest behind all else.
    fn seal(&self, header: Header, files: Vec<FileEntry>) -> Result<Header, BackupError> {
        let manifest = Manifest {
            header,
            contents: Contents { files },
        };
        let location = format!("{}/{NAME}", self.id);
        let bytes = manifest.encode(self.wanted.key);
        let bytes = bytes.map_err(self.target.failed("encode", &location))?;
        self.target.sync()?;
        self.target.put(&location, bytes)?;
        self.target.sync()?;
        Ok(manifest.header)
    }
}
