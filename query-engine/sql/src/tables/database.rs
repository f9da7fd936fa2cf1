//! Tables of the issue database.
//!
//! Invariant: a table is of one moment of the database and of the projects in sight, which the
//! reader below sees to. A reader of its own for each scan: queries may take long, and pages
//! must not wait for their connections.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    catalog::{Session, TableProvider},
    common::Result,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchReceiverStreamBuilder,
        streaming::{PartitionStream, StreamingTableExec},
    },
};
use read_model::issues::reader::tables::{Condition, Table};
use tokio::sync::mpsc::Sender;

use super::conditions;
use crate::{fault::Stopped, moment::Moment};

/// Batches ahead of whoever takes them.
const AHEAD: usize = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct DatabaseTable {
    table: &'static Table,
    moment: Arc<Moment>,
    schema: SchemaRef,
}

impl DatabaseTable {
    pub(super) fn new(table: &'static Table, moment: &Arc<Moment>) -> Self {
        Self {
            table,
            moment: Arc::clone(moment),
            schema: Arc::new(table.schema()),
        }
    }
}

#[async_trait]
impl TableProvider for DatabaseTable {
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
        let of = |filter: &&Expr| {
            if conditions::says_something(filter) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(of).collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let wanted = projection.cloned().unwrap_or_else(all);
        let schema: SchemaRef = Arc::new(self.schema.project(&wanted)?);
        let found = conditions::of(filters).into_iter().filter_map(|condition| {
            Some(Condition {
                column: self.schema.index_of(&condition.column).ok()?,
                comparison: condition.comparison,
                operands: condition.operands,
            })
        });
        let rows = Rows {
            table: self.table,
            moment: Arc::clone(&self.moment),
            schema: Arc::clone(&schema),
            wanted,
            conditions: found.collect(),
            limit,
        };
        let exec =
            StreamingTableExec::try_new(schema, vec![Arc::new(rows)], None, [], false, limit)?;
        Ok(Arc::new(exec))
    }
}

/// One read of a table.
#[derive(Clone)]
struct Rows {
    table: &'static Table,
    moment: Arc<Moment>,
    schema: SchemaRef,
    wanted: Vec<usize>,
    conditions: Vec<Condition>,
    limit: Option<usize>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table.name)
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), AHEAD);
        let (rows, out) = (self.clone(), builder.tx());
        builder.spawn_blocking(move || rows.read(&out));
        builder.build()
    }
}

impl Rows {
    fn read(&self, out: &Sender<Result<RecordBatch>>) -> Result<()> {
        let reader = self.moment.reads.issues();
        let reader = reader.map_err(|refusal| Stopped::Refused(refusal.message))?;
        let told = reader.read(&self.moment.sight, |snapshot| {
            snapshot.walk(
                self.table,
                &self.wanted,
                &self.conditions,
                self.limit,
                |batch| out.blocking_send(Ok(batch)).is_ok(),
            )
        });
        Ok(told.map_err(Stopped::Issues)?)
    }
}
