//! The events of the log behind the Parquet files, built into the same columns.
//!
//! Invariant: what a row says is what its Parquet file will say; heads are read in place,
//! grouping and bodies only for columns that are asked for. One walk of the log from the seam
//! to its end at the query's moment, on a blocking thread, a few batches ahead of whoever
//! takes them; it ends when nobody does. Fails where retention dropped what was still to be
//! read.

use std::{collections::HashSet, fmt, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::{Schema, SchemaRef},
    catalog::{Session, TableProvider},
    common::{DataFusionError, Result},
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchReceiverStreamBuilder,
        streaming::{PartitionStream, StreamingTableExec},
    },
};
use event_log::{Entry, ReadError};
use event_model::{
    EventId, Fingerprint, Level, Position, ProjectId, StoredEvent, head::ArchivedHead,
};
use read_model::{
    cold::{ColdRow, columns::Columns, schema::schema},
    issues::{
        batch::Headline,
        reader::tables::{Comparison, Operand},
    },
};
use tokio::sync::mpsc::Sender;

use super::conditions::{self, Condition};
use crate::{fault::Stopped, grouped::Grouped, moment::Moment};

/// Rows of a batch.
const BATCH_ROWS: usize = 2_048;
/// Bytes of bodies of a batch.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Batches ahead of whoever takes them.
const AHEAD: usize = 2;
/// Records between two looks whether anybody still waits.
const LOOK_EVERY: u64 = 1_024;

/// See the module.
#[derive(Debug)]
pub(super) struct HotTable {
    moment: Arc<Moment>,
    schema: SchemaRef,
}

impl HotTable {
    pub(super) fn new(moment: &Arc<Moment>) -> Self {
        Self {
            moment: Arc::clone(moment),
            schema: Arc::new(schema()),
        }
    }
}

#[async_trait]
impl TableProvider for HotTable {
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
        let schema: SchemaRef = Arc::new(Schema::project(&self.schema, &wanted)?);
        let stream = HotStream {
            moment: Arc::clone(&self.moment),
            schema: Arc::clone(&schema),
            wanted,
            test: Test::of(&conditions::of(filters)),
            limit,
        };
        let exec =
            StreamingTableExec::try_new(schema, vec![Arc::new(stream)], None, [], false, limit)?;
        Ok(Arc::new(exec))
    }
}

/// Which events are worth building a row of.
#[derive(Debug, Clone, Default)]
struct Test {
    positions: (i64, i64),
    received: (i64, i64),
    happened: (i64, i64),
    /// Each list must have the event's value.
    texts: Vec<(TextOf, HashSet<String>)>,
    projects: Vec<HashSet<i64>>,
}

#[derive(Debug, Clone, Copy)]
enum TextOf {
    EventId,
    Level,
    Environment,
    Release,
}

impl TextOf {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "event_id" => Self::EventId,
            "level" => Self::Level,
            "environment" => Self::Environment,
            "release" => Self::Release,
            _ => return None,
        })
    }

    fn is_in(self, head: &ArchivedHead, texts: &HashSet<String>) -> bool {
        match self {
            Self::EventId => texts.contains(&EventId(head.event_id).to_string()),
            Self::Level => texts.contains(Level::from_number(head.level).name()),
            Self::Environment => texts.contains(head.environment.as_str()),
            Self::Release => texts.contains(head.release.as_str()),
        }
    }
}

impl Test {
    fn of(found: &[Condition]) -> Self {
        let range = |column| conditions::range(found, column);
        let mut test = Self {
            positions: range("position"),
            received: range("received_at"),
            happened: range("timestamp"),
            ..Self::default()
        };
        for condition in found.iter().filter(|c| c.comparison == Comparison::Is) {
            let mut texts = HashSet::new();
            let mut numbers = HashSet::new();
            for operand in &condition.operands {
                match operand {
                    Operand::Text(text) => _ = texts.insert(text.clone()),
                    Operand::Number(number) => _ = numbers.insert(*number),
                }
            }
            match TextOf::named(&condition.column) {
                Some(of) if numbers.is_empty() => test.texts.push((of, texts)),
                None if condition.column == "project_id" && texts.is_empty() => {
                    test.projects.push(numbers);
                }
                _ => {}
            }
        }
        test
    }

    fn passes(&self, head: &ArchivedHead) -> bool {
        let is_within = |(least, most): (i64, i64), at: i64| (least..=most).contains(&at);
        let project = i64::from(head.project_id.to_native());
        is_within(self.received, head.received_ns.to_native())
            && is_within(self.happened, head.timestamp_ns.to_native())
            && self
                .projects
                .iter()
                .all(|numbers| numbers.contains(&project))
            && self.texts.iter().all(|(of, texts)| of.is_in(head, texts))
    }
}

/// One walk.
#[derive(Clone)]
struct HotStream {
    moment: Arc<Moment>,
    schema: SchemaRef,
    wanted: Vec<usize>,
    test: Test,
    limit: Option<usize>,
}

impl fmt::Debug for HotStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("log")
    }
}

impl PartitionStream for HotStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), AHEAD);
        let (walk, out) = (self.clone(), builder.tx());
        builder.spawn_blocking(move || walk.go(&out));
        builder.build()
    }
}

type Out = Sender<Result<datafusion::arrow::array::RecordBatch>>;

impl HotStream {
    fn go(&self, out: &Out) -> Result<()> {
        let log = self.moment.log();
        let (behind, end) = self.moment.hot();
        let least = u64::try_from(self.test.positions.0).unwrap_or_default();
        let after = Position(behind.0.max(least.saturating_sub(1)));
        let last = u64::try_from(self.test.positions.1).map_or(end.0, |most| most.min(end.0));
        if after.0 >= last {
            return Ok(());
        }
        let mut columns = Columns::of(&self.wanted)?;
        let grouped = columns.want_group().then(|| Grouped::behind(log, after));
        let mut grouped = grouped.transpose().map_err(Stopped::Log)?;
        let (mut rows, mut looked) = (0, 0_u64);
        let mut items = log.read_after(after);
        self.is_kept(after)?;
        while let Some(item) = items.next() {
            if items.position().0 > last || self.limit.is_some_and(|limit| rows >= limit) {
                break;
            }
            looked += 1;
            if looked % LOOK_EVERY == 0 && out.is_closed() {
                return Ok(());
            }
            let item = match item {
                Ok(item) => item,
                // Every projection passes over it.
                Err(ReadError::Record { .. } | ReadError::CommandMissing { .. }) => continue,
                Err(error) => {
                    self.is_kept(items.position())?;
                    return Err(Stopped::Log(error).into());
                }
            };
            if let Some(grouped) = &mut grouped {
                grouped.pass(&item.entry);
            }
            let Entry::Event(event) = item.entry else {
                continue;
            };
            if !self.wants(&event) {
                continue;
            }
            self.push(&mut columns, grouped.as_mut(), item.position, &event)?;
            rows += 1;
            if columns.rows() >= BATCH_ROWS || columns.bytes() >= BATCH_BYTES {
                self.is_kept(item.position)?;
                if out.blocking_send(Ok(columns.take()?)).is_err() {
                    return Ok(());
                }
            }
        }
        self.is_kept(items.position().min(Position(last)))?;
        if columns.rows() > 0 {
            // Whoever went away meanwhile wants nothing.
            let _ = out.blocking_send(Ok(columns.take()?));
        }
        Ok(())
    }

    /// Fails if the log does not reach back to what comes after `read` any more.
    fn is_kept(&self, read: Position) -> Result<(), DataFusionError> {
        let first = self.moment.log().first();
        if first.0 > read.0 + 1 && first > self.moment.first {
            return Err(Stopped::Dropped.into());
        }
        Ok(())
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        let head = event.head();
        let project = ProjectId(head.project_id.to_native());
        self.moment.sight.has(project)
            && self.test.passes(head)
            && !self.moment.expired.has_head(head)
    }

    fn push(
        &self,
        columns: &mut Columns,
        grouped: Option<&mut Grouped>,
        position: Position,
        event: &StoredEvent,
    ) -> Result<(), DataFusionError> {
        let head = event.head();
        let (fingerprint, headline) = match grouped {
            Some(grouped) => {
                let group = grouped.group(position, event);
                let shown = group.headline;
                let headline = Headline {
                    title: shown.title,
                    culprit: shown.culprit,
                    ty: shown.ty,
                    value: shown.value,
                    level: Level::from_number(head.level),
                    platform: String::new(),
                    handled: head.handled,
                };
                (group.fingerprint, headline)
            }
            None => (Fingerprint([0; 16]), Headline::default()),
        };
        let body = if columns.want_body() {
            match self.moment.log().body(position, event) {
                Ok(body) => body,
                // As in the files: the head is sound.
                Err(ReadError::Body { .. }) => bytes::Bytes::from_static(b"{}"),
                Err(error) => return Err(Stopped::Log(error).into()),
            }
        } else {
            bytes::Bytes::new()
        };
        columns.push(&ColdRow {
            position,
            head: event.whole(),
            fingerprint,
            headline: &headline,
            body: &body,
        });
        Ok(())
    }
}
