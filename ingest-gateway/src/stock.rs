//! How much is kept in files (`data/blobs`), of a project and in all, and the bounds.
//!
//! Invariant: no file is written that would take its project, or all together, beyond
//! the bound: room is taken before, and given back if nothing was written. What is
//! there at the start is counted by a look at the folder; files that were stored twice
//! count once. A file that finds no room is dropped for a reason of its own; its event
//! is stored all the same.

use std::{collections::HashMap, fs, io, path::Path};

use event_model::ProjectId;
use parking_lot::Mutex;

use crate::{
    error::{ApiError, ErrorCode},
    fate::DropReason,
};

/// What files take, and may take.
#[derive(Debug)]
pub(crate) struct Stock {
    project_bytes_max: u64,
    bytes_max: u64,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    projects: HashMap<ProjectId, u64>,
}

impl Stock {
    /// What is there, and these bounds. Reads the folder: not on a worker.
    pub(crate) fn count(dir: &Path, project_bytes_max: u64, bytes_max: u64) -> io::Result<Self> {
        let mut taken = Taken::default();
        for folder in fs::read_dir(dir)? {
            let folder = folder?;
            let name = folder.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok());
            let Some(project) = number.map(ProjectId) else {
                continue;
            };
            for file in fs::read_dir(folder.path())? {
                let bytes = file?.metadata()?.len();
                taken.bytes += bytes;
                *taken.projects.entry(project).or_default() += bytes;
            }
        }
        Ok(Self {
            project_bytes_max,
            bytes_max,
            taken: Mutex::new(taken),
        })
    }

    /// Takes room for a file, or refuses it.
    pub(crate) fn take(&self, project: ProjectId, bytes: u64) -> Result<(), ApiError> {
        let mut taken = self.taken.lock();
        let own = taken.projects.get(&project).copied().unwrap_or_default();
        if own.saturating_add(bytes) > self.project_bytes_max {
            return Err(full("project", self.project_bytes_max));
        }
        if taken.bytes.saturating_add(bytes) > self.bytes_max {
            return Err(full("server", self.bytes_max));
        }
        taken.bytes += bytes;
        taken.projects.insert(project, own + bytes);
        Ok(())
    }

    /// Gives room back that was not used.
    pub(crate) fn give_back(&self, project: ProjectId, bytes: u64) {
        let mut taken = self.taken.lock();
        taken.bytes = taken.bytes.saturating_sub(bytes);
        if let Some(own) = taken.projects.get_mut(&project) {
            *own = own.saturating_sub(bytes);
        }
    }
}

fn full(whose: &str, bytes_max: u64) -> ApiError {
    ApiError::new(
        ErrorCode::TooLarge,
        format!("the files of this {whose} take their {bytes_max} bytes: no more are kept"),
    )
    .counted_as(DropReason::StorageFull)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_bounded_by_project_and_in_all_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("7")).unwrap();
        fs::write(dir.path().join("7/a"), [0; 60]).unwrap();
        let stock = Stock::count(dir.path(), 100, 150).unwrap();
        let (one, other) = (ProjectId(7), ProjectId(8));
        let reason = |result: Result<(), ApiError>| result.map_err(|e| e.drop_reason());
        assert_eq!(stock.take(one, 40), Ok(()));
        assert_eq!(reason(stock.take(one, 1)), Err(DropReason::StorageFull));
        assert_eq!(stock.take(other, 50), Ok(()));
        assert_eq!(reason(stock.take(other, 1)), Err(DropReason::StorageFull));
        stock.give_back(one, 40);
        assert_eq!(stock.take(other, 40), Ok(()));
    }
}
