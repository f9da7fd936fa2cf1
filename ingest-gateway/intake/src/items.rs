//! The items of an envelope, read one at a time.

use bytes::Bytes;
use event_model::EventId;

use super::{
    Context, EnvelopeHeader, Invalid, Item, Limits, envelope, files, minidump, not_stored, notes,
    sentry, uploads, value,
};

/// Dumps tried of one envelope: a crash sends one.
const DUMPS_MAX: usize = 2;

/// An envelope on its way: cut into items, of which the rest is unread.
#[derive(Debug)]
pub struct Envelope {
    body: Bytes,
    header: EnvelopeHeader,
    raws: std::vec::IntoIter<envelope::RawItem>,
    /// The header's id is that of the first event; a second one needs its own.
    id: Option<EventId>,
    event_id: Option<EventId>,
    /// Where dumps may be; nothing once one is part of an event.
    dumps: Vec<std::ops::Range<usize>>,
    files_bytes: usize,
    files_bytes_max: usize,
}

impl Envelope {
    /// Cuts it into items. Fails only if its header is unreadable.
    pub fn open(body: Bytes, limits: &Limits) -> Result<Self, Invalid> {
        let (header, at) = envelope::header(&body)?;
        let raws = envelope::items(&body, at, limits.items_max);
        Ok(Self {
            dumps: raws
                .iter()
                .filter_map(uploads::dump_place)
                .take(DUMPS_MAX)
                .collect(),
            raws: raws.into_iter(),
            id: header.event_id,
            event_id: header.event_id,
            header,
            files_bytes: 0,
            files_bytes_max: limits.attachments_bytes_max,
            body,
        })
    }

    /// Whether reading it may cost more than its size tells.
    pub fn has_dump(&self) -> bool {
        !self.dumps.is_empty()
    }

    /// The header's id, else the first event's that was read.
    pub fn event_id(&self) -> Option<EventId> {
        self.event_id
    }

    /// The next item; none at the end. Files may belong to an event behind them.
    pub fn next_item(&mut self, context: &Context<'_>) -> Option<Item> {
        let Some(raw) = self.raws.next() else {
            return self.dump_alone(context);
        };
        let kind = raw.kind;
        let item = self.item(&raw, context);
        Some(item.unwrap_or_else(|invalid| Item::Broken {
            kind: kind.to_owned(),
            invalid,
        }))
    }

    fn item(&mut self, raw: &envelope::RawItem, context: &Context<'_>) -> Result<Item, Invalid> {
        let place = raw.payload.clone()?;
        let body = self.body.clone();
        let payload = &body[place];
        let sent_at_ns = self.header.sent_at_ns;
        let (kind, note) = match raw.kind {
            "event" => return self.event(payload, context),
            "attachment" => return self.file(raw, payload),
            "feedback" => (
                "feedback",
                notes::feedback(payload, self.header.event_id, context)?,
            ),
            "user_report" => ("user_report", notes::user_report(payload, context)?),
            "session" => ("session", notes::session(payload, sent_at_ns, context)?),
            "sessions" => ("sessions", notes::sessions(payload, sent_at_ns, context)?),
            "check_in" => ("check_in", notes::check_in(payload, context)?),
            "client_report" => ("client_report", notes::client_report(payload, context)?),
            kind => return Ok(not_stored(kind, raw.item_count, payload)),
        };
        let note = Box::new(note);
        Ok(Item::Note { kind, note })
    }

    fn event(&mut self, payload: &[u8], context: &Context<'_>) -> Result<Item, Invalid> {
        let sent_at_ns = self.header.sent_at_ns;
        let read = match self.take_dump() {
            None => sentry::read(payload, self.id, sent_at_ns, context)?,
            // The event of a crash says around it what the dump cannot know.
            Some(dump) => {
                let whole = minidump::payload(value::object(payload).unwrap_or_default(), &dump);
                sentry::read(&whole, self.id, sent_at_ns, context)
                    .or_else(|_| sentry::read(payload, self.id, sent_at_ns, context))?
            }
        };
        Ok(match read {
            sentry::Payload::Event(event) => {
                self.id = None;
                self.event_id.get_or_insert(event.event.id);
                Item::Event(event)
            }
            sentry::Payload::NotStored(kind) => not_stored(&kind, None, payload),
        })
    }

    fn file(&mut self, raw: &envelope::RawItem, payload: &[u8]) -> Result<Item, Invalid> {
        self.files_bytes = self.files_bytes.saturating_add(payload.len());
        if self.files_bytes > self.files_bytes_max {
            return Err(too_large(self.files_bytes_max));
        }
        let header = &raw.file;
        Ok(Item::File(files::File::new(
            header.name.as_deref(),
            header.content_type.as_deref(),
            header.attachment_type.as_deref(),
            files::range_in(&self.body, payload),
        )))
    }

    /// The first sound dump, once.
    fn take_dump(&mut self) -> Option<minidump::Minidump> {
        let mut dumps = std::mem::take(&mut self.dumps).into_iter();
        dumps.find_map(|place| uploads::read_dump(&self.body[place]))
    }

    /// A dump without an event is one.
    fn dump_alone(&mut self, context: &Context<'_>) -> Option<Item> {
        let dump = self.take_dump()?;
        let payload = minidump::payload(serde_json::Map::new(), &dump);
        let sentry::Payload::Event(event) = sentry::read(&payload, self.id, None, context).ok()?
        else {
            return None;
        };
        self.event_id.get_or_insert(event.event.id);
        Some(Item::Event(event))
    }
}

pub(super) fn too_large(bytes_max: usize) -> Invalid {
    Invalid::too_large(format!(
        "attachments of more than {bytes_max} bytes together"
    ))
}
