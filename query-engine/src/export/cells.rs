//! A row of an exported file, cell by cell.
//!
//! Invariant: the columns are those of a cold file, and the issue as it is merged now behind them: what SQL's table
//! `events` has.

use std::borrow::Cow;

use event_model::{EventId, IssueId, Level};
use read_model::cold::ColdRow;
use serde_json::{Map, Value, json};

use crate::time::{rfc3339, stamp_ns};

/// Names of the columns.
pub(super) const COLUMNS: [&str; 28] = [
    "position",
    "event_id",
    "project_id",
    "timestamp",
    "received_at",
    "level",
    "platform",
    "type",
    "value",
    "title",
    "culprit",
    "fingerprint",
    "message",
    "transaction",
    "logger",
    "release",
    "environment",
    "server_name",
    "user",
    "handled",
    "weight",
    "size_bytes",
    "sdk_name",
    "sdk_version",
    "tags",
    "exceptions",
    "body",
    "issue_id",
];

/// What stands in a column.
pub(super) enum Cell<'a> {
    Missing,
    Number(u64),
    Truth(bool),
    Text(Cow<'a, str>),
    /// A document.
    Json(Cow<'a, str>),
}

/// The cells of a row, in the order of [`COLUMNS`].
pub(super) fn cells<'a>(row: &ColdRow<'a>, issue: Option<IssueId>) -> [Cell<'a>; COLUMNS.len()] {
    let head = row.head.own();
    let text = |text: &'a str| Cell::Text(Cow::Borrowed(text));
    let owned = |text: String| Cell::Text(Cow::Owned(text));
    let time = |ns: i64| owned(rfc3339(&stamp_ns(ns)));
    let shown = row.headline;
    [
        Cell::Number(row.position.0),
        owned(EventId(head.event_id).to_string()),
        Cell::Number(head.project_id.to_native().into()),
        time(head.timestamp_ns.to_native()),
        time(head.received_ns.to_native()),
        text(Level::from_number(head.level).name()),
        text(head.platform.as_str()),
        text(&shown.ty),
        text(&shown.value),
        text(&shown.title),
        text(&shown.culprit),
        owned(row.fingerprint.to_string()),
        text(head.message.as_str()),
        text(head.transaction.as_str()),
        text(head.logger.as_str()),
        text(head.release.as_str()),
        text(head.environment.as_str()),
        text(head.server_name.as_str()),
        text(head.user.as_str()),
        match head.handled {
            0 => Cell::Missing,
            handled => Cell::Truth(handled == 2),
        },
        Cell::Number(head.weight.to_native().into()),
        Cell::Number(head.size_bytes.to_native().into()),
        text(head.sdk.0.as_str()),
        text(head.sdk.1.as_str()),
        Cell::Json(Cow::Owned(tags(row).to_string())),
        Cell::Json(Cow::Owned(exceptions(row).to_string())),
        Cell::Json(String::from_utf8_lossy(row.body)),
        issue.map_or(Cell::Missing, |issue| owned(issue.to_string())),
    ]
}

fn tags(row: &ColdRow<'_>) -> Value {
    let tags = row.head.tags.iter();
    let tags = tags.map(|pair| (pair.0.to_string(), Value::String(pair.1.to_string())));
    Value::Object(tags.collect::<Map<_, _>>())
}

fn exceptions(row: &ColdRow<'_>) -> Value {
    let exceptions = row.head.exceptions().map(|exception| {
        let frames = exception.frames.iter().map(|frame| {
            json!({
                "function": frame.function.as_str(),
                "module": frame.module.as_str(),
                "filename": frame.filename.as_str(),
                "lineno": frame.lineno.to_native(),
                "in_app": frame.in_app,
            })
        });
        json!({
            "type": exception.ty.as_str(),
            "value": exception.value,
            "frames": frames.collect::<Vec<_>>(),
        })
    });
    exceptions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_the_files_and_the_issue() {
        let schema = read_model::cold::schema::schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let names: Vec<&str> = names.chain(["issue_id"]).collect();
        assert_eq!(names, COLUMNS);
    }
}
