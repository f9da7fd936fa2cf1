//! The payload of a Sentry event → [`Event`]. Every field may be missing, null or
//! of a wrong type: then that field is left out and the event kept. Unknown
//! top-level keys are kept in `other`.
//!
//! Fails only if the payload is no JSON object, or too large.

mod fields;
mod http;
mod message;
mod stack;

use event_model::{Event, EventId, Level, free::Writer};
pub(super) use fields::{
    FINGERPRINT_PARTS_MAX, SHORT_CHARS_MAX, TAG_CHARS_MAX, platform, resolve_address, tag,
};
pub(super) use http::request_from;
pub(super) use stack::around;

use super::{
    Context, Invalid, ReadEvent, envelope,
    json::{self, Budget, Json},
    scrub::{Path, Scrub},
    settle, time,
};

/// Longest single string of free-form data, bytes.
pub(super) const FREE_STRING_BYTES_MAX: usize = 16 << 10;
/// All of `extra`, of `contexts`, of unknown keys: each at most so many bytes.
pub(super) const FREE_BYTES_MAX: usize = 256 << 10;
/// Longest message or exception text, bytes (event.proto: 8,192 characters).
pub(super) const MESSAGE_BYTES_MAX: usize = 8 << 10;
/// Longest name (transaction, logger, host, function, path …), bytes.
pub(super) const NAME_BYTES_MAX: usize = 1 << 10;

/// What an event's payload turned out to be.
pub(super) enum Payload {
    /// An error or a message.
    Event(Box<ReadEvent>),
    /// By its own `type` something that is not stored ("transaction").
    NotStored(String),
}

/// Reads one payload. `id` is the envelope header's and wins.
pub(super) fn read(
    payload: &[u8],
    id: Option<EventId>,
    sent_at_ns: Option<i64>,
    context: &Context<'_>,
) -> Result<Payload, Invalid> {
    let max = context.limits.event_bytes_max;
    if payload.len() > max {
        return Err(Invalid::too_large(format!(
            "an event of {} bytes; at most {max} are allowed",
            payload.len()
        )));
    }
    json::read(payload, |json| {
        let kind = json.get("type").and_then(Json::into_str);
        if let Some(kind @ ("transaction" | "feedback")) = kind.as_deref() {
            return Ok(Payload::NotStored(kind.to_owned()));
        }
        let Json::Object(members) = json else {
            return Err(Invalid::malformed(format!(
                "an event must be a JSON object, not {}",
                json.kind()
            )));
        };
        let mut reader = Reader::new(id, sent_at_ns, context);
        for (key, value) in members {
            if !value.is_null() {
                reader.member(&key, value);
            }
        }
        let event = reader.finish();
        let size_bytes = payload.len() as u32;
        Ok(Payload::Event(Box::new(ReadEvent { event, size_bytes })))
    })?
}

/// An event while its members come in, in any order.
struct Reader<'c, 'x> {
    context: &'c Context<'x>,
    drift_ns: i64,
    /// The envelope's id; the payload's does not count then.
    id: Option<EventId>,
    payload_id: Option<EventId>,
    timestamp_ns: Option<i64>,
    /// From `message`, and from `logentry` or its old name, which is better.
    plain: message::Message,
    logentry: message::Message,
    /// The old name of `transaction`.
    culprit: String,
    site: Option<String>,
    checksum: Option<String>,
    main_exception_id: Option<i64>,
    stacktrace: Vec<event_model::event::Frame>,
    other: Writer,
    other_budget: Budget,
    scrub: Scrub,
    event: Event,
}

impl<'c, 'x> Reader<'c, 'x> {
    fn new(id: Option<EventId>, sent_at_ns: Option<i64>, context: &'c Context<'x>) -> Self {
        Self {
            context,
            drift_ns: time::drift_ns(sent_at_ns, context.received_ns),
            id,
            payload_id: None,
            timestamp_ns: None,
            plain: message::Message::default(),
            logentry: message::Message::default(),
            culprit: String::new(),
            site: None,
            checksum: None,
            main_exception_id: None,
            stacktrace: Vec::new(),
            other_budget: Budget::new(FREE_BYTES_MAX, FREE_STRING_BYTES_MAX),
            other: Writer::new(),
            scrub: Scrub::new(context.scrub),
            event: context.empty_event(),
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>) {
        let event = &mut self.event;
        let limits = self.context.limits;
        match key {
            "event_id" => self.payload_id = envelope::event_id(&value),
            "timestamp" => self.timestamp_ns = time::read(&value),
            "level" => event.level = fields::level(&value).unwrap_or(Level::Error),
            "platform" => event.platform = fields::platform(value),
            "exception" | "sentry.interfaces.Exception" => {
                event.exceptions = stack::exceptions(value, limits, &mut self.scrub);
            }
            "threads" => event.threads = stack::threads(value, limits, &mut self.scrub),
            "stacktrace" | "sentry.interfaces.Stacktrace" => {
                let path = Path::root(stack::STACKTRACE);
                self.stacktrace = stack::frames(value, limits, &path, &mut self.scrub);
            }
            "message" => self.plain = message::read(value),
            "logentry" | "sentry.interfaces.Message" => self.logentry = message::read(value),
            "transaction" => event.transaction = name(value),
            "culprit" => self.culprit = name(value),
            "logger" => event.logger = name(value),
            "release" => {
                let problems = &mut event.problems;
                event.release = fields::version(key, value, TAG_CHARS_MAX, problems);
            }
            "dist" => {
                let problems = &mut event.problems;
                event.dist = fields::version(key, value, SHORT_CHARS_MAX, problems);
            }
            "environment" => {
                event.environment = fields::environment(value, &mut event.problems);
            }
            "server_name" => event.server_name = name(value),
            "site" => self.site = Some(name(value)),
            "tags" => event.tags = fields::tags(value, limits.tags_max),
            "user" | "sentry.interfaces.User" => event.user = fields::user(value, &mut self.scrub),
            "request" | "sentry.interfaces.Http" => {
                event.request = http::request(value, &mut self.scrub);
            }
            "contexts" => event.contexts = fields::contexts(value, &mut self.scrub),
            "breadcrumbs" => {
                let max = limits.breadcrumbs_max;
                event.breadcrumbs = fields::breadcrumbs(value, max, self.drift_ns, &mut self.scrub);
            }
            "extra" => {
                let mut budget = Budget::new(FREE_BYTES_MAX, FREE_STRING_BYTES_MAX);
                let path = Path::root("extra");
                event.extra = fields::free_map(value, &path, &mut budget, &mut self.scrub);
            }
            "fingerprint" => event.fingerprint = fields::fingerprint(value),
            "checksum" => self.checksum = value.into_text().map(std::borrow::Cow::into_owned),
            "main_exception_id" => self.main_exception_id = value.as_integer(),
            "modules" => event.modules = fields::unscrubbed(value, limits),
            "sdk" => event.sdk = fields::unscrubbed(value, limits),
            "debug_meta" => event.debug_meta = fields::unscrubbed(value, limits),
            // The project is the key's; the type was looked at before.
            "project" | "type" => {}
            _ => {
                let (path, budget) = (Path::root("other"), &mut self.other_budget);
                self.scrub
                    .member(&path, key, value, budget, &mut self.other);
            }
        }
    }

    fn finish(mut self) -> Event {
        let context = self.context;
        let mut event = self.event;
        if let Some(id) = self.id.or(self.payload_id) {
            event.id = id;
        }
        event.timestamp_ns =
            time::event_time(self.timestamp_ns, self.drift_ns, context.received_ns);
        let has_logentry = !self.logentry.formatted.is_empty();
        let message = if has_logentry {
            self.logentry
        } else {
            self.plain
        };
        event.message = message.formatted;
        event.message_template = message.template;
        event.other = self.other.finish();
        if event.transaction.is_empty() {
            event.transaction = self.culprit;
        }
        if event.platform.is_empty() {
            "other".clone_into(&mut event.platform);
        }
        if let Some(site) = self.site.filter(|s| !s.is_empty())
            && event.tags.iter().all(|(key, _)| key != "site")
        {
            event.tags.push(("site".to_owned(), site));
        }
        if event.fingerprint.is_empty() {
            event.fingerprint.extend(self.checksum.take());
        }
        if let Some(id) = self.main_exception_id {
            stack::put_main_last(&mut event, id, &mut self.scrub);
        }
        stack::place_stacktrace(&mut event, self.stacktrace, &mut self.scrub);
        fields::fill_address(&mut event, context);
        context.fill_user_agent(&mut event);
        settle(&mut event, context.limits);
        self.scrub.finish(&mut event);
        event
    }
}

/// A short text of any scalar.
pub(super) fn name(value: Json<'_>) -> String {
    let text = value.into_text().unwrap_or_default();
    json::cut(text, NAME_BYTES_MAX)
}

#[cfg(test)]
mod tests;
