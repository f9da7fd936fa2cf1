//! What one transaction of the issue database holds: the sum of what a run of
//! records changes.
//!
//! Counts are deltas, states (status, assignee, newest event) are absolute as of
//! the batch's end. Times: `_ms` Unix milliseconds, `_ns` Unix nanoseconds,
//! minutes and hours since the Unix epoch.

use std::collections::{BTreeMap, HashMap};

use event_model::{
    DeliveryStep, EventId, Fingerprint, IssueId, IssueStatus, Level, Position, ProjectId, UserId,
};

use super::notes::NotesDelta;

/// The sum of what the records after `after` up to `position` change.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueBatch {
    /// The position the database must be at.
    pub after: Position,
    /// The position it is at afterwards.
    pub position: Position,
    /// Each issue at most once.
    pub issues: Vec<IssueDelta>,
    /// Each project at most once.
    pub projects: HashMap<ProjectId, ProjectDelta>,
    /// In order of position.
    pub transitions: Vec<Transition>,
    /// In order of position.
    pub activities: Vec<Activity>,
    /// In order of position, each with the position of its command.
    pub deliveries: Vec<(Position, DeliveryStep)>,
    /// All transitions up to here are dealt with; none: unchanged.
    pub alert_cursor: Option<Position>,
    /// Issues that were discarded (true) or are kept again, as of the batch's end.
    pub discarded: BTreeMap<IssueId, bool>,
    /// Files, feedback, what arrived.
    pub notes: NotesDelta,
    /// Records that the projection could not take in for a defect of its own.
    pub passed_over: Vec<Position>,
}

impl IssueBatch {
    /// Nothing changed yet.
    pub fn after(after: Position) -> Self {
        Self {
            after,
            position: after,
            issues: Vec::new(),
            projects: HashMap::new(),
            transitions: Vec::new(),
            activities: Vec::new(),
            deliveries: Vec::new(),
            alert_cursor: None,
            discarded: BTreeMap::new(),
            notes: NotesDelta::default(),
            passed_over: Vec::new(),
        }
    }
}

/// What changes of one issue.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueDelta {
    /// Which.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// Whether this batch opens it: a row is inserted.
    pub is_new: bool,
    /// Fingerprints seen for the first time that belong to it.
    pub fingerprints: Vec<Fingerprint>,
    /// As of the batch's end.
    pub status: IssueStatus,
    /// As of the batch's end.
    pub assignee: Option<UserId>,
    /// The position of the last record that changed it.
    pub changed: Position,
    /// What its events add; none: only commands touched it.
    pub events: Option<IssueEvents>,
}

/// What the events of one issue add.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueEvents {
    /// Sum of weights.
    pub count: u64,
    /// Earliest event time of the batch.
    pub first_seen_ms: i64,
    /// Latest event time of the batch.
    pub last_seen_ms: i64,
    /// The first event of the batch in log order.
    pub first: (Position, EventId),
    /// The last event of the batch in log order.
    pub last: (Position, EventId),
    /// What the last event shows.
    pub face: Face,
    /// The batch's first release that is not empty; empty: none.
    pub first_release: String,
    /// The batch's last release that is not empty; empty: none.
    pub last_release: String,
    /// Events by minute.
    pub minutes: BTreeMap<i64, u64>,
    /// The oldest minute to keep as of the batch's end; none: nothing is to go.
    pub minutes_from: Option<i64>,
    /// Events by hour.
    pub hours: BTreeMap<i64, u64>,
    /// Events by hash of the user's identity.
    pub users: HashMap<u64, u64>,
    /// Events by tag key and value, values above the cap already under ''.
    pub tags: HashMap<String, HashMap<String, u64>>,
    /// Events by environment.
    pub environments: HashMap<String, u64>,
    /// Events by release.
    pub releases: HashMap<String, ReleaseDelta>,
}

/// How an issue is shown: taken from its newest event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Face {
    /// "Type: first line of the value".
    pub title: String,
    /// Where it broke.
    pub culprit: String,
    /// The exception's type; empty for messages.
    pub ty: String,
    /// First line of the exception's value.
    pub value: String,
    /// How bad.
    pub level: Level,
    /// As the event has it.
    pub platform: String,
    /// 0 unknown, 1 no, 2 yes.
    pub handled: u8,
}

/// What the events of one release add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseDelta {
    /// Sum of weights.
    pub count: u64,
    /// Earliest event time.
    pub first_seen_ms: i64,
    /// Latest event time.
    pub last_seen_ms: i64,
}

impl ReleaseDelta {
    /// Adds an event.
    pub fn add(&mut self, at_ms: i64, weight: u64) {
        self.count += weight;
        self.first_seen_ms = self.first_seen_ms.min(at_ms);
        self.last_seen_ms = self.last_seen_ms.max(at_ms);
    }

    /// Of no event, for [`ReleaseDelta::add`].
    pub fn none() -> Self {
        Self {
            count: 0,
            first_seen_ms: i64::MAX,
            last_seen_ms: i64::MIN,
        }
    }
}

/// What changes of one project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProjectDelta {
    /// Sum of weights.
    pub events: u64,
    /// The newest receipt, Unix milliseconds.
    pub last_received_ms: i64,
    /// Events by hour of receipt.
    pub received_hours: BTreeMap<i64, u64>,
    /// Events by minute and level.
    pub minutes: BTreeMap<(i64, Level), u64>,
    /// The oldest minute to keep as of the batch's end; none: nothing is to go.
    pub minutes_from: Option<i64>,
    /// Events by hour and level.
    pub hours: BTreeMap<(i64, Level), u64>,
    /// By version.
    pub releases: HashMap<String, ReleaseDelta>,
    /// By name.
    pub environments: HashMap<String, u64>,
}

/// Why an issue's state changed. Stored as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TransitionKind {
    /// Its first event.
    New = 1,
    /// An event although it was resolved.
    Regressed = 2,
    /// By command.
    Resolved = 3,
    /// By command.
    Ignored = 4,
    /// By command.
    Reopened = 5,
}

impl TransitionKind {
    /// The name in `errata.v1.Activity.kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Regressed => "regressed",
            Self::Resolved => "resolved",
            Self::Ignored => "ignored",
            Self::Reopened => "reopened",
        }
    }
}

/// An issue's change of state, what alerts act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Of the record that caused it.
    pub position: Position,
    /// Whose.
    pub issue_id: IssueId,
    /// Why.
    pub kind: TransitionKind,
    /// The event's receipt or the command's time, Unix nanoseconds.
    pub at_ns: i64,
    /// The event that caused it; none: a command.
    pub event_id: Option<EventId>,
    /// The event's.
    pub release: String,
    /// The event's.
    pub environment: String,
}

/// A line of an issue's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Of the record that caused it.
    pub position: Position,
    /// Whose.
    pub issue_id: IssueId,
    /// As in `errata.v1.Activity`.
    pub kind: &'static str,
    /// Unix nanoseconds.
    pub at_ns: i64,
    /// "user:N", "admin", "system", "alerter".
    pub actor: String,
    /// The assignee's user id, a release, a target.
    pub detail: String,
}

/// Stored number of a status.
pub fn status_number(status: IssueStatus) -> i64 {
    match status {
        IssueStatus::Unresolved => 1,
        IssueStatus::Resolved => 2,
        IssueStatus::Ignored => 3,
    }
}

/// The status with this stored number; unresolved for any other number.
pub fn status_from_number(number: i64) -> IssueStatus {
    match number {
        2 => IssueStatus::Resolved,
        3 => IssueStatus::Ignored,
        _ => IssueStatus::Unresolved,
    }
}
