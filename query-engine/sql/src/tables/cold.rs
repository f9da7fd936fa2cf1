//! The Parquet files of a query's moment.
//!
//! Invariant: rows of projects out of sight, and those that have gone by their rules, are taken
//! out right above the files ([`super::left`]). Files are left out by their names (positions, days), row groups and pages by statistics and bloom
//! filters, columns by what is asked.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::SchemaRef,
    catalog::{Session, TableProvider},
    common::{DFSchema, Result, config::TableParquetOptions},
    datasource::{
        listing::PartitionedFile,
        object_store::ObjectStoreUrl,
        physical_plan::{
            FileGroup, FileScanConfigBuilder, ParquetSource,
            parquet::CachedParquetFileReaderFactory,
        },
        source::DataSourceExec,
    },
    logical_expr::{Expr, TableProviderFilterPushDown, TableType, utils::conjunction},
    physical_plan::{ExecutionPlan, empty::EmptyExec, filter::FilterExecBuilder},
};
use event_model::access::Sight;
use read_model::{cold::schema::schema, search::schema::day_of};

use super::{conditions, left};
use crate::{cold::FoundFile, moment::Moment};

/// How the store is named within a plan.
pub(crate) const STORE: &str = "cold://events";
/// Rows of a batch that holds bodies, which may be a mebibyte each.
const BODY_ROWS: usize = 256;
/// Behind the end of a file, bytes that are read with the first look: footer and indexes.
const FOOTER_BYTES: usize = 64 * 1024;

/// See the module.
#[derive(Debug)]
pub(super) struct ColdTable {
    moment: Arc<Moment>,
    schema: SchemaRef,
}

impl ColdTable {
    pub(super) fn new(moment: &Arc<Moment>) -> Self {
        Self {
            moment: Arc::clone(moment),
            schema: Arc::new(schema()),
        }
    }

    /// The files that may hold what these filters let pass.
    fn files(&self, filters: &[Expr]) -> impl Iterator<Item = &FoundFile> {
        let found = conditions::of(filters);
        let (first, last) = conditions::range(&found, "position");
        let (first, last) = (first.max(0).cast_unsigned(), last.max(0).cast_unsigned());
        let (since, until) = conditions::range(&found, "received_at");
        let days = (
            (since > i64::MIN).then(|| day_of(since)),
            (until < i64::MAX).then(|| day_of(until)),
        );
        self.moment.cold.files.iter().filter(move |found| {
            let file = &found.file;
            file.first.0 <= last
                && first <= file.last.0
                && days.0.as_ref().is_none_or(|day| *day <= file.date)
                && days.1.as_ref().is_none_or(|day| file.date <= *day)
        })
    }

    fn source(&self, state: &dyn Session, filters: &[Expr]) -> Result<ParquetSource> {
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let runtime = state.runtime_env();
        let store = runtime.object_store(ObjectStoreUrl::parse(STORE)?)?;
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let readers = CachedParquetFileReaderFactory::new(store, cache);
        let mut source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(options)
            .with_metadata_size_hint(FOOTER_BYTES)
            .with_parquet_file_reader_factory(Arc::new(readers));
        if let Some(filter) = conjunction(filters.to_vec()) {
            let columns = DFSchema::try_from(Arc::clone(&self.schema))?;
            source = source.with_predicate(state.create_physical_expr(filter, &columns)?);
        }
        Ok(source)
    }
}

#[async_trait]
impl TableProvider for ColdTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // What asks the issues is asked above, of rows that are left.
        let of = |filter: &&Expr| {
            let mut is_ours = true;
            filter.column_refs().iter().for_each(|column| {
                is_ours &= self.schema.column_with_name(&column.name).is_some();
            });
            if is_ours && !filter.to_string().contains("issue_of(") {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(of).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(all);
        let mut files: Vec<&FoundFile> = self.files(filters).collect();
        if self.moment.sight == Sight::NOTHING {
            files.clear();
        }
        if files.is_empty() {
            let shown = self.schema.project(&wanted)?;
            return Ok(Arc::new(EmptyExec::new(Arc::new(shown))));
        }
        let left = left::of(&self.moment, &files);
        // What rows are taken out by is read, whether it is shown or not.
        let mut read = wanted.clone();
        let asked = left.as_ref().map(Expr::column_refs).unwrap_or_default();
        let is_asked = |name: &String| asked.iter().any(|column| column.name == *name);
        for (at, field) in self.schema.fields().iter().enumerate() {
            if is_asked(field.name()) && !read.contains(&at) {
                read.push(at);
            }
        }
        drop(asked);
        let files = files
            .iter()
            .map(|found| PartitionedFile::from(found.object.clone()));
        let files = files.collect();
        let has_body = wanted
            .iter()
            .any(|at| self.schema.field(*at).name() == "body");
        let groups = spread(files, state.config().target_partitions());
        let source = Arc::new(self.source(state, filters)?);
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE)?, source)
            .with_file_groups(groups)
            .with_projection_indices(Some(read.clone()))?
            .with_limit(limit.filter(|_| left.is_none()))
            .with_batch_size(has_body.then_some(BODY_ROWS))
            .build();
        let scan = DataSourceExec::from_data_source(scan);
        let Some(left) = left else {
            return Ok(scan);
        };
        let shown = Arc::new(self.schema.project(&read)?);
        let left = state.create_physical_expr(left, &DFSchema::try_from(shown)?)?;
        let filter = FilterExecBuilder::new(left, scan)
            .apply_projection(Some((0..wanted.len()).collect()))?
            .build()?;
        Ok(Arc::new(filter))
    }
}

/// Files for so many threads, about as many bytes each.
fn spread(mut files: Vec<PartitionedFile>, threads: usize) -> Vec<FileGroup> {
    files.sort_by_key(|file| std::cmp::Reverse(file.object_meta.size));
    let mut groups = vec![(0, Vec::new()); threads.clamp(1, files.len().max(1))];
    for file in files {
        let least = groups.iter_mut().min_by_key(|(bytes, _)| *bytes);
        if let Some((bytes, group)) = least {
            *bytes += file.object_meta.size;
            group.push(file);
        }
    }
    groups
        .into_iter()
        .map(|(_, group)| FileGroup::new(group))
        .collect()
}
