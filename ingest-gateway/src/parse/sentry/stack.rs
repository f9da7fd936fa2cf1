//! Exceptions, threads and frames.

use std::borrow::Cow;

use event_model::{
    Event,
    event::{Exception, Frame, Mechanism, Thread},
    free::Free,
};
use serde_json::{Map, Value};

use super::{
    super::{
        Limits, in_app,
        json::{self, Budget, Json},
        limit,
        stack::path_of,
    },
    FREE_STRING_BYTES_MAX, MESSAGE_BYTES_MAX, name,
};

/// Local variables of one frame, bytes in all and of one string: enough to read,
/// too little to fill a record with one loop's data.
const VARS: Budget = Budget::new(32 << 10, 4 << 10);
/// Everything else of one frame or one mechanism.
const FRAME_OTHER: Budget = Budget::new(8 << 10, 4 << 10);
/// Longest source line, bytes (minified files have lines of megabytes).
const LINE_BYTES_MAX: usize = 1 << 10;
/// Most source lines before and after.
const CONTEXT_LINES_MAX: usize = 20;

/// A list, `{values: […]}`, or one object.
fn list(json: Json<'_>) -> (Vec<Json<'_>>, Vec<(Cow<'_, str>, Json<'_>)>) {
    match json {
        Json::Array(items) => (items, Vec::new()),
        Json::Object(mut members) => match members.iter().rposition(|(key, _)| key == "values") {
            Some(at) => match members.swap_remove(at).1 {
                Json::Array(items) => (items, members),
                one @ Json::Object(_) => (vec![one], members),
                _ => (Vec::new(), members),
            },
            None => (vec![Json::Object(members)], Vec::new()),
        },
        _ => (Vec::new(), Vec::new()),
    }
}

/// The chain, oldest cause first. An entry without type, value and frames says
/// nothing and is left out.
pub(super) fn exceptions(json: Json<'_>, limits: &Limits) -> Vec<Exception> {
    let (items, beside) = list(json);
    // The newest are those that are shown.
    let skip = items.len().saturating_sub(limits.exceptions_max);
    let mut exceptions: Vec<Exception> = items
        .into_iter()
        .skip(skip)
        .filter_map(|item| exception(item, limits))
        .collect();
    // raven-js puts the mechanism beside the list.
    if let Some(last) = exceptions.last_mut()
        && last.mechanism.is_none()
        && let Some((_, json)) = beside.into_iter().find(|(key, _)| key == "mechanism")
    {
        last.mechanism = mechanism(json);
    }
    exceptions
}

fn exception(json: Json<'_>, limits: &Limits) -> Option<Exception> {
    let mut exception = Exception::default();
    let mut raw = Vec::new();
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            "type" => exception.ty = name(value),
            "value" => {
                let text = value.into_any_text(MESSAGE_BYTES_MAX).unwrap_or_default();
                exception.value = json::cut(text, MESSAGE_BYTES_MAX);
            }
            "module" => exception.module = name(value),
            "thread_id" => exception.thread_id = name(value),
            "mechanism" => exception.mechanism = mechanism(value),
            "stacktrace" => exception.frames = frames(value, limits),
            "raw_stacktrace" => raw = frames(value, limits),
            _ => {}
        }
    }
    if exception.frames.is_empty() {
        exception.frames = raw;
    }
    let says_nothing =
        exception.ty.is_empty() && exception.value.is_empty() && exception.frames.is_empty();
    (!says_nothing).then_some(exception)
}

fn mechanism(json: Json<'_>) -> Option<Mechanism> {
    let mut mechanism = Mechanism::default();
    let mut data = Map::new();
    let mut budget = FRAME_OTHER;
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
            _ if value == Json::Null => {}
            "data" => match value {
                Json::Object(members) => {
                    data.extend(json::into_map(members, &mut budget));
                }
                other => {
                    let kept = other.into_value(&mut budget);
                    data.insert("data".to_owned(), kept);
                }
            },
            _ => {
                let kept = value.into_value(&mut budget);
                data.insert(key.into_owned(), kept);
            }
        }
    }
    mechanism.data = data.into();
    Some(mechanism)
}

/// The threads; an empty entry (Ruby sends one beside each exception) is left out.
pub(super) fn threads(json: Json<'_>, limits: &Limits) -> Vec<Thread> {
    let (items, _) = list(json);
    let threads = items.into_iter().filter_map(|item| {
        let mut thread = Thread::default();
        for (key, value) in item.into_object()? {
            match key.as_ref() {
                "id" => thread.id = name(value),
                "name" => thread.name = name(value),
                "crashed" => thread.crashed = value.as_bool().unwrap_or_default(),
                "current" => thread.current = value.as_bool().unwrap_or_default(),
                "stacktrace" => thread.frames = frames(value, limits),
                _ => {}
            }
        }
        (thread != Thread::default()).then_some(thread)
    });
    threads.take(limits.threads_max).collect()
}

/// Where a top-level stack belongs: to the exception that has none, else to a
/// thread of its own.
pub(super) fn place_stacktrace(event: &mut Event, frames: Vec<Frame>) {
    if frames.is_empty() {
        return;
    }
    match event.exceptions.last_mut() {
        Some(last) if last.frames.is_empty() => last.frames = frames,
        Some(_) => {}
        None if event.threads.iter().any(|t| !t.frames.is_empty()) => {}
        None => event.threads.push(Thread {
            current: true,
            frames,
            ..Thread::default()
        }),
    }
}

/// `{frames: […]}` or a bare list, oldest call first; too many are cut in the
/// middle.
pub(super) fn frames(json: Json<'_>, limits: &Limits) -> Vec<Frame> {
    let items = match json {
        Json::Array(items) => items,
        Json::Object(members) => members
            .into_iter()
            .rev()
            .find(|(key, _)| key == "frames")
            .and_then(|(_, value)| match value {
                Json::Array(items) => Some(items),
                _ => None,
            })
            .unwrap_or_default(),
        _ => return Vec::new(),
    };
    let items = limit::cut_middle(items, limits.frames_max);
    items.into_iter().filter_map(frame).collect()
}

fn frame(json: Json<'_>) -> Option<Frame> {
    let mut frame = Frame::default();
    let mut in_app_given = None;
    let mut other = Map::new();
    let mut other_budget = FRAME_OTHER;
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            _ if value == Json::Null => {}
            "function" => frame.function = name(value),
            "module" => frame.module = name(value),
            "package" => frame.package = name(value),
            "filename" => frame.filename = name(value),
            "abs_path" => frame.abs_path = name(value),
            "lineno" => frame.lineno = number(&value),
            "colno" => frame.colno = number(&value),
            "in_app" => in_app_given = value.as_bool(),
            "context_line" => frame.context_line = value.into_text().map(line),
            "pre_context" => frame.pre_context = lines(value),
            "post_context" => frame.post_context = lines(value),
            "vars" => frame.vars = vars(value),
            _ => {
                let kept = value.into_value(&mut other_budget);
                other.insert(key.into_owned(), kept);
            }
        }
    }
    if frame.filename.is_empty() && !frame.abs_path.is_empty() {
        frame.filename = path_of(&frame.abs_path).to_owned();
    }
    frame.other = other.into();
    frame.in_app = in_app_given.unwrap_or_else(|| in_app::guess(&frame));
    Some(frame)
}

fn number(json: &Json<'_>) -> u32 {
    let number = json.as_integer().and_then(|n| u32::try_from(n).ok());
    number.unwrap_or_default()
}

fn line(text: Cow<'_, str>) -> String {
    json::cut(text, LINE_BYTES_MAX)
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

fn vars(json: Json<'_>) -> Free {
    let mut budget = VARS;
    match json {
        Json::Object(members) => json::into_map(members, &mut budget).into(),
        Json::Array(items) => {
            let numbered = items.into_iter().enumerate();
            let members = numbered.map(|(at, item)| (at.to_string().into(), item));
            json::into_map(members.collect(), &mut budget).into()
        }
        other => {
            let text = other.into_text().unwrap_or_default();
            let text = json::cut(text, FREE_STRING_BYTES_MAX);
            [("vars", Value::from(text))].into_iter().collect()
        }
    }
}
