//! What one transaction of the issue database holds: the sum of what a run of
//! records changes.
//!
//! Counts are deltas, states (status, assignee, newest event) are absolute as of
//! the batch's end. Times: `_ms` Unix milliseconds, `_ns` Unix nanoseconds,
//! minutes and hours since the Unix epoch.
//!
//! Events are counted by fingerprint ([`FingerprintDelta`]), which knows of no issue but
//! whose it is as of the batch's end; how issues stand is beside it ([`IssueDelta`]). What
//! merges and takes apart ([`Regroup`]) is a batch of its own.

mod counts;
mod regroup;

use std::collections::BTreeMap;

use event_model::{
    DeliveryStep, EventId, Fingerprint, IssueId, IssueStatus, Level, Position, ProjectId, UserId,
};

pub use counts::{Contribution, Counts, Moment, ReleaseSeen, Tallied};
pub use regroup::{Regroup, Whole};

use super::{health::HealthDelta, notes::NotesDelta, sketch::Sketch};

/// Hashes of what clients choose, seeded by process: nobody makes them collide.
pub type FastState = foldhash::fast::RandomState;

/// Minutes that a kind is known behind the newest event that was kept for one in its
/// project: a day, of which tallies need a minute.
pub const KIND_MINUTES_KEPT: i64 = 24 * 60;

/// The sum of what the records after `after` up to `position` change.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueBatch {
    /// The position the database must be at.
    pub after: Position,
    /// The position it is at afterwards.
    pub position: Position,
    /// Each fingerprint at most once.
    pub fingerprints: Vec<FingerprintDelta>,
    /// Each issue at most once; those of all the fingerprints are among them.
    pub issues: Vec<IssueDelta>,
    /// The oldest minutes to keep of projects as of the batch's end, where some are to go.
    pub minutes_from: BTreeMap<ProjectId, i64>,
    /// What merges or takes apart, in a batch that holds no event.
    pub regroup: Option<Regroup>,
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
    /// What kinds of events are of, and the Unix minute of receipt of the newest event that
    /// was kept for one; as of the batch's end.
    pub kinds: BTreeMap<(ProjectId, u64), (Fingerprint, i64)>,
    /// Files, feedback, what arrived.
    pub notes: NotesDelta,
    /// Sessions and check-ins.
    pub health: HealthDelta,
    /// Records that the projection could not take in for a defect of its own.
    pub passed_over: Vec<Position>,
}

/// What events of releases and environments count under that are more than a project may
/// have: a name that shows what it is.
pub const OTHER_NAME: &str = "(other)";

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    /// Table `environment`.
    Environment,
    /// Table `release`.
    Release,
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
            fingerprints: Vec::new(),
            issues: Vec::new(),
            minutes_from: BTreeMap::new(),
            regroup: None,
            transitions: Vec::new(),
            activities: Vec::new(),
            deliveries: Vec::new(),
            command: None,
            alert_cursor: None,
            discarded: BTreeMap::new(),
            turned_away: BTreeMap::new(),
            names: Vec::new(),
            scenes: Vec::new(),
            kinds: BTreeMap::new(),
            notes: NotesDelta::default(),
            health: HealthDelta::default(),
            passed_over: Vec::new(),
        }
    }
}

/// What events of one fingerprint add.
#[derive(Debug, Clone, PartialEq)]
pub struct FingerprintDelta {
    /// Of the issue that it opened.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// Which.
    pub fingerprint: Fingerprint,
    /// Whether this batch has its first event: a row is inserted.
    pub is_new: bool,
    /// The issue it belongs to.
    pub issue: IssueId,
    /// What stands for it among those alike: of a new one whose event can be compared.
    pub sketch: Option<Sketch>,
    /// What its events add.
    pub counts: Counts,
    /// The oldest minute to keep as of the batch's end; none: nothing is to go.
    pub minutes_from: Option<i64>,
}

/// How an issue stands as of the batch's end.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueDelta {
    /// Which.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// Whether this batch opens it: a row is inserted.
    pub is_new: bool,
    /// Whether it has more than one fingerprint.
    pub is_merged: bool,
    /// Where it stands.
    pub stand: Stand,
    /// The position of the last record that changed it.
    pub changed: Position,
}

/// Where an issue stands: what people decide of it, and what becomes of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// Its status.
    pub status: IssueStatus,
    /// Who has it.
    pub assignee: Option<UserId>,
    /// While resolved, when it was.
    pub resolved_at_ns: Option<i64>,
    /// That it came back, until resolved again.
    pub regression: Option<Regression>,
}

impl Default for Stand {
    /// Of an issue that begins.
    fn default() -> Self {
        Self {
            status: IssueStatus::Unresolved,
            assignee: None,
            resolved_at_ns: None,
            regression: None,
        }
    }
}

/// An event brought a resolved issue back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regression {
    /// When that event happened, Unix milliseconds.
    pub at_ms: i64,
    /// Its release; empty: none.
    pub release: String,
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
    /// Adds what others add.
    pub fn add_part(&mut self, other: &Self) {
        self.count += other.count;
        self.first_seen_ms = self.first_seen_ms.min(other.first_seen_ms);
        self.last_seen_ms = self.last_seen_ms.max(other.last_seen_ms);
    }

    /// Of no event, for [`PartDelta::add_part`].
    pub fn none() -> Self {
        Self {
            count: 0,
            first_seen_ms: i64::MAX,
            last_seen_ms: i64::MIN,
        }
    }
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
