//! What a viewer sees of read model and log: the only way to either.
//!
//! Invariant: the readers of an [`Open`] generation are nobody's but this module's, and a
//! [`View`] asks each of them with the sight it was made for. So a new read cannot forget
//! it, and what is of another project is answered like what there is not, in the same
//! steps. Blocking, like what it reads.
//!
//! An event is read from the log, and where that no longer has it, from the cold files: what
//! asks need not know which. One that has gone by its rule is not kept, wherever it still is.

mod walk;

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use event_log::{LogReader, ReadError as LogError};
use event_model::{
    EventId, Fingerprint, Position, ProjectId, StoredEvent, access::Sight, retention::Expired,
};
use read_model::{
    Generation, ReadModelError,
    cold::{ColdEvent, ColdReader, Kept, Wanted},
    issues::{self, batch::Headline, reader::ReadError, reader::Snapshot},
    search::{
        self,
        reader::{
            EventFilter, From, Frozen, Hit, Totals,
            stats::{Ask, Facets, Lines, SplitBy, SplitValue},
        },
        schema::day_of,
    },
};

pub(crate) use self::walk::Past;
use crate::{
    error::{ApiError, ErrorCode},
    past::Then,
};

/// Records behind the search index that a lookup by id reads in the log itself:
/// what an unhurried projector has not indexed yet, at a microsecond each.
const TAIL_MAX: u64 = 20_000;
/// Events looked at in a step for one that is kept, and steps.
const STEP: usize = 1_000;
const STEPS_MAX: usize = 50;

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

    /// Another reader of the same issues, for who reads so long that others must not wait for
    /// its connections.
    pub(crate) fn issues_aside(&self) -> Result<issues::reader::Reader, ReadError> {
        issues::reader::Reader::open(self.issues.path())
    }

    /// How much room the database of issues takes, bytes; 0 where that cannot be looked at.
    pub(crate) fn issues_bytes(&self) -> u64 {
        std::fs::metadata(self.issues.path()).map_or(0, |found| found.len())
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

/// An event with all that is stored of it.
pub(crate) struct WholeEvent {
    pub(crate) event: StoredEvent,
    pub(crate) body: bytes::Bytes,
    /// How its issue would be shown, where a file says it.
    pub(crate) shown: Option<Headline>,
}

impl WholeEvent {
    fn of_log(event: StoredEvent, body: bytes::Bytes) -> Self {
        Self {
            event,
            body,
            shown: None,
        }
    }
}

/// Read model and log, as far as somebody sees.
pub(crate) struct View<'a> {
    open: &'a Open,
    log: &'a LogReader,
    cold: &'a ColdReader,
    sight: &'a Sight,
    /// The issues of then, and no event behind; none: of now.
    then: Option<&'a Then>,
    /// What has gone by its rule.
    expired: Arc<Expired>,
    /// What was asked of cold files, as far as it is there and in sight.
    old: RefCell<HashMap<Position, Option<ColdEvent>>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        open: &'a Open,
        log: &'a LogReader,
        cold: &'a ColdReader,
        (sight, expired): (&'a Sight, Arc<Expired>),
    ) -> Self {
        Self {
            open,
            log,
            cold,
            sight,
            then: None,
            expired,
            old: RefCell::default(),
        }
    }

    /// The same as of a past time: issues as they were, of events none that came later.
    pub(crate) fn of(self, then: Option<&'a Then>) -> Self {
        Self { then, ..self }
    }

    /// Asks several things of one moment of the issues.
    pub(crate) fn issues<T>(
        &self,
        ask: impl FnOnce(&Snapshot<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let issues = self
            .then
            .map_or(&self.open.issues, |then| &then.issues.reader);
        issues.read(self.sight, ask)
    }

    /// The filter that what has gone by its rule does not pass, and what came behind the view's
    /// time neither.
    fn passing<'f>(&self, filter: &'f EventFilter) -> Cow<'f, EventFilter> {
        if self.then.is_none() && self.expired.is_empty() {
            return Cow::Borrowed(filter);
        }
        Cow::Owned(EventFilter {
            until: self.then.map_or(filter.until, |then| Some(then.until)),
            expired: Arc::clone(&self.expired),
            ..filter.clone()
        })
    }

    /// A list of events.
    pub(crate) fn events(
        &self,
        filter: &EventFilter,
        from: From,
        limit: usize,
    ) -> Result<Vec<Hit>, ReadModelError> {
        let filter = self.passing(filter);
        self.open.search.list(self.sight, &filter, from, limit)
    }

    /// The index as it is now, for lists of this filter.
    pub(crate) fn freeze(&self, filter: &EventFilter) -> Result<Frozen, ReadModelError> {
        self.open.search.freeze(filter)
    }

    /// A list of events of that moment.
    pub(crate) fn frozen_events(
        &self,
        frozen: &Frozen,
        filter: &EventFilter,
        from: From,
        limit: usize,
    ) -> Result<Vec<Hit>, ReadModelError> {
        let filter = self.passing(filter);
        self.open
            .search
            .list_of(frozen, self.sight, &filter, from, limit)
    }

    /// A list of those that are kept; fewer than there are only behind so many that are not that
    /// whoever asks would wait.
    pub(crate) fn kept_events(
        &self,
        filter: &EventFilter,
        mut from: From,
        limit: usize,
    ) -> Result<Vec<Hit>, ReadModelError> {
        let kept = self.kept();
        let mut found = Vec::new();
        let mut asked = limit;
        for _ in 0..STEPS_MAX {
            let hits = self.events(filter, from, asked)?;
            let is_last = hits.len() < asked;
            if let Some(last) = hits.last() {
                from = from.behind(last.moment());
            }
            let readable = hits.into_iter();
            found.extend(readable.filter(|hit| kept.has(hit.position, hit.received_ns)));
            if is_last || found.len() >= limit {
                break;
            }
            asked = STEP;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Events that pass, of those that are kept, exact.
    pub(crate) fn total(&self, filter: &EventFilter) -> Result<Totals, ReadModelError> {
        let filter = self.passing(filter);
        self.open.search.total(self.sight, &filter, &self.kept())
    }

    /// How often each value of a field is there.
    pub(crate) fn tally(
        &self,
        filter: &EventFilter,
        by: &SplitBy,
        ask: &Ask<'_>,
    ) -> Result<HashMap<SplitValue, Totals>, ReadModelError> {
        let filter = self.passing(filter);
        self.open.search.tally(self.sight, &filter, by, ask)
    }

    /// Events over time, of some values, of all others, of all.
    pub(crate) fn lines(
        &self,
        filter: &EventFilter,
        by: &SplitBy,
        slots: &HashMap<SplitValue, usize>,
        ask: &Ask<'_>,
    ) -> Result<Lines, ReadModelError> {
        let filter = self.passing(filter);
        self.open.search.lines(self.sight, &filter, by, slots, ask)
    }

    /// Events over time, and by the values of all fields.
    pub(crate) fn facets(
        &self,
        filter: &EventFilter,
        ask: &Ask<'_>,
    ) -> Result<Facets, ReadModelError> {
        let filter = self.passing(filter);
        self.open.search.facets(self.sight, &filter, ask)
    }

    /// The fingerprints of events that pass; none if they are more than `most`.
    pub(crate) fn sources(
        &self,
        filter: &EventFilter,
        most: usize,
    ) -> Result<Option<BTreeSet<(ProjectId, Fingerprint)>>, ReadModelError> {
        let filter = self.passing(filter);
        self.open.search.sources(self.sight, &filter, most)
    }

    /// The newest indexed event with this id, also one that has gone by its rule: that it was
    /// there, reading it says.
    pub(crate) fn find(&self, id: EventId) -> Result<Option<Hit>, ReadModelError> {
        let found = self.open.search.find(self.sight, id)?;
        let had_come = |hit: &Hit| self.then.is_none_or(|then| hit.position <= then.until);
        Ok(found.filter(had_come))
    }

    /// Which events can be read.
    pub(crate) fn kept(&self) -> Kept {
        self.cold.kept(self.log.first())
    }

    /// Those of which the log has the records: to read much of many, which cold files are slow at.
    pub(crate) fn in_log(&self, mut hits: Vec<Hit>) -> Vec<Hit> {
        let first = self.log.first();
        hits.retain(|hit| hit.position >= first);
        hits
    }

    /// The files that are cold.
    pub(crate) fn cold(&self) -> &ColdReader {
        self.cold
    }

    /// Reads what of these only cold files have, a file at a time, so that each of them is at
    /// hand then.
    pub(crate) fn fetch(&self, hits: &[Hit]) -> Result<(), ApiError> {
        let first = self.log.first();
        let old = hits.iter().filter(|hit| hit.position < first);
        let wanted = old.map(|hit| Wanted {
            position: hit.position,
            date: Some(day_of(hit.received_ns)),
        });
        self.fetch_old(&wanted.collect::<Vec<_>>())
    }

    fn fetch_old(&self, wanted: &[Wanted]) -> Result<(), ApiError> {
        if wanted.is_empty() {
            return Ok(());
        }
        if wanted
            .iter()
            .any(|wanted| self.cold.is_news(wanted.position))
        {
            self.cold.look(self.log.first())?;
        }
        let mut found = self.cold.events(wanted)?;
        for fault in &found.faults {
            let error = ground::with_causes(fault);
            tracing::error!(error, "an old event cannot be read");
        }
        let mut old = self.old.borrow_mut();
        for Wanted { position, .. } in wanted {
            let event = found.events.remove(position);
            old.insert(*position, event.filter(|old| self.sees(&old.event)));
        }
        Ok(())
    }

    /// An event of which the log says that it is no longer there.
    fn old_event(&self, position: Position) -> Result<Option<ColdEvent>, ApiError> {
        let known = || self.old.borrow().get(&position).cloned();
        if let Some(event) = known() {
            return Ok(event);
        }
        let wanted = [Wanted {
            position,
            date: None,
        }];
        self.fetch_old(&wanted)?;
        Ok(known().flatten())
    }

    fn sees(&self, event: &StoredEvent) -> bool {
        let project = event.head().project_id.to_native();
        self.sight.has(ProjectId(project))
    }

    /// The event at `position`. Fails where it is no longer kept.
    pub(crate) fn event(&self, position: Position) -> Result<Option<StoredEvent>, ApiError> {
        let event = match self.log.event(position) {
            Ok(event) => event.filter(|event| self.sees(event)),
            Err(gone @ LogError::NotRetained { .. }) => match self.old_event(position)? {
                Some(old) => Some(old.event),
                None => return Err(gone.into()),
            },
            Err(error) => return Err(error.into()),
        };
        let has_gone = |event: &StoredEvent| self.expired.has_head(event.head());
        if event.as_ref().is_some_and(has_gone) {
            return Err(ApiError::not_retained());
        }
        Ok(event)
    }

    /// The event at `position`, as far as it is still kept.
    pub(crate) fn retained(&self, position: Position) -> Result<Option<StoredEvent>, ApiError> {
        match self.event(position) {
            Err(error) if error.code == ErrorCode::NotRetained => Ok(None),
            event => event,
        }
    }

    /// The body of an event that this view gave.
    pub(crate) fn body(
        &self,
        position: Position,
        event: &StoredEvent,
    ) -> Result<bytes::Bytes, ApiError> {
        let old = || self.old.borrow().get(&position).cloned().flatten();
        if let Some(old) = old() {
            return Ok(old.body);
        }
        match self.log.body(position, event) {
            // It was dropped since.
            Err(gone @ LogError::NotRetained { .. }) => match self.old_event(position)? {
                Some(old) => Ok(old.body),
                None => Err(gone.into()),
            },
            body => Ok(body?),
        }
    }

    /// The event at `position` with its body, as cold files have it; a body that is damaged in the log is
    /// `{}` there, too. None: out of sight, or it cannot be read. Fails where it is no longer kept.
    pub(crate) fn whole(&self, position: Position) -> Result<Option<WholeEvent>, ApiError> {
        let whole = self.whole_of_any(position)?;
        let has_gone = |whole: &WholeEvent| self.expired.has_head(whole.event.head());
        if whole.as_ref().is_some_and(has_gone) {
            return Err(ApiError::not_retained());
        }
        Ok(whole)
    }

    /// The same of one that may have gone by its rule.
    fn whole_of_any(&self, position: Position) -> Result<Option<WholeEvent>, ApiError> {
        let gone = match self.log.event(position) {
            Ok(None) => return Ok(None),
            Ok(Some(event)) if !self.sees(&event) => return Ok(None),
            Ok(Some(event)) => match self.log.body(position, &event) {
                Ok(body) => return Ok(Some(WholeEvent::of_log(event, body))),
                Err(LogError::Body { .. }) => {
                    let body = bytes::Bytes::from_static(b"{}");
                    return Ok(Some(WholeEvent::of_log(event, body)));
                }
                // It was dropped since.
                Err(error) => error,
            },
            Err(error) => error,
        };
        if !matches!(gone, LogError::NotRetained { .. }) {
            return Err(gone.into());
        }
        match self.old_event(position)? {
            Some(old) => Ok(Some(WholeEvent {
                event: old.event,
                body: old.body,
                shown: Some(old.headline),
            })),
            None => Err(gone.into()),
        }
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
