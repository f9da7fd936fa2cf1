//! What DataFusion is told of one query: its tables, functions, memory and store.
//!
//! Invariant: a plan can name the tables of its moment and one store, and nothing else.

use std::sync::Arc;

use datafusion::{
    catalog::{CatalogProviderList, MemoryCatalogProviderList},
    common::{DataFusionError, Result as DataResult},
    execution::{
        SessionState, SessionStateBuilder, SessionStateDefaults, config::SessionConfig,
        object_store::ObjectStoreRegistry, runtime_env::RuntimeEnvBuilder,
    },
};
use object_store::ObjectStore;
use url::Url;

use super::Inner;
use crate::{
    cold::ColdFiles,
    functions::Planner,
    moment::Moment,
    tables::{self, CATALOG, SCHEMA},
};

/// Rows that are worked on at once.
const BATCH_ROWS: usize = 2_048;

impl Inner {
    /// A session for one query: its tables, its memory.
    pub(super) fn state(&self, moment: &Arc<Moment>) -> DataResult<SessionState> {
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(CATALOG.to_owned(), tables::catalog(moment)?);
        let runtime = RuntimeEnvBuilder::from_runtime_env(&self.shared)
            .with_memory_pool(self.account.share())
            .build_arc()?;
        let mut planners = SessionStateDefaults::default_expr_planners();
        planners.insert(0, Arc::new(Planner::new(&self.functions)));
        let functions = SessionStateDefaults::default_table_functions();
        let functions = functions.into_iter().map(|f| (f.name().to_owned(), f));
        Ok(SessionStateBuilder::new()
            .with_config(self.session())
            .with_runtime_env(runtime)
            .with_catalog_list(Arc::new(catalogs))
            .with_expr_planners(planners)
            .with_scalar_functions(self.functions.clone())
            .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
            .with_window_functions(SessionStateDefaults::default_window_functions())
            .with_table_functions(functions.collect())
            .build())
    }

    fn session(&self) -> SessionConfig {
        let mut config = SessionConfig::new()
            .with_batch_size(BATCH_ROWS)
            .with_target_partitions(self.threads)
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true);
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.enable_recursive_ctes = false;
        options.execution.time_zone = Some("UTC".to_owned());
        options.execution.parquet.schema_force_view_types = false;
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        config
    }
}

/// The only store a plan can name.
#[derive(Debug)]
pub(super) struct OneStore(pub(super) Arc<dyn ColdFiles>);

impl ObjectStoreRegistry for OneStore {
    fn register_store(&self, _: &Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> DataResult<Arc<dyn ObjectStore>> {
        if url.scheme() == "cold" {
            let store = self.0.store();
            let store = store.map_err(|error| DataFusionError::External(Box::new(error)))?;
            return store.ok_or_else(|| DataFusionError::Plan("there are no files".to_owned()));
        }
        Err(DataFusionError::Plan(
            "there are no files to read here".to_owned(),
        ))
    }
}
