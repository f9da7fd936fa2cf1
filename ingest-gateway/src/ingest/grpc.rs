//! `errata.v1.IngestService`, over gRPC and gRPC-Web.
//!
//! Served without tonic's own reading of messages: a sender is known by its head
//! before anything is read ([`frame`]), events are counted before one is decoded, and
//! each is bounded by what it would become ([`event_intake::from_proto_bytes`]).

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use event_intake::Invalid;
use event_model::{EventId, ProjectId, PublicKey};
use http::{Method, StatusCode, request::Parts};
use prost::Message;
use proto::{
    routes,
    v1::{
        SendErrorResponse, SendErrorsResponse, SendProblem, SendResult,
        ingest_service_server::SERVICE_NAME, send_result,
    },
};
use tonic::{Code, Status};
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, service_fn};

use super::{
    Ingestion, Origin, frame,
    frame::{Messages, Next},
    native::{self, StoredBatch},
    piece::Desk,
};
use crate::{
    auth::key,
    body::{self, OFF_THREAD_BYTES_MIN, Party, ReadBody, Reservation},
    config::GatewayLimits,
    error::{ApiError, ErrorCode},
    limits::Category,
    outcome::{Received, fates::Fates},
};

/// The category of gRPC events.
const CATEGORY: &str = "error";
/// Events of a stream that are read and appended together.
const CHUNK_EVENTS: usize = 64;
/// The same in bytes of their messages.
const CHUNK_BYTES: usize = 1 << 20;
/// What a stream takes besides its messages, and what each answer takes, bytes.
const STREAM_BYTES: usize = 16 * 1024;
const RESULT_BYTES: usize = 128;

/// The service's route.
pub(super) fn router(ingestion: Arc<Ingestion>) -> Router {
    let service = GrpcWebLayer::new().layer(service(ingestion));
    Router::new().route_service(&routes::service_path(SERVICE_NAME), service)
}

/// The service; the last part of its path is the method.
fn service<B>(
    ingestion: Arc<Ingestion>,
) -> impl Service<http::Request<B>, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    service_fn(move |request: http::Request<B>| {
        let ingestion = Arc::clone(&ingestion);
        async move { Ok(serve(&ingestion, request.map(Body::new)).await) }
    })
}

async fn serve(ingestion: &Ingestion, request: Request) -> Response {
    let method = request.uri().path().rsplit('/').next().unwrap_or("");
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if frame::check_type(request.headers()).is_err() {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let answer = match method {
        "SendError" => send_error(ingestion, request).await,
        "SendErrors" => send_errors(ingestion, request).await,
        "StreamErrors" => stream_errors(ingestion, request).await,
        other => {
            let other: String = other.chars().take(40).collect();
            let status = Status::new(Code::Unimplemented, format!("no method {other:?}"));
            return status.into_http();
        }
    };
    answer.unwrap_or_else(|error| Status::from(error).into_http())
}

/// Who sends.
struct Sender {
    item: Received,
    key: PublicKey,
    reservation: Reservation,
}

/// Knows the sender from the head; of one that is refused nothing is read.
async fn authenticate(
    ingestion: &Ingestion,
    parts: &Parts,
    body: Body,
) -> Result<(Sender, Body), ApiError> {
    let mut item = Received::new(&ingestion.tally, CATEGORY, ProjectId(0), 1);
    let known = ingestion.check_open().and_then(|()| {
        let key = key::native_key(&parts.headers, None)?;
        let project = key::project_of(&ingestion.state.read(), key)?;
        item.relabel(CATEGORY, project);
        ingestion.check_limits(key, project, Some(Category::Error))?;
        let sender = ingestion.sender(&parts.extensions, &parts.headers);
        Ok((key, ingestion.account(sender, Some(key))?))
    });
    match known {
        Ok((key, reservation)) => {
            let sender = Sender {
                item,
                key,
                reservation,
            };
            Ok((sender, body))
        }
        Err(error) => {
            body::refuse(body, &parts.headers, &error, &ingestion.limits).await;
            item.refused(&error);
            Err(error)
        }
    }
}

/// Reads the one message of a call.
async fn message(
    ingestion: &Ingestion,
    parts: &Parts,
    body: Body,
    bytes_max: impl FnOnce(&mut GatewayLimits),
) -> Result<(Received, PublicKey, ReadBody), ApiError> {
    let (sender, body) = authenticate(ingestion, parts, body).await?;
    let mut limits = ingestion.limits.clone();
    bytes_max(&mut limits);
    let turn = ingestion.turn(Party::Key(sender.key));
    match frame::one(&parts.headers, body, &limits, sender.reservation, turn).await {
        Ok(read) => Ok((sender.item, sender.key, read)),
        Err(error) => {
            sender.item.refused(&error);
            Err(error)
        }
    }
}

async fn send_error(ingestion: &Ingestion, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let one_event = |limits: &mut GatewayLimits| {
        let max = limits.event_bytes_max + frame::MESSAGE_BYTES_MORE;
        limits.received_bytes_max = limits.received_bytes_max.min(max);
        limits.decompressed_bytes_max = limits.decompressed_bytes_max.min(max);
    };
    let (item, key, read) = message(ingestion, &parts, body, one_event).await?;
    let stored = store(ingestion, &parts, item, key, read, 1).await?;
    let id = stored
        .results
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(Invalid::field("event", "is required").into()))?;
    let answer = SendErrorResponse { id: id.to_string() };
    Ok(frame::answer(&answer.encode_to_vec()))
}

async fn send_errors(ingestion: &Ingestion, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    // Protobuf is not wordy: what is received is large enough decompressed, too.
    let as_received = |limits: &mut GatewayLimits| {
        limits.decompressed_bytes_max =
            limits.decompressed_bytes_max.min(limits.received_bytes_max);
    };
    let (item, key, read) = message(ingestion, &parts, body, as_received).await?;
    let events_max = ingestion.limits.batch_events_max;
    let stored = store(ingestion, &parts, item, key, read, events_max).await?;
    Ok(answer(stored))
}

/// Stores the events of a message; an answer for each. None at all is an answer of
/// `SendErrors`, and a mistake of `SendError`, whose one event is required.
async fn store(
    ingestion: &Ingestion,
    parts: &Parts,
    item: Received,
    key: PublicKey,
    read: ReadBody,
    events_max: usize,
) -> Result<StoredBatch, ApiError> {
    let origin = Origin::new(ingestion, item.project(), &parts.extensions, &parts.headers);
    let desk = Desk::new(ingestion, Party::Key(key), read.reservation, &read.bytes);
    let bytes = read.bytes;
    let scan = move || event_intake::NativeBatch::scan_message(bytes, events_max);
    let scanned = desk.run(ingestion, scan).await;
    let scanned = scanned.and_then(|scanned| {
        let batch = scanned?;
        if events_max == 1 && batch.count() == 0 {
            return Err(Invalid::field("event", "is required").into());
        }
        Ok(batch)
    });
    match scanned {
        Ok(batch) => native::store_batch_of(ingestion, &desk, &origin, item, batch).await,
        Err(error) => {
            item.refused(&error);
            Err(error)
        }
    }
}

async fn stream_errors(ingestion: &Ingestion, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let (sender, body) = authenticate(ingestion, &parts, body).await?;
    let origin = Origin::new(
        ingestion,
        sender.item.project(),
        &parts.extensions,
        &parts.headers,
    );
    let party = Party::Key(sender.key);
    let mut stream = Stream {
        ingestion,
        origin,
        party,
        fates: Fates::new(sender.item),
        chunk: Vec::new(),
        chunk_bytes: 0,
        reservation: sender.reservation.clone(),
        results: Vec::new(),
        received: 0,
    };
    let limits = &ingestion.limits;
    let mut messages = Messages::new(parts.headers, body, limits, sender.reservation);
    if let Err(error) = stream.reservation.grow(STREAM_BYTES) {
        return Err(stream.refuse(error).await);
    }
    loop {
        let next = messages.next(ingestion.turn(party)).await;
        match next {
            Ok(Next::Message(message)) => {
                if let Err(error) = stream.take(message).await {
                    return Err(stream.refuse(error).await);
                }
            }
            Ok(Next::Pause) => stream.flush().await,
            Ok(Next::End) => {
                let results = stream.end().await;
                return Ok(answer(StoredBatch {
                    results,
                    discarded_error: None,
                }));
            }
            // What came before is stored all the same: it has ids to repeat.
            Err(error) => return Err(stream.refuse(error).await),
        }
    }
}

/// A stream's events on their way. A stream takes no turn while it waits: what it
/// holds is in the account, byte by byte, and it ends in time.
struct Stream<'a> {
    ingestion: &'a Ingestion,
    origin: Origin,
    party: Party,
    fates: Fates,
    chunk: Vec<(Received, ReadBody)>,
    chunk_bytes: usize,
    reservation: Reservation,
    results: Vec<Result<EventId, ApiError>>,
    received: usize,
}

impl Stream<'_> {
    async fn take(&mut self, message: ReadBody) -> Result<(), ApiError> {
        let events_max = self.ingestion.limits.stream_events_max;
        if self.received == events_max {
            return Err(ApiError::at(
                ErrorCode::TooLarge,
                "stream",
                format!("more than {events_max} events"),
            ));
        }
        self.reservation.grow(RESULT_BYTES)?;
        self.received += 1;
        self.chunk_bytes += message.bytes.len();
        let guard = self.fates.next(CATEGORY, 1);
        self.chunk.push((guard, message));
        if self.chunk.len() >= CHUNK_EVENTS || self.chunk_bytes >= CHUNK_BYTES {
            self.flush().await;
        }
        Ok(())
    }

    /// The event that ends a stream with an error is counted with it.
    async fn refuse(mut self, error: ApiError) -> ApiError {
        self.fates.next(CATEGORY, 1).refused(&error);
        self.end().await;
        error
    }

    /// Reads and stores what is there.
    async fn flush(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        let bytes = std::mem::take(&mut self.chunk_bytes);
        if chunk.is_empty() {
            return;
        }
        let (guards, messages): (Vec<_>, Vec<_>) = chunk.into_iter().unzip();
        let origin = self.origin.clone();
        let work = move || -> Vec<_> {
            let read = |message: ReadBody| {
                let event = one_event(message.bytes, &origin)?;
                Ok(origin.prepare(&event))
            };
            messages.into_iter().map(read).collect()
        };
        let read = if bytes < OFF_THREAD_BYTES_MIN {
            Ok(work())
        } else {
            let weight = body::Weight::of(bytes);
            self.ingestion
                .bodies
                .pool
                .run(self.party, weight, work)
                .await
        };
        match read {
            Ok(read) => {
                let items = guards.into_iter().zip(read).collect();
                let stored = native::store_each(self.ingestion, items).await;
                self.results.extend(stored);
            }
            Err(error) => {
                for guard in guards {
                    guard.refused(&error);
                    self.results.push(Err(error.clone()));
                }
            }
        }
    }

    async fn end(mut self) -> Vec<Result<EventId, ApiError>> {
        self.flush().await;
        self.fates.empty();
        self.results
    }
}

/// The event of a `SendErrorRequest`.
fn one_event(message: bytes::Bytes, origin: &Origin) -> Result<event_intake::ReadEvent, Invalid> {
    let mut batch = event_intake::NativeBatch::scan_message(message, 1)?;
    let event = batch.next_event(&origin.context());
    event.unwrap_or_else(|| Err(Invalid::field("event", "is required")))
}

fn answer(stored: StoredBatch) -> Response {
    let results = stored
        .results
        .into_iter()
        .map(|result| SendResult {
            result: Some(match result {
                Ok(id) => send_result::Result::Id(id.to_string()),
                Err(error) => send_result::Result::Error(problem(&error)),
            }),
        })
        .collect();
    let answer = SendErrorsResponse {
        results,
        discarded_events_error: stored.discarded_error.as_ref().map(problem),
    };
    frame::answer(&answer.encode_to_vec())
}

fn problem(error: &ApiError) -> SendProblem {
    SendProblem {
        code: error.code.word().to_owned(),
        message: error.message.clone(),
        field: error.field.clone(),
    }
}
