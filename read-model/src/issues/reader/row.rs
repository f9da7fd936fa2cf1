//! One row of table `issue`.

use event_model::{EventId, IssueId, IssueStatus, Level, Position, ProjectId, UserId};
use rusqlite::{OptionalExtension, Row, params};

use super::{ReadError, Snapshot, issue_seen, json_list, lead};
use crate::issues::{
    batch::Regression,
    numbers::{level_of, status_of},
};

/// The columns of [`IssueRow`], in its order; the table must go by its own name.
pub(super) const COLUMNS: &str = "issue.id, issue.project_id, issue.title, issue.culprit, \
     issue.type, issue.value, issue.level, issue.platform, issue.handled, issue.status, \
     issue.assignee, issue.count, issue.users, issue.first_seen, issue.last_seen, \
     issue.first_position, issue.last_position, issue.first_event_id, issue.last_event_id, \
     issue.first_release, issue.last_release, issue.opened, issue.regressed_at, \
     issue.regressed_in, EXISTS (SELECT 1 FROM discarded WHERE issue_id = issue.id), \
     coalesce((SELECT count FROM turned_away WHERE issue_id = issue.id), 0), \
     (SELECT count(*) FROM fingerprint AS own WHERE own.issue_id = issue.id), \
     issue.sampled";
/// How many columns [`COLUMNS`] names: where a query's further columns start.
pub(super) const COLUMN_COUNT: usize = 28;

/// An issue as the projection has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRow {
    /// Which.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// "Type: first line of the value".
    pub title: String,
    /// Where it broke.
    pub culprit: String,
    /// The exception's type; empty for messages.
    pub ty: String,
    /// The exception's value, first line.
    pub value: String,
    /// Of the newest event.
    pub level: Level,
    /// Of the newest event.
    pub platform: String,
    /// Whether the newest event was caught; none: unknown.
    pub handled: Option<bool>,
    /// Where it stands.
    pub status: IssueStatus,
    /// Who looks after it.
    pub assignee: Option<UserId>,
    /// Events.
    pub count: u64,
    /// Distinct users.
    pub users: u64,
    /// Event time of the earliest event, Unix ms.
    pub first_seen_ms: i64,
    /// Event time of the latest event, Unix ms.
    pub last_seen_ms: i64,
    /// The event that happened first.
    pub first_position: Position,
    /// The event that happened last.
    pub last_position: Position,
    /// The event that happened first.
    pub first_event_id: EventId,
    /// The event that happened last.
    pub last_event_id: EventId,
    /// Empty: none.
    pub first_release: String,
    /// Empty: none.
    pub last_release: String,
    /// The record that made it.
    pub opened: Position,
    /// That it came back, until resolved again.
    pub regression: Option<Regression>,
    /// Whether its events to come are not wanted.
    pub is_discarded: bool,
    /// Its events that were not wanted.
    pub turned_away: u64,
    /// Of its events, those that were only counted.
    pub sampled: u64,
    /// Fingerprints it is made of; more than one: it was merged.
    pub fingerprints: u32,
}

pub(super) fn read_issue(row: &Row<'_>) -> rusqlite::Result<IssueRow> {
    Ok(IssueRow {
        id: IssueId(row.get::<_, i64>(0)? as u64),
        project_id: ProjectId(row.get(1)?),
        title: row.get(2)?,
        culprit: row.get(3)?,
        ty: row.get(4)?,
        value: row.get(5)?,
        level: level_of(row.get(6)?),
        platform: row.get(7)?,
        handled: match row.get::<_, i64>(8)? {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        },
        status: status_of(row.get(9)?),
        assignee: row.get::<_, Option<u32>>(10)?.map(UserId),
        count: row.get::<_, i64>(11)? as u64,
        users: row.get::<_, i64>(12)? as u64,
        first_seen_ms: row.get(13)?,
        last_seen_ms: row.get(14)?,
        first_position: Position(row.get::<_, i64>(15)? as u64),
        last_position: Position(row.get::<_, i64>(16)? as u64),
        first_event_id: EventId(row.get(17)?),
        last_event_id: EventId(row.get(18)?),
        first_release: row.get(19)?,
        last_release: row.get(20)?,
        opened: Position(row.get::<_, i64>(21)? as u64),
        regression: match row.get(22)? {
            Some(at_ms) => Some(Regression {
                at_ms,
                release: row.get(23)?,
            }),
            None => None,
        },
        is_discarded: row.get(24)?,
        turned_away: row.get::<_, i64>(25)? as u64,
        sampled: row.get::<_, i64>(27)? as u64,
        fingerprints: row.get(26)?,
    })
}

impl Snapshot<'_> {
    /// The issue that an id leads to: of one that was merged the one it is part of.
    pub fn issue(&self, id: IssueId) -> Result<Option<IssueRow>, ReadError> {
        let seen = issue_seen!("?2");
        let sql = format!(
            "SELECT {COLUMNS} FROM issue
             WHERE issue.id = {} AND {seen}",
            lead("?1")
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let values = params![id.0 as i64, self.seen()];
        Ok(statement.query_row(values, read_issue).optional()?)
    }

    /// Those of `ids` that exist, in no order.
    pub fn issues_of(&self, ids: &[IssueId]) -> Result<Vec<IssueRow>, ReadError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM json_each(?1) AS wanted JOIN issue ON issue.id = wanted.value
             WHERE {}",
            issue_seen!("?2")
        );
        let ids = json_list(ids.iter().map(|id| id.0 as i64));
        self.rows(&sql, params![ids, self.seen()], read_issue)
    }

    /// The issues that these ids lead to, each with the id that was asked for.
    pub fn led(&self, ids: &[IssueId]) -> Result<Vec<(IssueId, IssueRow)>, ReadError> {
        let sql = format!(
            "SELECT {COLUMNS}, wanted.value FROM json_each(?1) AS wanted
             CROSS JOIN issue ON issue.id = {}
             WHERE {}",
            lead("wanted.value"),
            issue_seen!("?2")
        );
        let ids = json_list(ids.iter().map(|id| id.0 as i64));
        self.rows(&sql, params![ids, self.seen()], |row| {
            let asked = IssueId(row.get::<_, i64>(COLUMN_COUNT)? as u64);
            Ok((asked, read_issue(row)?))
        })
    }
}
