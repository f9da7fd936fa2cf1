//! Reads events that are in cold files only.
//!
//! Owns: which files there are, as of the last look, and the footers of those read last. Invariant: what is kept
//! ([`ColdReader::kept`]) is answered from that look and asks no store, so that a bucket that is away delays nobody
//! who does not ask for its events; who does waits for [`READING`](super::READING) at most. An event is found by its
//! place: names tell the files, footers the row groups, page indexes the pages, so that one costs some small ranges of
//! one file. Memory: the pages of [`READS_MAX`] reads, and [`FOOTERS_MAX`] footers.
//!
//! Blocking; see [`ColdHome`].

mod footers;
mod object;

use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{AsArray, BooleanArray, RecordBatch},
    datatypes::UInt64Type,
    error::ArrowError,
};
use event_model::Position;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, path::Path as ObjectPath};
use parking_lot::{Condvar, Mutex, RwLock};
use parquet::{
    arrow::{
        ParquetRecordBatchStreamBuilder, ProjectionMask,
        arrow_reader::{ArrowPredicateFn, RowFilter},
        async_reader::ParquetRecordBatchStream,
    },
    file::{metadata::RowGroupMetaData, statistics::Statistics},
};

use self::{footers::Footers, object::Object};
use super::{
    home::{ColdHome, Listed},
    kept::Kept,
    names::ColdFile,
    rows::{self, COLUMNS, ColdEvent},
    writer::parquet_error,
};
use crate::ReadModelError;

/// Reads at once: each may hold some pages, and a store that is slow holds all of them.
const READS_MAX: usize = 4;
/// Longest wait for a turn.
const TURN_WAIT_MAX: Duration = Duration::from_millis(500);
/// Files of one read that are asked at once.
const FILES_AT_ONCE: usize = 4;
/// Rows made events at once: each may be of a megabyte.
const BATCH_ROWS: usize = 64;

/// See the module.
#[derive(Debug)]
pub struct ColdReader {
    home: ColdHome,
    seen: RwLock<Seen>,
    footers: Footers,
    turns: Turns,
}

/// As of the last look.
#[derive(Debug, Default)]
struct Seen {
    files: Arc<[Listed]>,
    kept: Kept,
    /// Where the log began then: what it has dropped since is in files that are not known yet.
    log_first: Position,
    at: Option<Instant>,
}

/// An event that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its place in the log.
    pub position: Position,
    /// Its day of receipt, UTC, "YYYY-MM-DD"; none: not known, then all files that may have it are asked.
    pub date: Option<String>,
}

/// What a read found.
#[derive(Debug, Default)]
pub struct Found {
    /// By place.
    pub events: HashMap<Position, ColdEvent>,
    /// Files and rows that are damaged.
    pub faults: Vec<ReadModelError>,
}

impl ColdReader {
    /// Knows of no file before [`Self::look`].
    pub fn new(home: ColdHome) -> Self {
        Self {
            home,
            seen: RwLock::default(),
            footers: Footers::default(),
            turns: Turns::default(),
        }
    }

    /// Where the files are.
    pub fn home(&self) -> &ColdHome {
        &self.home
    }

    /// Looks which files there are beside a log that begins at `log_first`.
    pub fn look(&self, log_first: Position) -> Result<(), ReadModelError> {
        let files: Arc<[Listed]> = self.home.list()?.into();
        let kept = Kept::new(Position(u64::MAX), &files);
        let at = Some(Instant::now());
        *self.seen.write() = Seen {
            files,
            kept,
            log_first,
            at,
        };
        Ok(())
    }

    /// How long ago the last look was; none: there was none.
    pub fn looked_ago(&self) -> Option<Duration> {
        self.seen.read().at.map(|at| at.elapsed())
    }

    /// The files of the last look, the oldest segment first.
    pub fn files(&self) -> Arc<[Listed]> {
        Arc::clone(&self.seen.read().files)
    }

    /// What can be read beside a log that begins at `log_first`. What it has dropped since the
    /// last look it had written to files before.
    pub fn kept(&self, log_first: Position) -> Kept {
        let seen = self.seen.read();
        seen.kept.clone().beside(log_first.min(seen.log_first))
    }

    /// Whether the file of an event that a log has dropped may be one that is not known yet.
    pub fn is_news(&self, position: Position) -> bool {
        position >= self.seen.read().log_first
    }

    /// The events that are wanted, as far as they are there.
    pub fn events(&self, wanted: &[Wanted]) -> Result<Found, ReadModelError> {
        let by_file = self.files_of(wanted);
        let mut found = Found::default();
        let Some(store) = self.home.store()?.filter(|_| !by_file.is_empty()) else {
            return Ok(found);
        };
        let _turn = self.turns.take()?;
        let reads = by_file.into_iter().map(|(path, positions)| async move {
            let read = match self.rows_at(store, &path, positions.clone()).await {
                // Written anew between its footer and its pages.
                Err(error) if error.is_changed_object() => {
                    self.rows_at(store, &path, positions).await
                }
                read => read,
            };
            (path, read)
        });
        let mut reads = futures_util::stream::iter(reads).buffer_unordered(FILES_AT_ONCE);
        self.home.wait(async {
            while let Some((path, read)) = reads.next().await {
                let taken = match read {
                    Ok(batches) => batches
                        .iter()
                        .try_for_each(|batch| found.take(&path, batch)),
                    Err(error) => Err(error),
                };
                match taken {
                    Ok(()) => {}
                    // Shed since the last look.
                    Err(error) if error.is_missing_object() => {}
                    Err(error) if error.is_of_store() => return Err(error),
                    Err(error) => found.faults.push(error),
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The events of a file behind a place, in order, some at a time, as long as `each` wants more.
    pub fn walk<E: From<ReadModelError>>(
        &self,
        file: &ColdFile,
        after: Position,
        mut each: impl FnMut(Found) -> Result<bool, E>,
    ) -> Result<(), E> {
        let Some(store) = self.home.store()? else {
            return Ok(());
        };
        let path = file.path();
        let behind = Position(after.0 + 1)..=file.last;
        let mut rows = self
            .home
            .wait(self.rows(store, &path, behind, move |position| position > after))?;
        loop {
            let batch = self.home.wait(rows.try_next());
            let Some(batch) = batch.map_err(parquet_error("read", &path))? else {
                return Ok(());
            };
            let mut found = Found::default();
            found.take(&path, &batch)?;
            if !each(found)? {
                return Ok(());
            }
        }
    }

    /// Which files to ask for which places.
    fn files_of(&self, wanted: &[Wanted]) -> BTreeMap<ObjectPath, Vec<Position>> {
        let files = self.files();
        let mut by_file: BTreeMap<ObjectPath, Vec<Position>> = BTreeMap::new();
        for Wanted { position, date } in wanted {
            // Sorted by their ends, and apart but for the days of one segment.
            let at = files.partition_point(|listed| listed.file.last < *position);
            let spanning = files[at..]
                .iter()
                .take_while(|listed| listed.file.first <= *position);
            for Listed { file, .. } in spanning {
                if date.as_ref().is_none_or(|date| *date == file.date) {
                    by_file.entry(file.path()).or_default().push(*position);
                }
            }
        }
        for positions in by_file.values_mut() {
            positions.sort_unstable();
            positions.dedup();
        }
        by_file
    }

    async fn rows_at(
        &self,
        store: &Arc<dyn ObjectStore>,
        path: &ObjectPath,
        positions: Vec<Position>,
    ) -> Result<Vec<RecordBatch>, ReadModelError> {
        let first = positions.first().copied().unwrap_or_default();
        let last = positions.last().copied().unwrap_or_default();
        let is_wanted = move |position| positions.binary_search(&position).is_ok();
        let rows = self.rows(store, path, first..=last, is_wanted).await?;
        rows.try_collect()
            .await
            .map_err(parquet_error("read", path))
    }

    /// The rows of a file whose place is within a range and passes.
    async fn rows(
        &self,
        store: &Arc<dyn ObjectStore>,
        path: &ObjectPath,
        range: RangeInclusive<Position>,
        is_wanted: impl Fn(Position) -> bool + Send + 'static,
    ) -> Result<ParquetRecordBatchStream<Object>, ReadModelError> {
        let footer = self.footers.of(store, path).await?;
        let rows =
            ParquetRecordBatchStreamBuilder::new_with_metadata(footer.object, footer.metadata);
        let schema = rows.parquet_schema();
        let of = |columns: &[&str]| ProjectionMask::columns(schema, columns.iter().copied());
        let (place, columns) = (of(&["position"]), of(&COLUMNS));
        let groups = rows.metadata().row_groups().iter().enumerate();
        let groups = groups
            .filter(|(_, group)| may_have(group, &range))
            .map(|(at, _)| at)
            .collect();
        let filter = ArrowPredicateFn::new(place, move |batch: RecordBatch| {
            let positions = batch.column(0).as_primitive_opt::<UInt64Type>();
            let positions = positions
                .ok_or_else(|| ArrowError::SchemaError("position is no u64".to_owned()))?;
            Ok(BooleanArray::from_unary(positions, |position| {
                is_wanted(Position(position))
            }))
        });
        rows.with_row_groups(groups)
            .with_projection(columns)
            .with_row_filter(RowFilter::new(vec![Box::new(filter)]))
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(parquet_error("read", path))
    }
}

impl Found {
    fn take(&mut self, path: &ObjectPath, batch: &RecordBatch) -> Result<(), ReadModelError> {
        let damaged = |what: String| ReadModelError::Damaged {
            path: path.as_ref().into(),
            what,
        };
        let Some(events) = rows::events(batch) else {
            return Err(damaged(
                "its columns are not those of a cold file".to_owned(),
            ));
        };
        for (position, event) in events {
            match event {
                Some(event) => {
                    self.events.insert(position, event);
                }
                None => self.faults.push(damaged(format!(
                    "the row of position {position} is no event"
                ))),
            }
        }
        Ok(())
    }
}

/// Whether a row group may have a row of a place within a range.
fn may_have(group: &RowGroupMetaData, range: &RangeInclusive<Position>) -> bool {
    let column = group
        .columns()
        .iter()
        .find(|column| column.column_path().string() == "position");
    let Some(Statistics::Int64(statistics)) = column.and_then(|column| column.statistics()) else {
        return true;
    };
    // Parquet has signed numbers only; of unsigned ones the bits are the same.
    let bound = |bound: Option<&i64>| bound.map(|bound| bound.cast_unsigned());
    bound(statistics.min_opt()).is_none_or(|least| least <= range.end().0)
        && bound(statistics.max_opt()).is_none_or(|most| most >= range.start().0)
}

/// Turns of reads.
#[derive(Debug, Default)]
struct Turns {
    taken: Mutex<usize>,
    given_back: Condvar,
}

/// A read's, until it is dropped.
struct Turn<'a>(&'a Turns);

impl Turns {
    fn take(&self) -> Result<Turn<'_>, ReadModelError> {
        let mut taken = self.taken.lock();
        let is_full = |taken: &mut usize| *taken >= READS_MAX;
        let waited = self
            .given_back
            .wait_while_for(&mut taken, is_full, TURN_WAIT_MAX);
        if waited.timed_out() && *taken >= READS_MAX {
            return Err(ReadModelError::ColdBusy);
        }
        *taken += 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock() -= 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests;
