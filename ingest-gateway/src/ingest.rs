//! Events on their way in: what the native, the Sentry and the gRPC doors share.
//!
//! The path of an event: key → body (capped, decompressed) → parse and scrub, a piece
//! of the request at a time ([`piece`]) → duplicate? → append → durable → answer. Invariant: an answer of success is given
//! only after the event, or the one it repeats, is durable. A client that goes away
//! does not stop an append: its item gets its fate all the same.

pub(crate) mod cors;
mod frame;
pub(crate) mod grpc;
pub(crate) mod native;
pub(crate) mod notes;
pub(crate) mod otlp;
pub(crate) mod piece;
pub(crate) mod sentry;
pub(crate) mod watch;

use std::{net::IpAddr, sync::Arc};

use event_intake::{Invalid, InvalidReason, ParsedEvent, filter::FilterReason};
use event_log::{AppendError, CommitError, EventTicket};
use event_model::{EventId, Head, ProjectId};

use crate::{
    arrivals::sdk_of,
    clock::now_ns,
    error::{ApiError, ErrorCode},
    fate::DropReason,
    outcome::Received,
    policy::Policy,
    recent::{Claim, First, Waiter},
    shared::Shared,
};

/// Attachments may be so many times as large as what was received, beyond the first
/// [`FILE_BYTES_FREE`]: what shrinks by more is no file that anybody needs.
const FILE_RATIO_MAX: usize = 50;
/// Attachments may be so large whatever was received, bytes.
const FILE_BYTES_FREE: usize = 1 << 20;

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let code = match invalid.reason {
            InvalidReason::Malformed | InvalidReason::Field => ErrorCode::Invalid,
            InvalidReason::TooLarge => ErrorCode::TooLarge,
        };
        Self::at(code, invalid.field, invalid.message)
    }
}

/// [`event_intake::Context`], owned, so that it can go to another thread.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    project_id: ProjectId,
    received_ns: i64,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
    limits: Arc<event_intake::Limits>,
    policy: Arc<Policy>,
}

impl Origin {
    pub(crate) fn new(
        shared: &Shared,
        project_id: ProjectId,
        extensions: &http::Extensions,
        headers: &http::HeaderMap,
    ) -> Self {
        let agent = headers.get(http::header::USER_AGENT);
        Self {
            project_id,
            received_ns: now_ns(),
            client_ip: shared.client_ip(extensions, headers),
            user_agent: agent.and_then(|text| text.to_str().ok().map(str::to_owned)),
            limits: Arc::clone(&shared.parse_limits),
            policy: shared.policies.of(project_id, &shared.state.read()),
        }
    }

    /// The same for a body that was received as so many bytes: its files may not be
    /// much larger.
    pub(crate) fn received(mut self, bytes: usize) -> Self {
        let max = bytes
            .saturating_mul(FILE_RATIO_MAX)
            .saturating_add(FILE_BYTES_FREE);
        if max < self.limits.attachments_bytes_max {
            Arc::make_mut(&mut self.limits).attachments_bytes_max = max;
        }
        self
    }

    /// An event as it goes to the log. What was read of it is a good deal larger than
    /// this, so it is made where the event was read, one at a time.
    pub(crate) fn prepare(&self, parsed: &ParsedEvent) -> Prepared {
        let head = Head::of(&parsed.event, parsed.size_bytes);
        let unwanted = self.policy.unwanted(&parsed.event, &head, self.client_ip);
        let body = match unwanted {
            None => parsed.event.to_json(parsed.size_bytes as usize),
            Some(_) => Vec::new(),
        };
        Prepared {
            id: parsed.event.id,
            project: parsed.event.project_id,
            sdk: sdk_of(&parsed.event),
            head: Box::new(head),
            body,
            unwanted,
        }
    }

    pub(crate) fn context(&self) -> event_intake::Context<'_> {
        event_intake::Context {
            project_id: self.project_id,
            received_ns: self.received_ns,
            client_ip: self.client_ip,
            user_agent: self.user_agent.as_deref(),
            limits: &self.limits,
            scrub: &self.policy.rules,
        }
    }
}

/// An event that is ready for the log.
#[derive(Debug)]
pub(crate) struct Prepared {
    id: EventId,
    project: ProjectId,
    sdk: String,
    head: Box<Head>,
    body: Vec<u8>,
    /// Why the project's filters turn it away, if they do.
    unwanted: Option<FilterReason>,
}

impl Prepared {
    /// Why the project's filters turn it away, if they do.
    pub(crate) fn unwanted(&self) -> Option<FilterReason> {
        self.unwanted
    }

    /// Roughly what it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + size_of::<Self>()
    }
}

/// An event that was handed to the log, or waits for its twin.
enum Pending {
    Ended(Result<EventId, ApiError>),
    Appended {
        id: EventId,
        item: Received,
        first: First,
        ticket: EventTicket,
    },
    Twin {
        id: EventId,
        item: Received,
        waiter: Waiter,
    },
}

impl Shared {
    /// Stores events of one sender, in order, but for those that the project's owners
    /// do not want; the answers come once all are durable, refused or passed over.
    pub(crate) async fn store(
        self: &Arc<Self>,
        events: Vec<(Received, Prepared)>,
    ) -> Vec<Result<EventId, ApiError>> {
        if events.is_empty() {
            return Vec::new();
        }
        let pending: Vec<Pending> = events
            .into_iter()
            .map(|(item, event)| self.append(item, event))
            .collect();
        let count = pending.len();
        let shared = Arc::clone(self);
        // A task of its own: if the client goes away, the ids and counts are kept.
        let ending = tokio::spawn(async move {
            let mut ended = Vec::with_capacity(pending.len());
            for one in pending {
                ended.push(shared.end(one).await);
            }
            ended
        });
        match tokio::time::timeout(self.config.limits.durable_timeout(), ending).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => {
                tracing::error!(%error, "waiting for the log panicked");
                vec![
                    Err(ApiError::new(
                        ErrorCode::Internal,
                        "the event may not be stored"
                    ));
                    count
                ]
            }
            Err(_) => {
                let late = ApiError::new(ErrorCode::Overloaded, "the log did not answer in time");
                vec![Err(late); count]
            }
        }
    }

    fn append(&self, mut item: Received, event: Prepared) -> Pending {
        item.set_event(event.id, &event.sdk);
        let (id, project) = (event.id, event.project);
        if let Some(reason) = event.unwanted {
            item.dropped(DropReason::Filtered(reason));
            return Pending::Ended(Ok(id));
        }
        let first = match self.recent.claim(project, id) {
            Claim::First(first) => first,
            Claim::Stored => {
                item.dropped(DropReason::Duplicate);
                return Pending::Ended(Ok(id));
            }
            Claim::OnTheWay(waiter) => return Pending::Twin { id, item, waiter },
        };
        let ticket = self.log.append_event(&event.head, event.body);
        match ticket.map_err(|error| self.append_refused(&error)) {
            Ok(ticket) => Pending::Appended {
                id,
                item,
                first,
                ticket,
            },
            Err(error) => {
                item.refused(&error);
                first.failed(error.clone());
                Pending::Ended(Err(error))
            }
        }
    }

    async fn end(&self, pending: Pending) -> Result<EventId, ApiError> {
        match pending {
            Pending::Ended(result) => result,
            Pending::Appended {
                id,
                item,
                first,
                ticket,
            } => match ticket.await {
                Ok(_position) => {
                    first.stored();
                    item.stored();
                    Ok(id)
                }
                Err(error) => {
                    let error = self.commit_failed(&error);
                    item.refused(&error);
                    first.failed(error.clone());
                    Err(error)
                }
            },
            Pending::Twin { id, item, waiter } => match waiter.fate().await {
                Ok(()) => {
                    item.dropped(DropReason::Duplicate);
                    Ok(id)
                }
                Err(error) => {
                    item.refused(&error);
                    Err(error)
                }
            },
        }
    }

    pub(crate) fn append_refused(&self, error: &AppendError) -> ApiError {
        match error {
            AppendError::TooLarge { .. } => ApiError::new(ErrorCode::TooLarge, error.to_string()),
            AppendError::Poisoned => self.log_failed(error),
            AppendError::Overloaded { .. } | AppendError::NoSpace | AppendError::Closed => {
                ApiError::new(ErrorCode::Overloaded, error.to_string())
            }
        }
    }

    pub(crate) fn commit_failed(&self, error: &CommitError) -> ApiError {
        match error {
            CommitError::Poisoned | CommitError::OutcomeUnknown => self.log_failed(error),
            CommitError::TooLarge(_) => ApiError::new(ErrorCode::TooLarge, error.to_string()),
            CommitError::NoSpace | CommitError::Overloaded | CommitError::Closed => {
                ApiError::new(ErrorCode::Overloaded, error.to_string())
            }
        }
    }

    /// The log is of no more use to this process: the binary ends it.
    fn log_failed(&self, error: &dyn std::error::Error) -> ApiError {
        tracing::error!(%error, "the log failed, the process has to end");
        self.failed.send_replace(true);
        ApiError::new(ErrorCode::Overloaded, error.to_string())
    }
}
