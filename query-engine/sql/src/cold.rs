//! Where the Parquet files of events are, and which there are.
//!
//! Invariant: every event up to [`ColdList::through`] that is kept in files is in exactly one
//! of the listed ones, and no listed file holds one behind it. So the log is read from there
//! on, and at the seam nothing is missing and nothing is there twice.

use std::{collections::BTreeSet, fs, sync::Arc, time::SystemTime};

use event_log::{Entry, LogReader, ReadError};
use event_model::Position;
use object_store::{ObjectMeta, ObjectStore};
use parking_lot::Mutex;
use read_model::{
    ReadModelError,
    cold::{ColdFile, ColdHome, Listed, Place, READING},
    search::schema::day_of,
};

/// Why the files cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ColdError {
    /// Where they are cannot be asked.
    #[error("the place of cold files cannot be asked")]
    Home(#[from] ReadModelError),
    /// The log, which tells whether a segment's files are all there, cannot be read.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
}

/// Files of one moment.
#[derive(Debug, Clone, Default)]
pub struct ColdList {
    /// Whole ones, oldest segment first.
    pub files: Vec<FoundFile>,
    /// The last position that the files reach to without a gap; 0: there are none.
    pub through: Position,
}

/// A file that is whole.
#[derive(Debug, Clone)]
pub struct FoundFile {
    /// Of which segment and day.
    pub file: ColdFile,
    /// Where in the store, and how large.
    pub object: ObjectMeta,
}

/// Who knows the files.
pub trait ColdFiles: Send + Sync + std::fmt::Debug {
    /// Which there are now. Blocking.
    fn list(&self) -> Result<ColdList, ColdError>;

    /// Where they are read; none: there are none yet.
    fn store(&self) -> Result<Option<Arc<dyn ObjectStore>>, ColdError>;
}

/// The files of this installation, in a folder or a bucket.
#[derive(Debug)]
pub struct KeptFiles {
    home: ColdHome,
    log: LogReader,
    /// The newest segment that was found whole: looking costs a walk over its heads.
    whole: Mutex<Option<ColdFile>>,
}

impl KeptFiles {
    /// Of a place, where there need not be anything yet.
    pub fn open(place: &Place, log: LogReader) -> Result<Self, ColdError> {
        Ok(Self {
            home: ColdHome::open(place, READING)?,
            log,
            whole: Mutex::new(None),
        })
    }

    fn found(&self) -> Result<Vec<FoundFile>, ColdError> {
        let listed = self.home.list()?.into_iter();
        Ok(listed.map(|listed| self.told(listed)).collect())
    }

    fn told(&self, Listed { file, bytes }: Listed) -> FoundFile {
        let location = file.path();
        // A file that is written anew has another footer: of a folder its time tells.
        let path = self
            .home
            .folder()
            .map(|folder| folder.join(location.as_ref()));
        let written = path.and_then(|path| fs::metadata(path).ok()?.modified().ok());
        FoundFile {
            object: ObjectMeta {
                location,
                last_modified: written.unwrap_or(SystemTime::UNIX_EPOCH).into(),
                size: bytes,
                e_tag: None,
                version: None,
            },
            file,
        }
    }

    /// Whether all days of the newest segment are there: its files appear one by one.
    fn is_whole(&self, newest: &ColdFile, days: &BTreeSet<&str>) -> Result<bool, ColdError> {
        if self.whole.lock().as_ref() == Some(newest) {
            return Ok(true);
        }
        let mut expected = BTreeSet::new();
        let before = Position(newest.first.0.saturating_sub(1));
        for item in self.log.read_after(before) {
            let item = match item {
                Ok(item) => item,
                // Projections pass over it, too.
                Err(ReadError::Record { .. } | ReadError::CommandMissing { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            if item.position > newest.last {
                break;
            }
            if let Entry::Event(event) = item.entry {
                expected.insert(event.head().received_ns.to_native().div_euclid(DAY_NS));
            }
        }
        let is_there = |day: &i64| days.contains(day_of(day * DAY_NS).as_str());
        let is_whole = expected.iter().all(is_there);
        if is_whole {
            *self.whole.lock() = Some(newest.clone());
        }
        Ok(is_whole)
    }
}

const DAY_NS: i64 = 86_400_000_000_000;

impl ColdFiles for KeptFiles {
    fn list(&self) -> Result<ColdList, ColdError> {
        let mut files = self.found()?;
        let Some(newest) = files.last().map(|found| found.file.clone()) else {
            return Ok(ColdList::default());
        };
        let of_newest = files.iter().filter(|found| found.file.last == newest.last);
        let days: BTreeSet<&str> = of_newest.map(|found| found.file.date.as_str()).collect();
        if self.is_whole(&newest, &days)? {
            let through = newest.last;
            return Ok(ColdList { files, through });
        }
        // What the log has still is read there.
        files.retain(|found| found.file.last < newest.first);
        let through = Position(newest.first.0.saturating_sub(1));
        Ok(ColdList { files, through })
    }

    fn store(&self) -> Result<Option<Arc<dyn ObjectStore>>, ColdError> {
        Ok(self.home.store()?.cloned())
    }
}
