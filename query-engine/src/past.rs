//! Issues as of a past time: databases that are made anew of the log up to then, and kept for
//! a while.
//!
//! Invariant: what is read of a past time is what the live database said when it had reached
//! the last record of before that time; who reads it sees of it what they may see now. Bounds:
//! [`KEPT_MAX`] of them, one built at a time, none of a live database of more than
//! [`DATABASE_BYTES_MAX`]. Whoever asks waits [`BUILD_WAIT`] for it and is told to come again
//! then. They lie below the read model's folder and are removed when they go out of use and at
//! the start.

use std::{
    collections::VecDeque,
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use event_model::Position;
use jiff::Timestamp;
use parking_lot::Mutex;
use read_model::issues::reader::Reader;
use tokio::sync::watch;

use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
};

/// Times at hand at once: the oldest gives way.
const KEPT_MAX: usize = 2;
/// Largest live database of which past ones are made: each takes about as much.
const DATABASE_BYTES_MAX: u64 = 4 << 30;
/// Longest wait for one that is being built.
const BUILD_WAIT: Duration = Duration::from_secs(2);
/// Below the read model's folder, where generations have numbers.
const FOLDER: &str = "past";
/// Longest text of a time, bytes.
const TEXT_BYTES_MAX: usize = 64;

/// Why issues cannot be built as of a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PastError {
    /// The log, and checkpoints, do not reach back so far.
    #[error("the log no longer reaches back to it")]
    Gone,
    /// It failed, in words.
    #[error("{0}")]
    Failed(String),
}

/// Whoever can make issue databases of the log; another crate's work.
pub trait PastIssues: fmt::Debug + Send + Sync {
    /// Builds the database as it was at `until` at `path`, where there is nothing. Blocking.
    fn build(&self, until: Position, path: &Path) -> Result<(), PastError>;

    /// The earliest position of which one can be built. Blocking.
    fn earliest(&self) -> Result<Position, PastError>;
}

/// The time that a read is asked of.
#[derive(Debug, Clone)]
pub(crate) struct When {
    /// "Now" of its ranges, Unix seconds.
    pub(crate) now_s: i64,
    /// None: the live read model.
    pub(crate) then: Option<Then>,
}

/// Issues of then.
#[derive(Debug, Clone)]
pub(crate) struct Then {
    /// The last record that they know of.
    pub(crate) until: Position,
    pub(crate) issues: Arc<Database>,
}

/// A database that is removed when nobody reads it any more.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    pub(crate) reader: Reader,
}

impl Drop for Database {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

type Built = Option<Result<(), PastError>>;

/// Those at hand, and the one that is built.
#[derive(Debug)]
pub(crate) struct Pasts {
    folder: PathBuf,
    kept: Mutex<VecDeque<Then>>,
    building: Mutex<Option<(Position, watch::Receiver<Built>)>>,
}

impl Pasts {
    /// Below this folder of generations; what an earlier process left there goes.
    pub(crate) fn new(read_model_dir: &Path) -> Self {
        let folder = read_model_dir.join(FOLDER);
        if let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "databases of past times take room");
        }
        Self {
            folder,
            kept: Mutex::default(),
            building: Mutex::default(),
        }
    }

    fn find(&self, until: Position) -> Option<Then> {
        let mut kept = self.kept.lock();
        let at = kept.iter().position(|past| past.until == until)?;
        let past = kept.remove(at)?;
        kept.push_back(past.clone());
        Some(past)
    }

    fn keep(&self, until: Position, path: PathBuf) -> Result<(), PastError> {
        let reader = Reader::open(&path).map_err(|error| failed(&error))?;
        let mut kept = self.kept.lock();
        while kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Then {
            until,
            issues: Arc::new(Database { path, reader }),
        });
        Ok(())
    }

    /// Begins to build, or joins who waits for the same; none: another one is being built.
    fn begin(
        self: &Arc<Self>,
        builder: &Arc<dyn PastIssues>,
        until: Position,
    ) -> Option<watch::Receiver<Built>> {
        let mut building = self.building.lock();
        if let Some((of, receiver)) = &*building {
            return (*of == until).then(|| receiver.clone());
        }
        let (sender, receiver) = watch::channel(None);
        *building = Some((until, receiver.clone()));
        let (pasts, builder) = (Arc::clone(self), Arc::clone(builder));
        tokio::task::spawn_blocking(move || {
            let built = pasts.build(&*builder, until);
            if let Err(error) = &built {
                tracing::warn!(%until, error = %error, "issues of a past time cannot be built");
            }
            *pasts.building.lock() = None;
            sender.send_replace(Some(built));
        });
        Some(receiver)
    }

    fn build(&self, builder: &dyn PastIssues, until: Position) -> Result<(), PastError> {
        fs::create_dir_all(&self.folder).map_err(|error| failed(&error))?;
        let path = self.folder.join(format!("{until}.sqlite3"));
        remove(&path);
        let built = builder.build(until, &path);
        if built.is_err() {
            remove(&path);
        }
        built?;
        self.keep(until, path)
    }
}

impl Core {
    /// The time that `at` names; empty: now. Fails with what to do about it where there is
    /// nothing to read as of then, or not yet.
    pub(crate) async fn when(&self, at: &str) -> Result<When, ApiError> {
        let now_s = self.now_s();
        if at.is_empty() {
            return Ok(When { now_s, then: None });
        }
        let at_ns = moment(at, now_s)?;
        let at_s = at_ns.div_euclid(1_000_000_000);
        let until = self.log.before_time(at_ns)?;
        Ok(When {
            now_s: at_s,
            then: Some(self.past(until).await?),
        })
    }

    async fn past(&self, until: Position) -> Result<Then, ApiError> {
        if let Some(past) = self.pasts.find(until) {
            return Ok(past);
        }
        let Some(builder) = &self.config.past else {
            return Err(refused("this process cannot build issues of a past time"));
        };
        let earliest = {
            let builder = Arc::clone(builder);
            tokio::task::spawn_blocking(move || builder.earliest()).await
        };
        let earliest = earliest.map_err(|error| ApiError::internal(&error))?;
        let earliest = earliest.map_err(|error| ApiError::internal(&error))?;
        if until < earliest {
            return Err(self.too_early(earliest));
        }
        self.refuse_large()?;
        let being_built = || {
            let message = "the issues of that time are being built: ask again";
            ApiError::at(ErrorCode::Overloaded, "at", message)
        };
        let Some(mut built) = self.pasts.begin(builder, until) else {
            let message = "those of another time are being built: ask again";
            return Err(ApiError::at(ErrorCode::Overloaded, "at", message));
        };
        let done = built.wait_for(Option::is_some);
        let done = tokio::time::timeout(BUILD_WAIT, done).await;
        let Ok(Ok(done)) = done.map(|done| done.map(|built| built.clone())) else {
            return Err(being_built());
        };
        match done {
            Some(Err(PastError::Gone)) => Err(self.too_early(earliest)),
            Some(Err(error)) => Err(ApiError::internal(&error)),
            _ => self.pasts.find(until).ok_or_else(being_built),
        }
    }

    fn refuse_large(&self) -> Result<(), ApiError> {
        let live = self.current.load_full();
        let bytes = live.map_or(0, |open| open.issues_bytes());
        if bytes > DATABASE_BYTES_MAX {
            let message = format!(
                "the issues take {bytes} bytes, and past ones are built of at most {DATABASE_BYTES_MAX}: \
                 `errata replay --until TIME --to DIR` has no bound"
            );
            return Err(refused(&message));
        }
        Ok(())
    }

    fn too_early(&self, earliest: Position) -> ApiError {
        let written = self.log.written_ns(Position(earliest.0 + 1)).ok().flatten();
        let since = written.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
        let since = since.map_or_else(
            || "now".to_owned(),
            |since| since.round(jiff::Unit::Second).unwrap_or(since).to_string(),
        );
        let message =
            format!("the log no longer tells what was then: the earliest time is {since}");
        ApiError::at(ErrorCode::NotRetained, "at", message)
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::invalid("at", message)
}

/// RFC 3339, Unix seconds, or so long ago ("-24h", "-7d"): Unix nanoseconds.
pub(crate) fn moment(text: &str, now_s: i64) -> Result<i64, ApiError> {
    let cut: String = text.chars().take(TEXT_BYTES_MAX).collect();
    let no_time = || {
        refused(&format!(
            "{cut:?} is no time: 2026-11-03T14:00:00Z, Unix seconds, or -90m, -24h, -7d, -2w ago"
        ))
    };
    let at_ns = if let Some(ago) = text.strip_prefix('-') {
        let unit = ago.chars().last().ok_or_else(no_time)?;
        let unit_s: i64 = match unit {
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return Err(no_time()),
        };
        let number: u32 = ago[..ago.len() - unit.len_utf8()]
            .parse()
            .map_err(|_| no_time())?;
        // To the minute, so that who asks again a moment later is answered by the same.
        let at_s = now_s.saturating_sub(i64::from(number) * unit_s) / 60 * 60;
        at_s.saturating_mul(1_000_000_000)
    } else if let Ok(seconds) = text.parse::<i64>() {
        seconds.saturating_mul(1_000_000_000)
    } else {
        let at: Timestamp = text.parse().map_err(|_| no_time())?;
        i64::try_from(at.as_nanosecond()).map_err(|_| no_time())?
    };
    if at_ns > now_s.saturating_add(1).saturating_mul(1_000_000_000) {
        return Err(refused(&format!("{cut:?} is not past yet")));
    }
    Ok(at_ns)
}

fn failed(error: &dyn std::error::Error) -> PastError {
    PastError::Failed(ground::with_causes(error))
}

/// A database with its journals.
fn remove(path: &Path) {
    for suffix in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if let Err(error) = fs::remove_file(&name)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a database of a past time takes room");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_795_000_000;

    #[test]
    fn times_are_read_as_they_are_meant() {
        let ns = |s: i64| s * 1_000_000_000;
        for (text, expected) in [
            ("2026-11-03T14:00:00Z", ns(1_793_714_400)),
            ("2026-11-03T15:00:00+01:00", ns(1_793_714_400)),
            ("1793714400", ns(1_793_714_400)),
            ("-24h", ns((NOW_S - 86_400) / 60 * 60)),
            ("-2w", ns((NOW_S - 14 * 86_400) / 60 * 60)),
            ("-90m", ns((NOW_S - 5_400) / 60 * 60)),
        ] {
            assert_eq!(moment(text, NOW_S), Ok(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "-h",
            "-1y",
            "-é",
            "noon",
            "-1.5h",
            "2999-01-01T00:00:00Z",
        ] {
            let refused = moment(text, NOW_S).unwrap_err();
            assert_eq!(refused.field, "at", "{text}");
        }
    }

    #[test]
    fn what_an_earlier_process_left_is_removed_and_the_oldest_gives_way() {
        use read_model::issues::{IssueWriter, writer::Durability};
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("7.sqlite3"), "half").unwrap();
        let pasts = Pasts::new(dir.path());
        assert!(!folder.exists());
        fs::create_dir_all(&folder).unwrap();
        let path = |n: u64| folder.join(format!("{n}.sqlite3"));
        for n in 1..=3 {
            let writer = IssueWriter::create(&path(n), Durability::Live).unwrap();
            drop(writer);
            pasts.keep(Position(n), path(n)).unwrap();
            // The first is used in between, so the second is the one that goes.
            pasts.find(Position(1)).unwrap();
        }
        assert!(pasts.find(Position(2)).is_none());
        assert!(!path(2).exists() && path(1).exists() && path(3).exists());
        let held = pasts.find(Position(1)).unwrap();
        drop(pasts);
        assert!(path(1).exists(), "somebody reads it");
        drop(held);
        assert!(!path(1).exists());
    }
}
