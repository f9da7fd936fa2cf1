//! What was read goes to the log: duplicates are told, appended is what is left, and
//! answered once it is durable.
//!
//! Invariant: a client that goes away does not stop an append: its item gets its fate all
//! the same. A log that failed for good is said once, to whoever ends the process.

mod notes;

use std::{sync::Arc, time::Duration};

use event_log::{AppendError, CommitError, EventTicket, LogWriter, blobs::Blobs};
use event_model::EventId;
use ground::Clock;
use tokio::sync::{Semaphore, watch};

pub(super) use self::notes::{Files, Storable};
use super::Prepared;
use crate::{
    error::{ApiError, ErrorCode},
    fate::DropReason,
    outcome::Received,
    recent::{Claim, First, Recent, Waiter},
    stock::Stock,
};

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

/// Where events, notes and files go: the log, the folder of files, and the memory of
/// what went there before.
#[derive(Debug)]
pub(crate) struct Store {
    log: LogWriter,
    recent: Arc<Recent>,
    blobs: Blobs,
    blob_writes: Semaphore,
    /// How much is kept in files.
    stock: Arc<Stock>,
    durable_timeout: Duration,
    clock: Clock,
    /// Set once the log failed for good.
    failed: watch::Sender<bool>,
}

impl Store {
    pub(crate) fn new(
        log: LogWriter,
        recent: Arc<Recent>,
        blobs: Blobs,
        stock: Arc<Stock>,
        (durable_timeout, clock): (Duration, Clock),
    ) -> Self {
        Self {
            log,
            recent,
            blobs,
            blob_writes: Semaphore::new(notes::BLOB_WRITES_MAX),
            stock,
            durable_timeout,
            clock,
            failed: watch::Sender::new(false),
        }
    }

    /// Completes when the log has failed for good.
    pub(crate) async fn failed(&self) {
        let mut failed = self.failed.subscribe();
        // The sender lives as long as this.
        let _ = failed.wait_for(|failed| *failed).await;
    }

    /// Stores events of one sender, in order, but for those that the project's owners
    /// do not want; the answers come once all are durable, refused or passed over.
    pub(super) async fn events(
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
        let (count, store) = (pending.len(), Arc::clone(self));
        let ending = async move {
            let mut ended = Vec::with_capacity(pending.len());
            for one in pending {
                ended.push(store.end(one).await);
            }
            ended
        };
        self.acknowledge(count, ending).await
    }

    /// How so many items ended, which are all on their way to the disk; the one place that
    /// knows how long an answer waits for that (`limits.durable_timeout_ms`). Then nothing
    /// is promised and nothing is undone: the client is asked to come again, and the items
    /// get their fate when they have it.
    async fn acknowledge<T: Clone + Send + 'static>(
        &self,
        count: usize,
        ending: impl Future<Output = Vec<Result<T, ApiError>>> + Send + 'static,
    ) -> Vec<Result<T, ApiError>> {
        // A task of its own: if the client goes away, the ids and counts are kept.
        let ending = tokio::spawn(ending);
        let error = match tokio::time::timeout(self.durable_timeout, ending).await {
            Ok(Ok(ended)) => return ended,
            Ok(Err(error)) => {
                tracing::error!(%error, "waiting for the log panicked");
                ApiError::new(ErrorCode::Internal, "it may not be stored")
            }
            Err(_) => ApiError::new(ErrorCode::Overloaded, "the log did not answer in time"),
        };
        vec![Err(error); count]
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

    fn append_refused(&self, error: &AppendError) -> ApiError {
        match error {
            AppendError::TooLarge { .. } => ApiError::new(ErrorCode::TooLarge, error.to_string()),
            AppendError::Poisoned => self.log_failed(error),
            AppendError::Overloaded { .. } | AppendError::NoSpace | AppendError::Closed => {
                ApiError::new(ErrorCode::Overloaded, error.to_string())
            }
        }
    }

    fn commit_failed(&self, error: &CommitError) -> ApiError {
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
