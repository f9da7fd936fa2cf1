//! Bytes of clients → [`event_model::Event`]. Pure and total: no I/O, no panic on
//! any input, depth and size limited.
//!
//! Owns the wire forms of an event: Sentry envelopes and `/store/` bodies (read
//! leniently: one bad field never loses an event), the native JSON and its gRPC
//! twin (read strictly: a wrong type is named by its path), OpenTelemetry's export
//! requests ([`otlp`]), stack traces as text, the scrub of secrets before anything
//! reaches the log ([`scrub`]), and what a project does not want ([`filter`]). Must not
//! know HTTP, authentication or the log.
//!
//! Units: bytes and Unix nanoseconds, in the names. Fails with [`Invalid`] only if
//! nothing of the body can be used; a broken item of an envelope or a batch is an
//! [`Item::Broken`] or an `Err` beside its good neighbours.

mod agent;
mod context;
mod envelope;
mod files;
pub mod filter;
#[cfg(test)]
#[path = "../../../tests/support/growth.rs"]
mod growth;
mod in_app;
mod items;
mod json;
mod limit;
mod minidump;
mod multipart;
mod native;
mod notes;
pub mod otlp;
mod place;
mod read;
mod remembered;
pub mod scrub;
mod security;
mod sentry;
mod settle;
mod stack;
mod store;
mod symbol;
mod time;
mod uploads;
mod value;

use self::read::not_stored;
pub use self::{
    context::{Context, Limits},
    files::File,
    items::Envelope,
    native::NativeBatch,
    notes::Written,
    read::{
        DsnParts, EnvelopeHeader, Invalid, InvalidReason, Item, ReadEvent, Reading, check_form,
        dsn, envelope_header, file_of_nothing, from_proto, from_proto_bytes, read_check_in,
        read_envelope, read_native, read_native_batch, read_reports, read_store, read_written,
    },
    security::{ReportOrigin, is_report_type},
    settle::settle,
    uploads::{read_minidump, read_multipart_files},
};
