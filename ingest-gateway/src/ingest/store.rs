//! What was read goes to the log: duplicates are told, what is left is appended, or only
//! counted if it is the surplus of a spike, and answered once it is durable.
//!
//! Invariant: a client that goes away does not stop an append: its item gets its fate all
//! the same. A log that failed for good is said once, to whoever ends the process.

mod notes;
mod to_the_end;

use std::{sync::Arc, time::Duration};

use event_log::{AppendError, CommitError, EventTicket, Lane, LogWriter, blobs::Blobs};
use event_model::{EventId, Head, Level, ProjectId, note::Surplus};
use ground::Clock;
use tokio::sync::{Semaphore, watch};
use xxhash_rust::xxh3::xxh3_64;

pub(super) use self::notes::{Files, Storable};
use self::to_the_end::ToTheEnd;
use super::Prepared;
use crate::{
    disk::DiskRoom,
    error::{ApiError, ErrorCode},
    fate::DropReason,
    limits::{Allowance, Category, Limits, Taken},
    outcome::Received,
    recent::{Claim, First, Recent, Waiter},
    spikes::{Spikes, Verdict},
    stock::Stock,
};

/// An event that was handed to the log, or waits for its twin.
enum Pending {
    Ended(Result<EventId, ApiError>),
    Appended {
        id: EventId,
        item: Received,
        first: First,
        taken: Taken,
        ticket: EventTicket,
        /// The kind that it is kept for, if others are counted under its name.
        kept_for: Option<u64>,
    },
    Counted {
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

/// How an event goes to the log.
#[derive(Debug, Clone, Copy)]
enum Way {
    Stored,
    Counted,
}

/// Events on their way to the disk.
pub(super) struct Begun(Vec<Pending>);

impl Begun {
    /// Why the first of them is limited, if it is.
    pub(super) fn first_limited(&self) -> Option<&ApiError> {
        match self.0.first()? {
            Pending::Ended(Err(error)) if error.code == ErrorCode::Limited => Some(error),
            _ => None,
        }
    }
}

/// Where events, notes and files go: the log, the folder of files, and the memory of
/// what went there before.
#[derive(Debug)]
pub(crate) struct Store {
    log: LogWriter,
    recent: Arc<Recent>,
    spikes: Arc<Spikes>,
    blobs: Blobs,
    blob_writes: Semaphore,
    /// How much is kept in files.
    stock: Arc<Stock>,
    /// Whether there is room for anything.
    disk: Arc<DiskRoom>,
    /// Who may store how much.
    limits: Arc<Limits>,
    durable_timeout: Duration,
    clock: Clock,
    /// Set once the log failed for good.
    failed: watch::Sender<bool>,
}

impl Store {
    pub(crate) fn new(
        log: LogWriter,
        (recent, spikes): (Arc<Recent>, Arc<Spikes>),
        blobs: Blobs,
        (stock, disk, limits): (Arc<Stock>, Arc<DiskRoom>, Arc<Limits>),
        (durable_timeout, clock): (Duration, Clock),
    ) -> Self {
        Self {
            log,
            recent,
            spikes,
            blobs,
            blob_writes: Semaphore::new(notes::BLOB_WRITES_MAX),
            stock,
            disk,
            limits,
            durable_timeout,
            clock,
            failed: watch::Sender::new(false),
        }
    }

    /// Refuses while the disk has no room.
    pub(super) fn check_room(&self) -> Result<(), ApiError> {
        self.disk.check()
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
        self.finish(self.begin(events)).await
    }

    /// Hands events of one sender to the log, in order.
    pub(super) fn begin(&self, events: Vec<(Received, Prepared)>) -> Begun {
        let Some((first, _)) = events.first() else {
            return Begun(Vec::new());
        };
        let allowance = self.limits.allowance(first.project(), first.key());
        let events = events.into_iter();
        Begun(
            events
                .map(|(item, event)| self.append(item, event, allowance))
                .collect(),
        )
    }

    /// How they ended, once all are durable, refused or passed over.
    pub(super) async fn finish(
        self: &Arc<Self>,
        Begun(pending): Begun,
    ) -> Vec<Result<EventId, ApiError>> {
        if pending.is_empty() {
            return Vec::new();
        }
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
        let ending = ToTheEnd::of(ending);
        let error = match tokio::time::timeout(self.durable_timeout, ending).await {
            Ok(Some(ended)) => return ended,
            Ok(None) => {
                tracing::error!("waiting for the log panicked");
                ApiError::new(ErrorCode::Internal, "it may not be stored")
            }
            Err(_) => ApiError::new(ErrorCode::Overloaded, "the log did not answer in time"),
        };
        vec![Err(error); count]
    }

    fn append(&self, mut item: Received, event: Prepared, allowance: Allowance) -> Pending {
        item.set_event(event.id, &event.sdk);
        let (id, project) = (event.id, event.project);
        if let Some(reason) = event.unwanted {
            item.dropped(DropReason::Filtered(reason));
            return Pending::Ended(Ok(id));
        }
        let received_ns = event.head.received_ns;
        // Before it is known whether it was here already: what is limited is not remembered,
        // and can come again.
        let taken = match self.limits.take(allowance, Category::Error, received_ns) {
            Ok(taken) => taken,
            Err(error) => {
                item.refused(&error);
                return Pending::Ended(Err(error));
            }
        };
        let first = match self.recent.claim(project, id) {
            Claim::First(first) => first,
            Claim::Stored => {
                self.limits.give_back(taken);
                item.dropped(DropReason::Duplicate);
                return Pending::Ended(Ok(id));
            }
            Claim::OnTheWay(waiter) => {
                self.limits.give_back(taken);
                return Pending::Twin { id, item, waiter };
            }
        };
        let (ticket, kept_for) = self.judged(item.lane(), event);
        match ticket {
            Ok((ticket, Way::Counted)) => {
                // A quota is of what is stored.
                self.limits.give_back(taken);
                Pending::Counted {
                    id,
                    item,
                    first,
                    ticket,
                }
            }
            Ok((ticket, Way::Stored)) => Pending::Appended {
                id,
                item,
                first,
                taken,
                ticket,
                kept_for,
            },
            Err(error) => {
                self.limits.give_back(taken);
                if let Some(kind) = kept_for {
                    self.spikes.not_kept(project, kind);
                }
                item.refused(&error);
                first.failed(error.clone());
                Pending::Ended(Err(error))
            }
        }
    }

    /// Hands an event to the log as spike protection has it; for which kind it is kept, if
    /// others are to be counted under its name.
    fn judged(
        &self,
        lane: Lane,
        mut event: Prepared,
    ) -> (Result<(EventTicket, Way), ApiError>, Option<u64>) {
        let verdict = if event.is_protected {
            self.spikes.judge(&event.head)
        } else {
            Verdict::Keep
        };
        let refused = |error: AppendError| self.append_refused(&error);
        if let Verdict::Count { kind, sample } = verdict {
            let appended = self.disk.take(size_of::<Surplus>()).and_then(|()| {
                let surplus = surplus_of(&event.head, kind, sample);
                self.log.append_surplus(lane, surplus).map_err(refused)
            });
            return (appended.map(|ticket| (ticket, Way::Counted)), None);
        }
        let kept_for = match verdict {
            Verdict::KeepFor(kind) => Some(kind),
            _ => None,
        };
        event.head.kept_for = kept_for.unwrap_or(0);
        let appended = self.disk.take(event.body.len()).and_then(|()| {
            let ticket = self.log.append_event_of(lane, &event.head, event.body);
            ticket.map_err(refused)
        });
        (appended.map(|ticket| (ticket, Way::Stored)), kept_for)
    }

    async fn end(&self, pending: Pending) -> Result<EventId, ApiError> {
        match pending {
            Pending::Ended(result) => result,
            Pending::Appended {
                id,
                item,
                first,
                taken,
                ticket,
                kept_for,
            } => match ticket.await {
                Ok(_position) => {
                    if let Some(kind) = kept_for {
                        self.spikes.kept(item.project(), kind, id);
                    }
                    first.stored();
                    item.stored();
                    Ok(id)
                }
                Err(error) => {
                    if let Some(kind) = kept_for {
                        self.spikes.not_kept(item.project(), kind);
                    }
                    let error = self.commit_failed(&error);
                    self.limits.give_back(taken);
                    item.refused(&error);
                    first.failed(error.clone());
                    Err(error)
                }
            },
            Pending::Counted {
                id,
                item,
                first,
                ticket,
            } => match ticket.await {
                Ok(_position) => {
                    first.counted();
                    item.sampled();
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

/// What is counted of an event.
fn surplus_of(head: &Head, kind: u64, sample: EventId) -> Surplus {
    Surplus {
        project_id: ProjectId(head.project_id),
        kind,
        sample,
        received_ns: head.received_ns,
        at_ms: head.timestamp_ns.div_euclid(1_000_000),
        level: Level::from_number(head.level),
        environment: head.environment.clone(),
        release: head.release.clone(),
        user: (!head.user.is_empty()).then(|| xxh3_64(head.user.as_bytes())),
        weight: u64::from(head.weight),
    }
}
