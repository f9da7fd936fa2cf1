//! Sentry's ingestion paths, for SDKs that were not written for Errata.
//!
//! Invariant: an SDK hears what it would hear from its own server: 200 with the
//! event's id also when nothing was kept, `X-Sentry-Error` on refusals, and a limit
//! for kinds that would be thrown away, so that it stops making them.

mod items;
mod paths;
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
use event_intake::{Invalid, Reading};
use event_model::{ProjectId, PublicKey};
use http::{Method, header, request::Parts};
use proto::routes::{self, Route};

use super::{Ingestion, Origin, cors, piece::Desk};
use crate::{
    arrivals::Arrival,
    auth::key,
    body::{self, Incoming, Party, ReadBody},
    error::{ApiError, ErrorCode},
    limits::Category,
    outcome::Received,
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

/// What each path takes.
const ROUTES: [(Route, Endpoint); 13] = [
    (routes::ENVELOPE, Endpoint::Envelope),
    (routes::TUNNEL, Endpoint::Envelope),
    (routes::STORE, Endpoint::Store),
    (routes::STORE_OF_A_KEY, Endpoint::Store),
    (routes::SECURITY, Endpoint::Security),
    (routes::CSP_REPORT, Endpoint::Security),
    (routes::NEL, Endpoint::Nel),
    (routes::MINIDUMP, Endpoint::Minidump),
    (routes::UNREAL, Endpoint::Unreal),
    (routes::ATTACHMENTS, Endpoint::Attachments),
    (routes::CRON, Endpoint::Cron),
    (routes::CRON_OF_A_KEY, Endpoint::Cron),
    (routes::REPORT_DIALOG, Endpoint::ReportDialog),
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

    /// What a request could be limited for as a whole; none: it may bring anything.
    fn brings(self) -> Option<Category> {
        match self {
            Self::Envelope | Self::Unreal => None,
            Self::Store | Self::Minidump | Self::Security | Self::Nel => Some(Category::Error),
            Self::Attachments => Some(Category::Attachment),
            Self::Cron => Some(Category::Monitor),
            Self::ReportDialog => Some(Category::Feedback),
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
}

pub(crate) fn router(ingestion: Arc<Ingestion>) -> Router {
    let mut router = Router::new();
    for (route, endpoint) in ROUTES {
        let handler =
            move |state: State<Arc<Ingestion>>, params: RawPathParams, request: Request| {
                serve(endpoint, state, params, request)
            };
        let mut methods = post(handler)
            .options(cors::preflight)
            .fallback(wrong_method);
        if route.answers("GET") {
            methods = methods.get(handler);
        }
        for path in route.paths() {
            router = router.route(&path, methods.clone());
        }
    }
    router
        .layer(map_response(cors::allow_any_origin))
        .with_state(ingestion)
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
    State(ingestion): State<Arc<Ingestion>>,
    params: RawPathParams,
    request: Request,
) -> Response {
    let started = Instant::now();
    // Asking for the dialog brings nothing.
    let asks = endpoint == Endpoint::ReportDialog && request.method() == Method::GET;
    let mut item =
        (!asks).then(|| Received::new(&ingestion.tally, endpoint.category(), ProjectId(0), 1));
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
    let mut response = match call.answer(&ingestion, request_body, &mut item).await {
        Ok(response) => response,
        Err(error) => {
            if let Some(item) = item.take() {
                item.refused(&error);
            }
            call.refusal(&error)
        }
    };
    if let Some((project, key)) = Arrival::current_owner() {
        let allowance = ingestion.allowances.allowance(project, Some(key));
        ingestion
            .allowances
            .tell_sentry(response.headers_mut(), allowance);
    }
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
        ingestion: &Ingestion,
        request_body: Body,
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        let limits = &ingestion.limits;
        if self.endpoint == Endpoint::ReportDialog && self.parts.method == Method::GET {
            return self.show_dialog(ingestion);
        }
        let project = match self.authenticate_head(ingestion) {
            Ok(project) => project,
            Err(error) => {
                body::drain(request_body, limits).await;
                return Err(error);
            }
        };
        if let (Some(item), Some((_, project))) = (item.as_mut(), project) {
            item.relabel(self.endpoint.category(), project);
        }
        if let Some((key, project)) = project {
            let checked = ingestion.check_limits(key, project, self.endpoint.brings());
            if let Err(error) = checked {
                body::refuse(request_body, &self.parts.headers, &error, limits).await;
                return Err(error);
            }
        }
        let (read, project, party) = self.receive(ingestion, request_body, project, item).await?;
        if self.endpoint == Endpoint::Store && self.parts.method == Method::GET {
            let data = Bytes::from(self.query("sentry_data").unwrap_or_default());
            let read = ReadBody {
                received_bytes: data.len(),
                bytes: data,
                ..read
            };
            self.take_event(ingestion, project, (party, read), item)
                .await?;
            return Ok(pixel());
        }
        let sent = (party, read);
        match self.endpoint {
            Endpoint::Envelope => self.take_envelope(ingestion, project, sent, item).await,
            Endpoint::Store => self.take_event(ingestion, project, sent, item).await,
            _ => self.take_other(ingestion, project, sent, item).await,
        }
    }

    /// Reads the body. Of an envelope without a key outside no more than its first
    /// line is received and decompressed until it has named one.
    async fn receive(
        &self,
        ingestion: &Ingestion,
        request_body: Body,
        project: Option<(PublicKey, ProjectId)>,
        item: &mut Option<Received>,
    ) -> Result<(ReadBody, ProjectId, Party), ApiError> {
        let (parts, limits) = (&self.parts, &ingestion.limits);
        let sender = ingestion.sender(&parts.extensions, &parts.headers);
        let reservation = ingestion.account(sender, project.map(|(key, _)| key))?;
        let mut incoming =
            Incoming::open(&parts.headers, request_body, limits, reservation).await?;
        let (key, project) = if let Some(known) = project {
            known
        } else {
            let line = incoming.beginning(1).await?;
            let known = self.authenticate_envelope(ingestion, None, &line)?;
            if let Some(item) = item.as_mut() {
                item.relabel(self.endpoint.category(), known.1);
            }
            incoming.reservation().belongs_to(Party::Key(known.0))?;
            known
        };
        if self.endpoint == Endpoint::Envelope
            && let Some(error) = self
                .is_limited(ingestion, (key, project), &mut incoming)
                .await?
        {
            incoming.leave();
            return Err(error);
        }
        let party = Party::Key(key);
        let read = incoming.whole(ingestion.turn(party)).await?;
        if self.endpoint == Endpoint::Envelope {
            self.authenticate_envelope(ingestion, Some((key, project)), &read.bytes)?;
        }
        Ok((read, project, party))
    }

    /// Why nothing of an envelope can be stored, if so: it begins with an event, to which
    /// the rest belongs, and no event can be. Sessions and reports of SDKs pass, whatever
    /// became of events.
    async fn is_limited(
        &self,
        ingestion: &Ingestion,
        (key, project): (PublicKey, ProjectId),
        incoming: &mut Incoming<'_>,
    ) -> Result<Option<ApiError>, ApiError> {
        if let Err(error) = ingestion.check_limits(key, project, None) {
            return Ok(Some(error));
        }
        let Err(error) = ingestion.check_limits(key, project, Some(Category::Error)) else {
            return Ok(None);
        };
        let beginning = incoming.beginning(2).await?;
        Ok(begins_with_event(&beginning).then_some(error))
    }

    /// The key and its project, from headers, query and path.
    fn authenticate_head(
        &self,
        ingestion: &Ingestion,
    ) -> Result<Option<(PublicKey, ProjectId)>, ApiError> {
        ingestion.check_open()?;
        let query = self.parts.uri.query();
        let key = match self.endpoint {
            Endpoint::ReportDialog => Some(self.dialog_key()?),
            _ => key::sentry_key(&self.parts.headers, query, self.path_key.as_deref())?,
        };
        match key {
            Some(key) => {
                let project = self.check_key(ingestion, key)?;
                Ok(Some((key, project)))
            }
            // An envelope may name its key in its header, nothing else can.
            None if self.endpoint == Endpoint::Envelope => Ok(None),
            None => Err(key::missing_sentry_key()),
        }
    }

    fn check_key(&self, ingestion: &Ingestion, key: PublicKey) -> Result<ProjectId, ApiError> {
        let state = ingestion.state.read();
        let project = key::project_of(&state, key)?;
        if let Some(path_project) = &self.path_project {
            key::check_project(&state, path_project, project)?;
        }
        Ok(project)
    }

    /// The envelope's DSN against what was given before, or in its place.
    fn authenticate_envelope(
        &self,
        ingestion: &Ingestion,
        given: Option<(PublicKey, ProjectId)>,
        bytes: &[u8],
    ) -> Result<(PublicKey, ProjectId), ApiError> {
        let header = event_intake::envelope_header(bytes)?;
        match (given, header.dsn) {
            (None, None) => Err(key::missing_sentry_key()),
            (Some(given), None) => Ok(given),
            (Some((key, project)), Some(dsn)) => {
                if dsn.public_key == key && dsn.project_id == project {
                    return Ok((key, project));
                }
                Err(ApiError::invalid(
                    "dsn",
                    "the envelope's dsn does not match the key and project of the request",
                ))
            }
            (None, Some(dsn)) => {
                let project = self.check_key(ingestion, dsn.public_key)?;
                if dsn.project_id == project {
                    return Ok((dsn.public_key, project));
                }
                Err(ApiError::invalid(
                    "dsn",
                    "the project of the envelope's dsn is not the key's",
                ))
            }
        }
    }

    async fn take_envelope(
        &self,
        ingestion: &Ingestion,
        project: ProjectId,
        (party, read): (Party, ReadBody),
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        let origin = self.origin(ingestion, project, read.received_bytes);
        let mut desk = Desk::new(ingestion, party, read.reservation, &read.bytes);
        let body = read.bytes.clone();
        let cut = {
            let reader = origin.clone();
            move || event_intake::Envelope::open(read.bytes, reader.context().limits)
        };
        let envelope = desk.run(ingestion, cut).await??;
        if envelope.has_dump() {
            desk = desk.away();
        }
        let item = self.own(project, item)?;
        let stored = items::store(ingestion, &desk, origin, item, envelope, body).await?;
        Ok(stored.into_answer())
    }

    async fn take_event(
        &self,
        ingestion: &Ingestion,
        project: ProjectId,
        sent: (Party, ReadBody),
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        let stored = self.take(ingestion, project, sent, item, event_intake::read_store);
        Ok(stored.await?.into_answer())
    }

    /// Reads a body as a whole and stores what it holds.
    async fn take(
        &self,
        ingestion: &Ingestion,
        project: ProjectId,
        (party, read): (Party, ReadBody),
        item: &mut Option<Received>,
        parse: impl FnOnce(&[u8], &event_intake::Context<'_>) -> Result<Reading, Invalid>
        + Send
        + 'static,
    ) -> Result<items::Stored, ApiError> {
        let origin = self.origin(ingestion, project, read.received_bytes);
        let mut desk = Desk::new(ingestion, party, read.reservation, &read.bytes);
        if self.endpoint == Endpoint::Minidump {
            desk = desk.away();
        }
        let body = read.bytes.clone();
        let reader = origin.clone();
        let parse = move || -> Result<_, Invalid> {
            let reading = parse(&read.bytes, &reader.context())?;
            Ok(items::Whole::new(reading, &reader))
        };
        let whole = desk.run(ingestion, parse).await??;
        let item = self.own(project, item)?;
        items::store(ingestion, &desk, origin, item, whole, body).await
    }

    fn origin(&self, ingestion: &Ingestion, project: ProjectId, received_bytes: usize) -> Origin {
        let (extensions, headers) = (&self.parts.extensions, &self.parts.headers);
        Origin::new(ingestion, project, extensions, headers).received(received_bytes)
    }

    /// The request's own item, now that something was read.
    fn own(&self, project: ProjectId, item: &mut Option<Received>) -> Result<Received, ApiError> {
        let Some(mut item) = item.take() else {
            return Err(ApiError::new(ErrorCode::Internal, "the item was lost"));
        };
        item.relabel(self.endpoint.category(), project);
        Ok(item)
    }

    fn query(&self, wanted: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    }
}

/// Whether the first item of an envelope is an event; no, if that cannot be told.
fn begins_with_event(beginning: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct ItemHead<'a> {
        #[serde(borrow, rename = "type")]
        kind: std::borrow::Cow<'a, str>,
    }
    let mut lines = beginning.trim_ascii_start().split(|byte| *byte == b'\n');
    let head = lines.nth(1).unwrap_or_default();
    serde_json::from_slice::<ItemHead<'_>>(head).is_ok_and(|head| head.kind == "event")
}

/// A transparent GIF, 1×1: what `GET /store/` answers.
fn pixel() -> Response {
    const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\
        \x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";
    ([(header::CONTENT_TYPE, "image/gif")], GIF).into_response()
}
