//! The folder of cold files as a whole: which days there are, and the removal of the oldest.
//!
//! Invariant: nothing but `events/date=YYYY-MM-DD` is looked at or removed; names of days
//! sort as the days do.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::writer::EVENTS;
use crate::layout::sync_dir;

/// The files of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColdDay {
    /// Day of receipt, UTC: "YYYY-MM-DD".
    pub date: String,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Every day below `root` (`data/cold`), the oldest first; none if nothing was written yet.
pub fn days(root: &Path) -> io::Result<Vec<ColdDay>> {
    let mut days = Vec::new();
    for (date, path) in folders(root)? {
        let (mut files, mut bytes) = (0, 0);
        for file in fs::read_dir(path)? {
            files += 1;
            bytes += file?.metadata()?.len();
        }
        days.push(ColdDay { date, files, bytes });
    }
    Ok(days)
}

/// Removes all days before `date`.
pub fn remove_before(root: &Path, date: &str) -> io::Result<()> {
    let mut is_removed = false;
    for (day, path) in folders(root)? {
        if day.as_str() < date {
            fs::remove_dir_all(path)?;
            is_removed = true;
        }
    }
    if is_removed {
        sync_dir(&root.join(EVENTS)).map_err(io::Error::other)?;
    }
    Ok(())
}

fn folders(root: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(root.join(EVENTS)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(date) = name.and_then(|name| name.strip_prefix("date=")) {
            folders.push((date.to_owned(), path));
        }
    }
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_days_go_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(days(root.path()).unwrap(), []);
        let events = root.path().join(EVENTS);
        for (day, files) in [("2026-02-10", 2), ("2025-12-31", 1), ("2026-01-02", 3)] {
            let folder = events.join(format!("date={day}"));
            fs::create_dir_all(&folder).unwrap();
            for number in 0..files {
                fs::write(folder.join(number.to_string()), "12345").unwrap();
            }
        }
        fs::create_dir(events.join("by hand")).unwrap();
        let day = |date: &str, files| ColdDay {
            date: date.to_owned(),
            files,
            bytes: 5 * files,
        };
        let all = [
            day("2025-12-31", 1),
            day("2026-01-02", 3),
            day("2026-02-10", 2),
        ];
        assert_eq!(days(root.path()).unwrap(), all);
        // Again changes nothing.
        for _ in 0..2 {
            remove_before(root.path(), "2026-01-02").unwrap();
            assert_eq!(days(root.path()).unwrap(), all[1..]);
        }
        assert!(events.join("by hand").is_dir());
    }
}
