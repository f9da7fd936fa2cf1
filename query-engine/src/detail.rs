//! A stored event as `errata.v1.EventDetail`.

use std::borrow::Cow;

use event_model::{
    Event, event,
    free::{Free, Part},
};
use proto::v1;
use serde_json::{Map, Value};

use crate::{convert, events::Whole, time::stamp_ns};

/// The answer to `GetEvent`.
pub(crate) fn response(whole: Whole) -> v1::GetEventResponse {
    v1::GetEventResponse {
        summary: Some(whole.summary),
        detail: Some(v1::EventDetail {
            attachments: whole.attachments,
            ..detail(whole.event, whole.raw_json)
        }),
        newer_event_id: whole.newer,
        older_event_id: whole.older,
    }
}

fn detail(event: Event, raw_json: String) -> v1::EventDetail {
    let structure = |free: Free| (!free.is_empty()).then(|| convert::free(&free));
    v1::EventDetail {
        exceptions: event.exceptions.into_iter().map(exception).collect(),
        threads: event.threads.into_iter().map(thread).collect(),
        tags: event.tags.into_iter().collect(),
        user: event.user.map(|user| convert::structure(self::user(user))),
        request: structure(event.request),
        contexts: Some(convert::free(&event.contexts)),
        breadcrumbs: event.breadcrumbs.into_iter().map(breadcrumb).collect(),
        extra: Some(convert::free(&event.extra)),
        fingerprint: event.fingerprint,
        sdk: structure(event.sdk),
        message: event.message,
        dist: event.dist,
        server_name: event.server_name,
        transaction: event.transaction,
        logger: event.logger,
        modules: event.modules.members().into_iter().map(module).collect(),
        raw_json,
        attachments: Vec::new(),
        stack: stack_text(&event.other),
        problems: event.problems.into_iter().map(problem).collect(),
    }
}

/// The stack text that could not be read as frames; empty if there is none.
pub(crate) fn stack_text(other: &Free) -> String {
    let stack = other.get("stack").and_then(Part::as_str);
    stack.unwrap_or_default().into_owned()
}

fn problem(problem: event::Problem) -> v1::Problem {
    v1::Problem {
        field: problem.field,
        message: problem.message,
        value: problem.value,
    }
}

/// Where the call was, of native code.
pub(crate) fn address(frame: &event::Frame) -> String {
    let address = frame.other.get("instruction_addr");
    let address = address.and_then(Part::as_str).unwrap_or_default();
    address.into_owned()
}

/// The user's fields as one object; those unset are left out.
pub(crate) fn user(user: event::User) -> Map<String, Value> {
    let mut map = user.data.to_map();
    for (key, value) in [
        ("id", user.id),
        ("email", user.email),
        ("username", user.username),
        ("ip_address", user.ip_address),
        ("session_id", user.session_id),
    ] {
        if !value.is_empty() {
            map.insert(key.to_owned(), Value::String(value));
        }
    }
    map
}

fn module((name, version): (Cow<'_, str>, Part<'_>)) -> (String, String) {
    let text = version.as_str();
    let text = text.unwrap_or(Cow::Borrowed(version.as_json()));
    (name.into_owned(), text.into_owned())
}

fn exception(exception: event::Exception) -> v1::ExceptionDetail {
    v1::ExceptionDetail {
        r#type: exception.ty,
        value: exception.value,
        module: exception.module,
        mechanism: exception.mechanism.map(mechanism),
        frames: exception.frames.into_iter().map(frame).collect(),
        thread_id: exception.thread_id,
    }
}

fn mechanism(mechanism: event::Mechanism) -> v1::Mechanism {
    v1::Mechanism {
        r#type: mechanism.ty,
        handled: mechanism.handled,
        synthetic: mechanism.synthetic,
        data: Some(convert::free(&mechanism.data)),
        exception_id: mechanism.exception_id,
        parent_id: mechanism.parent_id,
        is_exception_group: mechanism.is_exception_group,
        source: mechanism.source,
    }
}

fn thread(thread: event::Thread) -> v1::ThreadDetail {
    v1::ThreadDetail {
        id: thread.id,
        name: thread.name,
        crashed: thread.crashed,
        current: thread.current,
        frames: thread.frames.into_iter().map(frame).collect(),
    }
}

fn frame(frame: event::Frame) -> v1::FrameDetail {
    v1::FrameDetail {
        instruction_addr: address(&frame),
        client_in_app: frame.overruled(),
        package: frame.package,
        function: frame.function,
        module: frame.module,
        filename: frame.filename,
        abs_path: frame.abs_path,
        lineno: frame.lineno,
        colno: frame.colno,
        in_app: frame.in_app,
        context_line: frame.context_line.unwrap_or_default(),
        context_start: frame.context_start,
        pre_context: frame.pre_context,
        post_context: frame.post_context,
        vars: (!frame.vars.is_empty()).then(|| convert::free(&frame.vars)),
    }
}

fn breadcrumb(crumb: event::Breadcrumb) -> v1::Breadcrumb {
    v1::Breadcrumb {
        timestamp: (crumb.timestamp_ns != 0).then(|| stamp_ns(crumb.timestamp_ns)),
        r#type: crumb.ty,
        category: crumb.category,
        level: crumb.level.map_or(0, convert::level),
        message: crumb.message,
        data: (!crumb.data.is_empty()).then(|| convert::free(&crumb.data)),
    }
}
