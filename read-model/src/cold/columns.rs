//! Rows gathered column by column, in the order of [`super::schema::schema`].

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, ListArray, MapArray, RecordBatch, StringBuilder, StructArray,
        TimestampNanosecondBuilder, UInt32Builder, UInt64Builder,
    },
    buffer::OffsetBuffer,
    datatypes::Schema,
    error::ArrowError,
};
use event_model::{
    EventId, Level,
    head::{ArchivedHead, WholeHead},
};

use super::{
    schema::{
        TIME_ZONE, exception_field, exception_fields, frame_field, frame_fields, tag_field,
        tag_fields,
    },
    writer::ColdRow,
};

/// Text columns between `level` and `user`, in order.
const TEXTS: usize = 14;

/// Rows not yet handed to Parquet.
pub(super) struct Columns {
    schema: Arc<Schema>,
    rows: usize,
    /// Bytes of bodies, what the memory goes with.
    bytes: usize,
    position: UInt64Builder,
    event_id: StringBuilder,
    project_id: UInt32Builder,
    timestamp: TimestampNanosecondBuilder,
    received_at: TimestampNanosecondBuilder,
    texts: [StringBuilder; TEXTS],
    handled: BooleanBuilder,
    weight: UInt32Builder,
    size_bytes: UInt32Builder,
    sdk_name: StringBuilder,
    sdk_version: StringBuilder,
    tag_lengths: Vec<usize>,
    tag_keys: StringBuilder,
    tag_values: StringBuilder,
    exceptions: ExceptionColumns,
    body: StringBuilder,
}

#[derive(Default)]
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
    pub(super) fn new(schema: Arc<Schema>) -> Self {
        let time = || TimestampNanosecondBuilder::new().with_timezone(TIME_ZONE);
        Self {
            schema,
            rows: 0,
            bytes: 0,
            position: UInt64Builder::new(),
            event_id: StringBuilder::new(),
            project_id: UInt32Builder::new(),
            timestamp: time(),
            received_at: time(),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            handled: BooleanBuilder::new(),
            weight: UInt32Builder::new(),
            size_bytes: UInt32Builder::new(),
            sdk_name: StringBuilder::new(),
            sdk_version: StringBuilder::new(),
            tag_lengths: Vec::new(),
            tag_keys: StringBuilder::new(),
            tag_values: StringBuilder::new(),
            exceptions: ExceptionColumns::default(),
            body: StringBuilder::new(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, row: &ColdRow<'_>) {
        let head = row.head;
        self.rows += 1;
        self.bytes += row.body.len();
        self.position.append_value(row.position.0);
        self.event_id
            .append_value(EventId(head.event_id).to_string());
        self.project_id.append_value(head.project_id.to_native());
        self.timestamp.append_value(head.timestamp_ns.to_native());
        self.received_at.append_value(head.received_ns.to_native());
        self.push_texts(row, &head);
        self.handled.append_option(match head.handled {
            0 => None,
            handled => Some(handled == 2),
        });
        self.weight.append_value(head.weight.to_native());
        self.size_bytes.append_value(head.size_bytes.to_native());
        self.sdk_name.append_value(&head.sdk.0);
        self.sdk_version.append_value(&head.sdk.1);
        self.tag_lengths.push(head.tags.len());
        for pair in head.tags.iter() {
            self.tag_keys.append_value(&pair.0);
            self.tag_values.append_value(&pair.1);
        }
        self.exceptions.push(head);
        // JSON is UTF-8; should a body not be, its bytes are still not lost silently.
        self.body.append_value(String::from_utf8_lossy(row.body));
    }

    fn push_texts(&mut self, row: &ColdRow<'_>, head: &ArchivedHead) {
        let fingerprint = row.fingerprint.to_string();
        let texts: [&str; TEXTS] = [
            Level::from_number(head.level).name(),
            &head.platform,
            &row.headline.ty,
            &row.headline.value,
            &row.headline.title,
            &row.headline.culprit,
            &fingerprint,
            &head.message,
            &head.transaction,
            &head.logger,
            &head.release,
            &head.environment,
            &head.server_name,
            &head.user,
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_value(text);
        }
    }

    /// The rows so far; begins anew.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut done = std::mem::replace(self, Self::new(self.schema.clone()));
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(done.position.finish()),
            Arc::new(done.event_id.finish()),
            Arc::new(done.project_id.finish()),
            Arc::new(done.timestamp.finish()),
            Arc::new(done.received_at.finish()),
        ];
        for text in &mut done.texts {
            columns.push(Arc::new(text.finish()));
        }
        columns.push(Arc::new(done.handled.finish()));
        columns.push(Arc::new(done.weight.finish()));
        columns.push(Arc::new(done.size_bytes.finish()));
        columns.push(Arc::new(done.sdk_name.finish()));
        columns.push(Arc::new(done.sdk_version.finish()));
        let tags = StructArray::try_new(
            tag_fields(),
            vec![
                Arc::new(done.tag_keys.finish()),
                Arc::new(done.tag_values.finish()),
            ],
            None,
        )?;
        let offsets = OffsetBuffer::from_lengths(done.tag_lengths);
        columns.push(Arc::new(MapArray::try_new(
            tag_field(),
            offsets,
            tags,
            None,
            false,
        )?));
        columns.push(Arc::new(done.exceptions.finish()?));
        columns.push(Arc::new(done.body.finish()));
        RecordBatch::try_new(done.schema, columns)
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
