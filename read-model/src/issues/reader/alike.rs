//! Issues that are much like one.
//!
//! Invariant: what a question reads is bounded, whatever a project has: of an issue at most
//! [`PRINTS_MAX`] fingerprints, of each band [`BAND_ROWS_MAX`] rows, of those found the
//! [`CANDIDATES_MAX`] with the most bands in common. What is left out by these bounds is one
//! of many that are alike.

use std::collections::HashMap;

use event_model::{EventId, IssueId, Position, ProjectId};
use rusqlite::{OptionalExtension, params};

use super::{ReadError, Snapshot};
use crate::issues::sketch::{PLACES, Sketch};

/// Fingerprints of an issue that are compared, those with the newest events.
const PRINTS_MAX: i64 = 8;
/// Rows that are read of a band.
const BAND_ROWS_MAX: i64 = 64;
/// Fingerprints whose sketches are read, for each of the issue's own.
const CANDIDATES_MAX: usize = 128;

/// An issue and how much alike it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// Which.
    pub issue: IssueId,
    /// Of [`PLACES`] numbers of the sketches that are most alike, how many are equal.
    pub equal_places: u32,
    /// The newest event of the fingerprint of the issue asked about that is most alike.
    pub own: NewestEvent,
    /// The same of the other issue.
    pub other: NewestEvent,
}

/// A fingerprint's newest event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestEvent {
    /// Where in the log.
    pub position: Position,
    /// Which.
    pub id: EventId,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alikes {
    /// The most alike first.
    pub issues: Vec<Alike>,
    /// Rows that were read for it.
    pub rows_read: usize,
}

struct Own {
    id: i64,
    newest: NewestEvent,
}

impl Snapshot<'_> {
    /// Other issues of an issue's project with at least so many equal places, none that is
    /// discarded; at most `limit`.
    pub fn alike(&self, issue: IssueId, equal_min: u32, limit: usize) -> Result<Alikes, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Alikes::default());
        }
        let mut best: HashMap<IssueId, Alike> = HashMap::new();
        let mut rows_read = 0;
        for own in self.newest_prints(issue)? {
            rows_read += 1;
            let Some((project, sketch)) = self.sketch(own.id)? else {
                continue;
            };
            let candidates = self.candidates(project, &sketch, own.id, &mut rows_read)?;
            for id in candidates {
                rows_read += 1;
                let Some((other, theirs, newest)) = self.candidate(id, issue)? else {
                    continue;
                };
                let found = Alike {
                    issue: other,
                    equal_places: sketch.equal_places(&theirs),
                    own: own.newest,
                    other: newest,
                };
                let known = best.entry(other).or_insert_with(|| found.clone());
                if found.equal_places > known.equal_places {
                    *known = found;
                }
            }
        }
        let mut issues: Vec<Alike> = best.into_values().collect();
        issues.retain(|alike| alike.equal_places >= equal_min);
        issues.sort_unstable_by_key(|alike| (u32::MAX - alike.equal_places, alike.issue));
        issues.truncate(limit);
        Ok(Alikes { issues, rows_read })
    }

    fn newest_prints(&self, issue: IssueId) -> Result<Vec<Own>, ReadError> {
        self.rows(
            "SELECT id, last_position, last_event_id FROM fingerprint WHERE issue_id = ?1
             ORDER BY last_seen DESC, id LIMIT ?2",
            params![issue.0 as i64, PRINTS_MAX],
            |row| {
                Ok(Own {
                    id: row.get(0)?,
                    newest: NewestEvent {
                        position: Position(row.get::<_, i64>(1)? as u64),
                        id: EventId(row.get(2)?),
                    },
                })
            },
        )
    }

    fn sketch(&self, id: i64) -> Result<Option<(ProjectId, Sketch)>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT project_id, sketch FROM fingerprint_sketch AS s
             JOIN fingerprint AS f ON f.id = s.fingerprint_id WHERE fingerprint_id = ?1",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let sketch = Sketch::from_bytes(&row.get::<_, [u8; 2 * PLACES]>(1)?);
            Ok((ProjectId(row.get(0)?), sketch))
        };
        Ok(statement.query_row([id], read).optional()?)
    }

    /// Fingerprints with a band in common, those with the most first.
    fn candidates(
        &self,
        project: ProjectId,
        sketch: &Sketch,
        own: i64,
        rows_read: &mut usize,
    ) -> Result<Vec<i64>, ReadError> {
        let mut shared: HashMap<i64, u32> = HashMap::new();
        for band in sketch.bands() {
            let found: Vec<i64> = self.rows(
                "SELECT fingerprint_id FROM fingerprint_band WHERE project_id = ?1 AND band = ?2
                 ORDER BY fingerprint_id LIMIT ?3",
                params![project.0, band, BAND_ROWS_MAX],
                |row| row.get(0),
            )?;
            *rows_read += found.len();
            for id in found.into_iter().filter(|id| *id != own) {
                *shared.entry(id).or_default() += 1;
            }
        }
        let mut candidates: Vec<(u32, i64)> =
            shared.into_iter().map(|(id, bands)| (bands, id)).collect();
        candidates.sort_unstable_by_key(|(bands, id)| (u32::MAX - bands, *id));
        candidates.truncate(CANDIDATES_MAX);
        Ok(candidates.into_iter().map(|(_, id)| id).collect())
    }

    /// A fingerprint of another issue that is not discarded: whose, its sketch and its newest
    /// event.
    fn candidate(
        &self,
        id: i64,
        issue: IssueId,
    ) -> Result<Option<(IssueId, Sketch, NewestEvent)>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT issue_id, sketch, last_position, last_event_id FROM fingerprint_sketch AS s
             JOIN fingerprint AS f ON f.id = s.fingerprint_id
             WHERE fingerprint_id = ?1 AND issue_id <> ?2
                 AND NOT EXISTS (SELECT 1 FROM discarded WHERE discarded.issue_id = f.issue_id)",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let newest = NewestEvent {
                position: Position(row.get::<_, i64>(2)? as u64),
                id: EventId(row.get(3)?),
            };
            let sketch = Sketch::from_bytes(&row.get::<_, [u8; 2 * PLACES]>(1)?);
            Ok((IssueId(row.get::<_, i64>(0)? as u64), sketch, newest))
        };
        let values = params![id, issue.0 as i64];
        Ok(statement.query_row(values, read).optional()?)
    }
}

#[cfg(test)]
mod tests;
