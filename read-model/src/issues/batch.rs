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
    /// The number of the last command taken in; none: unchanged.
    pub command: Option<u64>,
    /// All transitions up to here are dealt with; none: unchanged.
    pub alert_cursor: Option<Position>,
    /// Issues that were discarded (true) or are so no longer, as of the batch's end.
    pub discarded: BTreeMap<IssueId, bool>,
    /// Events of discarded issues.
    pub turned_away: BTreeMap<IssueId, u64>,
    /// Names of environments and releases seen for the first time, with their numbers.
    pub names: Vec<(i64, String)>,
    /// Scenes seen for the first time.
    pub scenes: Vec<Scene>,
    /// Files, feedback, what arrived.
    pub notes: NotesDelta,
    /// Records that the projection could not take in for a defect of its own.
    pub passed_over: Vec<Position>,
}

/// An environment and a release that events have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Its number, from 1, in the order they came.
    pub id: i64,
    /// Number of the environment's name; 0: none.
    pub environment: i64,
    /// Number of the release's name; 0: none.
    pub release: i64,
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
            command: None,
            alert_cursor: None,
            discarded: BTreeMap::new(),
            turned_away: BTreeMap::new(),
            names: Vec::new(),
            scenes: Vec::new(),
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
    /// While resolved, when it was; as of the batch's end.
    pub resolved_at_ns: Option<i64>,
    /// That it came back, until resolved again; as of the batch's end.
    pub regression: Option<Regression>,
    /// The position of the last record that changed it.
    pub changed: Position,
    /// What its events add; none: only commands touched it.
    pub events: Option<IssueEvents>,
}

/// An event brought a resolved issue back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regression {
    /// When that event happened, Unix milliseconds.
    pub at_ms: i64,
    /// Its release; empty: none.
    pub release: String,
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
    /// The first record of the batch.
    pub opened: Position,
    /// The event first seen; of one millisecond the first in the log.
    pub first: (Position, EventId),
    /// The event last seen; of one millisecond the last in the log.
    pub last: (Position, EventId),
    /// What the event last seen shows.
    pub headline: Headline,
    /// Release of the event first seen of those that name one, and when.
    pub first_release: Option<(i64, String)>,
    /// Release of the event last seen of those that name one, and when.
    pub last_release: Option<(i64, String)>,
    /// Events by minute and scene.
    pub minutes: BTreeMap<(i64, i64), u64>,
    /// The oldest minute to keep as of the batch's end; none: nothing is to go.
    pub minutes_from: Option<i64>,
    /// Events by hour and scene.
    pub hours: BTreeMap<(i64, i64), u64>,
    /// Events by hash of the user's identity.
    pub users: HashMap<u64, u64>,
    /// The minutes of the hour (bit n: minute n) in which a user was seen, by hour,
    /// scene and hash.
    pub user_hours: HashMap<(i64, i64, u64), u64>,
    /// Events by tag key and value, what is above the caps already under ''.
    pub tags: HashMap<String, HashMap<String, u64>>,
    /// By number of the name.
    pub environments: BTreeMap<i64, PartDelta>,
    /// By number of the name.
    pub releases: BTreeMap<i64, PartDelta>,
    /// By scene.
    pub scenes: BTreeMap<i64, PartDelta>,
}

/// How an issue is shown: taken from its newest event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headline {
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

/// What the events of one environment, release or scene add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartDelta {
    /// Sum of weights.
    pub count: u64,
    /// Earliest event time.
    pub first_seen_ms: i64,
    /// Latest event time.
    pub last_seen_ms: i64,
}

impl PartDelta {
    /// Adds an event.
    pub fn add(&mut self, at_ms: i64, weight: u64) {
        self.count += weight;
        self.first_seen_ms = self.first_seen_ms.min(at_ms);
        self.last_seen_ms = self.last_seen_ms.max(at_ms);
    }

    /// Of no event, for [`PartDelta::add`].
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
    /// Events by minute, level and scene.
    pub minutes: BTreeMap<(i64, Level, i64), u64>,
    /// The oldest minute to keep as of the batch's end; none: nothing is to go.
    pub minutes_from: Option<i64>,
    /// Events by hour, level and scene.
    pub hours: BTreeMap<(i64, Level, i64), u64>,
    /// By version.
    pub releases: HashMap<String, PartDelta>,
    /// By name.
    pub environments: HashMap<String, u64>,
}

/// Why an issue's state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransitionKind {
    /// Its first event.
    New = 1,
    /// An event that happened after it was resolved.
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
    /// The event's own time, or the command's, Unix milliseconds.
    pub seen_ms: i64,
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
