//! Sentry's ingestion paths, for SDKs that were not written for Errata.
//!
//! Invariant: an SDK hears what it would hear from its own server: 200 with the
//! event's id also when nothing was kept, `X-Sentry-Error` on refusals, and a limit
//! for kinds that would be thrown away, so that it stops making them.

mod doors;
mod items;
mod report_dialog;

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, State},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use event_model::{ProjectId, PublicKey};
use http::{Method, header, request::Parts};

use super::{Origin, cors};
use crate::{
    body::{self, OFF_THREAD_BYTES_MIN},
    error::{ApiError, ErrorCode},
    ingest_auth,
    outcome::Received,
    parse::{self, Invalid, Parsed},
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
    ReportDialog,
}

/// Paths without their last slash, and what they take.
const PATHS: [(&str, Endpoint); 13] = [
    ("/api/{project}/envelope", Endpoint::Envelope),
    // Pages send here what ad blockers would stop; the envelope names its DSN.
    ("/tunnel", Endpoint::Envelope),
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
    ("/api/embed/error-page", Endpoint::ReportDialog),
];

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
            Self::ReportDialog => "report_dialog",
        }
    }

    /// What a request counts as until its items are known.
    fn category(self) -> &'static str {
        match self {
            Self::Envelope | Self::Store | Self::Minidump | Self::Unreal => "error",
            Self::Security | Self::Nel => "security",
            Self::Attachments => "attachment",
            Self::Cron => "monitor",
            Self::ReportDialog => "feedback",
        }
    }

    fn takes_get(self) -> bool {
        matches!(self, Self::Store | Self::Cron | Self::ReportDialog)
    }
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for (path, endpoint) in PATHS {
        let handler = move |state: State<Arc<Shared>>, params: RawPathParams, request: Request| {
            serve(endpoint, state, params, request)
        };
        let mut methods = post(handler)
            .options(cors::preflight)
            .fallback(wrong_method);
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

/// A body goes unread: the connection ends with the answer, so that its bytes are not
/// taken for the next request.
async fn wrong_method(request: Request) -> Response {
    let message = format!("{} is not answered here", request.method());
    let mut response = ApiError::new(ErrorCode::MethodNotAllowed, message).sentry_response();
    let close = http::HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

async fn serve(
    endpoint: Endpoint,
    State(shared): State<Arc<Shared>>,
    params: RawPathParams,
    request: Request,
) -> Response {
    let started = Instant::now();
    // Asking for the dialog brings nothing.
    let asks = endpoint == Endpoint::ReportDialog && request.method() == Method::GET;
    let mut item =
        (!asks).then(|| Received::new(&shared.tally, endpoint.category(), ProjectId(0), 1));
    let param = |wanted: &str| {
        let mut all = params.iter();
        all.find_map(|(name, value)| (name == wanted).then(|| value.to_owned()))
    };
    let (parts, request_body) = request.into_parts();
    let call = Call {
        endpoint,
        path_project: param("project"),
        path_key: param("key"),
        path_event: param("event_id"),
        path_monitor: param("slug"),
        parts,
    };
    let response = match call.answer(&shared, request_body, &mut item).await {
        Ok(response) => response,
        Err(error) => {
            if let Some(item) = item.take() {
                item.refused(&error);
            }
            call.refusal(&error)
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
    path_event: Option<String>,
    path_monitor: Option<String>,
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
        if self.endpoint == Endpoint::ReportDialog && self.parts.method == Method::GET {
            return self.show_dialog(shared);
        }
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
                self.take_door(shared, project, read.bytes.clone(), item)
                    .await
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
        let key = match self.endpoint {
            Endpoint::ReportDialog => Some(self.dialog_key()?),
            _ => ingest_auth::sentry_key(&self.parts.headers, query, self.path_key.as_deref())?,
        };
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
        let is_envelope = self.endpoint == Endpoint::Envelope;
        let stored = self
            .take(shared, project, bytes, item, move |bytes, context| {
                if is_envelope {
                    parse::parse_envelope(bytes, context)
                } else {
                    parse::parse_store(bytes, context)
                }
            })
            .await?;
        Ok(stored.into_answer())
    }

    /// Parses a body, on a blocking thread if it is large, and stores what it holds.
    async fn take(
        &self,
        shared: &Arc<Shared>,
        project: ProjectId,
        bytes: Bytes,
        item: &mut Option<Received>,
        parse: impl FnOnce(&[u8], &parse::Context<'_>) -> Result<Parsed, Invalid> + Send + 'static,
    ) -> Result<items::Stored, ApiError> {
        if let Some(item) = item.as_mut() {
            item.relabel(self.endpoint.category(), project);
        }
        let origin = Origin::new(shared, project, &self.parts.extensions, &self.parts.headers);
        let heavy = bytes.len() >= OFF_THREAD_BYTES_MIN;
        let body = bytes.clone();
        let reader = origin.clone();
        let parsed = body::off_thread_if(heavy, move || parse(&bytes, &reader.context())).await??;
        let Some(item) = item.take() else {
            return Err(ApiError::new(ErrorCode::Internal, "the item was lost"));
        };
        items::store(shared, &origin, item, parsed, body).await
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

/// A transparent GIF, 1×1: what `GET /store/` answers.
fn pixel() -> Response {
    const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\
        \x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";
    ([(header::CONTENT_TYPE, "image/gif")], GIF).into_response()
}
