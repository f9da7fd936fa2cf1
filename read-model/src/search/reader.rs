//! The reader side of the search indexes.
//!
//! Owns: one open index a day, reloaded by [`Reader::refresh`]. Invariant: after
//! `refresh` answered position P, every event up to P is found. Units: positions
//! and Unix nanoseconds. Fails with [`ReadModelError`], which names the step; a
//! folder that is not there yet is an empty index at position 0. Blocking: call it
//! from a thread that may wait.
//!
//! Every question is asked with the projects in sight, of whose events alone it is.
//!
//! Lists are by the time events happened, to the millisecond, then by position: one
//! day's index may hold events of a month, so every segment whose times can still
//! matter is looked at, those with the latest first; one whose latest is older than
//! what the page already holds is not opened at all.

mod asked;
mod expired;
mod filter;
mod full_text;
mod placed;
mod segment;
mod sources;
pub mod stats;
mod totals;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    ops::Bound,
    path::{Path, PathBuf},
};

use event_model::{EventId, Fingerprint, Position, ProjectId, access::Sight};
use parking_lot::RwLock;
use search_language::Expression;
use tantivy::{
    Index, IndexReader, ReloadPolicy, Searcher, Term,
    query::{AllQuery, BooleanQuery, EnableScoring, Occur, Query, RangeQuery},
};

use self::{
    asked::{Compiler, Ready},
    segment::Best,
    sources::Distinct,
    totals::Counter,
};

pub use self::{
    asked::EventTest,
    filter::{EventFilter, From, Moment},
    totals::Totals,
};
use super::{
    schema::{POSITION_FILE, SearchSchema, decode_position, tag_term},
    stacks::StackReader,
    terms::{any_of, one},
    tokens,
    writer::day_names,
};
use crate::{ReadModelError, cold::Kept};

/// Most words of one term of a query; a text with more is cut.
pub const WORDS_MAX: usize = 16;
/// Blocks of stored documents kept by each index: nothing is stored.
const STORE_BLOCKS_CACHED: usize = 0;

/// An event as the index has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its place in the log.
    pub position: Position,
    /// Whose.
    pub project_id: ProjectId,
    /// Leads to its issue.
    pub fingerprint: Fingerprint,
    /// When it happened, Unix ns.
    pub timestamp_ns: i64,
    /// When the gateway had it, Unix ns.
    pub received_ns: i64,
}

impl Hit {
    /// Where it stands in lists.
    pub fn moment(&self) -> Moment {
        Moment::of(self.timestamp_ns, self.position.0)
    }
}

const NS_A_MS: i64 = 1_000_000;

/// The reader of one generation's search folder.
pub struct Reader {
    root: PathBuf,
    schema: SearchSchema,
    days: RwLock<BTreeMap<String, Day>>,
    stacks: RwLock<Option<StackReader>>,
}

struct Day {
    reader: IndexReader,
}

/// All days at one moment, the oldest first. What it holds stays on the disk as long as it lives.
#[derive(Debug)]
pub struct Frozen {
    days: Vec<(String, Searcher)>,
    asked: Option<Expression<Ready>>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Opens the search folder `root` and whatever days are there.
    pub fn open(root: &Path) -> Result<Self, ReadModelError> {
        let reader = Self {
            root: root.to_owned(),
            schema: SearchSchema::new(),
            days: RwLock::default(),
            stacks: RwLock::default(),
        };
        reader.refresh()?;
        Ok(reader)
    }

    /// The position every day had reached when the file was read: nothing is opened.
    pub fn published(&self) -> Result<Position, ReadModelError> {
        let path = self.root.join(POSITION_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => decode_position(&text),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Position(0)),
            Err(e) => Err(ReadModelError::io("read", path)(e)),
        }
    }

    /// Opens new days, reloads changed ones, forgets removed ones. Answers the
    /// position up to which every event is now found.
    pub fn refresh(&self) -> Result<Position, ReadModelError> {
        // Read before the indexes, which are then at least as far.
        let position = self.published()?;
        let names = day_names(&self.root)?;
        let mut opened = Vec::new();
        {
            let days = self.days.read();
            for name in &names {
                match days.get(name) {
                    Some(day) => day
                        .reader
                        .reload()
                        .map_err(ReadModelError::search("reload a day"))?,
                    None => opened.extend(self.open_day(name)?.map(|day| (name.clone(), day))),
                }
            }
        }
        let mut days = self.days.write();
        days.extend(opened);
        days.retain(|name, _| names.contains(name));
        drop(days);
        // Behind the days: what their events name is there.
        self.refresh_stacks()?;
        Ok(position)
    }

    fn refresh_stacks(&self) -> Result<(), ReadModelError> {
        if let Some(stacks) = self.stacks.read().as_ref() {
            return stacks.reload();
        }
        let opened = StackReader::open(&self.root)?;
        *self.stacks.write() = opened;
        Ok(())
    }

    /// None while the writer has not committed it once.
    fn open_day(&self, name: &str) -> Result<Option<Day>, ReadModelError> {
        let path = self.root.join(name);
        if !path.join("meta.json").exists() {
            return Ok(None);
        }
        let index =
            Index::open_in_dir(&path).map_err(ReadModelError::search("open a day's index"))?;
        if index.schema() != self.schema.schema {
            return Err(ReadModelError::Damaged {
                path,
                what: "its schema is another release's".to_owned(),
            });
        }
        tokens::register(&index);
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(STORE_BLOCKS_CACHED)
            .try_into()
            .map_err(ReadModelError::search("read a day's index"))?;
        Ok(Some(Day { reader }))
    }

    /// At most `limit` events of projects in sight, in the order and from where `from` says.
    pub fn list(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        from: From,
        limit: usize,
    ) -> Result<Vec<Hit>, ReadModelError> {
        if limit == 0 || filter.finds_nothing() || *sight == Sight::NOTHING {
            return Ok(Vec::new());
        }
        let frozen = self.freeze(filter)?;
        self.list_of(&frozen, sight, filter, from, limit)
    }

    /// The index as it is now, for lists of this filter that go on as if nothing came or went.
    pub fn freeze(&self, filter: &EventFilter) -> Result<Frozen, ReadModelError> {
        let days = self.days.read();
        let days = days
            .iter()
            .map(|(date, day)| (date.clone(), day.reader.searcher()))
            .collect();
        // Behind the days: what their events name is there.
        let asked = self.asked(filter)?;
        Ok(Frozen { days, asked })
    }

    /// The same as [`Self::list`] of the moment of `frozen`, which was made for this filter.
    pub fn list_of(
        &self,
        frozen: &Frozen,
        sight: &Sight,
        filter: &EventFilter,
        from: From,
        limit: usize,
    ) -> Result<Vec<Hit>, ReadModelError> {
        if limit == 0 || filter.finds_nothing() || *sight == Sight::NOTHING {
            return Ok(Vec::new());
        }
        let mut best = Best::new(from, limit);
        let mut days: Vec<&(String, Searcher)> = frozen.days.iter().collect();
        if from.newest_first() {
            days.reverse();
        }
        for (date, searcher) in days {
            let query = self.query(frozen.asked.as_ref(), (date, searcher), sight, filter)?;
            let weight = query
                .weight(EnableScoring::disabled_from_searcher(searcher))
                .map_err(ReadModelError::search("prepare a query"))?;
            best.collect(searcher, weight.as_ref())
                .map_err(ReadModelError::search("run a query"))?;
        }
        Ok(best.into_hits())
    }

    /// The events that are kept and pass, of projects in sight, exact.
    pub fn total(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        kept: &Kept,
    ) -> Result<Totals, ReadModelError> {
        let mut totals = Totals::default();
        if filter.finds_nothing() || *sight == Sight::NOTHING {
            return Ok(totals);
        }
        let asked = self.asked(filter)?;
        for (date, day) in self.days.read().iter() {
            let searcher = day.reader.searcher();
            let query = self.query(asked.as_ref(), (date, &searcher), sight, filter)?;
            let kept = kept.of_day(date);
            let counted = searcher.search(&query, &Counter { kept });
            totals += counted.map_err(ReadModelError::search("count"))?;
        }
        Ok(totals)
    }

    /// The fingerprints of events that pass, of projects in sight; none if they are more than
    /// `most`.
    pub fn sources(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        most: usize,
    ) -> Result<Option<BTreeSet<(ProjectId, Fingerprint)>>, ReadModelError> {
        let mut found = BTreeSet::new();
        if filter.finds_nothing() || *sight == Sight::NOTHING {
            return Ok(Some(found));
        }
        let asked = self.asked(filter)?;
        for (date, day) in self.days.read().iter() {
            let searcher = day.reader.searcher();
            let query = self.query(asked.as_ref(), (date, &searcher), sight, filter)?;
            let of_day = searcher.search(&query, &Distinct);
            found.extend(of_day.map_err(ReadModelError::search("find issues"))?);
            if found.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    /// The event with this id; if several projects in sight have one, the newest.
    pub fn find(&self, sight: &Sight, event_id: EventId) -> Result<Option<Hit>, ReadModelError> {
        let filter = EventFilter {
            event_id: Some(event_id),
            ..EventFilter::default()
        };
        Ok(self.list(sight, &filter, From::Newest, 1)?.pop())
    }

    /// What a filter's query asks, with what its stacks answer, once for all days.
    fn asked(&self, filter: &EventFilter) -> Result<Option<Expression<Ready>>, ReadModelError> {
        let stacks = self.stacks.read();
        let asked = filter.asked.clone();
        let ready = asked.map(|asked| full_text::ready(asked, stacks.as_ref()));
        ready.transpose()
    }

    fn query(
        &self,
        asked: Option<&Expression<Ready>>,
        (date, searcher): (&str, &Searcher),
        sight: &Sight,
        filter: &EventFilter,
    ) -> Result<Box<dyn Query>, ReadModelError> {
        let fields = &self.schema;
        let mut must: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut term = |term: Term| must.push((Occur::Must, one(term)));
        if let Some(id) = filter.event_id {
            term(Term::from_field_bytes(fields.event_id, &id.0));
        }
        if let Some(project) = filter.project {
            term(Term::from_field_u64(fields.project_id, project.0.into()));
        }
        for (field, text) in [
            (fields.environment, &filter.environment),
            (fields.release, &filter.release),
            (fields.user, &filter.user),
        ] {
            if !text.is_empty() {
                term(Term::from_field_text(field, text));
            }
        }
        for (key, value) in &filter.tags {
            term(if value.is_empty() {
                Term::from_field_text(fields.tag, key)
            } else {
                Term::from_field_text(fields.tag, &tag_term(key, value))
            });
        }
        if let Sight::Only(projects) = sight {
            let terms = projects
                .iter()
                .map(|id| Term::from_field_u64(fields.project_id, id.0.into()));
            must.push((Occur::Must, any_of(terms)));
        }
        if !filter.levels.is_empty() {
            let levels = filter.levels.iter();
            let terms = levels.map(|level| Term::from_field_u64(fields.level, *level as u64));
            must.push((Occur::Must, any_of(terms)));
        }
        if filter.from_ms.is_some() || filter.to_ms.is_some() {
            let bound =
                |ms: i64| Term::from_field_i64(fields.timestamp_ns, ms.saturating_mul(NS_A_MS));
            let from = filter
                .from_ms
                .map_or(Bound::Unbounded, |ms| Bound::Included(bound(ms)));
            let to = filter
                .to_ms
                .map_or(Bound::Unbounded, |ms| Bound::Excluded(bound(ms)));
            must.push((Occur::Must, Box::new(RangeQuery::new(from, to))));
        }
        if let Some(until) = filter.until {
            let last = Bound::Included(Term::from_field_u64(fields.position, until.0));
            let range = RangeQuery::new(Bound::Unbounded, last);
            must.push((Occur::Must, Box::new(range)));
        }
        if let Some(fingerprints) = &filter.fingerprints {
            let terms = fingerprints
                .iter()
                .map(|f| Term::from_field_bytes(fields.fingerprint, &f.0));
            must.push((Occur::Must, any_of(terms)));
        }
        if let Some(ids) = &filter.event_ids {
            let terms = ids
                .iter()
                .map(|id| Term::from_field_bytes(fields.event_id, &id.0));
            must.push((Occur::Must, any_of(terms)));
        }
        if let Some(asked) = asked {
            let compiler = Compiler {
                schema: fields,
                searcher,
            };
            must.push((Occur::Must, compiler.compile(asked)?));
        }
        let gone = expired::of_day(fields, &filter.expired, date);
        if !gone.is_empty() && must.is_empty() {
            must.push((Occur::Must, Box::new(AllQuery)));
        }
        must.extend(gone);
        Ok(if must.is_empty() {
            Box::new(AllQuery)
        } else {
            Box::new(BooleanQuery::new(must))
        })
    }
}
