//! From what a body held to a fate for each item and the request's answer.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use event_model::EventId;
use http::HeaderValue;
use serde_json::json;

use crate::{
    error::ApiError,
    ingest::{
        Origin,
        notes::{Files, Kept},
    },
    outcome::{DropReason, Received},
    parse::{Item, Parsed},
    shared::Shared,
};

/// How long SDKs shall not send what is thrown away, seconds. They forget it when
/// their process ends.
const UNWANTED_LIMIT_S: u32 = 86_400;

/// What became of a request's items.
#[derive(Debug)]
pub(super) struct Stored {
    /// The event's, or the one the envelope names.
    pub(super) event_id: Option<EventId>,
    /// Categories that SDKs shall not send.
    unwanted: BTreeSet<&'static str>,
}

/// Gives every item its fate: refused only if nothing of the request was any good, or
/// if something good could not be stored now. `body` is what was parsed.
pub(super) async fn store(
    shared: &Arc<Shared>,
    origin: &Origin,
    item: Received,
    parsed: Parsed,
    body: Bytes,
) -> Result<Stored, ApiError> {
    let mut guards = Guards {
        project: item.project(),
        tally: Arc::clone(&shared.tally),
        first: Some(item),
    };
    let project_id = guards.project;
    let mut events = Vec::new();
    let mut kept = Vec::new();
    let mut files = Vec::new();
    let mut unwanted = BTreeSet::new();
    let mut broken: Option<ApiError> = None;
    let mut good = parsed.items.is_empty();
    for item in parsed.items {
        match item {
            Item::Event(event) => events.push((guards.next("error", 1), *event)),
            Item::File(file) => files.push((guards.next("attachment", 1), file)),
            Item::Note { kind, note } => {
                let mut guard = guards.next(category_of(kind), 1);
                guard.set_kind(kind);
                kept.push(Kept::Note(guard, note));
            }
            Item::NotStored { kind, quantity, .. } => {
                good = true;
                unwanted.extend(unwanted_category(&kind));
                let mut guard = guards.next(category_of(&kind), u64::from(quantity));
                guard.set_kind(&kind);
                guard.dropped(DropReason::TypeNotStored);
            }
            Item::Broken { kind, invalid } => {
                good |= is_secondary(&kind);
                let error = ApiError::from(invalid);
                let mut guard = guards.next(category_of(&kind), 1);
                guard.set_kind(&kind);
                guard.refused(&error);
                broken.get_or_insert(error);
            }
        }
    }
    if let Some(unused) = guards.first.take() {
        unused.dropped(DropReason::Empty);
    }
    let event_id = parsed.event_id;
    // Files of an event that is turned away are not wanted either.
    let event = events.first().filter(|_| !files.is_empty());
    if let Some(reason) = event.and_then(|(_, event)| origin.unwanted(event)) {
        for (guard, _) in files.drain(..) {
            guard.dropped(DropReason::Filtered(reason));
        }
    }
    if let Some(event_id) = event_id.filter(|_| !files.is_empty()) {
        kept.push(Kept::Files(Files {
            project_id,
            received_ns: origin.context().received_ns,
            event_id,
            named: files,
            body: parsed.unpacked.unwrap_or(body),
        }));
    }
    let (stored, kept) = tokio::join!(shared.store(origin, events), shared.keep(kept));
    let mut stored_id = None;
    let ids = stored.into_iter().map(|result| result.map(Some));
    for result in ids.chain(kept.into_iter().map(|result| result.map(|()| None))) {
        match result {
            Ok(id) => {
                good = true;
                stored_id = stored_id.or(id);
            }
            Err(error) if error.code.is_retriable() => return Err(error),
            Err(error) => {
                broken.get_or_insert(error);
            }
        }
    }
    match broken.filter(|_| !good) {
        Some(error) => Err(error),
        None => Ok(Stored {
            event_id: event_id.or(stored_id),
            unwanted,
        }),
    }
}

/// Hands out guards; the request's own one first.
struct Guards {
    project: event_model::ProjectId,
    tally: Arc<crate::outcome::Tally>,
    first: Option<Received>,
}

impl Guards {
    fn next(&mut self, category: &'static str, quantity: u64) -> Received {
        match self.first.take() {
            Some(mut first) => {
                first.relabel(category, self.project);
                first.set_quantity(quantity);
                first
            }
            None => Received::new(&self.tally, category, self.project, quantity.max(1)),
        }
    }
}

impl Stored {
    /// The answer of envelopes and events.
    pub(super) fn into_answer(self) -> Response {
        let body = match self.event_id {
            Some(id) => json!({ "id": id }),
            None => json!({}),
        };
        self.limit(Json(body).into_response())
    }

    /// Tells SDKs what not to send.
    pub(super) fn limit(self, mut response: Response) -> Response {
        if self.unwanted.is_empty() {
            return response;
        }
        let categories: Vec<&str> = self.unwanted.into_iter().collect();
        let limit = format!("{UNWANTED_LIMIT_S}:{}:organization", categories.join(";"));
        if let Ok(value) = HeaderValue::from_str(&limit) {
            response.headers_mut().insert("x-sentry-rate-limits", value);
        }
        response
    }
}

/// Items beside events: an SDK that hears of a refusal counts and reports a loss, and
/// can do nothing about it. The drop is counted here.
fn is_secondary(kind: &str) -> bool {
    matches!(
        category_of(kind),
        "session" | "client_report" | "monitor" | "feedback" | "security"
    )
}

/// The data category of an item type: bounded, as it becomes a metric's label.
fn category_of(kind: &str) -> &'static str {
    match kind {
        "event" => "error",
        "transaction" => "transaction",
        "session" | "sessions" => "session",
        "attachment" => "attachment",
        "client_report" => "client_report",
        "check_in" => "monitor",
        "feedback" | "user_report" => "feedback",
        "log" => "log_item",
        "span" => "span",
        "trace_metric" => "trace_metric",
        "profile" => "profile",
        "profile_chunk" => "profile_chunk",
        "replay_event" | "replay_recording" | "replay_video" => "replay",
        "statsd" | "metric_buckets" => "metric_bucket",
        "security" | "raw_security" | "nel" => "security",
        _ => "unknown",
    }
}

/// The categories that Errata will not take: an error tracker without tracing.
fn unwanted_category(kind: &str) -> Option<&'static str> {
    let category = category_of(kind);
    matches!(
        category,
        "transaction"
            | "span"
            | "profile"
            | "profile_chunk"
            | "replay"
            | "log_item"
            | "trace_metric"
            | "metric_bucket"
    )
    .then_some(category)
}
