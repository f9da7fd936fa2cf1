//! A record → an event.

use std::borrow::Cow;

use event_model::{
    Event, EventId, Level,
    event::{Exception, Frame, Mechanism, Thread},
};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::{
    super::{
        Context, Invalid, ReadEvent,
        json::{self, Budget},
        scrub, sentry, settle,
        stack::{self, Said},
        time,
    },
    any::{self, Any, Object},
    http::{self, Http},
    model::{Attributes, Kind, Log, Span, level, names_exception},
    resource::{Resource, ScopeFacts},
    spans::Caller,
};

/// Begins every hash of an event's id; another rule would need another word.
const HASH_RULE: &[u8] = b"errata otlp 1";

/// A free-form part of an event while it may still be added to.
pub(super) type FreeMap = Map<String, Value>;

/// Members of a free-form part while it is put together.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(pub(super) Object<'a>);

impl<'a> Members<'a> {
    /// Adds a text that is not empty.
    pub(super) fn text(&mut self, key: &'static str, text: String) {
        self.add(key.into(), text);
    }

    /// As [`Self::text`], under a client's own key.
    pub(super) fn owned(&mut self, key: String, text: String) {
        self.add(key.into(), text);
    }

    fn add(&mut self, key: Cow<'a, str>, text: String) {
        if !text.is_empty() {
            self.0.push((key, Any::String(text.into())));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is stored, at most `bytes_max`.
    pub(super) fn free(self, bytes_max: usize) -> FreeMap {
        let mut budget = Budget::new(bytes_max, sentry::FREE_STRING_BYTES_MAX);
        any::into_map(self.0, &mut budget)
    }
}

/// Adds a context.
pub(super) fn put_context(event: &mut Event, name: &str, context: FreeMap) {
    if context.is_empty() {
        return;
    }
    event.contexts.insert(name, Value::Object(context));
}

/// Trimmed, on one line, cut.
pub(super) fn short(text: &str, chars_max: usize) -> String {
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(chars_max).map(one_line).collect()
}

/// A hash of what was sent; `number` tells records apart that are the same.
pub(super) fn hash_of(group: [u128; 2], record: &[u8], number: usize) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(HASH_RULE);
    for part in group {
        hash.update(&part.to_le_bytes());
    }
    hash.update(&(number as u64).to_le_bytes());
    hash.update(record);
    hash.digest128()
}

/// Whether a log record is to become an event.
pub(super) fn is_wanted(log: &Log<'_>) -> bool {
    let has = |key: &str| {
        log.attributes
            .get(key)
            .is_some_and(|value| *value != Any::Null)
    };
    has("exception.type")
        || has("exception.message")
        || has("exception.stacktrace")
        || names_exception(&event_name(log))
        || level(log.severity, &log.severity_text).is_some_and(|level| level >= Level::Error)
}

/// The field, or the attribute it was before.
fn event_name<'l>(log: &'l Log<'_>) -> Cow<'l, str> {
    if log.event_name.is_empty() {
        let name = log.attributes.get("event.name").and_then(Any::as_str);
        return name.unwrap_or_default().into();
    }
    Cow::Borrowed(&log.event_name)
}

/// What a log record and a span event have in common.
pub(super) struct Facts<'a> {
    pub(super) size_bytes: usize,
    time_ns: i64,
    level: Level,
    attributes: Attributes<'a>,
    trace: Members<'static>,
    trace_id: String,
    /// Of a log record: its body as a text, the body's template, the logger.
    message: String,
    template: String,
    logger: String,
    /// A body that is no text.
    body: Any<'a>,
    /// Attributes of the span that an exception was recorded on.
    span: Attributes<'a>,
    kind: Kind,
    transaction: String,
    entry: Option<Attributes<'static>>,
}

impl<'a> Facts<'a> {
    pub(super) fn of_log(mut log: Log<'a>, scope: &ScopeFacts) -> Self {
        let name = event_name(&log).into_owned();
        log.attributes.take("event.name");
        let level = level(log.severity, &log.severity_text).unwrap_or_default();
        let (mut message, body) = match log.body {
            Any::Object(members) => {
                // Some loggers put the text beside their fields.
                let mut fields = Attributes(members);
                (fields.text(&["message", "msg"]), Any::Object(fields.0))
            }
            other => {
                let text = other.into_any_text(sentry::MESSAGE_BYTES_MAX);
                (text.unwrap_or_default().into_owned(), Any::Null)
            }
        };
        if message.trim().is_empty() && !names_exception(&name) {
            message = name;
        }
        let mut attributes = log.attributes;
        let template = attributes.text(&["{OriginalFormat}", "message_template.text"]);
        let mut trace = Members::default();
        trace.text("trace_id", log.trace_id.clone());
        trace.text("span_id", log.span_id);
        Self {
            size_bytes: 0,
            time_ns: log.time_ns,
            level,
            attributes,
            trace,
            trace_id: log.trace_id,
            message,
            template,
            logger: scope.name.clone(),
            body,
            span: Attributes::default(),
            kind: Kind::Internal,
            transaction: String::new(),
            entry: None,
        }
    }

    /// One for each exception of the span.
    pub(super) fn of_span(mut span: Span<'a>, entry: Option<&Caller>) -> Vec<Self> {
        let transaction = entry.map_or_else(|| span.name.to_string(), |entry| entry.name.clone());
        let recorded = std::mem::take(&mut span.exceptions);
        let one = |recorded: super::model::Recorded<'a>| {
            let mut trace = Members::default();
            trace.text("trace_id", span.trace_id.clone());
            trace.text("span_id", span.span_id.clone());
            trace.text("parent_span_id", span.parent_id.clone());
            trace.text("op", operation(&span));
            trace.text("description", span.name.to_string());
            Facts {
                size_bytes: recorded.size_bytes,
                time_ns: recorded.time_ns,
                level: Level::Error,
                attributes: recorded.attributes,
                trace,
                trace_id: span.trace_id.clone(),
                message: String::new(),
                template: String::new(),
                logger: String::new(),
                body: Any::Null,
                span: span.attributes.clone(),
                kind: span.kind,
                transaction: transaction.clone(),
                entry: entry.map(|entry| entry.attributes.clone()),
            }
        };
        recorded.into_iter().map(one).collect()
    }
}

/// What kind of work a span is, in the words of Sentry's SDKs.
fn operation(span: &Span<'_>) -> String {
    let has = |keys: &[&str]| keys.iter().any(|key| span.attributes.get(key).is_some());
    let kind = span.kind.name();
    if has(&["http.request.method", "http.method"]) {
        format!("http.{kind}")
    } else if has(&["db.system.name", "db.system"]) {
        "db".to_owned()
    } else if has(&["rpc.system", "rpc.system.name"]) {
        format!("rpc.{kind}")
    } else if has(&["messaging.system"]) {
        format!("queue.{kind}")
    } else {
        kind.to_owned()
    }
}

/// The event. Fails if the record says nothing at all.
pub(super) fn build(
    mut facts: Facts<'_>,
    resource: &Resource,
    scope: &ScopeFacts,
    hash: u128,
    size_bytes: usize,
    context: &Context<'_>,
) -> Result<Box<ReadEvent>, Invalid> {
    let mut event = context.empty_event();
    resource.tell(&mut event);
    scope.tell(&mut event);
    event.level = facts.level;
    let at = Some(facts.time_ns).filter(|ns| *ns > 0);
    event.timestamp_ns = time::event_time(at, 0, context.received_ns);
    let text_left = put_exceptions(&mut event, &mut facts.attributes);
    event.message = json::cut(facts.message.into(), sentry::MESSAGE_BYTES_MAX);
    event.message_template = json::cut(facts.template.into(), sentry::MESSAGE_BYTES_MAX);
    if event.message == event.message_template {
        event.message_template.clear();
    }
    if event.exceptions.is_empty() && event.message.trim().is_empty() && facts.body == Any::Null {
        return Err(Invalid::field(
            "exception.type",
            "neither exception.type nor exception.message nor a body: nothing to show",
        ));
    }
    event.id = id_of(&event, &facts.trace_id, text_left.as_deref(), hash);
    event.logger = facts.logger;
    put_request(
        &mut event,
        &mut facts.attributes,
        &mut facts.span,
        facts.kind,
        facts.entry,
    );
    if event.transaction.is_empty() {
        event.transaction = json::cut(facts.transaction.into(), sentry::NAME_BYTES_MAX);
    }
    put_place(&mut event, &mut facts.attributes);
    let mut trace = facts.trace;
    if !facts.span.0.is_empty() {
        trace.0.push(("data".into(), Any::Object(facts.span.0)));
    }
    put_context(&mut event, "trace", trace.free(sentry::FREE_BYTES_MAX));
    let mut extra = Members(facts.attributes.0);
    match facts.body {
        Any::Null => {}
        body => extra.0.push(("body".into(), body)),
    }
    event.extra = extra.free(sentry::FREE_BYTES_MAX).into();
    if let Some(text) = text_left {
        event.other.insert("stack", text);
    }
    context.fill_user_agent(&mut event);
    settle(&mut event, context.limits);
    scrub::event(&mut event, context.scrub);
    Ok(Box::new(ReadEvent {
        event,
        size_bytes: size_bytes as u32,
    }))
}

/// Reads `exception.*`; returns a stack text that could not be read.
fn put_exceptions(event: &mut Event, from: &mut Attributes<'_>) -> Option<String> {
    let mut any = |key| {
        let value = from.take(key);
        let text = value.and_then(|value| value.into_any_text(sentry::MESSAGE_BYTES_MAX));
        text.unwrap_or_default()
    };
    let (ty, value, stack) = (
        any("exception.type"),
        any("exception.message"),
        any("exception.stacktrace"),
    );
    let escaped = any("exception.escaped");
    if ty.is_empty() && value.is_empty() && stack.trim().is_empty() {
        return None;
    }
    // A resource that is put together by hand often lacks the language.
    if event.platform == "other"
        && let Some(platform) = stack::platform_of(&stack)
    {
        platform.clone_into(&mut event.platform);
    }
    let (module, ty) = stack::class(ty.trim(), &event.platform);
    let said = Said {
        ty: json::cut(ty.into(), sentry::NAME_BYTES_MAX),
        module: json::cut(module.into(), sentry::NAME_BYTES_MAX),
        value: json::cut(value, sentry::MESSAGE_BYTES_MAX),
        mechanism: Some(Mechanism {
            ty: "opentelemetry".to_owned(),
            // SDKs say "false" of errors that did leave the span: only "true" counts.
            handled: escaped.eq_ignore_ascii_case("true").then_some(false),
            ..Mechanism::default()
        }),
    };
    let errors = stack::errors_of(said, &stack, &event.platform);
    event.exceptions = errors.exceptions;
    event.threads = errors.threads;
    if let (Some(text), Some(own)) = (&errors.text_left, event.exceptions.last_mut())
        && own.ty.is_empty()
        && own.value.is_empty()
    {
        let first = text.trim_start().lines().next().unwrap_or_default();
        own.value = json::cut(first.into(), sentry::NAME_BYTES_MAX);
    }
    errors.text_left
}

/// The same error has the same id, on whichever span or log record of its trace, and
/// however often a batch is sent.
fn id_of(event: &Event, trace_id: &str, text_left: Option<&str>, hash: u128) -> EventId {
    let hash = match event.exceptions.last() {
        Some(own) if !trace_id.is_empty() => {
            let mut key = HASH_RULE.to_vec();
            let mut part = |part: &str| {
                key.extend_from_slice(part.as_bytes());
                key.push(0xff);
            };
            part(trace_id);
            part(&own.ty);
            part(&own.value);
            if let Some(Frame {
                function,
                abs_path,
                filename,
                lineno,
                ..
            }) = own.frames.last()
            {
                part(function);
                part(abs_path);
                part(filename);
                part(&lineno.to_string());
            }
            part(text_left.unwrap_or_default());
            xxh3_128(&key)
        }
        _ => hash,
    };
    // All zeros would be no id.
    EventId(hash.max(1).to_be_bytes())
}

/// The request that was being served and its user: of the record, else of its span,
/// else of the span by which the request came in. A client's span tells of another
/// server's request.
fn put_request(
    event: &mut Event,
    own: &mut Attributes<'_>,
    span: &mut Attributes<'_>,
    kind: Kind,
    mut entry: Option<Attributes<'static>>,
) {
    let mut served: Vec<Http> = vec![http::take_http(own)];
    let mut users = vec![http::take_user(own), http::take_user(span)];
    if matches!(kind, Kind::Server | Kind::Internal) {
        served.push(http::take_http(span));
    }
    if let Some(entry) = &mut entry {
        served.push(http::take_http(entry));
        users.push(http::take_user(entry));
    }
    event.user = users.into_iter().flatten().next();
    for http in served {
        if event.request.is_empty() && !http.request.is_empty() {
            event.request = sentry::request_from(&any::to_free(&http.request.0));
            put_context(
                event,
                "response",
                http.response.free(sentry::FREE_BYTES_MAX),
            );
        }
        if event.transaction.is_empty() {
            event.transaction = json::cut(http.transaction.into(), sentry::NAME_BYTES_MAX);
        }
    }
}

/// Where a message was logged: the stack of an event without another.
fn put_place(event: &mut Event, from: &mut Attributes<'_>) {
    let function = from.text(&["code.function.name", "code.function"]);
    let path = from.text(&["code.file.path", "code.filepath"]);
    let lineno = from.text(&["code.line.number", "code.lineno"]);
    let colno = from.text(&["code.column.number", "code.column"]);
    let module = from.text(&["code.namespace"]);
    let stack = from.text(&["code.stacktrace"]);
    if event.exceptions.iter().any(|e| !e.frames.is_empty()) {
        return;
    }
    let errors = stack::errors_of(Said::default(), &stack, &event.platform);
    let mut frames = errors
        .exceptions
        .into_iter()
        .flat_map(|Exception { frames, .. }| frames)
        .collect::<Vec<_>>();
    if frames.is_empty() && !(function.is_empty() && path.is_empty()) {
        let mut frame = Frame {
            function: json::cut(function.into(), sentry::NAME_BYTES_MAX),
            module: json::cut(module.into(), sentry::NAME_BYTES_MAX),
            abs_path: json::cut(path.into(), sentry::NAME_BYTES_MAX),
            lineno: lineno.parse().unwrap_or_default(),
            colno: colno.parse().unwrap_or_default(),
            ..Frame::default()
        };
        stack::finish(&mut frame);
        frames.push(frame);
    }
    if !frames.is_empty() {
        event.threads.push(Thread {
            current: true,
            frames,
            ..Thread::default()
        });
    }
}
