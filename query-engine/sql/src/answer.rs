//! Answers on the wire: JSON, CSV and Arrow, batch by batch.
//!
//! Invariant: what is written is whole or visibly not. JSON that ends early says so in its
//! `error`; CSV and Arrow break the connection off.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use bytes::Bytes;
use datafusion::arrow::{
    array::{Array, RecordBatch},
    datatypes::{DataType, Field, SchemaRef},
    error::ArrowError,
    ipc::writer::StreamWriter,
    json::writer::{EncoderOptions, NullableEncoder, make_encoder},
};
use futures_util::{Stream, stream};
use proto::error::{ErrorCode, Refusal};

use crate::engine::{Answer, Batches};

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One document.
    Json,
    /// RFC 4180, with a line of names.
    Csv,
    /// The stream format of Arrow's IPC.
    Arrow,
}

impl Format {
    /// By the header `Accept`; JSON unless another is named.
    pub(crate) fn accepted(accept: &str) -> Self {
        let named = |name: &str| accept.split(',').any(|part| part.trim().starts_with(name));
        if named("text/csv") {
            Self::Csv
        } else if named("application/vnd.apache.arrow.stream") {
            Self::Arrow
        } else {
            Self::Json
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

const TOO_MANY: &str = "it has more rows than an answer may have: filter or aggregate more";

/// An answer that is broken off.
#[derive(Debug, thiserror::Error)]
#[error("the answer ended early: {0}")]
pub(crate) struct BrokenOff(String);

/// Waits for the first rows, so that most of what goes wrong still has a status; then the
/// bytes.
pub(crate) async fn begin(
    mut answer: Answer,
    format: Format,
) -> Result<impl Stream<Item = Result<Bytes, BrokenOff>> + Send, Refusal> {
    let first = answer.batches.next().await.transpose()?;
    let failed = |error: ArrowError| {
        tracing::error!(
            error = ground::with_causes(&error),
            "an answer cannot be written"
        );
        Refusal::new(ErrorCode::Internal, "the answer cannot be written")
    };
    let is_whole = format == Format::Json || answer.is_limited;
    if let Some(batch) = &first
        && batch.num_rows() > answer.rows_max
        && !is_whole
    {
        return Err(Refusal::at(ErrorCode::Invalid, "query", TOO_MANY));
    }
    let mut written = Written {
        writer: Writer::begin(format, &answer.schema).map_err(failed)?,
        batches: answer.batches,
        began: answer.began,
        left: answer.rows_max,
        may_cut: is_whole,
        format,
        is_over: false,
    };
    let head = match first {
        Some(batch) => written.batch(&batch).map_err(failed)?,
        None => written.end(false, None).map_err(failed)?,
    };
    let head = stream::iter([Ok(head)]);
    Ok(futures_util::StreamExt::chain(
        head,
        stream::unfold(written, Written::next),
    ))
}

/// An answer being written.
struct Written {
    writer: Writer,
    batches: Batches,
    began: Instant,
    /// Rows that may still be written.
    left: usize,
    /// What is beyond is left out; else it would be missing unseen.
    may_cut: bool,
    format: Format,
    is_over: bool,
}

impl Written {
    async fn next(mut self) -> Option<(Result<Bytes, BrokenOff>, Self)> {
        if self.is_over {
            return None;
        }
        let written = match self.batches.next().await {
            Some(Ok(batch)) => self.batch(&batch),
            Some(Err(refusal)) if self.format == Format::Json => self.end(false, Some(&refusal)),
            Some(Err(refusal)) => {
                self.is_over = true;
                return Some((Err(BrokenOff(refusal.message)), self));
            }
            None => self.end(false, None),
        };
        match written {
            Ok(bytes) => Some((Ok(bytes), self)),
            Err(error) => {
                self.is_over = true;
                Some((Err(BrokenOff(error.to_string())), self))
            }
        }
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Bytes, ArrowError> {
        if batch.num_rows() <= self.left {
            self.left -= batch.num_rows();
            return self.writer.batch(batch);
        }
        let mut bytes = self.writer.batch(&batch.slice(0, self.left))?.to_vec();
        if !self.may_cut {
            return Err(ArrowError::ExternalError(TOO_MANY.into()));
        }
        bytes.extend_from_slice(&self.end(true, None)?);
        Ok(bytes.into())
    }

    fn end(&mut self, is_truncated: bool, fault: Option<&Refusal>) -> Result<Bytes, ArrowError> {
        self.is_over = true;
        self.batches.end();
        let elapsed = self.began.elapsed().as_millis();
        match &mut self.writer {
            Writer::Json { head, .. } => {
                // Of an answer without rows nothing was written yet.
                let mut end = String::from_utf8_lossy(&std::mem::take(head)).into_owned();
                let _ = write!(
                    end,
                    "],\"truncated\":{is_truncated},\"elapsed_ms\":{elapsed}"
                );
                if let Some(refusal) = fault {
                    let _ = write!(end, ",\"error\":{}", refusal.to_json());
                }
                end.push('}');
                Ok(end.into())
            }
            Writer::Csv { head } => Ok(std::mem::take(head).into()),
            Writer::Arrow(writer) => {
                writer.finish()?;
                Ok(std::mem::take(writer.get_mut()).into())
            }
        }
    }
}

enum Writer {
    Json {
        /// Not written yet.
        head: Vec<u8>,
        is_first: bool,
    },
    Csv {
        head: Vec<u8>,
    },
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

impl Writer {
    fn begin(format: Format, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let names = || schema.fields().iter().map(|field| field.name().as_str());
        Ok(match format {
            Format::Json => {
                let columns: Vec<_> = schema
                    .fields()
                    .iter()
                    .map(|field| {
                        serde_json::json!({ "name": field.name(), "type": type_name(field) })
                    })
                    .collect();
                let columns = serde_json::Value::from(columns);
                Self::Json {
                    head: format!("{{\"columns\":{columns},\"rows\":[").into_bytes(),
                    is_first: true,
                }
            }
            Format::Csv => {
                let mut head = Vec::new();
                for (at, name) in names().enumerate() {
                    comma(at, &mut head);
                    quoted(name, &mut head);
                }
                head.extend_from_slice(b"\r\n");
                Self::Csv { head }
            }
            Format::Arrow => Self::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema)?)),
        })
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Bytes, ArrowError> {
        match self {
            Self::Json { head, is_first } => {
                let mut out = std::mem::take(head);
                let mut cells = Cells::of(batch)?;
                for row in 0..batch.num_rows() {
                    out.extend_from_slice(if *is_first { b"[" } else { b",[" });
                    *is_first = false;
                    for at in 0..cells.len() {
                        comma(at, &mut out);
                        cells.json(at, row, &mut out);
                    }
                    out.push(b']');
                }
                Ok(out.into())
            }
            Self::Csv { head } => {
                let mut out = std::mem::take(head);
                let mut cells = Cells::of(batch)?;
                for row in 0..batch.num_rows() {
                    for at in 0..cells.len() {
                        comma(at, &mut out);
                        cells.csv(at, row, &mut out);
                    }
                    out.extend_from_slice(b"\r\n");
                }
                Ok(out.into())
            }
            Self::Arrow(writer) => {
                writer.write(batch)?;
                Ok(std::mem::take(writer.get_mut()).into())
            }
        }
    }
}

fn comma(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

/// What people and pages need to know of a column's type.
pub(crate) fn type_name(field: &Field) -> String {
    match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        kind if kind.is_integer() => "integer".to_owned(),
        kind if kind.is_floating() => "float".to_owned(),
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => "decimal".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            "list".to_owned()
        }
        DataType::Map(..) => "map".to_owned(),
        DataType::Struct(_) => "struct".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// The values of a batch as JSON, one at a time.
pub(crate) struct Cells<'a> {
    encoders: Vec<NullableEncoder<'a>>,
    /// Whether a column is text, and needs no JSON in CSV.
    texts: Vec<bool>,
    spare: Vec<u8>,
}

impl<'a> Cells<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let schema = batch.schema_ref();
        let mut cells = Self {
            encoders: Vec::with_capacity(batch.num_columns()),
            texts: Vec::with_capacity(batch.num_columns()),
            spare: Vec::new(),
        };
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            cells.encoders.push(encoder(field, array.as_ref())?);
            cells.texts.push(!is_nested(field.data_type()));
        }
        Ok(cells)
    }

    pub(crate) fn len(&self) -> usize {
        self.encoders.len()
    }

    /// A value as JSON.
    pub(crate) fn json(&mut self, at: usize, row: usize, out: &mut Vec<u8>) {
        let encoder = &mut self.encoders[at];
        if encoder.is_null(row) {
            out.extend_from_slice(b"null");
        } else {
            encoder.encode(row, out);
        }
    }

    /// A value as a field of CSV: what is missing is empty, what has parts is JSON.
    pub(crate) fn csv(&mut self, at: usize, row: usize, out: &mut Vec<u8>) {
        if self.encoders[at].is_null(row) {
            return;
        }
        let mut json = std::mem::take(&mut self.spare);
        json.clear();
        self.encoders[at].encode(row, &mut json);
        let text = match serde_json::from_slice::<serde_json::Value>(&json) {
            Ok(serde_json::Value::String(text)) if self.texts[at] => text,
            _ => String::from_utf8_lossy(&json).into_owned(),
        };
        quoted(&text, out);
        self.spare = json;
    }
}

fn encoder<'a>(
    field: &'a Arc<Field>,
    array: &'a dyn Array,
) -> Result<NullableEncoder<'a>, ArrowError> {
    static OPTIONS: std::sync::LazyLock<EncoderOptions> =
        std::sync::LazyLock::new(|| EncoderOptions::default().with_explicit_nulls(true));
    make_encoder(field, array, &OPTIONS)
}

fn is_nested(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::Map(..)
            | DataType::Struct(_)
    )
}

/// A field of CSV, in quotes where it needs them.
fn quoted(text: &str, out: &mut Vec<u8>) {
    if !text.contains(['"', ',', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
