//! Rows of a cold file made events again.
//!
//! Invariant: what a row becomes is, byte by byte, what the log had: the body, and the head that is a pure function
//! of it. What is not in the body is in columns: the payload's size, and what grouping made of the event when the
//! file was written. A row whose body could not be read then cannot be read now: it is told, not made up.

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{UInt32Type, UInt64Type};
use bytes::Bytes;
use event_model::{Event, Fingerprint, Position, StoredEvent, head::Head};

/// The columns that are read, in the file's order.
pub(super) const COLUMNS: [&str; 6] = [
    "position",
    "event_id",
    "title",
    "fingerprint",
    "size_bytes",
    "body",
];

/// An event of a cold file.
#[derive(Debug, Clone)]
pub struct ColdEvent {
    /// Its place in the log.
    pub position: Position,
    /// As the log had it, with a body of nothing.
    pub event: StoredEvent,
    /// What grouping made of it.
    pub fingerprint: Fingerprint,
    /// How its issue would be shown.
    pub title: String,
    /// The JSON document.
    pub body: Bytes,
}

/// The events of these rows, each with its place; none where a row is no event. None if a column is not what this
/// release writes.
pub(super) fn events(batch: &RecordBatch) -> Option<Vec<(Position, Option<ColdEvent>)>> {
    let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
    let positions = batch
        .column_by_name("position")?
        .as_primitive_opt::<UInt64Type>()?;
    let sizes = batch
        .column_by_name("size_bytes")?
        .as_primitive_opt::<UInt32Type>()?;
    let (ids, titles, fingerprints) = (text("event_id")?, text("title")?, text("fingerprint")?);
    let bodies = text("body")?;
    let event = |row: usize| -> (Position, Option<ColdEvent>) {
        let position = Position(positions.value(row));
        let texts =
            [ids, titles, fingerprints, bodies].map(|column: &StringArray| column.value(row));
        (position, event(position, texts, sizes.value(row)))
    };
    Some((0..positions.len()).map(event).collect())
}

fn event(
    position: Position,
    [id, title, fingerprint, body]: [&str; 4],
    size_bytes: u32,
) -> Option<ColdEvent> {
    let event: Event = serde_json::from_str(body).ok()?;
    if event.id.to_string() != id {
        return None;
    }
    Some(ColdEvent {
        position,
        event: StoredEvent::of(&Head::of(&event, size_bytes)).ok()?,
        fingerprint: fingerprint.parse().ok()?,
        title: title.to_owned(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    })
}
