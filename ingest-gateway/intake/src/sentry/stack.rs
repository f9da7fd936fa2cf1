//! Exceptions, threads and frames.

use std::borrow::Cow;

use event_model::{
    Event,
    event::{Exception, Frame, Mechanism, Thread},
    free::{Free, Writer},
};

use super::{
    super::{
        Limits,
        json::{self, Budget, Json, List, Object},
        remembered,
        scrub::{Path, Scrub},
        stack::path_of,
    },
    MESSAGE_BYTES_MAX, fields, name,
};

/// Local variables of one frame, bytes in all and of one string: enough to read,
/// too little to fill a record with one loop's data.
const VARS: Budget = Budget::new(32 << 10, 4 << 10);
/// Everything else of one frame or one mechanism.
const FRAME_OTHER: Budget = Budget::new(8 << 10, 4 << 10);
/// Longest source line, bytes (minified files have lines of megabytes).
const LINE_BYTES_MAX: usize = 1 << 10;
/// Characters kept before the column of a longer line; the rest of the room is for
/// what follows it.
const BEFORE_COLUMN_CHARS: usize = 300;
/// Where a top-level stack stands until it is placed.
pub(super) const STACKTRACE: &str = "stacktrace";
const EXCEPTIONS: &str = "exceptions";
const THREADS: &str = "threads";
/// Most source lines before and after.
const CONTEXT_LINES_MAX: usize = 20;

/// The entries of a chain, and what stands beside it.
enum Entries<'t> {
    Many(List<'t>, Option<Object<'t>>),
    One(Object<'t>, Option<Object<'t>>),
    None,
}

impl<'t> Entries<'t> {
    /// A list, `{values: […]}`, or one object.
    fn of(json: Json<'t>) -> Self {
        let members = match json {
            Json::Array(items) => return Self::Many(items, None),
            Json::Object(members) => members,
            _ => return Self::None,
        };
        match members.get("values") {
            Some(Json::Array(items)) => Self::Many(items, Some(members)),
            Some(Json::Object(one)) => Self::One(one, Some(members)),
            Some(_) => Self::None,
            None => Self::One(members, None),
        }
    }

    /// At most `max` of them, the last ones, and what stands beside them.
    fn newest(self, max: usize) -> (impl Iterator<Item = Json<'t>>, Option<Object<'t>>) {
        let (mut many, one, beside) = match self {
            Self::Many(items, beside) => (Some(items), None, beside),
            Self::One(members, beside) => (None, Some(Json::Object(members)), beside),
            Self::None => (None, None, None),
        };
        if let Some(items) = &mut many {
            items.keep_last(max);
        }
        (many.into_iter().flatten().chain(one), beside)
    }
}

/// The chain, oldest cause first. An entry without type, value and frames says
/// nothing and is left out.
pub(super) fn exceptions(json: Json<'_>, limits: &Limits, scrub: &mut Scrub) -> Vec<Exception> {
    let root = Path::root(EXCEPTIONS);
    // The newest are those that are shown.
    let (items, beside) = Entries::of(json).newest(limits.exceptions_max);
    let mut exceptions = Vec::new();
    for item in items {
        let path = root.index(exceptions.len());
        exceptions.extend(exception(item, limits, &path, scrub));
    }
    // raven-js puts the mechanism beside the list.
    let at = exceptions.len().saturating_sub(1);
    if let Some(last) = exceptions.last_mut()
        && last.mechanism.is_none()
        && let Some(json) = beside.and_then(|beside| beside.get("mechanism"))
    {
        last.mechanism = mechanism(json, &root.index(at), scrub);
    }
    exceptions
}

fn exception(
    json: Json<'_>,
    limits: &Limits,
    path: &Path<'_>,
    scrub: &mut Scrub,
) -> Option<Exception> {
    let mut exception = Exception::default();
    let mut raw = None;
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            "type" => exception.ty = name(value),
            "value" => {
                let text = value.into_any_text(MESSAGE_BYTES_MAX).unwrap_or_default();
                exception.value = json::cut(text, MESSAGE_BYTES_MAX);
            }
            "module" => exception.module = name(value),
            "thread_id" => exception.thread_id = name(value),
            "mechanism" => exception.mechanism = mechanism(value, path, scrub),
            "stacktrace" => exception.frames = frames(value, limits, path, scrub),
            "raw_stacktrace" => raw = Some(value),
            _ => {}
        }
    }
    if exception.frames.is_empty()
        && let Some(raw) = raw
    {
        exception.frames = frames(raw, limits, path, scrub);
    }
    let says_nothing =
        exception.ty.is_empty() && exception.value.is_empty() && exception.frames.is_empty();
    (!says_nothing).then_some(exception)
}

fn mechanism(json: Json<'_>, path: &Path<'_>, scrub: &mut Scrub) -> Option<Mechanism> {
    let mut mechanism = Mechanism::default();
    let mut data = Writer::new();
    let mut budget = FRAME_OTHER;
    let path = path.key("mechanism");
    let path = path.key("data");
    let small = |value: &Json<'_>| value.as_integer().and_then(|n| i32::try_from(n).ok());
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            "type" => mechanism.ty = name(value),
            "handled" => mechanism.handled = value.as_bool(),
            "synthetic" => mechanism.synthetic = value.as_bool().unwrap_or_default(),
            "exception_id" => mechanism.exception_id = small(&value),
            "parent_id" => mechanism.parent_id = small(&value),
            "is_exception_group" => {
                mechanism.is_exception_group = value.as_bool().unwrap_or_default();
            }
            "source" => mechanism.source = name(value),
            _ if value.is_null() => {}
            "data" => match value {
                Json::Object(members) => scrub.members(&path, members, &mut budget, &mut data),
                other => scrub.member(&path, "data", other, &mut budget, &mut data),
            },
            other => scrub.member(&path, other, value, &mut budget, &mut data),
        }
    }
    mechanism.data = data.finish();
    Some(mechanism)
}

/// The threads; an empty entry (Ruby sends one beside each exception) is left out.
pub(super) fn threads(json: Json<'_>, limits: &Limits, scrub: &mut Scrub) -> Vec<Thread> {
    let root = Path::root(THREADS);
    let (items, _) = Entries::of(json).newest(usize::MAX);
    let mut threads = Vec::new();
    for item in items {
        if threads.len() == limits.threads_max {
            break;
        }
        let path = root.index(threads.len());
        threads.extend(thread(item, limits, &path, scrub));
    }
    threads
}

fn thread(json: Json<'_>, limits: &Limits, path: &Path<'_>, scrub: &mut Scrub) -> Option<Thread> {
    let mut thread = Thread::default();
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            "id" => thread.id = name(value),
            "name" => thread.name = name(value),
            "crashed" => thread.crashed = value.as_bool().unwrap_or_default(),
            "current" => thread.current = value.as_bool().unwrap_or_default(),
            "stacktrace" => thread.frames = frames(value, limits, path, scrub),
            _ => {}
        }
    }
    (thread != Thread::default()).then_some(thread)
}

/// Puts the exception that the client names as the main one last, as those that are
/// shown are.
pub(super) fn put_main_last(event: &mut Event, id: i64, scrub: &mut Scrub) {
    let is_main = |exception: &Exception| {
        let mechanism = exception.mechanism.as_ref();
        mechanism.and_then(|m| m.exception_id).map(i64::from) == Some(id)
    };
    let Some(main) = event.exceptions.iter().position(is_main) else {
        return;
    };
    let last = event.exceptions.len() - 1;
    if main == last {
        return;
    }
    event.exceptions[main..].rotate_left(1);
    // The paths of what was masked follow.
    let root = Path::root(EXCEPTIONS);
    let aside = Path::root("main");
    scrub.moved(&root.index(main).to_string(), &aside);
    for at in main + 1..=last {
        scrub.moved(&root.index(at).to_string(), &root.index(at - 1));
    }
    scrub.moved(&aside.to_string(), &root.index(last));
}

/// Where a top-level stack belongs: to the exception that has none, else to a
/// thread of its own.
pub(super) fn place_stacktrace(event: &mut Event, mut frames: Vec<Frame>, scrub: &mut Scrub) {
    if frames.is_empty() {
        return;
    }
    let at = event.exceptions.len().saturating_sub(1);
    match event.exceptions.last_mut() {
        Some(last) if last.frames.is_empty() => {
            let root = Path::root(EXCEPTIONS);
            let path = root.index(at);
            scrub.moved(STACKTRACE, &path);
            scrub.sources_below(&path, &mut frames);
            last.frames = frames;
        }
        Some(_) => {}
        None if event.threads.iter().any(|t| !t.frames.is_empty()) => {}
        None => {
            let root = Path::root(THREADS);
            let path = root.index(event.threads.len());
            scrub.moved(STACKTRACE, &path);
            scrub.sources_below(&path, &mut frames);
            event.threads.push(Thread {
                current: true,
                frames,
                ..Thread::default()
            });
        }
    }
}

/// `{frames: […]}` or a bare list, oldest call first; too many are cut in the
/// middle.
pub(super) fn frames(
    json: Json<'_>,
    limits: &Limits,
    path: &Path<'_>,
    scrub: &mut Scrub,
) -> Vec<Frame> {
    let items = match json {
        Json::Array(items) => items,
        Json::Object(members) => match members.get("frames") {
            Some(Json::Array(items)) => items,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let root = path.key("frames");
    let usage = (field(path), limits.remembered_bytes_max);
    let mut frames = Vec::new();
    for item in without_middle(items, limits.frames_max) {
        if let Some(members) = item.into_object() {
            let path = root.index(frames.len());
            frames.push(remembered::frame(members, &path, usage, scrub, frame));
        }
    }
    frames
}

/// The field that a stack is below.
fn field(path: &Path<'_>) -> &'static str {
    let field = path.field();
    let mut all = [EXCEPTIONS, THREADS, STACKTRACE].into_iter();
    all.find(|known| *known == field).unwrap_or_default()
}

/// At most `max` of `items`: half from each end, in order.
fn without_middle(items: List<'_>, max: usize) -> impl Iterator<Item = Json<'_>> {
    let count = items.length();
    let first = if count > max { max / 2 } else { count };
    let mut last = items.clone();
    last.pass(count - (max.min(count) - first));
    items.take(first).chain(last)
}

/// A frame, scrubbed: but for the strings of one whose place is not known yet.
fn frame(members: Object<'_>, path: &Path<'_>, scrub: &mut Scrub) -> Frame {
    let mut frame = Frame::default();
    let mut other: Option<Writer> = None;
    let mut other_budget = FRAME_OTHER;
    let mut running = None;
    for (key, value) in members {
        match key.as_ref() {
            _ if value.is_null() => {}
            "function" => frame.function = name(value),
            "module" => frame.module = name(value),
            "package" => frame.package = name(value),
            "filename" => frame.filename = name(value),
            "abs_path" => frame.abs_path = name(value),
            "lineno" => frame.lineno = number(&value),
            "colno" => frame.colno = number(&value),
            "in_app" => frame.client_in_app = value.as_bool(),
            "context_line" => running = value.into_text(),
            "pre_context" => frame.pre_context = lines(value),
            "post_context" => frame.post_context = lines(value),
            "vars" => frame.vars = vars(value, &path.key("vars"), scrub),
            unknown => {
                let other = other.get_or_insert_default();
                scrub.member(path, unknown, value, &mut other_budget, other);
            }
        }
    }
    if frame.filename.is_empty() && !frame.abs_path.is_empty() {
        path_of(&frame.abs_path).clone_into(&mut frame.filename);
    }
    if let Some(line) = running {
        let (line, start) = around(line, frame.colno);
        (frame.context_line, frame.context_start) = (Some(line), start);
    }
    frame.other = other.map(Writer::finish).unwrap_or_default();
    if field(path) != STACKTRACE {
        scrub.sources(path, &mut frame);
    }
    frame
}

fn number(json: &Json<'_>) -> u32 {
    let number = json.as_integer().and_then(|n| u32::try_from(n).ok());
    number.unwrap_or_default()
}

fn line(text: Cow<'_, str>) -> String {
    json::cut(text, LINE_BYTES_MAX)
}

/// A source line and how many of its characters were cut off before it: of a long one
/// what is around the column, or its beginning if that is not in it.
pub(in super::super) fn around(line: Cow<'_, str>, colno: u32) -> (String, u32) {
    if line.len() <= LINE_BYTES_MAX {
        return (line.into_owned(), 0);
    }
    let column = (colno as usize).saturating_sub(1);
    let start = column.saturating_sub(BEFORE_COLUMN_CHARS);
    let from = line.char_indices().nth(start).map_or(0, |(at, _)| at);
    let is_within = line[from..].chars().nth(column - start).is_some();
    if from == 0 || !is_within {
        return (json::cut(line, LINE_BYTES_MAX), 0);
    }
    let kept = json::shorten(Cow::Borrowed(&line[from..]), LINE_BYTES_MAX);
    (format!("…{kept}"), start as u32)
}

fn lines(json: Json<'_>) -> Vec<String> {
    let Json::Array(items) = json else {
        return Vec::new();
    };
    let items = items.into_iter().take(CONTEXT_LINES_MAX);
    items
        .map(|item| line(item.into_text().unwrap_or_default()))
        .collect()
}

fn vars(json: Json<'_>, path: &Path<'_>, scrub: &mut Scrub) -> Free {
    let mut budget = VARS;
    match json {
        Json::Object(_) | Json::Array(_) => fields::free_map(json, path, &mut budget, scrub),
        text => {
            let mut out = Writer::new();
            scrub.member(path, "vars", text, &mut budget, &mut out);
            out.finish()
        }
    }
}
