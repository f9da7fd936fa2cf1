//! From what a body held to a fate for each item and the request's answer.

use std::collections::BTreeSet;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use event_intake::{File, Invalid, Item, Reading, filter::FilterReason};
use event_model::EventId;
use http::HeaderValue;
use serde_json::json;

use crate::{
    error::{ApiError, ErrorCode},
    fate::DropReason,
    ingest::{
        Ingestion, Origin,
        piece::{self, Desk, Got, Source},
        store::{Files, Storable},
    },
    outcome::{Received, fates::Fates},
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

/// What was read as a whole.
pub(super) struct Whole {
    event_id: Option<EventId>,
    items: std::vec::IntoIter<(Got, usize)>,
}

impl Whole {
    pub(super) fn new(reading: Reading, origin: &Origin) -> Self {
        let items = reading.items.into_iter().map(|item| Got::of(item, origin));
        Self {
            event_id: reading.event_id,
            items: items.collect::<Vec<_>>().into_iter(),
        }
    }
}

impl Source for Whole {
    type Read = Got;

    fn next(&mut self, _: &Origin) -> Result<Option<(Got, usize)>, Invalid> {
        Ok(self.items.next())
    }
}

/// A source that knows which event it is about.
pub(super) trait About: Source<Read = Got> {
    /// The one to answer with, as far as it was read.
    fn event_id(&self) -> Option<EventId>;
}

impl About for Whole {
    fn event_id(&self) -> Option<EventId> {
        self.event_id
    }
}

impl About for event_intake::Envelope {
    fn event_id(&self) -> Option<EventId> {
        event_intake::Envelope::event_id(self)
    }
}

/// Reads and stores items a piece at a time, and gives each its fate: refused only if
/// nothing of the request was any good, or if something good could not be stored now.
/// `body` is what is read.
pub(super) async fn store<S: About>(
    ingestion: &Ingestion,
    desk: &Desk,
    origin: Origin,
    item: Received,
    mut source: S,
    body: Bytes,
) -> Result<Stored, ApiError> {
    let mut storing = Storing {
        ingestion,
        fates: Fates::new(item),
        files: Vec::new(),
        unwanted: BTreeSet::new(),
        has_event: false,
        first_unwanted: None,
        stored_id: None,
        broken: None,
        first_limited: None,
        limited: None,
        is_good: false,
        is_empty: true,
    };
    loop {
        let (rest, piece) = match piece::next(ingestion, desk, &origin, source).await {
            Ok(read) => read,
            Err(error) => {
                storing.refuse_rest(&error);
                return Err(error);
            }
        };
        source = rest;
        let files = piece.is_last.then(|| (source.event_id(), &origin, &body));
        if let Err(error) = storing.take(piece.read, files).await {
            storing.refuse_rest(&error);
            return Err(error);
        }
        if piece.is_last {
            return storing.end(source.event_id());
        }
    }
}

/// A request's items on their way.
struct Storing<'s> {
    ingestion: &'s Ingestion,
    fates: Fates,
    /// They wait for the end: their event may come behind them.
    files: Vec<(Received, File)>,
    unwanted: BTreeSet<&'static str>,
    has_event: bool,
    /// Why the first event is turned away, if it is.
    first_unwanted: Option<FilterReason>,
    stored_id: Option<EventId>,
    broken: Option<ApiError>,
    /// Why the first event is limited, if it is.
    first_limited: Option<ApiError>,
    /// Why the first limited item is; its neighbours are stored.
    limited: Option<ApiError>,
    is_good: bool,
    is_empty: bool,
}

/// Which event files are of, and where they are.
type FilesOf<'a> = (Option<EventId>, &'a Origin, &'a Bytes);

impl Storing<'_> {
    /// Stores a piece; of the last one the files, too.
    async fn take(&mut self, piece: Vec<Got>, last: Option<FilesOf<'_>>) -> Result<(), ApiError> {
        let mut events = Vec::new();
        let mut others = Vec::new();
        let had_event = self.has_event;
        self.is_empty &= piece.is_empty();
        for got in piece {
            match got {
                Got::Event(event) => {
                    if !std::mem::replace(&mut self.has_event, true) {
                        self.first_unwanted = event.unwanted();
                    }
                    events.push((self.fates.next("error", 1), event));
                }
                Got::Other(item) => others.extend(self.item(item)),
            }
        }
        let ingestion = self.ingestion;
        let begun = ingestion.store.begin(events);
        if !had_event {
            self.first_limited = begun.first_limited().cloned();
        }
        if let Some(last) = last {
            others.extend(self.files(last));
        }
        let (stored, others) = tokio::join!(
            ingestion.store.finish(begun),
            ingestion.store.others(others)
        );
        let ids = stored.into_iter().map(|result| result.map(Some));
        let others = others.into_iter().map(|result| result.map(|()| None));
        for result in ids.chain(others) {
            match result {
                Ok(id) => {
                    self.is_good = true;
                    self.stored_id = self.stored_id.or(id);
                }
                Err(error) if error.code == ErrorCode::Limited => {
                    self.limited.get_or_insert(error);
                }
                Err(error) if error.code.is_retriable() => return Err(error),
                Err(error) => {
                    self.broken.get_or_insert(error);
                }
            }
        }
        Ok(())
    }

    /// Gives an item that is no event its fate, or what is to be stored of it.
    fn item(&mut self, item: Item) -> Option<Storable> {
        match item {
            // Prepared where it was read.
            Item::Event(_) => None,
            Item::File(file) => {
                let guard = self.fates.next("attachment", 1);
                self.files.push((guard, file));
                None
            }
            Item::Note { kind, note } => {
                let mut guard = self.fates.next(category_of(kind), 1);
                guard.set_kind(kind);
                Some(Storable::Note(guard, note))
            }
            Item::NotStored { kind, quantity, .. } => {
                self.is_good = true;
                self.unwanted.extend(unwanted_category(&kind));
                let mut guard = self.fates.next(category_of(&kind), u64::from(quantity));
                guard.set_kind(&kind);
                guard.dropped(DropReason::TypeNotStored);
                None
            }
            Item::Broken { kind, invalid } => {
                self.is_good |= is_secondary(&kind);
                let error = ApiError::from(invalid);
                let mut guard = self.fates.next(category_of(&kind), 1);
                guard.set_kind(&kind);
                guard.refused(&error);
                self.broken.get_or_insert(error);
                None
            }
        }
    }

    /// The files of the request, if there is an event that is wanted for them.
    fn files(&mut self, (event_id, origin, body): FilesOf<'_>) -> Option<Storable> {
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return None;
        }
        if let Some(reason) = self.first_unwanted {
            for (guard, _) in files {
                guard.dropped(DropReason::Filtered(reason));
            }
            return None;
        }
        if let Some(error) = &self.first_limited {
            for (guard, _) in files {
                guard.refused(error);
            }
            return None;
        }
        let Some(event_id) = event_id else {
            let error = ApiError::from(event_intake::file_of_nothing());
            for (mut guard, _) in files {
                guard.set_kind("attachment");
                guard.refused(&error);
            }
            self.broken.get_or_insert(error);
            return None;
        };
        Some(Storable::Files(Files {
            project_id: self.fates.project(),
            received_ns: origin.context().received_ns,
            event_id,
            named: files,
            body: body.clone(),
        }))
    }

    /// What was not read any more goes with the request.
    fn refuse_rest(&mut self, error: &ApiError) {
        for (guard, _) in self.files.drain(..) {
            guard.refused(error);
        }
        self.fates.refuse_rest(error);
    }

    fn end(self, event_id: Option<EventId>) -> Result<Stored, ApiError> {
        self.fates.empty();
        // Said also when neighbours are stored, as Sentry's own servers do.
        if let Some(error) = self.limited {
            return Err(error);
        }
        let is_good = self.is_good || self.is_empty;
        match self.broken.filter(|_| !is_good) {
            Some(error) => Err(error),
            None => Ok(Stored {
                event_id: event_id.or(self.stored_id),
                unwanted: self.unwanted,
            }),
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
