//! Rows gathered column by column, in the order of [`super::schema::schema`]: all of its
//! columns for a file, or those that a query asks for.
//!
//! Invariant: a batch of some columns is one of all columns without the others.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, ListArray, MapArray, RecordBatch, RecordBatchOptions,
        StringBuilder, StructArray, TimestampNanosecondBuilder, UInt32Builder, UInt64Builder,
    },
    buffer::OffsetBuffer,
    datatypes::SchemaRef,
    error::ArrowError,
};
use event_model::{
    EventId, Level,
    head::{ArchivedHead, WholeHead},
};

use super::{
    schema::{
        TIME_ZONE, exception_field, exception_fields, frame_field, frame_fields, schema, tag_field,
        tag_fields,
    },
    writer::ColdRow,
};

/// Columns that say what grouping made of an event.
const GROUPED: [&str; 5] = ["type", "value", "title", "culprit", "fingerprint"];

/// Rows not yet taken.
#[derive(Debug)]
pub struct Columns {
    schema: SchemaRef,
    rows: usize,
    /// Bytes of bodies, what the memory goes with.
    bytes: usize,
    /// In the order of the schema.
    builders: Vec<Column>,
}

/// A column by what it holds of a row.
#[derive(Debug)]
enum Column {
    Position(UInt64Builder),
    EventId(StringBuilder),
    Number(fn(&ArchivedHead) -> u32, UInt32Builder),
    Time(fn(&ArchivedHead) -> i64, TimestampNanosecondBuilder),
    Text(for<'a> fn(&'a ColdRow<'a>) -> &'a str, StringBuilder),
    Fingerprint(StringBuilder),
    Handled(BooleanBuilder),
    Tags(TagColumns),
    Exceptions(Box<ExceptionColumns>),
    Body(StringBuilder),
}

#[derive(Debug, Default)]
struct TagColumns {
    lengths: Vec<usize>,
    keys: StringBuilder,
    values: StringBuilder,
}

#[derive(Debug, Default)]
struct ExceptionColumns {
    lengths: Vec<usize>,
    ty: StringBuilder,
    value: StringBuilder,
    frame_lengths: Vec<usize>,
    function: StringBuilder,
    module: StringBuilder,
    filename: StringBuilder,
    lineno: UInt32Builder,
    in_app: BooleanBuilder,
}

impl Columns {
    /// All columns.
    pub fn all() -> Self {
        Self::of_schema(Arc::new(schema()))
    }

    /// Those at these places of the schema, in this order. Fails if there is no such place.
    pub fn of(places: &[usize]) -> Result<Self, ArrowError> {
        Ok(Self::of_schema(Arc::new(schema().project(places)?)))
    }

    fn of_schema(schema: SchemaRef) -> Self {
        let fields = schema.fields().iter();
        let builders = fields.map(|field| Column::named(field.name())).collect();
        Self {
            schema,
            rows: 0,
            bytes: 0,
            builders,
        }
    }

    /// What its batches are like.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether rows need what grouping makes of an event; where not, anything may stand there.
    pub fn want_group(&self) -> bool {
        let mut fields = self.schema.fields().iter();
        fields.any(|field| GROUPED.contains(&field.name().as_str()))
    }

    /// Whether rows need their body.
    pub fn want_body(&self) -> bool {
        self.schema.column_with_name("body").is_some()
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of their bodies.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// One more row.
    pub fn push(&mut self, row: &ColdRow<'_>) {
        self.rows += 1;
        self.bytes += row.body.len();
        for column in &mut self.builders {
            column.push(row);
        }
    }

    /// The rows so far; begins anew.
    pub fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let done = std::mem::replace(self, Self::of_schema(self.schema.clone()));
        let columns = done.builders.into_iter().map(Column::finish);
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(done.rows));
        RecordBatch::try_new_with_options(done.schema, columns, &options)
    }
}

impl Column {
    /// Of a column of the schema; the test below holds that it is one of the right type.
    fn named(name: &str) -> Self {
        let time = || TimestampNanosecondBuilder::new().with_timezone(TIME_ZONE);
        match name {
            "position" => Self::Position(UInt64Builder::new()),
            "event_id" => Self::EventId(StringBuilder::new()),
            "project_id" => number(|head| head.project_id.to_native()),
            "weight" => number(|head| head.weight.to_native()),
            "size_bytes" => number(|head| head.size_bytes.to_native()),
            "timestamp" => Self::Time(|head| head.timestamp_ns.to_native(), time()),
            "received_at" => Self::Time(|head| head.received_ns.to_native(), time()),
            "level" => text(|row| Level::from_number(row.head.level).name()),
            "platform" => text(|row| row.head.own().platform.as_str()),
            "type" => text(|row| &row.headline.ty),
            "value" => text(|row| &row.headline.value),
            "title" => text(|row| &row.headline.title),
            "culprit" => text(|row| &row.headline.culprit),
            "fingerprint" => Self::Fingerprint(StringBuilder::new()),
            "message" => text(|row| row.head.own().message.as_str()),
            "transaction" => text(|row| row.head.own().transaction.as_str()),
            "logger" => text(|row| row.head.own().logger.as_str()),
            "release" => text(|row| row.head.own().release.as_str()),
            "environment" => text(|row| row.head.own().environment.as_str()),
            "server_name" => text(|row| row.head.own().server_name.as_str()),
            "user" => text(|row| row.head.own().user.as_str()),
            "sdk_name" => text(|row| row.head.own().sdk.0.as_str()),
            "sdk_version" => text(|row| row.head.own().sdk.1.as_str()),
            "handled" => Self::Handled(BooleanBuilder::new()),
            "tags" => Self::Tags(TagColumns::default()),
            "exceptions" => Self::Exceptions(Box::default()),
            _ => Self::Body(StringBuilder::new()),
        }
    }

    fn push(&mut self, row: &ColdRow<'_>) {
        match self {
            Self::Position(column) => column.append_value(row.position.0),
            Self::EventId(column) => column.append_value(EventId(row.head.event_id).to_string()),
            Self::Number(of, column) => column.append_value(of(row.head.own())),
            Self::Time(of, column) => column.append_value(of(row.head.own())),
            Self::Text(of, column) => column.append_value(of(row)),
            Self::Fingerprint(column) => column.append_value(row.fingerprint.to_string()),
            Self::Handled(column) => column.append_option(match row.head.handled {
                0 => None,
                handled => Some(handled == 2),
            }),
            Self::Tags(columns) => columns.push(row.head),
            Self::Exceptions(columns) => columns.push(row.head),
            // JSON is UTF-8; should a body not be, its bytes are still not lost silently.
            Self::Body(column) => column.append_value(String::from_utf8_lossy(row.body)),
        }
    }

    fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Position(mut column) => Arc::new(column.finish()),
            Self::EventId(mut column)
            | Self::Text(_, mut column)
            | Self::Fingerprint(mut column)
            | Self::Body(mut column) => Arc::new(column.finish()),
            Self::Number(_, mut column) => Arc::new(column.finish()),
            Self::Time(_, mut column) => Arc::new(column.finish()),
            Self::Handled(mut column) => Arc::new(column.finish()),
            Self::Tags(columns) => Arc::new(columns.finish()?),
            Self::Exceptions(columns) => Arc::new(columns.finish()?),
        })
    }
}

fn number(of: fn(&ArchivedHead) -> u32) -> Column {
    Column::Number(of, UInt32Builder::new())
}

fn text(of: for<'a> fn(&'a ColdRow<'a>) -> &'a str) -> Column {
    Column::Text(of, StringBuilder::new())
}

impl TagColumns {
    fn push(&mut self, head: WholeHead<'_>) {
        self.lengths.push(head.tags.len());
        for pair in head.tags.iter() {
            self.keys.append_value(&pair.0);
            self.values.append_value(&pair.1);
        }
    }

    fn finish(mut self) -> Result<MapArray, ArrowError> {
        let tags = StructArray::try_new(
            tag_fields(),
            vec![Arc::new(self.keys.finish()), Arc::new(self.values.finish())],
            None,
        )?;
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        MapArray::try_new(tag_field(), offsets, tags, None, false)
    }
}

impl ExceptionColumns {
    fn push(&mut self, head: WholeHead<'_>) {
        self.lengths.push(head.exception_count());
        for exception in head.exceptions() {
            self.ty.append_value(&exception.ty);
            self.value.append_value(exception.value);
            self.frame_lengths.push(exception.frames.len());
            for frame in exception.frames.iter() {
                self.function.append_value(&frame.function);
                self.module.append_value(&frame.module);
                self.filename.append_value(&frame.filename);
                self.lineno.append_value(frame.lineno.to_native());
                self.in_app.append_value(frame.in_app);
            }
        }
    }

    fn finish(mut self) -> Result<ListArray, ArrowError> {
        let frames = StructArray::try_new(
            frame_fields(),
            vec![
                Arc::new(self.function.finish()),
                Arc::new(self.module.finish()),
                Arc::new(self.filename.finish()),
                Arc::new(self.lineno.finish()),
                Arc::new(self.in_app.finish()),
            ],
            None,
        )?;
        let frames = ListArray::try_new(
            frame_field(),
            OffsetBuffer::from_lengths(self.frame_lengths),
            Arc::new(frames),
            None,
        )?;
        let exceptions = StructArray::try_new(
            exception_fields(),
            vec![
                Arc::new(self.ty.finish()),
                Arc::new(self.value.finish()),
                Arc::new(frames),
            ],
            None,
        )?;
        ListArray::try_new(
            exception_field(),
            OffsetBuffer::from_lengths(self.lengths),
            Arc::new(exceptions),
            None,
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_the_schema_is_built_with_its_type() {
        let mut columns = Columns::all();
        let batch = columns.take().unwrap();
        assert_eq!(*batch.schema(), schema());
        let bodies = columns.builders.iter();
        let bodies = bodies.filter(|column| matches!(column, Column::Body(_)));
        assert_eq!(bodies.count(), 1, "a column without a way to build it");
        let some = Columns::of(&[26, 0]).unwrap();
        assert!(some.want_body() && !some.want_group());
        assert_eq!(some.schema().field(1).name(), "position");
        assert_eq!(Columns::of(&[]).unwrap().take().unwrap().num_rows(), 0);
    }
}
