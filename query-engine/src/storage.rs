//! What takes how much of the disk, and whose it is: `StatsService.GetStorage`.
//!
//! Files of events have a folder a project. Segments and Parquet files hold all projects:
//! what each has of them is its share of the bytes that events took when they were stored,
//! which the issue database counts by hour of receipt. Sizes are looked up, contents are
//! not read. Blocking, but for [`Core::get_storage`].

use std::{collections::BTreeMap, fs, io, path::Path};

use event_log::{Entry, LogReader, Room};
use event_model::{Position, ProjectId, access::Viewer};
use proto::v1;
use read_model::{cold, issues::reader::ProjectBytes};

use crate::{config::QueryConfig, core::Core, error::ApiError, view::View};

const HOUR_NS: i64 = 3_600_000_000_000;
const HOURS_OF_A_DAY: i64 = 24;
/// Records looked at for the first one that is an event, whose hour is the log's first.
const LOOKED_AT_MAX: usize = 10_000;
/// Folders within folders that are looked into.
const DEPTH_MAX: usize = 8;

/// What was found on disk.
struct Found {
    room: Room,
    log_bytes: u64,
    cold_bytes: u64,
    read_model_bytes: u64,
    blobs: BTreeMap<ProjectId, u64>,
    shares: Vec<ProjectBytes>,
}

impl Core {
    /// Of all, and of each project; for owners, who see all of them.
    pub(crate) async fn get_storage(
        &self,
        viewer: &Viewer,
    ) -> Result<v1::GetStorageResponse, ApiError> {
        let (config, log) = (self.config.clone(), self.log.clone());
        let found = self
            .read(viewer, move |view| look(&config, &log, view))
            .await?;
        let total = |of: fn(&ProjectBytes) -> u64| found.shares.iter().map(of).sum::<u64>();
        let (log_total, cold_total) = (total(|own| own.log), total(|own| own.cold));
        let projects = self.control.state().projects.clone();
        let projects = projects.keys().filter(|id| viewer.sees(**id)).map(|id| {
            let own = found.shares.iter().find(|own| own.project_id == *id);
            let (log, cold) = own.map_or((0, 0), |own| (own.log, own.cold));
            v1::ProjectStorage {
                project_id: id.0,
                log_bytes: share(found.log_bytes, log, log_total),
                blob_bytes: found.blobs.get(id).copied().unwrap_or_default(),
                cold_bytes: share(found.cold_bytes, cold, cold_total),
            }
        });
        let room = &found.room;
        Ok(v1::GetStorageResponse {
            disk_bytes: room.disk.total_bytes,
            free_bytes: room.disk.free_bytes,
            kept_bytes: room.kept_bytes(),
            is_full: room.spare_bytes() == 0,
            log_bytes: found.log_bytes,
            blob_bytes: found.blobs.values().sum(),
            cold_bytes: found.cold_bytes,
            read_model_bytes: found.read_model_bytes,
            projects: projects.collect(),
        })
    }
}

/// Part of a whole, in bytes.
fn share(bytes: u64, own: u64, total: u64) -> u64 {
    let part = u128::from(bytes) * u128::from(own) / u128::from(total.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}

fn look(config: &QueryConfig, log: &LogReader, view: &View<'_>) -> Result<Found, ApiError> {
    let days = cold::days(&view.cold().files());
    let cold_from = days.first().and_then(|day| first_hour(&day.date));
    let log_from = first_event_hour(log)?;
    let shares = view.issues(|snapshot| {
        snapshot.project_bytes(log_from.unwrap_or(i64::MAX), cold_from.unwrap_or(i64::MAX))
    })?;
    Ok(Found {
        room: log.room(&config.floor).map_err(internal)?,
        log_bytes: log.disk_bytes().map_err(internal)?,
        cold_bytes: days.iter().map(|day| day.bytes).sum(),
        read_model_bytes: folder_bytes(&config.read_model_dir, DEPTH_MAX).map_err(internal)?,
        blobs: blobs(&config.blobs_dir).map_err(internal)?,
        shares,
    })
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> ApiError {
    ApiError::internal(&error)
}

/// Unix hour of a day's begin; none if it is no day.
fn first_hour(date: &str) -> Option<i64> {
    let day = date.parse::<jiff::civil::Date>().ok()?;
    let begin = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(begin.timestamp().as_second().div_euclid(86_400) * HOURS_OF_A_DAY)
}

/// Unix hour of receipt of the first event that the log keeps; none if there is none.
fn first_event_hour(log: &LogReader) -> Result<Option<i64>, ApiError> {
    let first = log.first();
    let before = Position::new(first.partition(), first.sequence().saturating_sub(1));
    for item in log.read_after(before).take(LOOKED_AT_MAX) {
        if let Entry::Event(event) = item?.entry {
            let received_ns = event.head().received_ns.to_native();
            return Ok(Some(received_ns.div_euclid(HOUR_NS)));
        }
    }
    Ok(None)
}

/// What the files of each project take.
fn blobs(dir: &Path) -> io::Result<BTreeMap<ProjectId, u64>> {
    let mut found = BTreeMap::new();
    for (name, path) in entries(dir)? {
        if let Ok(project) = name.parse() {
            found.insert(ProjectId(project), folder_bytes(&path, 1)?);
        }
    }
    Ok(found)
}

/// What the files of a folder take; one that goes meanwhile takes nothing.
fn folder_bytes(dir: &Path, depth_max: usize) -> io::Result<u64> {
    let mut bytes = 0;
    for (_, path) in entries(dir)? {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => bytes += found.len(),
            Ok(found) if found.is_dir() && depth_max > 1 => {
                bytes += folder_bytes(&path, depth_max - 1)?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(bytes)
}

fn entries(dir: &Path) -> io::Result<Vec<(String, std::path::PathBuf)>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let named = entries.map(|entry| {
        let entry = entry?;
        Ok((
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        ))
    });
    named.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_at_most_the_whole() {
        for (bytes, own, total, expected) in [
            (100, 1, 4, 25),
            (100, 0, 4, 0),
            (100, 0, 0, 0),
            (u64::MAX, u64::MAX, u64::MAX, u64::MAX),
            (10, 1, 3, 3),
        ] {
            assert_eq!(share(bytes, own, total), expected);
        }
    }

    #[test]
    fn a_day_begins_at_its_first_hour() {
        assert_eq!(first_hour("1970-01-02"), Some(24));
        assert_eq!(first_hour("1970-13-02"), None);
    }

    #[test]
    fn files_are_counted_by_project() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("1/a", 3),
            ("1/b", 4),
            ("7/a", 5),
            ("other/a", 6),
            ("marks", 7),
        ] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; bytes]).unwrap();
        }
        let expected = BTreeMap::from([(ProjectId(1), 7), (ProjectId(7), 5)]);
        assert_eq!(blobs(dir.path()).unwrap(), expected);
        assert_eq!(folder_bytes(dir.path(), 2).unwrap(), 25);
        assert_eq!(blobs(&dir.path().join("none")).unwrap(), BTreeMap::new());
    }
}
