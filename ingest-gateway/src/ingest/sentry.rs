//! Sentry's ingestion paths, for SDKs that were not written for Errata.
//!
//! Invariant: an SDK hears what it would hear from its own server: 200 with the
//! event's id also when nothing was kept, `X-Sentry-Error` on refusals, and a limit
//! for kinds that would be thrown away, so that it stops making them.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use axum::{
    Json, Router,
    body::Body,
    extract::{RawPathParams, Request, State},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use event_model::{EventId, ProjectId, PublicKey};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use serde_json::json;

use super::{Origin, cors};
use crate::{
    body::{self, OFF_THREAD_BYTES_MIN},
    error::{ApiError, ErrorCode},
    ingest_auth,
    outcome::{DropReason, Received},
    parse::{self, Item, Parsed},
    shared::Shared,
    telemetry,
};

/// What a path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Envelope,
    Store,
    Security,
    Nel,
    Minidump,
    Unreal,
    Attachments,
    Cron,
}

/// Paths without their last slash, and what they take.
const PATHS: [(&str, Endpoint); 11] = [
    ("/api/{project}/envelope", Endpoint::Envelope),
    ("/api/{project}/store", Endpoint::Store),
    ("/api/store", Endpoint::Store),
    ("/api/{project}/security", Endpoint::Security),
    ("/api/{project}/csp-report", Endpoint::Security),
    ("/api/{project}/nel", Endpoint::Nel),
    ("/api/{project}/minidump", Endpoint::Minidump),
    ("/api/{project}/unreal/{key}", Endpoint::Unreal),
    (
        "/api/{project}/events/{event_id}/attachments",
        Endpoint::Attachments,
    ),
    ("/api/{project}/cron/{slug}", Endpoint::Cron),
    ("/api/{project}/cron/{slug}/{key}", Endpoint::Cron),
];

/// How long SDKs shall not send what is thrown away, seconds. They forget it when
/// their process ends.
const UNWANTED_LIMIT_S: u32 = 86_400;

impl Endpoint {
    fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Store => "store",
            Self::Security => "security",
            Self::Nel => "nel",
            Self::Minidump => "minidump",
            Self::Unreal => "unreal",
            Self::Attachments => "attachments",
            Self::Cron => "cron",
        }
    }

    /// What a request counts as until its items are known.
    fn category(self) -> &'static str {
        match self {
            Self::Envelope | Self::Store | Self::Minidump | Self::Unreal => "error",
            Self::Security | Self::Nel => "security",
            Self::Attachments => "attachment",
            Self::Cron => "monitor",
        }
    }

    fn takes_get(self) -> bool {
        matches!(self, Self::Store | Self::Cron)
    }
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for (path, endpoint) in PATHS {
        let handler = move |state: State<Arc<Shared>>, params: RawPathParams, request: Request| {
            serve(endpoint, state, params, request)
        };
        let mut methods = post(handler).options(cors::preflight);
        if endpoint.takes_get() {
            methods = methods.get(handler);
        }
        router = router
            .route(path, methods.clone())
            .route(&format!("{path}/"), methods);
    }
    router
        .layer(map_response(cors::allow_any_origin))
        .with_state(shared)
}

async fn serve(
    endpoint: Endpoint,
    State(shared): State<Arc<Shared>>,
    params: RawPathParams,
    request: Request,
) -> Response {
    let started = Instant::now();
    let mut item = Some(Received::new(
        &shared.tally,
        endpoint.category(),
        ProjectId(0),
        1,
    ));
    let param = |wanted: &str| {
        let mut all = params.iter();
        all.find_map(|(name, value)| (name == wanted).then(|| value.to_owned()))
    };
    let (parts, request_body) = request.into_parts();
    let call = Call {
        endpoint,
        path_project: param("project"),
        path_key: param("key"),
        parts,
    };
    let response = match call.answer(&shared, request_body, &mut item).await {
        Ok(response) => response,
        Err(error) => {
            if let Some(item) = item.take() {
                item.refused(&error);
            }
            error.sentry_response()
        }
    };
    let status = response.status().as_u16();
    telemetry::request_ended(endpoint.name(), status, started.elapsed());
    response
}

/// One request.
struct Call {
    endpoint: Endpoint,
    path_project: Option<String>,
    path_key: Option<String>,
    parts: Parts,
}

impl Call {
    async fn answer(
        &self,
        shared: &Arc<Shared>,
        request_body: Body,
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        let limits = &shared.config.limits;
        let project = match self.authenticate_head(shared) {
            Ok(project) => project,
            Err(error) => {
                body::drain(request_body, limits).await;
                return Err(error);
            }
        };
        if let (Some(item), Some((_, project))) = (item.as_mut(), project) {
            item.relabel(self.endpoint.category(), project);
        }
        let headers = &self.parts.headers;
        let read = body::read(headers, request_body, false, limits, &shared.budget).await?;
        match self.endpoint {
            Endpoint::Envelope => {
                let project = self.authenticate_envelope(shared, project, &read.bytes)?;
                self.take_events(shared, project, read.bytes.clone(), item)
                    .await
            }
            Endpoint::Store => {
                let project = required(project)?;
                if self.parts.method == Method::GET {
                    let data = self.query("sentry_data").unwrap_or_default();
                    self.take_events(shared, project, Bytes::from(data), item)
                        .await?;
                    return Ok(pixel());
                }
                self.take_events(shared, project, read.bytes.clone(), item)
                    .await
            }
            _ => {
                let project = required(project)?;
                if let Some(mut item) = item.take() {
                    item.relabel(self.endpoint.category(), project);
                    item.dropped(DropReason::TypeNotStored);
                }
                Ok(self.answer_not_stored())
            }
        }
    }

    /// The key and its project, from headers, query and path.
    fn authenticate_head(
        &self,
        shared: &Shared,
    ) -> Result<Option<(PublicKey, ProjectId)>, ApiError> {
        shared.check_open()?;
        let query = self.parts.uri.query();
        let key = ingest_auth::sentry_key(&self.parts.headers, query, self.path_key.as_deref())?;
        match key {
            Some(key) => {
                let project = self.check_key(shared, key)?;
                Ok(Some((key, project)))
            }
            // An envelope may name its key in its header, nothing else can.
            None if self.endpoint == Endpoint::Envelope => Ok(None),
            None => Err(ingest_auth::missing_sentry_key()),
        }
    }

    fn check_key(&self, shared: &Shared, key: PublicKey) -> Result<ProjectId, ApiError> {
        let state = shared.state.read();
        let project = ingest_auth::project_of(&state, key)?;
        if let Some(path_project) = &self.path_project {
            ingest_auth::check_project(&state, path_project, project)?;
        }
        Ok(project)
    }

    /// The envelope's DSN against what was given before, or in its place.
    fn authenticate_envelope(
        &self,
        shared: &Shared,
        given: Option<(PublicKey, ProjectId)>,
        bytes: &[u8],
    ) -> Result<ProjectId, ApiError> {
        let header = parse::envelope_header(bytes)?;
        match (given, header.dsn) {
            (None, None) => Err(ingest_auth::missing_sentry_key()),
            (Some((_, project)), None) => Ok(project),
            (Some((key, project)), Some(dsn)) => {
                if dsn.public_key == key && dsn.project_id == project {
                    return Ok(project);
                }
                Err(ApiError::invalid(
                    "dsn",
                    "the envelope's dsn does not match the key and project of the request",
                ))
            }
            (None, Some(dsn)) => {
                let project = self.check_key(shared, dsn.public_key)?;
                if dsn.project_id == project {
                    return Ok(project);
                }
                Err(ApiError::invalid(
                    "dsn",
                    "the project of the envelope's dsn is not the key's",
                ))
            }
        }
    }

    async fn take_events(
        &self,
        shared: &Arc<Shared>,
        project: ProjectId,
        bytes: Bytes,
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        if let Some(item) = item.as_mut() {
            item.relabel(self.endpoint.category(), project);
        }
        let origin = Origin::new(shared, project, &self.parts.extensions, &self.parts.headers);
        let is_envelope = self.endpoint == Endpoint::Envelope;
        let heavy = bytes.len() >= OFF_THREAD_BYTES_MIN;
        let parsed = body::off_thread_if(heavy, move || {
            if is_envelope {
                parse::parse_envelope(&bytes, &origin.context())
            } else {
                parse::parse_store(&bytes, &origin.context())
            }
        })
        .await??;
        let Some(item) = item.take() else {
            return Err(ApiError::new(ErrorCode::Internal, "the item was lost"));
        };
        store_items(shared, item, parsed).await
    }

    fn answer_not_stored(&self) -> Response {
        match self.endpoint {
            Endpoint::Minidump | Endpoint::Unreal => uuid::Uuid::new_v4()
                .hyphenated()
                .to_string()
                .into_response(),
            Endpoint::Attachments => StatusCode::CREATED.into_response(),
            Endpoint::Cron => StatusCode::ACCEPTED.into_response(),
            _ => StatusCode::OK.into_response(),
        }
    }

    fn query(&self, wanted: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    }
}

fn required(project: Option<(PublicKey, ProjectId)>) -> Result<ProjectId, ApiError> {
    project
        .map(|(_, project)| project)
        .ok_or_else(ingest_auth::missing_sentry_key)
}

/// Gives every item its fate, and the request its answer: refused only if nothing
/// of it was any good, or if something good could not be stored now.
async fn store_items(
    shared: &Arc<Shared>,
    item: Received,
    parsed: Parsed,
) -> Result<Response, ApiError> {
    let mut guards = Guards {
        project: item.project(),
        tally: Arc::clone(&shared.tally),
        first: Some(item),
    };
    let mut events = Vec::new();
    let mut unwanted = BTreeSet::new();
    let mut broken: Option<ApiError> = None;
    let mut good = parsed.items.is_empty();
    for item in parsed.items {
        match item {
            Item::Event(event) => events.push((guards.next("error", 1), *event)),
            Item::NotStored { kind, quantity, .. } => {
                good = true;
                unwanted.extend(unwanted_category(&kind));
                let mut guard = guards.next(category_of(&kind), u64::from(quantity));
                guard.set_kind(&kind);
                guard.dropped(DropReason::TypeNotStored);
            }
            Item::Broken { kind, invalid } => {
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
    let results = shared.store(events).await;
    let mut stored_id = None;
    for result in results {
        match result {
            Ok(id) => {
                good = true;
                stored_id.get_or_insert(id);
            }
            Err(error) if error.code.is_retriable() => return Err(error),
            Err(error) => {
                broken.get_or_insert(error);
            }
        }
    }
    match broken.filter(|_| !good) {
        Some(error) => Err(error),
        None => Ok(accepted(parsed.event_id.or(stored_id), &unwanted)),
    }
}

/// Hands out guards; the request's own one first.
struct Guards {
    project: ProjectId,
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

fn accepted(id: Option<EventId>, unwanted: &BTreeSet<&'static str>) -> Response {
    let body = match id {
        Some(id) => json!({ "id": id }),
        None => json!({}),
    };
    let mut response = Json(body).into_response();
    if !unwanted.is_empty() {
        let categories: Vec<&str> = unwanted.iter().copied().collect();
        let limit = format!("{UNWANTED_LIMIT_S}:{}:organization", categories.join(";"));
        if let Ok(value) = HeaderValue::from_str(&limit) {
            response.headers_mut().insert("x-sentry-rate-limits", value);
        }
    }
    response
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

/// A transparent GIF, 1×1: what `GET /store/` answers.
fn pixel() -> Response {
    const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\
        \x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";
    ([(header::CONTENT_TYPE, "image/gif")], GIF).into_response()
}
