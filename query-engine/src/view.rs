//! What a viewer sees of read model and log: the only way to either.
//!
//! Invariant: the readers of an [`Open`] generation are nobody's but this module's, and a
//! [`View`] asks each of them with the sight it was made for. So a new read cannot forget
//! it, and what is of another project is answered like what there is not, in the same
//! steps. Blocking, like what it reads.

use std::collections::BTreeSet;

use event_log::{Entry, Item, LogReader, ReadError as LogError};
use event_model::{
    EventId, Fingerprint, Position, ProjectId, StoredEvent,
    access::{Sight, Viewer},
};
use read_model::{
    Generation, ReadModelError,
    issues::{self, reader::ReadError, reader::Snapshot},
    search::{
        self,
        reader::{EventFilter, From, Hit, Totals},
    },
};

use crate::error::ApiError;

/// Records behind the search index that a lookup by id reads in the log itself:
/// what an unhurried projector has not indexed yet, at a microsecond each.
const TAIL_MAX: u64 = 20_000;

/// The readers of one generation.
#[derive(Debug)]
pub(crate) struct Open {
    number: u64,
    issues: issues::reader::Reader,
    search: search::reader::Reader,
}

impl Open {
    pub(crate) fn new(
        generation: &Generation,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self {
            number: generation.number(),
            issues: issues::reader::Reader::open(&generation.issues_path())?,
            search: search::reader::Reader::open(&generation.search_path())?,
        })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How far the issues are.
    pub(crate) fn issues_position(&self) -> Result<Position, ReadError> {
        self.issues.position()
    }

    /// How far the search index says it is.
    pub(crate) fn search_position(&self) -> Result<Position, ReadModelError> {
        self.search.published()
    }

    /// Takes in what is new in the search index; how far it is then.
    pub(crate) fn refresh_search(&self) -> Result<Position, ReadModelError> {
        self.search.refresh()
    }
}

/// Read model and log, as far as somebody sees.
pub(crate) struct View<'a> {
    open: &'a Open,
    log: &'a LogReader,
    sight: &'a Sight,
}

impl<'a> View<'a> {
    pub(crate) fn new(open: &'a Open, log: &'a LogReader, sight: &'a Sight) -> Self {
        Self { open, log, sight }
    }

    /// Asks several things of one moment of the issues.
    pub(crate) fn issues<T>(
        &self,
        ask: impl FnOnce(&Snapshot<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        self.open.issues.read(self.sight, ask)
    }

    /// A list of events.
    pub(crate) fn events(
        &self,
        filter: &EventFilter,
        from: From,
        limit: usize,
    ) -> Result<Vec<Hit>, ReadModelError> {
        self.open.search.list(self.sight, filter, from, limit)
    }

    /// Events that pass, of those the log keeps, exact.
    pub(crate) fn total(&self, filter: &EventFilter) -> Result<Totals, ReadModelError> {
        self.open.search.total(self.sight, filter, self.first())
    }

    /// The fingerprints of events that pass; none if they are more than `most`.
    pub(crate) fn sources(
        &self,
        filter: &EventFilter,
        most: usize,
    ) -> Result<Option<BTreeSet<(ProjectId, Fingerprint)>>, ReadModelError> {
        self.open.search.sources(self.sight, filter, most)
    }

    /// The newest indexed event with this id.
    pub(crate) fn find(&self, id: EventId) -> Result<Option<Hit>, ReadModelError> {
        self.open.search.find(self.sight, id)
    }

    /// The first position that the log keeps.
    pub(crate) fn first(&self) -> Position {
        self.log.first()
    }

    /// The event at `position`. Fails where it is no longer kept.
    pub(crate) fn event(&self, position: Position) -> Result<Option<StoredEvent>, LogError> {
        let event = self.log.event(position)?;
        let is_seen = |event: &StoredEvent| {
            let project = event.head().project_id.to_native();
            self.sight.has(ProjectId(project))
        };
        Ok(event.filter(is_seen))
    }

    /// The event at `position`, as far as the log still keeps it.
    pub(crate) fn retained(&self, position: Position) -> Result<Option<StoredEvent>, ApiError> {
        match self.event(position) {
            Err(LogError::NotRetained { .. }) => Ok(None),
            event => Ok(event?),
        }
    }

    /// The body of an event that this view gave.
    pub(crate) fn body(
        &self,
        position: Position,
        event: &StoredEvent,
    ) -> Result<bytes::Bytes, LogError> {
        self.log.body(position, event)
    }

    /// The newest record behind the search index that has this id.
    pub(crate) fn in_tail(&self, id: EventId) -> Result<Option<Position>, ApiError> {
        let indexed = self.open.search.published()?;
        let end = self.log.end().0;
        let first = indexed.0.max(end.saturating_sub(TAIL_MAX));
        for position in (first + 1..=end).rev() {
            let position = Position(position);
            if let Some(event) = self.retained(position)?
                && event.head().event_id == id.0
            {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}

/// The log as far as a viewer sees it, for who walks through much of it on a thread of
/// their own: it holds no reader of the read model for so long.
pub(crate) struct Past {
    log: LogReader,
    sight: Sight,
}

impl Past {
    pub(crate) fn new(log: &LogReader, viewer: &Viewer) -> Self {
        Self {
            log: log.clone(),
            sight: viewer.sight().clone(),
        }
    }

    /// The first position that the log keeps, and the last there is.
    pub(crate) fn ends(&self) -> (Position, Position) {
        (self.log.first(), self.log.end())
    }

    /// Events in sight and commands of these positions, both included, in the log's order.
    /// Passed over is what is no longer kept, and what cannot be read: projections pass
    /// over it, too.
    pub(crate) fn span(&self, first: Position, last: Position) -> Result<Vec<Item>, LogError> {
        let mut found = Vec::new();
        let before = Position(first.0.saturating_sub(1));
        let mut reading = self.log.read_after(before);
        while let Some(read) = reading.next() {
            if reading.position() > last {
                break;
            }
            match read {
                Ok(item) if self.sees(&item.entry) => found.push(item),
                Ok(_) | Err(LogError::Record { .. } | LogError::CommandMissing { .. }) => {}
                // It was dropped while it was read: what was older is gone, too.
                Err(LogError::NotRetained { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn sees(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Event(event) => self
                .sight
                .has(ProjectId(event.head().project_id.to_native())),
            Entry::Command { .. } => true,
            Entry::Note(_) | Entry::Opaque { .. } => false,
        }
    }
}
