//! Tables of the issue database as columns, for SQL over them: whole rows of one moment,
//! batch by batch, with the names and types of [docs/sql.md](../../../../../docs/sql.md).
//!
//! Invariant: a walk shows rows of projects in sight alone, whatever it is asked; conditions
//! only spare it rows, whoever states them checks them once more. Units: all times are
//! nanoseconds, UTC. Blocking.

use std::fmt::Write as _;

mod all;

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, RecordBatch, RecordBatchOptions, StringBuilder,
        TimestampNanosecondBuilder, UInt32Builder, UInt64Builder,
    },
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    error::ArrowError,
};
use event_model::{EventId, Fingerprint, IssueId};
use rusqlite::{Row, ToSql, params_from_iter, types::Value};

use super::{ReadError, Snapshot};
use crate::cold::schema::TIME_ZONE;

pub use all::TABLES;

/// Rows of a batch.
const BATCH_ROWS: usize = 2_048;
/// Conditions that are looked at; the others cost rows, nothing else.
const CONDITIONS_MAX: usize = 32;

/// A table as SQL sees it.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// What stands behind FROM.
    from: &'static str,
    /// The number of a row's project.
    project: &'static str,
    /// Its columns, in order.
    pub columns: &'static [TableColumn],
}

/// A column of a [`Table`].
#[derive(Debug)]
pub struct TableColumn {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub about: &'static str,
    /// What SQLite computes it by.
    value: &'static str,
    kind: Kind,
}

/// What a value of SQLite stands for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    /// May be missing.
    TextOrNone,
    Number,
    /// Small, may be missing.
    SmallOrNone,
    Small,
    /// An issue: 16 hex digits.
    Issue,
    /// 32 hex digits of 16 bytes.
    Fingerprint,
    /// Likewise; may be missing.
    EventOrNone,
    /// So many nanoseconds a unit.
    Time(i64),
    /// Likewise; may be missing.
    TimeOrNone(i64),
    /// A number that stands for a word.
    Word(fn(i64) -> &'static str),
    /// 1: no, 2: yes, else unknown.
    Handled,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Is,
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
}

/// What a column is compared with, as it stands in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A text, or an id.
    Text(String),
    /// A number, or nanoseconds.
    Number(i64),
}

/// Which rows are wanted: those for which one of the operands fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column's place in the table.
    pub column: usize,
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub operands: Vec<Operand>,
}

impl Table {
    /// What its batches are like.
    pub fn schema(&self) -> Schema {
        let fields = self.columns.iter().map(TableColumn::field);
        Schema::new(fields.collect::<Vec<_>>())
    }

    fn statement(
        &self,
        wanted: &[usize],
        conditions: &[Condition],
        seen: Option<String>,
        limit: Option<usize>,
    ) -> (String, Vec<Value>) {
        let columns: Vec<&str> = wanted.iter().map(|at| self.columns[*at].value).collect();
        let columns = if columns.is_empty() {
            "1".to_owned()
        } else {
            columns.join(", ")
        };
        let (from, project) = (self.from, self.project);
        let mut sql = format!(
            "SELECT {columns} FROM {from}
             WHERE (?1 IS NULL OR {project} IN (SELECT value FROM json_each(?1)))"
        );
        let mut values = vec![seen.map_or(Value::Null, Value::Text)];
        for condition in conditions.iter().take(CONDITIONS_MAX) {
            self.columns[condition.column].restrict(condition, &mut sql, &mut values);
        }
        if let Some(limit) = limit {
            let _ = write!(sql, " LIMIT {limit}");
        }
        (sql, values)
    }
}

impl TableColumn {
    fn field(&self) -> Field {
        let time = DataType::Timestamp(TimeUnit::Nanosecond, Some(TIME_ZONE.into()));
        let (kind, nullable) = match self.kind {
            Kind::Text | Kind::Issue | Kind::Fingerprint | Kind::Word(_) => (DataType::Utf8, false),
            Kind::TextOrNone | Kind::EventOrNone => (DataType::Utf8, true),
            Kind::Number => (DataType::UInt64, false),
            Kind::Small => (DataType::UInt32, false),
            Kind::SmallOrNone => (DataType::UInt32, true),
            Kind::Time(_) => (time, false),
            Kind::TimeOrNone(_) => (time, true),
            Kind::Handled => (DataType::Boolean, true),
        };
        Field::new(self.name, kind, nullable)
    }

    /// Adds what SQLite can say of a condition; nothing where it cannot.
    fn restrict(&self, condition: &Condition, sql: &mut String, values: &mut Vec<Value>) {
        let mut parts = Vec::new();
        for operand in &condition.operands {
            let Some((comparison, value)) = self.sqlite(condition.comparison, operand) else {
                return;
            };
            values.push(value);
            parts.push(format!("{} {comparison} ?{}", self.value, values.len()));
        }
        if !parts.is_empty() {
            let _ = write!(sql, " AND ({})", parts.join(" OR "));
        }
    }

    fn sqlite(&self, comparison: Comparison, operand: &Operand) -> Option<(&'static str, Value)> {
        let word = match comparison {
            Comparison::Is => "=",
            Comparison::AtLeast => ">=",
            Comparison::AtMost => "<=",
        };
        let equal = comparison == Comparison::Is;
        let value = match (self.kind, operand) {
            (Kind::Text | Kind::TextOrNone, Operand::Text(text)) if equal => {
                Value::Text(text.clone())
            }
            (Kind::Issue, Operand::Text(text)) if equal => {
                Value::Integer(text.parse::<IssueId>().ok()?.0 as i64)
            }
            (Kind::Fingerprint, Operand::Text(text)) if equal => {
                Value::Blob(text.parse::<Fingerprint>().ok()?.0.to_vec())
            }
            (Kind::EventOrNone, Operand::Text(text)) if equal => {
                Value::Blob(text.parse::<EventId>().ok()?.0.to_vec())
            }
            (Kind::Number | Kind::Small | Kind::SmallOrNone, Operand::Number(number)) => {
                Value::Integer(*number)
            }
            (Kind::Time(unit) | Kind::TimeOrNone(unit), Operand::Number(at_ns)) => {
                // The unit that the time is in; one that begins before it, too.
                Value::Integer(at_ns.div_euclid(unit))
            }
            _ => return None,
        };
        Some((word, value))
    }
}

impl Snapshot<'_> {
    /// Shows the wanted columns of a table's rows until `see` says that it is enough.
    pub fn walk(
        &self,
        table: &Table,
        wanted: &[usize],
        conditions: &[Condition],
        limit: Option<usize>,
        mut see: impl FnMut(RecordBatch) -> bool,
    ) -> Result<(), ReadError> {
        let (sql, values) = table.statement(wanted, conditions, self.seen(), limit);
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(values.iter().map(|v| v as &dyn ToSql)))?;
        let schema = Arc::new(table.schema().project(wanted)?);
        let mut batch = Batch::new(table, wanted, &schema);
        while let Some(row) = rows.next()? {
            batch.push(row)?;
            if batch.rows == BATCH_ROWS {
                let full = std::mem::replace(&mut batch, Batch::new(table, wanted, &schema));
                if !see(full.finish()?) {
                    return Ok(());
                }
            }
        }
        if batch.rows > 0 {
            see(batch.finish()?);
        }
        Ok(())
    }
}

/// Rows of a table being gathered.
struct Batch<'a> {
    schema: &'a SchemaRef,
    rows: usize,
    columns: Vec<(Kind, Builder)>,
}

enum Builder {
    Text(StringBuilder),
    Number(UInt64Builder),
    Small(UInt32Builder),
    Time(TimestampNanosecondBuilder),
    Truth(BooleanBuilder),
}

impl<'a> Batch<'a> {
    fn new(table: &Table, wanted: &[usize], schema: &'a SchemaRef) -> Self {
        let columns = wanted.iter().map(|at| {
            let kind = table.columns[*at].kind;
            (kind, Builder::of(kind))
        });
        Self {
            schema,
            rows: 0,
            columns: columns.collect(),
        }
    }

    fn push(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        for (at, (kind, builder)) in self.columns.iter_mut().enumerate() {
            builder.push(*kind, row, at)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.into_iter();
        let columns: Vec<ArrayRef> = columns.map(|(_, builder)| builder.finish()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::clone(self.schema), columns, &options)
    }
}

impl Builder {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text
            | Kind::TextOrNone
            | Kind::Issue
            | Kind::Fingerprint
            | Kind::EventOrNone
            | Kind::Word(_) => Self::Text(StringBuilder::new()),
            Kind::Number => Self::Number(UInt64Builder::new()),
            Kind::Small | Kind::SmallOrNone => Self::Small(UInt32Builder::new()),
            Kind::Time(_) | Kind::TimeOrNone(_) => {
                Self::Time(TimestampNanosecondBuilder::new().with_timezone(TIME_ZONE))
            }
            Kind::Handled => Self::Truth(BooleanBuilder::new()),
        }
    }

    fn push(&mut self, kind: Kind, row: &Row<'_>, at: usize) -> rusqlite::Result<()> {
        match (self, kind) {
            (Self::Text(column), Kind::Issue) => {
                column.append_value(IssueId(row.get::<_, i64>(at)? as u64).to_string());
            }
            (Self::Text(column), Kind::Fingerprint | Kind::EventOrNone) => {
                let id: Option<[u8; 16]> = row.get(at)?;
                column.append_option(id.map(|id| EventId(id).to_string()));
            }
            (Self::Text(column), Kind::Word(of)) => column.append_value(of(row.get(at)?)),
            (Self::Text(column), _) => {
                // SQLite keeps what it is given; not even text must be UTF-8.
                let text = row.get_ref(at)?.as_bytes_or_null()?;
                column.append_option(text.map(String::from_utf8_lossy));
            }
            (Self::Number(column), _) => column.append_value(row.get::<_, i64>(at)? as u64),
            (Self::Small(column), _) => column.append_option(row.get::<_, Option<u32>>(at)?),
            (Self::Time(column), Kind::Time(unit) | Kind::TimeOrNone(unit)) => {
                let time: Option<i64> = row.get(at)?;
                column.append_option(time.map(|time| time.saturating_mul(unit)));
            }
            (Self::Time(column), _) => column.append_null(),
            (Self::Truth(column), _) => column.append_option(match row.get::<_, i64>(at)? {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            }),
        }
        Ok(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Number(mut column) => Arc::new(column.finish()),
            Self::Small(mut column) => Arc::new(column.finish()),
            Self::Time(mut column) => Arc::new(column.finish()),
            Self::Truth(mut column) => Arc::new(column.finish()),
        }
    }
}
