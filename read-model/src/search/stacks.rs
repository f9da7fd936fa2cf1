//! The index of stacks: each that an event had is in it once, whatever the number of its
//! events and days. What is asked of frames, files and source lines is asked here first, and
//! then of events by the number of their stack.
//!
//! | field | type | for |
//! | --- | --- | --- |
//! | `number` | u64, indexed, fast | what events name it by: the start of its hash |
//! | `type` | words with places | types of its exceptions |
//! | `function` | words with places | what was called |
//! | `path` | words with places | modules, files, packages |
//! | `source` | words with places | lines of source around the calls |
//!
//! Invariant: a stack is in the index before the commit of a day that has an event of it; a
//! stack that is written twice, as after a crash, is in it once.

use std::{collections::HashSet, fs, path::Path};

use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term,
    directory::MmapDirectory,
    indexer::IndexWriterOptions,
    query::Query,
    schema::{Field, INDEXED, IndexRecordOption, NumericOptions, Schema},
};

use super::{numbers::Numbers, schema::words_of, tokens};
use crate::ReadModelError;

/// The index's folder, beside those of days.
pub(super) const FOLDER: &str = "stacks";
/// Bytes the indexing thread gathers before it writes a segment; tantivy's least.
const INDEXING_BYTES: usize = 15_000_000;
/// Stacks that the writer remembers to have written, some two megabytes. Others are written again.
const KNOWN_MAX: usize = 1 << 17;

/// The fields of a stack.
#[derive(Debug, Clone)]
pub struct StackSchema {
    pub(super) schema: Schema,
    pub(super) number: Field,
    /// Types of exceptions.
    pub ty: Field,
    /// What was called.
    pub function: Field,
    /// Modules, files, packages.
    pub path: Field,
    /// Lines of source.
    pub source: Field,
}

impl StackSchema {
    /// The schema of this release.
    pub fn new() -> Self {
        let mut builder = Schema::builder();
        let words = || words_of(IndexRecordOption::WithFreqsAndPositions);
        let number = NumericOptions::from(INDEXED).set_fast();
        Self {
            number: builder.add_u64_field("number", number),
            ty: builder.add_text_field("type", words()),
            function: builder.add_text_field("function", words()),
            path: builder.add_text_field("path", words()),
            source: builder.add_text_field("source", words()),
            schema: builder.build(),
        }
    }
}

impl Default for StackSchema {
    fn default() -> Self {
        Self::new()
    }
}

/// What search knows of a stack.
#[derive(Debug, Clone, Default)]
pub struct StackDocument<'a> {
    /// What events name it by.
    pub number: u64,
    /// Types of its exceptions.
    pub types: Vec<&'a str>,
    /// What was called.
    pub functions: Vec<&'a str>,
    /// Modules, files, packages.
    pub paths: Vec<&'a str>,
    /// Lines of source.
    pub source: Vec<&'a str>,
}

/// The one writer.
pub(super) struct StackWriter {
    schema: StackSchema,
    writer: IndexWriter,
    known: HashSet<u64, foldhash::fast::RandomState>,
    is_dirty: bool,
}

impl StackWriter {
    pub(super) fn open(root: &Path) -> Result<Self, ReadModelError> {
        let schema = StackSchema::new();
        let path = root.join(FOLDER);
        fs::create_dir_all(&path).map_err(ReadModelError::io("create", &path))?;
        let directory = MmapDirectory::open(&path)
            .map_err(|e| ReadModelError::search("open the index of stacks")(e.into()))?;
        let index = Index::open_or_create(directory, schema.schema.clone())
            .map_err(ReadModelError::search("open the index of stacks"))?;
        tokens::register(&index);
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(INDEXING_BYTES)
            .build();
        let writer = index
            .writer_with_options(options)
            .map_err(ReadModelError::search("open the writer of stacks"))?;
        Ok(Self {
            schema,
            writer,
            known: HashSet::default(),
            is_dirty: false,
        })
    }

    /// Whether a stack was written lately.
    pub(super) fn knows(&self, number: u64) -> bool {
        self.known.contains(&number)
    }

    pub(super) fn add(&mut self, stack: &StackDocument<'_>) -> Result<(), ReadModelError> {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        if !self.known.insert(stack.number) {
            return Ok(());
        }
        let schema = &self.schema;
        self.writer
            .delete_term(Term::from_field_u64(schema.number, stack.number));
        let mut fields = TantivyDocument::default();
        fields.add_u64(schema.number, stack.number);
        for (field, texts) in [
            (schema.ty, &stack.types),
            (schema.function, &stack.functions),
            (schema.path, &stack.paths),
            (schema.source, &stack.source),
        ] {
            for text in texts.iter().filter(|text| !text.is_empty()) {
                fields.add_text(field, text);
            }
        }
        self.writer
            .add_document(fields)
            .map_err(ReadModelError::search("add a stack"))?;
        self.is_dirty = true;
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<(), ReadModelError> {
        if self.is_dirty {
            let committed = self.writer.commit();
            committed.map_err(ReadModelError::search("commit stacks"))?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// Waits until merges are done.
    pub(super) fn close(self) -> Result<(), ReadModelError> {
        let merged = self.writer.wait_merging_threads();
        merged.map_err(ReadModelError::search("finish merges of stacks"))
    }
}

/// The reader side, if there is an index.
pub(super) struct StackReader {
    index: Index,
    reader: IndexReader,
}

impl StackReader {
    /// None while the writer has not committed once.
    pub(super) fn open(root: &Path) -> Result<Option<Self>, ReadModelError> {
        let path = root.join(FOLDER);
        if !path.join("meta.json").exists() {
            return Ok(None);
        }
        let index = Index::open_in_dir(&path)
            .map_err(ReadModelError::search("open the index of stacks"))?;
        if index.schema() != StackSchema::new().schema {
            return Err(ReadModelError::Damaged {
                path,
                what: "its schema is another release's".to_owned(),
            });
        }
        tokens::register(&index);
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(0)
            .try_into()
            .map_err(ReadModelError::search("read the index of stacks"))?;
        Ok(Some(Self { index, reader }))
    }

    pub(super) fn reload(&self) -> Result<(), ReadModelError> {
        let reloaded = self.reader.reload();
        reloaded.map_err(ReadModelError::search("reload the index of stacks"))
    }

    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// The numbers of all stacks that a question is true of.
    pub(super) fn numbers(&self, asked: &dyn Query) -> Result<Vec<u64>, ReadModelError> {
        let found = self.reader.searcher().search(asked, &Numbers);
        found.map_err(ReadModelError::search("find stacks"))
    }
}

impl std::fmt::Debug for StackReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StackReader")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
