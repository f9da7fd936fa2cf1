//! OpenTelemetry's export requests (OTLP, protobuf and JSON) → events.
//!
//! What becomes an event: a log record with an exception (`exception.type`,
//! `.message` or `.stacktrace`, of whatever severity), a log record of severity
//! ERROR and above, and each span event named `exception`. Everything else (lower
//! log records, spans, metrics) is counted and not kept: Errata holds errors.
//!
//! One error is often sent several times: it is recorded on every span it passes,
//! in a log record beside, and again with a batch that was retried. Its id is a hash
//! of trace, type, message and newest frame, so that it is stored once; outside of
//! a trace, of the record as sent.
//!
//! Lenient as OTLP asks: unknown fields are passed over, ids are hexadecimal in any
//! case, numbers may be strings, enumerations may be names, `{}` is null. A broken
//! record costs itself alone. Bounds: [`RECORDS_MAX`] and [`EVENTS_MAX`] a request,
//! the event's own size, [`ATTRIBUTES_MAX`] attributes, 64 levels of nesting. Records
//! are read a few at a time ([`Batch::next`]): a request's resources repeat in each of
//! its events, and those must not all be in memory at once.

mod any;
mod batch;
mod event;
mod http;
mod json;
mod model;
pub(super) mod protobuf;
mod resource;
mod spans;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use self::batch::Batch;
use super::{Context, Invalid, ReadEvent};

/// Most records of one request; what follows is rejected. SDKs send 512 at a time,
/// collectors 8,192.
pub const RECORDS_MAX: usize = 100_000;
/// Most events of one request; what follows is rejected.
pub const EVENTS_MAX: usize = 10_000;
/// Most attributes read of one record, span, scope or resource.
const ATTRIBUTES_MAX: usize = 1_000;

/// What a request exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// `ExportLogsServiceRequest`.
    Logs,
    /// `ExportTraceServiceRequest`.
    Traces,
    /// `ExportMetricsServiceRequest`.
    Metrics,
}

impl Signal {
    /// One of its records, in a word.
    pub fn record(self) -> &'static str {
        match self {
            Self::Logs => "log",
            Self::Traces => "span",
            Self::Metrics => "metric",
        }
    }

    /// The data category of what is not kept: a metric's label.
    pub fn category(self) -> &'static str {
        match self {
            Self::Logs => "log_item",
            Self::Traces => "span",
            Self::Metrics => "trace_metric",
        }
    }
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`, and gRPC.
    Protobuf,
    /// `application/json`.
    Json,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum OtlpItem {
    /// To be stored.
    Event(Box<ReadEvent>),
    /// So many records that are understood and not kept.
    NotStored(u64),
    /// So many records that could not be read, and why.
    Rejected(u64, Invalid),
}

/// Reads a whole request. Fails only if it is no export request at all.
pub fn otlp(
    signal: Signal,
    encoding: Encoding,
    body: &Bytes,
    context: &Context<'_>,
) -> Result<Vec<OtlpItem>, Invalid> {
    let mut batch = Batch::scan(signal, encoding, body)?;
    let mut items = Vec::new();
    loop {
        let mut more = batch.next(usize::MAX, context);
        if more.is_empty() {
            return Ok(items);
        }
        items.append(&mut more);
    }
}
