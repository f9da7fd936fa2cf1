//! The words of a reading (what it found, why it did not) and the readings of whole bodies, each a line or two over the module that knows
//! the format.

use std::fmt;

use bytes::Bytes;
use event_model::{Event, EventId, Note, ProjectId, PublicKey};

use crate::{
    Context, Envelope, File, NativeBatch, ReportOrigin, Written, envelope, json, native, notes,
    security, sentry, store, uploads, value,
};

/// Where a DSN points, as far as authentication needs it; scheme, host and secret
/// are ignored (proxies and tunnels change them).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsnParts {
    /// The public key, as given.
    pub public_key: PublicKey,
    /// The last part of the path.
    pub project_id: ProjectId,
}

/// The first line of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvelopeHeader {
    /// Wins over the payload's id. `None` if absent or malformed.
    pub event_id: Option<EventId>,
    /// Authentication of tunnels. `None` if absent or malformed.
    pub dsn: Option<DsnParts>,
    /// The client's clock when it sent, Unix nanoseconds.
    pub sent_at_ns: Option<i64>,
}

/// What a body held.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The id to answer with: the envelope's, else the first event's.
    pub event_id: Option<EventId>,
    /// In the order of the body.
    pub items: Vec<Item>,
    /// What the places of [`Item::File`]s are of, if not the body itself.
    pub unpacked: Option<Bytes>,
}

/// One item and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// To be stored.
    Event(Box<ReadEvent>),
    /// A file of the event, to be stored.
    File(File),
    /// To be stored as it is.
    Note {
        /// As for [`Item::NotStored`].
        kind: &'static str,
        /// The note.
        note: Box<Note>,
    },
    /// Understood, of a kind that is not stored.
    NotStored {
        /// The item type of the protocol ("transaction", "session", …), or
        /// "unknown".
        kind: String,
        /// How many things it stands for.
        quantity: u32,
        /// Length of the payload.
        bytes: usize,
    },
    /// Could not be read; its neighbours could.
    Broken {
        /// As for [`Item::NotStored`].
        kind: String,
        /// Why.
        invalid: Invalid,
    },
}

/// One event, normalised and scrubbed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadEvent {
    /// The event.
    pub event: Event,
    /// Length of its payload as sent, decompressed.
    pub size_bytes: u32,
}

/// The kind of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvalidReason {
    /// Not the format at all: no JSON, no envelope.
    Malformed,
    /// The format is right, a field is missing or of a wrong type.
    Field,
    /// Over a limit.
    TooLarge,
}

/// Why something could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// The kind.
    pub reason: InvalidReason,
    /// The path of the offending field ("error.type"), or empty.
    pub field: String,
    /// For people: what is wrong, with the position or the allowed range.
    pub message: String,
}

impl Invalid {
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(InvalidReason::Malformed, "", message)
    }

    /// A field that is missing or of a wrong type; the whole path of it.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(InvalidReason::Field, field, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(InvalidReason::TooLarge, "", message)
    }

    fn new(reason: InvalidReason, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// The key and project of a DSN; none if it is none.
pub fn dsn(text: &str) -> Option<DsnParts> {
    envelope::dsn(text)
}

/// Reads only an envelope's first line: cheap, for authentication before the rest.
pub fn envelope_header(body: &[u8]) -> Result<EnvelopeHeader, Invalid> {
    envelope::header(body).map(|(header, _)| header)
}

/// Reads a whole Sentry envelope. Fails only if the envelope's header is unreadable; a
/// broken item is an [`Item::Broken`].
pub fn read_envelope(body: &[u8], context: &Context<'_>) -> Result<Reading, Invalid> {
    let mut envelope = Envelope::open(Bytes::copy_from_slice(body), context.limits)?;
    let items = std::iter::from_fn(|| envelope.next_item(context)).collect();
    let mut reading = Reading {
        event_id: envelope.event_id(),
        items,
        unpacked: None,
    };
    uploads::refuse_files_of_nothing(&mut reading);
    Ok(reading)
}

/// Reads reports that a browser sent by itself.
pub fn read_reports(
    body: &[u8],
    origin: &ReportOrigin,
    context: &Context<'_>,
) -> Result<Reading, Invalid> {
    Ok(Reading {
        event_id: None,
        items: security::items(body, origin, context)?,
        unpacked: None,
    })
}

/// What a person wrote into a form.
pub fn read_written(said: &Written<'_>, context: &Context<'_>) -> Result<Item, Invalid> {
    let note = Box::new(notes::written(said, None, context)?);
    Ok(Item::Note {
        kind: "user_report",
        note,
    })
}

/// A check-in whose members came in a URL, or as a JSON body beside it.
pub fn read_check_in(
    members: &[(String, String)],
    body: &[u8],
    context: &Context<'_>,
) -> Result<Item, Invalid> {
    let mut map = match body.trim_ascii() {
        b"" => serde_json::Map::new(),
        body => value::object(body)?,
    };
    for (key, text) in members {
        map.insert(key.clone(), text.clone().into());
    }
    let note = Box::new(notes::check_in_of(&map, context)?);
    Ok(Item::Note {
        kind: "check_in",
        note,
    })
}

/// Refuses a form that is larger than anything a person writes.
pub fn check_form(body: &[u8]) -> Result<(), Invalid> {
    value::check_size(body)
}

/// An attachment without an event.
pub fn file_of_nothing() -> Invalid {
    Invalid::field("event_id", "an attachment without an event")
}

pub(crate) fn not_stored(kind: &str, item_count: Option<u32>, payload: &[u8]) -> Item {
    Item::NotStored {
        kind: kind.to_owned(),
        quantity: item_count.unwrap_or(1).max(1),
        bytes: payload.len(),
    }
}

/// Reads the body of `/store/`: an event's JSON, or base64 of it, or base64 of
/// zlib of it.
pub fn read_store(body: &[u8], context: &Context<'_>) -> Result<Reading, Invalid> {
    let payload = store::payload(body, context.limits.event_bytes_max)?;
    let item = match sentry::read(&payload, None, None, context)? {
        sentry::Payload::Event(event) => Item::Event(event),
        sentry::Payload::NotStored(kind) if kind == "feedback" => Item::Note {
            kind: "feedback",
            note: Box::new(notes::feedback(&payload, None, context)?),
        },
        sentry::Payload::NotStored(kind) => not_stored(&kind, None, &payload),
    };
    let event_id = match &item {
        Item::Event(event) => Some(event.event.id),
        _ => None,
    };
    Ok(Reading {
        event_id,
        items: vec![item],
        unpacked: None,
    })
}

/// Reads one native event (JSON of `errata.v1.Event`).
pub fn read_native(body: &[u8], context: &Context<'_>) -> Result<ReadEvent, Invalid> {
    native::event(body, context)
}

/// Reads a whole native batch, `{"errors":[…]}`: one result for each, in order.
pub fn read_native_batch(
    body: &[u8],
    context: &Context<'_>,
) -> Result<Vec<Result<ReadEvent, Invalid>>, Invalid> {
    let body = Bytes::copy_from_slice(body);
    let mut batch = NativeBatch::scan(body, context.limits.batch_max)?;
    Ok(std::iter::from_fn(|| batch.next_event(context)).collect())
}

/// Reads one native event from the bytes of its message; bounded before it is decoded.
pub fn from_proto_bytes(message: &[u8], context: &Context<'_>) -> Result<ReadEvent, Invalid> {
    native::from_message(message, context)
}

/// Reads one native event that came by gRPC.
pub fn from_proto(event: &proto::v1::Event, context: &Context<'_>) -> Result<ReadEvent, Invalid> {
    let size_bytes = native::checked_size(prost::Message::encoded_len(event), context)?;
    let text = native::json_text(event)?;
    json::read(text.as_bytes(), |json| {
        native::from_json(json, size_bytes, context)
    })?
}
