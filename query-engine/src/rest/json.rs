//! The JSON of REST reads. Names are those of the proto messages; what is absent
//! has one form, see [`super`].

use event_model::{Event, Level, event, free::Free};
use proto::v1;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    convert, detail,
    events::Whole,
    time::{rfc3339, stamp_ns},
};

#[derive(Serialize)]
pub(super) struct IssueList {
    issues: Vec<Issue>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Issue {
    id: String,
    project_id: u32,
    title: String,
    culprit: String,
    r#type: String,
    level: &'static str,
    status: &'static str,
    count: u64,
    users: u64,
    first_seen: String,
    last_seen: String,
    assignee: Option<Assignee>,
    /// What it is made of; absent: not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fingerprints: Vec<MadeOf>,
}

#[derive(Serialize)]
struct MadeOf {
    fingerprint: String,
    issue_id: String,
    title: String,
    culprit: String,
    count: u64,
    users: u64,
    first_seen: String,
    last_seen: String,
    sample_event_id: String,
}

#[derive(Serialize)]
struct Assignee {
    id: u32,
    email: String,
    name: String,
}

#[derive(Serialize)]
pub(super) struct ErrorList {
    errors: Vec<ErrorLine>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ErrorLine {
    id: String,
    issue_id: String,
    project_id: u32,
    timestamp: String,
    received_at: String,
    level: &'static str,
    r#type: String,
    message: String,
    culprit: String,
    release: String,
    environment: String,
    platform: String,
    /// How many errors it stands for; absent: itself alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Grouping {
    id: String,
    issue_id: String,
    fingerprint: String,
    title: String,
    culprit: String,
    algorithm_version: u32,
    root: Option<Component>,
}

#[derive(Serialize)]
struct Component {
    name: String,
    value: String,
    raw: String,
    counts: bool,
    why: String,
    index: Option<u32>,
    parts: Vec<Component>,
}

pub(super) fn grouping(explanation: v1::GroupingExplanation) -> Grouping {
    let event = explanation.event.unwrap_or_default();
    Grouping {
        id: event.id,
        issue_id: event.issue_id,
        fingerprint: explanation.fingerprint,
        title: explanation.title,
        culprit: explanation.culprit,
        algorithm_version: explanation.algorithm_version,
        root: explanation.root.map(component),
    }
}

fn component(of: v1::GroupingComponent) -> Component {
    Component {
        name: of.name,
        value: of.value,
        raw: of.raw,
        counts: of.counts,
        why: of.why,
        index: of.index,
        parts: of.parts.into_iter().map(component).collect(),
    }
}

pub(super) fn issue_list(page: v1::ListIssuesResponse) -> IssueList {
    IssueList {
        issues: page.issues.into_iter().map(listed).collect(),
        next_cursor: next_cursor(page.next_cursor),
    }
}

/// In a list the numbers are those of what is asked for: of an environment, a release,
/// a range.
fn listed(issue: v1::Issue) -> Issue {
    let (count, users) = (issue.range_count, issue.range_users);
    Issue {
        count,
        users,
        ..self::issue(issue)
    }
}

pub(super) fn issue(issue: v1::Issue) -> Issue {
    Issue {
        id: issue.id,
        project_id: issue.project_id,
        title: issue.title,
        culprit: issue.culprit,
        r#type: issue.r#type,
        level: level(issue.level),
        status: convert::status_of(issue.status).map_or("unresolved", |status| status.name()),
        count: issue.count,
        users: issue.users,
        first_seen: time(issue.first_seen),
        last_seen: time(issue.last_seen),
        assignee: issue.assignee.map(|member| Assignee {
            id: member.id,
            email: member.email,
            name: member.name,
        }),
        fingerprints: Vec::new(),
    }
}

/// One issue, with what it is made of.
pub(super) fn whole_issue(issue: v1::Issue, made_of: Vec<v1::IssueFingerprint>) -> Issue {
    Issue {
        fingerprints: made_of.into_iter().map(fingerprint).collect(),
        ..self::issue(issue)
    }
}

fn fingerprint(of: v1::IssueFingerprint) -> MadeOf {
    MadeOf {
        fingerprint: of.fingerprint,
        issue_id: of.issue_id,
        title: of.title,
        culprit: of.culprit,
        count: of.count,
        users: of.users,
        first_seen: time(of.first_seen),
        last_seen: time(of.last_seen),
        sample_event_id: of.sample_event_id,
    }
}

pub(super) fn error_list(page: v1::ListEventsResponse) -> ErrorList {
    ErrorList {
        errors: page.events.into_iter().map(error_line).collect(),
        next_cursor: next_cursor(page.next_cursor),
    }
}

pub(super) fn error_line(summary: v1::EventSummary) -> ErrorLine {
    ErrorLine {
        id: summary.id,
        issue_id: summary.issue_id,
        project_id: summary.project_id,
        timestamp: time(summary.timestamp),
        received_at: time(summary.received_at),
        level: level(summary.level),
        r#type: summary.r#type,
        message: summary.message,
        culprit: summary.culprit,
        release: summary.release,
        environment: summary.environment,
        platform: summary.platform,
        count: (summary.count > 1).then_some(summary.count),
    }
}

/// The line's fields and the event's sections.
pub(super) fn error_detail(whole: Whole) -> Value {
    let mut detail = json!(error_line(whole.summary));
    detail["attachments"] = whole.attachments.iter().map(attachment).collect();
    if let (Value::Object(detail), Value::Object(sections)) = (&mut detail, sections(whole.event)) {
        detail.extend(sections);
    }
    detail
}

fn attachment(file: &v1::Attachment) -> Value {
    json!({
        "number": file.number,
        "name": file.name,
        "content_type": file.content_type,
        "attachment_type": file.attachment_type,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "received_at": time(file.received_at),
    })
}

fn sections(event: Event) -> Value {
    let tags: Map<String, Value> = event
        .tags
        .into_iter()
        .map(|(key, value)| (key, Value::String(value)))
        .collect();
    let list = |items: Vec<Value>| Value::Array(items);
    json!({
        "log_message": event.message,
        "exceptions": list(event.exceptions.into_iter().map(exception).collect()),
        "threads": list(event.threads.into_iter().map(thread).collect()),
        "tags": tags,
        "user": event.user.map(detail::user),
        "request": given(&event.request),
        "contexts": event.contexts,
        "breadcrumbs": list(event.breadcrumbs.iter().map(breadcrumb).collect()),
        "extra": event.extra,
        "fingerprint": event.fingerprint,
        "sdk": given(&event.sdk),
        "transaction": event.transaction,
        "logger": event.logger,
        "dist": event.dist,
        "server_name": event.server_name,
        "modules": event.modules,
        "stack": detail::stack_text(&event.other),
        "problems": event.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn problem(problem: &event::Problem) -> Value {
    json!({
        "field": problem.field,
        "message": problem.message,
        "value": problem.value,
    })
}

/// Null if the client gave none.
fn given(free: &Free) -> Option<&Free> {
    (!free.is_empty()).then_some(free)
}

fn exception(exception: event::Exception) -> Value {
    json!({
        "type": exception.ty,
        "value": exception.value,
        "module": exception.module,
        "thread_id": exception.thread_id,
        "mechanism": exception.mechanism.map(|mechanism| json!({
            "type": mechanism.ty,
            "handled": mechanism.handled,
            "synthetic": mechanism.synthetic,
            "exception_id": mechanism.exception_id,
            "parent_id": mechanism.parent_id,
            "is_exception_group": mechanism.is_exception_group,
            "source": mechanism.source,
            "data": mechanism.data,
        })),
        "frames": frames(exception.frames),
    })
}

fn thread(thread: event::Thread) -> Value {
    json!({
        "id": thread.id,
        "name": thread.name,
        "crashed": thread.crashed,
        "current": thread.current,
        "frames": frames(thread.frames),
    })
}

fn frames(frames: Vec<event::Frame>) -> Vec<Value> {
    let number = |number: u32| (number != 0).then_some(number);
    frames
        .into_iter()
        .map(|frame| {
            json!({
                "instruction_addr": detail::address(&frame),
                "package": frame.package,
                "function": frame.function,
                "module": frame.module,
                "filename": frame.filename,
                "abs_path": frame.abs_path,
                "lineno": number(frame.lineno),
                "colno": number(frame.colno),
                "in_app": frame.in_app,
                "client_in_app": frame.overruled(),
                "context_line": frame.context_line.unwrap_or_default(),
                "context_start": frame.context_start,
                "pre_context": frame.pre_context,
                "post_context": frame.post_context,
                "vars": frame.vars,
            })
        })
        .collect()
}

fn breadcrumb(crumb: &event::Breadcrumb) -> Value {
    let at = (crumb.timestamp_ns != 0).then(|| rfc3339(&stamp_ns(crumb.timestamp_ns)));
    json!({
        "timestamp": at,
        "type": crumb.ty,
        "category": crumb.category,
        "level": crumb.level.unwrap_or(Level::Info),
        "message": crumb.message,
        "data": crumb.data,
    })
}

fn next_cursor(cursor: String) -> Option<String> {
    (!cursor.is_empty()).then_some(cursor)
}

fn level(number: i32) -> &'static str {
    convert::level_of(number).unwrap_or_default().name()
}

fn time(stamp: Option<prost_types::Timestamp>) -> String {
    rfc3339(&stamp.unwrap_or_default())
}
