//! `errata.v1.IngestService`.

use std::sync::Arc;

use event_model::{EventId, ProjectId};
use prost::Message;
use proto::v1::{
    Event, SendErrorRequest, SendErrorResponse, SendErrorsRequest, SendErrorsResponse, SendProblem,
    SendResult, ingest_service_server::IngestService, send_result,
};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

use super::{Origin, native};
use crate::{
    body::Reservation,
    error::{ApiError, ErrorCode},
    ingest_auth,
    journal::door,
    outcome::{DropReason, Received},
    parse::{self, Invalid, ParsedEvent},
    shared::Shared,
};

/// The category of gRPC events.
const CATEGORY: &str = "error";
/// Events of a stream that are appended together; bounds what waits for the disk.
const STREAM_CHUNK_EVENTS: usize = 256;

/// Streams at once; each may hold one message at its cap while it is put together.
const STREAMS_MAX: usize = 16;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Ingest {
    shared: Arc<Shared>,
    streams: Arc<Semaphore>,
}

/// Who sends, and from where.
struct Sender {
    item: Received,
    origin: Origin,
    reservation: Reservation,
}

impl Ingest {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    fn authenticate<T>(&self, request: &Request<T>) -> Result<Sender, ApiError> {
        let shared = &self.shared;
        let mut item = Received::new(&shared.tally, CATEGORY, ProjectId(0), 1);
        let headers = request.metadata().clone().into_headers();
        let project = shared.check_open().and_then(|()| {
            let key = ingest_auth::native_key(&headers, None)?;
            ingest_auth::project_of(&shared.state.read(), key)
        });
        match project {
            Ok(project) => {
                item.relabel(CATEGORY, project);
                Ok(Sender {
                    item,
                    origin: Origin::new(shared, project, &http_extensions(request), &headers),
                    reservation: shared.budget.reserve(),
                })
            }
            Err(error) => {
                item.refused(&error);
                Err(error)
            }
        }
    }

    fn parse(&self, origin: &Origin, event: Option<Event>) -> Result<ParsedEvent, Invalid> {
        let Some(event) = event else {
            return Err(Invalid::field("event", "is required"));
        };
        let bytes_max = self.shared.config.limits.event_bytes_max;
        if event.encoded_len() > bytes_max {
            return Err(Invalid::too_large(format!(
                "the event is larger than {bytes_max} bytes"
            )));
        }
        parse::from_proto(&event, &origin.context())
    }
}

/// The peer's address, where [`Shared::client_ip`] looks for it.
fn http_extensions<T>(request: &Request<T>) -> http::Extensions {
    type Peer = axum::extract::ConnectInfo<std::net::SocketAddr>;
    let mut extensions = http::Extensions::new();
    if let Some(peer) = request.extensions().get::<Peer>() {
        extensions.insert(*peer);
    } else if let Some(address) = request.remote_addr() {
        extensions.insert(axum::extract::ConnectInfo(address));
    }
    extensions
}

#[tonic::async_trait]
impl IngestService for Ingest {
    async fn send_error(
        &self,
        request: Request<SendErrorRequest>,
    ) -> Result<Response<SendErrorResponse>, Status> {
        let mut sender = self.authenticate(&request)?;
        let message = request.into_inner();
        if let Err(error) = sender.pay(&message) {
            sender.item.refused(&error);
            return Err(error.into());
        }
        let parsed = self.parse(&sender.origin, message.event);
        let mut results =
            native::store_results(&self.shared, &sender.origin, sender.item, vec![parsed]).await;
        let id = results
            .pop()
            .unwrap_or_else(|| Err(ApiError::new(ErrorCode::Internal, "no answer")))?;
        Ok(Response::new(SendErrorResponse { id: id.to_string() }))
    }

    async fn send_errors(
        &self,
        request: Request<SendErrorsRequest>,
    ) -> Result<Response<SendErrorsResponse>, Status> {
        let mut sender = self.authenticate(&request)?;
        let message = request.into_inner();
        let events_max = self.shared.config.limits.batch_events_max;
        let checked = sender.pay(&message).and_then(|()| {
            if message.errors.len() > events_max {
                return Err(ApiError {
                    code: ErrorCode::TooLarge,
                    ..ApiError::invalid("errors", format!("more than {events_max} events"))
                });
            }
            Ok(())
        });
        if let Err(error) = checked {
            sender.item.refused(&error);
            return Err(error.into());
        }
        let parsed = message
            .errors
            .into_iter()
            .map(|event| self.parse(&sender.origin, Some(event)))
            .collect();
        let results =
            native::store_results(&self.shared, &sender.origin, sender.item, parsed).await;
        if let Some(error) = native::whole_refusal(&results) {
            return Err(error.into());
        }
        Ok(Response::new(answer(results)))
    }

    async fn stream_errors(
        &self,
        request: Request<Streaming<SendErrorRequest>>,
    ) -> Result<Response<SendErrorsResponse>, Status> {
        let sender = self.authenticate(&request)?;
        let Ok(_turn) = self.streams.try_acquire() else {
            let error = ApiError::new(ErrorCode::Overloaded, "too many streams at once");
            sender.item.refused(&error);
            return Err(error.into());
        };
        let mut stream = request.into_inner();
        let mut intake = Intake::new(self, sender);
        loop {
            match intake.next(&mut stream).await {
                Ok(true) => {}
                Ok(false) => return Ok(Response::new(answer(intake.end().await))),
                Err(status) => {
                    // What came before is stored all the same: it has ids to repeat.
                    intake.end().await;
                    return Err(status);
                }
            }
        }
    }
}

/// A stream's events on their way.
struct Intake<'a> {
    service: &'a Ingest,
    origin: Origin,
    /// The request's own guard, until the first event takes it over.
    first: Option<Received>,
    project: ProjectId,
    chunk: Vec<(Received, Result<ParsedEvent, Invalid>)>,
    /// Pays for the chunk.
    reservation: Reservation,
    results: Vec<Result<EventId, ApiError>>,
    received: usize,
}

impl<'a> Intake<'a> {
    fn new(service: &'a Ingest, sender: Sender) -> Self {
        Self {
            service,
            origin: sender.origin,
            project: sender.item.project(),
            first: Some(sender.item),
            chunk: Vec::new(),
            reservation: sender.reservation,
            results: Vec::new(),
            received: 0,
        }
    }

    /// Takes the next event; false at the stream's end. The event that ends a stream
    /// with an error is counted with it.
    async fn next(&mut self, stream: &mut Streaming<SendErrorRequest>) -> Result<bool, Status> {
        let limits = &self.service.shared.config.limits;
        let (patience, events_max) = (limits.body_read_timeout(), limits.stream_events_max);
        let message = match tokio::time::timeout(patience, stream.message()).await {
            Ok(Ok(None)) => return Ok(false),
            Ok(Ok(Some(message))) => message,
            Ok(Err(status)) => {
                let error = door::refusal(status.code(), status.message());
                self.guard().refused(&error);
                return Err(status);
            }
            Err(_) => {
                let error = ApiError::new(ErrorCode::TimedOut, "the stream stood still");
                return Err(self.refuse(error));
            }
        };
        if self.received == events_max {
            return Err(self.refuse(ApiError {
                code: ErrorCode::TooLarge,
                ..ApiError::invalid("stream", format!("more than {events_max} events"))
            }));
        }
        self.received += 1;
        if let Err(error) = self.reservation.grow(message.encoded_len()) {
            return Err(self.refuse(error));
        }
        let parsed = self.service.parse(&self.origin, message.event);
        let guard = self.guard();
        self.chunk.push((guard, parsed));
        if self.chunk.len() >= STREAM_CHUNK_EVENTS {
            self.flush().await;
        }
        Ok(true)
    }

    /// The next event's guard: the request's own for the first.
    fn guard(&mut self) -> Received {
        let tally = &self.service.shared.tally;
        let first = self.first.take();
        first.unwrap_or_else(|| Received::new(tally, CATEGORY, self.project, 1))
    }

    fn refuse(&mut self, error: ApiError) -> Status {
        self.guard().refused(&error);
        error.into()
    }

    async fn flush(&mut self) {
        let shared = &self.service.shared;
        let chunk = std::mem::take(&mut self.chunk);
        let stored = native::store_each(shared, &self.origin, chunk).await;
        self.results.extend(stored);
        self.reservation = shared.budget.reserve();
    }

    async fn end(mut self) -> Vec<Result<EventId, ApiError>> {
        self.flush().await;
        if let Some(unused) = self.first {
            unused.dropped(DropReason::Empty);
        }
        self.results
    }
}

impl Sender {
    /// Pays for the message from the memory budget.
    fn pay(&mut self, message: &impl Message) -> Result<(), ApiError> {
        self.reservation.grow(message.encoded_len())
    }
}

fn answer(results: Vec<Result<EventId, ApiError>>) -> SendErrorsResponse {
    let results = results
        .into_iter()
        .map(|result| SendResult {
            result: Some(match result {
                Ok(id) => send_result::Result::Id(id.to_string()),
                Err(error) => send_result::Result::Error(SendProblem {
                    code: error.code.word().to_owned(),
                    message: error.message,
                    field: error.field,
                }),
            }),
        })
        .collect();
    SendErrorsResponse { results }
}
