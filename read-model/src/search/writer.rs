//! The writer side of the search indexes.
//!
//! Invariant: after [`SearchWriter::commit`] of a position every event up to there
//! is in its day's index exactly once. A crash between the commits of two days
//! leaves the `position` file behind both; the records in between are offered
//! again, and a day passes over those its own payload says it has.
//!
//! Memory is bounded: one indexing thread and one merging thread a day, at most
//! [`DAYS_OPEN_MAX`] days at once. After an error the writer is void: drop it and
//! open another one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use event_model::{EventId, Fingerprint, Level, Position, ProjectId};
use search_language::{Key, field::TAG_PREFIX};
use tantivy::{
    Index, IndexWriter, TantivyDocument, Term, directory::MmapDirectory,
    indexer::IndexWriterOptions, merge_policy::LogMergePolicy,
};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    schema::{
        POSITION_FILE, SearchSchema, TextPart, day_of, decode_position, encode_position,
        facet_of_attribute, tag_term, user_name,
    },
    stacks::{StackDocument, StackWriter},
    tokens,
};
use crate::{ReadModelError, fold::fold, layout::sync_dir};

/// Bytes an indexing thread gathers before it writes a segment; tantivy's least is
/// 15 MB.
const INDEXING_BYTES: usize = 16_000_000;
/// The same for a rebuild: larger segments, so that fewer are merged.
const REBUILD_INDEXING_BYTES: usize = 100_000_000;
/// Days written at the same time: yesterday's last events arrive beside today's
/// first ones.
const DAYS_OPEN_MAX: usize = 2;
/// Segments above this many documents are left alone, so that no merge takes
/// minutes.
const MERGE_DOCUMENTS_MAX: usize = 2_000_000;

/// What search knows of an event.
#[derive(Debug, Clone, Copy)]
pub struct SearchDocument<'a> {
    /// Its id.
    pub event_id: EventId,
    /// What grouping made of it.
    pub fingerprint: Fingerprint,
    /// Whose.
    pub project_id: ProjectId,
    /// How bad.
    pub level: Level,
    /// Where it is in the log.
    pub position: Position,
    /// How many errors it stands for, 1 or more.
    pub weight: u64,
    /// When it happened, Unix nanoseconds.
    pub timestamp_ns: i64,
    /// When the gateway had it, Unix nanoseconds; decides the day.
    pub received_ns: i64,
    /// What happened: title, message, texts of exceptions.
    pub message: &'a [&'a str],
    /// All else that somebody may look for.
    pub texts: &'a [(TextPart, &'a str)],
    /// The number of its stack, which was added before; 0: it has none.
    pub stack: u64,
    /// Keys and values of what every event may have.
    pub attributes: &'a [(&'a str, &'a str)],
    /// Empty: none.
    pub environment: &'a str,
    /// Empty: none.
    pub release: &'a str,
    /// Who it happened to, as stored; empty: unknown.
    pub user: &'a str,
    /// Keys and values.
    pub tags: &'a [(&'a str, &'a str)],
}

/// The one writer.
pub struct SearchWriter {
    dir: PathBuf,
    schema: SearchSchema,
    position: Position,
    days: BTreeMap<String, DayWriter>,
    stacks: StackWriter,
    /// What a day's indexing thread gathers.
    indexing_bytes: usize,
}

struct DayWriter {
    writer: IndexWriter,
    /// As its newest commit's payload says.
    committed: Position,
    /// The newest event added.
    added: Position,
    /// Whether a commit would change anything.
    is_dirty: bool,
}

impl DayWriter {
    /// Commits what was added, if anything, as of `position`.
    fn commit(&mut self, position: Position) -> Result<(), ReadModelError> {
        if !self.is_dirty {
            return Ok(());
        }
        let mut commit = self
            .writer
            .prepare_commit()
            .map_err(ReadModelError::search("prepare a commit"))?;
        commit.set_payload(&encode_position(position));
        commit.commit().map_err(ReadModelError::search("commit"))?;
        self.committed = position;
        self.is_dirty = false;
        Ok(())
    }
}

impl std::fmt::Debug for SearchWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchWriter")
            .field("dir", &self.dir)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl SearchWriter {
    /// Opens the `search` folder of a generation, creates it if missing. What another release
    /// has written in another form goes: it is made anew from the log.
    pub fn open(dir: &Path) -> Result<Self, ReadModelError> {
        Self::open_with(dir, INDEXING_BYTES)
    }

    /// The same, to build it from many events: with more memory.
    pub fn open_to_rebuild(dir: &Path) -> Result<Self, ReadModelError> {
        Self::open_with(dir, REBUILD_INDEXING_BYTES)
    }

    fn open_with(dir: &Path, indexing_bytes: usize) -> Result<Self, ReadModelError> {
        let schema = SearchSchema::new();
        if is_of_another_release(dir, &schema)? {
            Self::wipe(dir)?;
        }
        fs::create_dir_all(dir).map_err(ReadModelError::io("create", dir))?;
        let path = dir.join(POSITION_FILE);
        let position = match fs::read_to_string(&path) {
            // A power cut may leave it empty: from the start then, the days know
            // what they have.
            Ok(text) => decode_position(&text).unwrap_or_default(),
            Err(e) if e.kind() == ErrorKind::NotFound => Position(0),
            Err(e) => return Err(ReadModelError::io("read", path)(e)),
        };
        Ok(Self {
            dir: dir.to_owned(),
            schema,
            position,
            days: BTreeMap::new(),
            stacks: StackWriter::open(dir)?,
            indexing_bytes,
        })
    }

    /// Removes all there is, for a rebuild.
    pub fn wipe(dir: &Path) -> Result<(), ReadModelError> {
        // The position first: without the days it would be a lie.
        let position = dir.join(POSITION_FILE);
        match fs::remove_file(&position) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(ReadModelError::io("remove", position)(e));
            }
            _ => {}
        }
        match fs::remove_dir_all(dir) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(ReadModelError::io("remove", dir)(e)),
            _ => Ok(()),
        }
    }

    /// Every event up to here is committed.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether a stack was added lately, and need not be again.
    pub fn knows_stack(&self, number: u64) -> bool {
        self.stacks.knows(number)
    }

    /// Adds a stack, before the events that have it.
    pub fn add_stack(&mut self, stack: &StackDocument<'_>) -> Result<(), ReadModelError> {
        self.stacks.add(stack)
    }

    /// Adds an event; found once committed. Events come in order of position.
    pub fn add(&mut self, document: &SearchDocument<'_>) -> Result<(), ReadModelError> {
        let day = self.day(document.received_ns)?;
        if document.position <= day.committed {
            return Ok(());
        }
        self.put(document)?;
        let day = self.day(document.received_ns)?;
        day.added = document.position;
        Ok(())
    }

    /// Puts an event in the place of what was known of it, if anything was; found so once
    /// committed.
    pub fn replace(&mut self, document: &SearchDocument<'_>) -> Result<(), ReadModelError> {
        let position = Term::from_field_u64(self.schema.position, document.position.0);
        let day = self.day(document.received_ns)?;
        day.writer.delete_term(position);
        self.put(document)
    }

    /// The days that have an index, the oldest first.
    pub fn days(&self) -> Result<Vec<String>, ReadModelError> {
        let mut days = day_names(&self.dir)?;
        days.sort_unstable();
        Ok(days)
    }

    /// Removes the index of a day. Readers lose it with their next look.
    pub fn remove_day(&mut self, day: &str) -> Result<(), ReadModelError> {
        self.days.remove(day);
        let path = self.dir.join(day);
        // First what readers tell an index by: half of one is none.
        for removed in [
            fs::remove_file(path.join("meta.json")),
            fs::remove_dir_all(&path),
        ] {
            match removed {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(ReadModelError::io("remove", path)(e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The writer of a day of receipt.
    fn day(&mut self, received_ns: i64) -> Result<&mut DayWriter, ReadModelError> {
        let name = day_of(received_ns);
        if !self.days.contains_key(&name) {
            self.close_surplus()?;
            let day = self.open_day(&name)?;
            self.days.insert(name.clone(), day);
        }
        let Some(day) = self.days.get_mut(&name) else {
            unreachable!("inserted above")
        };
        Ok(day)
    }

    fn put(&mut self, document: &SearchDocument<'_>) -> Result<(), ReadModelError> {
        let fields = self.fields(document);
        let day = self.day(document.received_ns)?;
        day.writer
            .add_document(fields)
            .map_err(ReadModelError::search("add a document"))?;
        day.is_dirty = true;
        Ok(())
    }

    fn fields(&self, document: &SearchDocument<'_>) -> TantivyDocument {
        let schema = &self.schema;
        let mut fields = TantivyDocument::default();
        fields.add_bytes(schema.event_id, &document.event_id.0);
        fields.add_bytes(schema.fingerprint, &document.fingerprint.0);
        fields.add_u64(schema.project_id, u64::from(document.project_id.0));
        fields.add_u64(schema.level, document.level as u64);
        fields.add_u64(schema.position, document.position.0);
        fields.add_u64(schema.weight, document.weight);
        fields.add_i64(schema.timestamp_ns, document.timestamp_ns);
        fields.add_i64(schema.received_ns, document.received_ns);
        let message = document.message.iter().map(|text| (schema.message, *text));
        let texts = document.texts.iter();
        let texts = texts.map(|(part, text)| (schema.text(*part), *text));
        for (field, text) in message.chain(texts).filter(|(_, text)| !text.is_empty()) {
            fields.add_text(field, text);
        }
        if document.stack != 0 {
            fields.add_u64(schema.stack, document.stack);
        }
        for (key, value) in document.attributes {
            fields.add_text(schema.attribute, key);
            fields.add_text(schema.attribute, tag_term(key, &fold(value)));
        }
        for (field, text) in [
            (schema.environment, document.environment),
            (schema.release, document.release),
            (schema.user, document.user),
            (schema.user, user_name(document.user).unwrap_or_default()),
        ] {
            if !text.is_empty() {
                fields.add_text(field, text);
            }
        }
        for (key, value) in document.tags {
            fields.add_text(schema.tag, key);
            fields.add_text(schema.tag, tag_term(key, value));
        }
        self.facets(document, &mut fields);
        fields
    }

    /// What statistics are made of.
    fn facets(&self, document: &SearchDocument<'_>, fields: &mut TantivyDocument) {
        let facet = self.schema.facet;
        let own = [
            (Key::Environment, document.environment),
            (Key::Release, document.release),
            (Key::User, document.user),
        ];
        for (key, value) in own.iter().filter(|(_, value)| !value.is_empty()) {
            fields.add_text(facet, tag_term(key.info().name, value));
        }
        for (attribute, value) in document.attributes {
            if let Some(name) = facet_of_attribute(attribute) {
                fields.add_text(facet, tag_term(name, value));
            }
        }
        for (key, value) in document.tags {
            let name = format!("{TAG_PREFIX}{key}");
            fields.add_text(facet, tag_term(&name, value));
        }
        if !document.user.is_empty() {
            let hash = xxh3_64(document.user.as_bytes());
            fields.add_u64(self.schema.user_hash, hash);
        }
    }

    /// Whether a commit would make anything visible.
    pub fn is_dirty(&self) -> bool {
        self.days.values().any(|day| day.is_dirty)
    }

    /// Makes everything added durable and visible, as of `position`.
    pub fn commit(&mut self, position: Position) -> Result<(), ReadModelError> {
        // An event that is found names a stack that is there.
        self.stacks.commit()?;
        for day in self.days.values_mut() {
            day.commit(position)?;
        }
        self.position = position;
        let path = self.dir.join(POSITION_FILE);
        let new = self.dir.join("position.new");
        File::create(&new)
            .and_then(|mut file| {
                file.write_all(encode_position(position).as_bytes())?;
                file.sync_data()
            })
            .map_err(ReadModelError::io("write", &new))?;
        // Without a sync of the folder: an older position costs a little time.
        fs::rename(&new, &path).map_err(ReadModelError::io("rename", &path))
    }

    /// Commits, lets merges end and closes: the folder is durable afterwards.
    pub fn close(mut self, position: Position) -> Result<(), ReadModelError> {
        self.commit(position)?;
        for (_, day) in std::mem::take(&mut self.days) {
            day.writer
                .wait_merging_threads()
                .map_err(ReadModelError::search("finish merges"))?;
        }
        self.stacks.close()?;
        sync_dir(&self.dir)
    }

    /// Commits and closes the oldest open days until another one may open.
    fn close_surplus(&mut self) -> Result<(), ReadModelError> {
        while self.days.len() >= DAYS_OPEN_MAX {
            let Some((_, mut day)) = self.days.pop_first() else {
                break;
            };
            // Of the records behind its newest event it must claim none: they may
            // hold more for this day.
            self.stacks.commit()?;
            day.commit(day.added)?;
            day.writer
                .wait_merging_threads()
                .map_err(ReadModelError::search("finish merges"))?;
        }
        Ok(())
    }

    fn open_day(&self, name: &str) -> Result<DayWriter, ReadModelError> {
        let path = self.dir.join(name);
        if !path
            .try_exists()
            .map_err(ReadModelError::io("look at", &path))?
        {
            fs::create_dir(&path).map_err(ReadModelError::io("create", &path))?;
            sync_dir(&self.dir)?;
        }
        let directory = MmapDirectory::open(&path)
            .map_err(|e| ReadModelError::search("open a day")(e.into()))?;
        let index = Index::open_or_create(directory, self.schema.schema.clone())
            .map_err(ReadModelError::search("open a day"))?;
        tokens::register(&index);
        let meta = index
            .load_metas()
            .map_err(ReadModelError::search("read a day's commit"))?;
        let committed = match meta.payload.as_deref() {
            Some(payload) => decode_position(payload)?,
            None => Position(0),
        };
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(self.indexing_bytes)
            .build();
        let writer: IndexWriter = index
            .writer_with_options(options)
            .map_err(ReadModelError::search("open a day's writer"))?;
        let mut merges = LogMergePolicy::default();
        merges.set_max_docs_before_merge(MERGE_DOCUMENTS_MAX);
        writer.set_merge_policy(Box::new(merges));
        Ok(DayWriter {
            writer,
            committed,
            added: committed,
            is_dirty: false,
        })
    }
}

/// Whether a day's index has another schema. What cannot be opened is found damaged later.
fn is_of_another_release(dir: &Path, schema: &SearchSchema) -> Result<bool, ReadModelError> {
    for name in day_names(dir)? {
        let is_other = |index: Index| index.schema() != schema.schema;
        if Index::open_in_dir(dir.join(name)).is_ok_and(is_other) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The days that have a folder.
pub(super) fn day_names(root: &Path) -> Result<Vec<String>, ReadModelError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(ReadModelError::io("list", root)(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ReadModelError::io("list", root))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.parse::<jiff::civil::Date>().is_ok() {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tantivy::schema::{STORED, Schema};

    use super::*;

    #[test]
    fn an_index_of_another_form_goes_and_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let day = dir.path().join("2026-11-22");
        fs::create_dir(&day).unwrap();
        fs::write(dir.path().join(POSITION_FILE), "7").unwrap();
        let mut other = Schema::builder();
        other.add_text_field("title", STORED);
        Index::create_in_dir(&day, other.build()).unwrap();
        let writer = SearchWriter::open(dir.path()).unwrap();
        assert_eq!((writer.position(), day.exists()), (Position(0), false));
        drop(writer);
        fs::create_dir(&day).unwrap();
        fs::write(dir.path().join(POSITION_FILE), "7").unwrap();
        Index::create_in_dir(&day, SearchSchema::new().schema).unwrap();
        let writer = SearchWriter::open(dir.path()).unwrap();
        assert_eq!((writer.position(), day.exists()), (Position(7), true));
        drop(writer);
        let mut writer = SearchWriter::open(dir.path()).unwrap();
        assert_eq!(writer.days().unwrap(), ["2026-11-22"]);
        writer.remove_day("2026-11-22").unwrap();
        writer.remove_day("2026-11-22").unwrap();
        assert!(writer.days().unwrap().is_empty() && !day.exists());
    }
}
