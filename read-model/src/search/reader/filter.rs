//! Which events a list has, in which order, and from where.

use std::sync::Arc;

use event_model::{EventId, Fingerprint, Level, Position, ProjectId, retention::Expired};
use search_language::Expression;

use super::{EventTest, NS_A_MS};

/// Which events. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// None: all.
    pub project: Option<ProjectId>,
    /// Those of one issue; none: all. An empty list finds nothing.
    pub fingerprints: Option<Vec<Fingerprint>>,
    /// This event; none: all.
    pub event_id: Option<EventId>,
    /// These events; none: all. An empty list finds nothing.
    pub event_ids: Option<Vec<EventId>>,
    /// Empty: all.
    pub environment: String,
    /// Empty: all.
    pub release: String,
    /// The identity as stored, or what stands behind its kind; empty: all.
    pub user: String,
    /// All of these tags; an empty value: any.
    pub tags: Vec<(String, String)>,
    /// Empty: all.
    pub levels: Vec<Level>,
    /// Happened from then on, Unix ms; none: no bound.
    pub from_ms: Option<i64>,
    /// Happened before then, Unix ms; none: no bound.
    pub to_ms: Option<i64>,
    /// Stored by then; none: no bound.
    pub until: Option<Position>,
    /// What else a query asks; none: nothing.
    pub asked: Option<Expression<EventTest>>,
    /// Those that have gone by their rules are not among them.
    pub expired: Arc<Expired>,
}

/// Where an event stands in lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// When it happened, Unix ms.
    pub at_ms: i64,
    /// Its place in the log.
    pub position: Position,
}

impl Moment {
    pub(crate) fn of(timestamp_ns: i64, position: u64) -> Self {
        Self {
            at_ms: timestamp_ns.div_euclid(NS_A_MS),
            position: Position(position),
        }
    }
}

impl EventFilter {
    pub(super) fn finds_nothing(&self) -> bool {
        self.fingerprints.as_ref().is_some_and(Vec::is_empty)
            || self.event_ids.as_ref().is_some_and(Vec::is_empty)
    }
}

/// From which end to list, and from where (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Newest first, from the newest on.
    Newest,
    /// Newest first, those before a moment.
    Before(Moment),
    /// Oldest first, from the oldest on.
    Oldest,
    /// Oldest first, those after a moment.
    After(Moment),
}

impl From {
    /// In the same direction, from behind a moment on.
    #[must_use]
    pub fn behind(self, moment: Moment) -> Self {
        if self.newest_first() {
            Self::Before(moment)
        } else {
            Self::After(moment)
        }
    }

    pub(super) fn newest_first(self) -> bool {
        matches!(self, Self::Newest | Self::Before(_))
    }

    pub(super) fn admits(self, moment: Moment) -> bool {
        match self {
            Self::Newest | Self::Oldest => true,
            Self::Before(bound) => moment < bound,
            Self::After(bound) => moment > bound,
        }
    }
}
