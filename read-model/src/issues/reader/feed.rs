//! What live streams and the alerter follow: changes, transitions, deliveries.
//!
//! Invariant: a cursor is exclusive and names a row, not only a position: one
//! command changes up to 1,000 issues at a single position, and a page may end in
//! the middle of them.

use event_model::{DeliveryState, DeliveryStep, EventId, IssueId, Position};
use rusqlite::params;

use super::{
    ReadError, Snapshot, issue_seen, lead,
    row::{COLUMN_COUNT, COLUMNS, IssueRow, read_issue},
};
use crate::issues::{
    batch::TransitionKind,
    numbers::{delivery_number, delivery_of, transition_of},
};

/// Up to where changes were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ChangeCursor {
    /// The change's position.
    pub position: Position,
    /// The issue, as SQLite orders it.
    pub issue: i64,
}

impl ChangeCursor {
    /// Before everything above `position`.
    pub fn after(position: Position) -> Self {
        Self {
            position,
            issue: i64::MAX,
        }
    }
}

/// An issue that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As it is now.
    pub issue: IssueRow,
    /// What changed, if that is a part of it by now: an issue that was merged into it.
    pub merged: Option<IssueId>,
    /// Its newest change.
    pub cursor: ChangeCursor,
}

/// A change of state that alerts act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Where in the log.
    pub position: Position,
    /// The issue it happened to.
    pub issue_id: IssueId,
    /// The issue as it is now: the one that it was merged into, if it was.
    pub issue: IssueRow,
    /// What happened.
    pub kind: TransitionKind,
    /// Unix ns.
    pub at_ns: i64,
    /// The event that caused it; none for commands.
    pub event_id: Option<EventId>,
    /// The event's; empty: none.
    pub release: String,
    /// The event's; empty: none.
    pub environment: String,
    /// Number of `kind`, third part of its place in the order.
    pub kind_number: i64,
}

/// A notification's newest step and where it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where in the log.
    pub position: Position,
    /// The step.
    pub step: DeliveryStep,
}

/// Which deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    /// None: all.
    pub state: Option<DeliveryState>,
    /// Since then, Unix ns.
    pub since_ns: Option<i64>,
}

impl Snapshot<'_> {
    /// At most `limit` issues whose newest change is after `cursor`, oldest change
    /// first.
    pub fn changes(&self, cursor: ChangeCursor, limit: u32) -> Result<Vec<Change>, ReadError> {
        let sql = format!(
            "SELECT {COLUMNS}, change.position, change.issue_id FROM change
             CROSS JOIN issue ON issue.id = {}
             WHERE (change.position, change.issue_id) > (?1, ?2) AND {}
             ORDER BY change.position, change.issue_id LIMIT ?3",
            lead("change.issue_id"),
            issue_seen!("?4")
        );
        let after = cursor.position.0 as i64;
        self.rows(
            &sql,
            params![after, cursor.issue, limit, self.seen()],
            |row| {
                let issue = read_issue(row)?;
                let cursor = ChangeCursor {
                    position: Position(row.get::<_, i64>(COLUMN_COUNT)? as u64),
                    issue: row.get(COLUMN_COUNT + 1)?,
                };
                let changed = IssueId(cursor.issue as u64);
                Ok(Change {
                    merged: (changed != issue.id).then_some(changed),
                    issue,
                    cursor,
                })
            },
        )
    }

    /// At most `limit` transitions after (position, issue, kind), in that order.
    pub fn transitions(
        &self,
        after: (Position, i64, i64),
        limit: u32,
    ) -> Result<Vec<Transition>, ReadError> {
        let sql = format!(
            "SELECT {COLUMNS}, t.position, t.kind, t.at_ns, t.event_id, t.release, t.environment,
                 t.issue_id
             FROM transition AS t
             CROSS JOIN issue ON issue.id = {}
             WHERE (t.position, t.issue_id, t.kind) > (?1, ?2, ?3) AND {}
             ORDER BY t.position, t.issue_id, t.kind LIMIT ?4",
            lead("t.issue_id"),
            issue_seen!("?5")
        );
        let values = params![after.0.0 as i64, after.1, after.2, limit, self.seen()];
        self.rows(&sql, values, |row| {
            let kind_number: i64 = row.get(COLUMN_COUNT + 1)?;
            Ok(Transition {
                issue_id: IssueId(row.get::<_, i64>(COLUMN_COUNT + 6)? as u64),
                issue: read_issue(row)?,
                position: Position(row.get::<_, i64>(COLUMN_COUNT)? as u64),
                kind: transition_of(kind_number),
                at_ns: row.get(COLUMN_COUNT + 2)?,
                event_id: row
                    .get::<_, Option<[u8; 16]>>(COLUMN_COUNT + 3)?
                    .map(EventId),
                release: row.get(COLUMN_COUNT + 4)?,
                environment: row.get(COLUMN_COUNT + 5)?,
                kind_number,
            })
        })
    }

    /// The newest step of at most `limit` notifications, newest first, below the step at
    /// `from` if it is given.
    pub fn deliveries(
        &self,
        filter: DeliveryFilter,
        from: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Delivery>, ReadError> {
        let state = filter.state.map_or(0, delivery_number);
        let sql = format!(
            "SELECT {DELIVERY_COLUMNS} FROM delivery
             WHERE at_ns >= ?1 AND (?2 = 0 OR state = ?2) AND position < ?3
                 AND (?5 IS NULL OR EXISTS (
                     SELECT 1 FROM issue WHERE issue.id = {} AND {}))
             ORDER BY position DESC LIMIT ?4",
            lead("delivery.issue_id"),
            issue_seen!("?5")
        );
        let below = from.map_or(i64::MAX, |from| from.0 as i64);
        let since_ns = filter.since_ns.unwrap_or(i64::MIN);
        let values = params![since_ns, state, below, limit, self.seen()];
        self.rows(&sql, values, read_delivery)
    }

    /// What the alerter must know when it starts, oldest step first, above the step at
    /// `from`: deliveries of transitions above the alert cursor, those without an end, and
    /// those since `since_ns`.
    pub fn unsettled_deliveries(
        &self,
        since_ns: i64,
        from: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Delivery>, ReadError> {
        let sql = format!(
            "SELECT {DELIVERY_COLUMNS} FROM delivery
             WHERE position > ?1 AND (transition_position > ?2 OR at_ns >= ?3 OR state IN (?4, ?5))
                 AND (?7 IS NULL OR EXISTS (
                     SELECT 1 FROM issue WHERE issue.id = {} AND {}))
             ORDER BY position LIMIT ?6",
            lead("delivery.issue_id"),
            issue_seen!("?7")
        );
        let above = from.map_or(-1, |from| from.0 as i64);
        let cursor = self.alert_cursor()?.0 as i64;
        let open = [DeliveryState::Sending, DeliveryState::Held].map(delivery_number);
        let values = params![
            above,
            cursor,
            since_ns,
            open[0],
            open[1],
            limit,
            self.seen()
        ];
        self.rows(&sql, values, read_delivery)
    }
}

const DELIVERY_COLUMNS: &str =
    "notification_id, position, transition_position, issue_id, rule, channel,
    target, state, attempts, error, at_ns";

fn read_delivery(row: &rusqlite::Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        position: Position(row.get::<_, i64>(1)? as u64),
        step: DeliveryStep {
            notification_id: row.get(0)?,
            transition_position: row.get::<_, i64>(2)? as u64,
            issue_id: IssueId(row.get::<_, i64>(3)? as u64),
            rule: row.get(4)?,
            channel: row.get(5)?,
            target: row.get(6)?,
            state: delivery_of(row.get(7)?),
            attempts: row.get(8)?,
            error: row.get(9)?,
            at_ns: row.get(10)?,
        },
    })
}
