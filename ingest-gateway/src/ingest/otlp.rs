//! OpenTelemetry's exporters: OTLP over HTTP and gRPC.
//!
//! Owns paths, authentication, the loop that stores a request's errors a chunk at a
//! time, and the fates: an error is an `error`; what is not kept is counted as
//! `log_item`, `span` or `trace_metric`. [`answer`] says it in the client's own form.
//!
//! Invariant: what may pass later is answered so that exporters send the whole
//! request again (429, 503, UNAVAILABLE), and as ids are made from what was sent,
//! nothing is stored twice. What can never pass is never retried: a record that
//! cannot be read is rejected beside its good neighbours (`partial_success`).

mod answer;
mod grpc;

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, State},
    middleware::map_response,
    response::Response,
    routing::post,
};
use bytes::Bytes;
use event_intake::{
    Invalid,
    otlp::{Batch, Encoding, OtlpItem, Signal},
};
use event_model::{ControlState, ProjectId, PublicKey};
use http::{HeaderMap, request::Parts};
use proto::routes::{self, Route};

use self::answer::Form;
use super::{
    Ingestion, Origin, Prepared, cors,
    piece::{self, Desk, Source},
};
use crate::{
    auth::key,
    body::{self, Charge, Party, ReadBody, Reservation},
    error::ApiError,
    fate::DropReason,
    limits::Category,
    outcome::{Received, fates::Fates},
    telemetry,
};

/// Largest request, decompressed, bytes. Collectors send 8,192 records at a time.
const DECOMPRESSED_BYTES_MAX: usize = 32 << 20;

/// What comes on each path.
const ROUTES: [(Route, Signal); 8] = [
    (routes::OTLP_LOGS, Signal::Logs),
    (routes::OTLP_TRACES, Signal::Traces),
    (routes::OTLP_METRICS, Signal::Metrics),
    (routes::PROJECT_LOGS, Signal::Logs),
    (routes::PROJECT_TRACES, Signal::Traces),
    (routes::PROJECT_METRICS, Signal::Metrics),
    (routes::INTEGRATION_LOGS, Signal::Logs),
    (routes::INTEGRATION_TRACES, Signal::Traces),
];

pub(crate) fn router(ingestion: Arc<Ingestion>) -> Router {
    let mut router = Router::new();
    for (route, signal) in ROUTES {
        let handler =
            move |state: State<Arc<Ingestion>>, params: RawPathParams, request: Request| {
                serve(signal, state, params, request)
            };
        let methods = post(handler).options(cors::preflight);
        for path in route.paths() {
            router = router.route(&path, methods.clone());
        }
    }
    router
        .layer(map_response(cors::allow_any_origin))
        .merge(grpc::router())
        .with_state(ingestion)
}

async fn serve(
    signal: Signal,
    State(ingestion): State<Arc<Ingestion>>,
    params: RawPathParams,
    request: Request,
) -> Response {
    let started = Instant::now();
    let project = params.iter().find(|(name, _)| *name == "project");
    let project = project.map(|(_, value)| value.to_owned());
    let (parts, request_body) = request.into_parts();
    let form = Form::of(&parts.headers);
    let answer = receive(
        &ingestion,
        signal,
        form,
        project.as_deref(),
        &parts,
        request_body,
    )
    .await;
    let response = match answer {
        Ok(rejected) => form.accepted(signal, &rejected),
        Err(error) => form.refused(&error),
    };
    let status = response.status().as_u16();
    telemetry::request_ended(endpoint(signal), status, started.elapsed());
    response
}

fn endpoint(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "otlp_logs",
        Signal::Traces => "otlp_traces",
        Signal::Metrics => "otlp_metrics",
    }
}

async fn receive(
    ingestion: &Ingestion,
    signal: Signal,
    form: Form,
    path_project: Option<&str>,
    parts: &Parts,
    request_body: Body,
) -> Result<Rejected, ApiError> {
    let mut item = Received::new(&ingestion.tally, signal.category(), ProjectId(0), 1);
    let limits = &ingestion.limits;
    let read = async {
        let known = authenticate(ingestion, &parts.headers, parts.uri.query(), path_project)
            .and_then(|known| form.encoding().map(|encoding| (known, encoding)));
        let checked = known.and_then(|((key, project), encoding)| {
            item.relabel(signal.category(), project);
            check_limits(ingestion, signal, key, project)?;
            Ok((key, encoding))
        });
        let (key, encoding) = match checked {
            Ok(known) => known,
            Err(error) => {
                body::refuse(request_body, &parts.headers, &error, limits).await;
                return Err(error);
            }
        };
        let mut limits = limits.clone();
        limits.decompressed_bytes_max = limits.decompressed_bytes_max.min(DECOMPRESSED_BYTES_MAX);
        let sender = ingestion.sender(&parts.extensions, &parts.headers);
        let reservation = ingestion.account(sender, Some(key))?;
        let turn = ingestion.turn(Party::Key(key));
        let read = body::read(&parts.headers, request_body, &limits, reservation, turn).await?;
        Ok((key, encoding, read))
    };
    let (key, encoding, read) = match read.await {
        Ok(read) => read,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let origin = Origin::new(ingestion, item.project(), &parts.extensions, &parts.headers);
    take(ingestion, item, signal, encoding, (key, read), origin).await
}

/// The key and its project, which Sentry's exporters and everybody else put in
/// different places.
fn authenticate(
    ingestion: &Ingestion,
    headers: &HeaderMap,
    query: Option<&str>,
    path_project: Option<&str>,
) -> Result<(PublicKey, ProjectId), ApiError> {
    ingestion.check_open()?;
    let key = key_of(headers, query)?;
    let state = ingestion.state.read();
    let project = key::project_of(&state, key)?;
    check_path(&state, path_project, project)?;
    Ok((key, project))
}

/// Metrics hold no errors: what is thrown away costs nothing.
fn check_limits(
    ingestion: &Ingestion,
    signal: Signal,
    key: PublicKey,
    project: ProjectId,
) -> Result<(), ApiError> {
    let category = match signal {
        Signal::Logs | Signal::Traces => Some(Category::Error),
        Signal::Metrics => None,
    };
    ingestion.check_limits(key, project, category)
}

fn key_of(headers: &HeaderMap, query: Option<&str>) -> Result<PublicKey, ApiError> {
    match key::sentry_key(headers, query, None)? {
        Some(key) => Ok(key),
        None => key::native_key(headers, query),
    }
}

fn check_path(
    state: &ControlState,
    path_project: Option<&str>,
    project: ProjectId,
) -> Result<(), ApiError> {
    path_project.map_or(Ok(()), |path| key::check_project(state, path, project))
}

/// How many records could not be read, and why the first of them.
#[derive(Debug, Default)]
struct Rejected {
    count: u64,
    reason: String,
}

/// Stores the errors of a request and gives every record its fate. Fails if nothing
/// could be read, or if something may pass later.
async fn take(
    ingestion: &Ingestion,
    item: Received,
    signal: Signal,
    encoding: Encoding,
    (key, read): (PublicKey, ReadBody),
    origin: Origin,
) -> Result<Rejected, ApiError> {
    let desk = Desk::new(ingestion, Party::Key(key), read.reservation, &read.bytes);
    let mut fates = Fates::new(item);
    let scan = {
        let (bytes, reservation) = (read.bytes, desk.reservation.clone());
        move || scan(signal, encoding, &bytes, &reservation)
    };
    let scanned = desk.run(ingestion, scan).await;
    let mut records = match scanned.and_then(|scanned| scanned) {
        Ok(records) => records,
        Err(error) => {
            fates.refuse_rest(&error);
            return Err(error);
        }
    };
    let mut rejected = Rejected::default();
    loop {
        let (rest, piece) = match piece::next(ingestion, &desk, &origin, records).await {
            Ok(read) => read,
            Err(error) => {
                fates.refuse_rest(&error);
                return Err(error);
            }
        };
        records = rest;
        let mut events = Vec::new();
        for step in piece.read {
            events.extend(step.events.into_iter().map(|e| (fates.next("error", 1), e)));
            if step.not_stored > 0 {
                let mut guard = fates.next(signal.category(), step.not_stored);
                guard.set_kind(signal.record());
                guard.dropped(DropReason::TypeNotStored);
            }
            for (count, invalid) in step.rejected {
                let error = ApiError::from(invalid);
                let mut guard = fates.next(signal.category(), count);
                guard.set_kind(signal.record());
                guard.refused(&error);
                rejected.add(count, &error);
            }
        }
        for result in ingestion.store.events(events).await {
            match result {
                Ok(_) => {}
                // The whole request comes again; what is stored is known by its id.
                Err(error) if error.code.is_retriable() => return Err(error),
                Err(error) => rejected.add(1, &error),
            }
        }
        if piece.is_last {
            break;
        }
    }
    fates.empty();
    Ok(rejected)
}

/// A request's records that are not read yet.
struct Records {
    batch: Batch,
    /// What the places of its records take, and a repaired copy of the text.
    _charge: Charge,
}

fn scan(
    signal: Signal,
    encoding: Encoding,
    bytes: &Bytes,
    reservation: &Reservation,
) -> Result<Records, ApiError> {
    // A text may have to be repaired, and is copied twice for it.
    let copies = match encoding {
        Encoding::Json => 2 * bytes.len(),
        Encoding::Protobuf => 0,
    };
    let charge = reservation.charge(copies)?;
    let batch = Batch::scan(signal, encoding, bytes)?;
    Ok(Records {
        batch,
        _charge: charge,
    })
}

/// What became of a few records.
#[derive(Default)]
struct Step {
    events: Vec<Prepared>,
    not_stored: u64,
    rejected: Vec<(u64, Invalid)>,
}

impl Source for Records {
    type Read = Step;

    fn next(&mut self, origin: &Origin) -> Result<Option<(Step, usize)>, Invalid> {
        let items = self.batch.next(1, &origin.context());
        if items.is_empty() {
            return Ok(None);
        }
        let (mut step, mut bytes) = (Step::default(), 0);
        for item in items {
            match item {
                OtlpItem::Event(event) => {
                    let event = origin.prepare(&event);
                    bytes += event.bytes();
                    step.events.push(event);
                }
                OtlpItem::NotStored(count) => step.not_stored += count,
                OtlpItem::Rejected(count, invalid) => step.rejected.push((count, invalid)),
            }
        }
        Ok(Some((step, bytes)))
    }
}

impl Rejected {
    fn add(&mut self, count: u64, error: &ApiError) {
        if self.count == 0 {
            self.reason = error.text();
        }
        self.count += count;
    }
}
