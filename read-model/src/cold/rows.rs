//! Rows of a cold file made events again.
//!
//! Invariant: what a row becomes is, byte by byte, what the log had: the body, and the head that is a pure function
//! of it. What is not in the body is in columns: the payload's size, and what grouping made of the event when the
//! file was written. A row whose body could not be read then cannot be read now: it is told, not made up.

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{UInt32Type, UInt64Type};
use bytes::Bytes;
use event_model::{Event, Fingerprint, Position, StoredEvent, head::Head};

use crate::issues::batch::Headline;

/// The columns that are read, in the file's order.
pub(super) const COLUMNS: [&str; 9] = [
    "position",
    "event_id",
    "type",
    "value",
    "title",
    "culprit",
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
    /// How its issue would be shown; level, platform and `handled` are the head's, and not here.
    pub headline: Headline,
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
    let shown = [
        text("type")?,
        text("value")?,
        text("title")?,
        text("culprit")?,
    ];
    let (ids, fingerprints, bodies) = (text("event_id")?, text("fingerprint")?, text("body")?);
    let event = |row: usize| -> (Position, Option<ColdEvent>) {
        let position = Position(positions.value(row));
        let value = |column: &StringArray| column.value(row).to_owned();
        let [ty, value_line, title, culprit] = shown.map(value);
        let headline = Headline {
            title,
            culprit,
            ty,
            value: value_line,
            ..Headline::default()
        };
        let texts = [ids, fingerprints, bodies].map(|column: &StringArray| column.value(row));
        (position, event(position, headline, texts, sizes.value(row)))
    };
    Some((0..positions.len()).map(event).collect())
}

fn event(
    position: Position,
    headline: Headline,
    [id, fingerprint, body]: [&str; 3],
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
        headline,
        body: Bytes::copy_from_slice(body.as_bytes()),
    })
}
