//! The fate of every received item: exactly one, recorded through a guard that
//! exposes a forgotten one.
//!
//! Invariant: received = stored + dropped + in flight, in [`Tally`] and in the
//! metrics, at any time. A request whose items are not known yet (or never: no
//! authentication, an unreadable body) counts as one item.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use event_model::ProjectId;
use tokio::sync::Notify;

use crate::{error::ErrorCode, telemetry};

/// Why an item was not stored. A reason for each is promised in DESIGN.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Malformed.
    Invalid,
    /// Beyond a size limit.
    TooLarge,
    /// Stored before under the same id.
    Duplicate,
    /// A type that Errata does not keep.
    TypeNotStored,
    /// An envelope without items.
    Empty,
    /// No or malformed authentication.
    Unauthenticated,
    /// Unknown or disabled key, another project's key.
    Forbidden,
    /// No such project.
    UnknownProject,
    /// Rate limits and quotas.
    Limited,
    /// No memory, no space, no room in the queue, shutting down.
    Overloaded,
    /// The body did not come in time or the client went away.
    Aborted,
    /// A fault of ours: the guard was dropped without a fate.
    Internal,
}

impl DropReason {
    /// The label's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Duplicate => "duplicate",
            Self::TypeNotStored => "type_not_stored",
            Self::Empty => "empty",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::UnknownProject => "unknown_project",
            Self::Limited => "limited",
            Self::Overloaded => "overloaded",
            Self::Aborted => "aborted",
            Self::Internal => "internal",
        }
    }
}

impl From<ErrorCode> for DropReason {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Invalid
            | ErrorCode::Conflict
            | ErrorCode::MethodNotAllowed
            | ErrorCode::UnsupportedEncoding => Self::Invalid,
            ErrorCode::Unauthenticated => Self::Unauthenticated,
            ErrorCode::Forbidden => Self::Forbidden,
            ErrorCode::NotFound => Self::UnknownProject,
            ErrorCode::TimedOut => Self::Aborted,
            ErrorCode::TooLarge => Self::TooLarge,
            ErrorCode::Limited => Self::Limited,
            ErrorCode::Overloaded => Self::Overloaded,
            ErrorCode::Internal => Self::Internal,
        }
    }
}

/// Counts of all items since the start.
#[derive(Debug, Default)]
pub struct Tally {
    received: AtomicU64,
    stored: AtomicU64,
    dropped: AtomicU64,
    in_flight: AtomicU64,
    idle: Notify,
}

/// A look at a [`Tally`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TallySnapshot {
    /// Items that came.
    pub received: u64,
    /// Items stored, durable.
    pub stored: u64,
    /// Items not stored, for a named reason.
    pub dropped: u64,
    /// Items without a fate yet.
    pub in_flight: u64,
}

impl Tally {
    /// The counts now. Exact when nothing moves.
    pub fn snapshot(&self) -> TallySnapshot {
        TallySnapshot {
            received: self.received.load(Ordering::SeqCst),
            stored: self.stored.load(Ordering::SeqCst),
            dropped: self.dropped.load(Ordering::SeqCst),
            in_flight: self.in_flight.load(Ordering::SeqCst),
        }
    }

    /// Waits until no item is in flight.
    pub async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// One received item (or several alike) without a fate yet.
#[derive(Debug)]
#[must_use = "an item needs a fate"]
pub struct Received {
    tally: Arc<Tally>,
    category: &'static str,
    project: ProjectId,
    quantity: u64,
    open: bool,
}

impl Received {
    /// An item came. `project` 0 while it is unknown.
    pub fn new(
        tally: &Arc<Tally>,
        category: &'static str,
        project: ProjectId,
        quantity: u64,
    ) -> Self {
        tally.received.fetch_add(quantity, Ordering::SeqCst);
        tally.in_flight.fetch_add(quantity, Ordering::SeqCst);
        telemetry::item_received(quantity);
        Self {
            tally: Arc::clone(tally),
            category,
            project,
            quantity,
            open: true,
        }
    }

    /// Says what it is, once that is known.
    pub fn relabel(&mut self, category: &'static str, project: ProjectId) {
        self.category = category;
        self.project = project;
    }

    /// Corrects the number, once that is known (at least 1).
    pub fn set_quantity(&mut self, quantity: u64) {
        let quantity = quantity.max(1);
        if let Some(more) = quantity.checked_sub(self.quantity).filter(|more| *more > 0) {
            self.tally.received.fetch_add(more, Ordering::SeqCst);
            self.tally.in_flight.fetch_add(more, Ordering::SeqCst);
            telemetry::item_received(more);
            self.quantity = quantity;
        }
    }

    /// The project it belongs to.
    pub fn project(&self) -> ProjectId {
        self.project
    }

    /// One more item of the same tally.
    pub fn another(&self, category: &'static str, quantity: u64) -> Self {
        Self::new(&self.tally, category, self.project, quantity.max(1))
    }

    /// It is on disk.
    pub fn stored(mut self) {
        self.close(None);
    }

    /// It is not, and why.
    pub fn dropped(mut self, reason: DropReason) {
        self.close(Some(reason));
    }

    fn close(&mut self, reason: Option<DropReason>) {
        self.open = false;
        let total = if reason.is_none() {
            &self.tally.stored
        } else {
            &self.tally.dropped
        };
        total.fetch_add(self.quantity, Ordering::SeqCst);
        telemetry::item_ended(
            reason.map(DropReason::name),
            self.category,
            self.project,
            self.quantity,
        );
        let before = self
            .tally
            .in_flight
            .fetch_sub(self.quantity, Ordering::SeqCst);
        if before == self.quantity {
            self.tally.idle.notify_waiters();
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // A client that goes away drops the request's future before its items have
        // a fate; anything else here is a forgotten one.
        tracing::debug!(category = self.category, "item ended without a fate");
        self.close(Some(if std::thread::panicking() {
            DropReason::Internal
        } else {
            DropReason::Aborted
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_item_still_gets_a_fate() {
        let tally = Arc::new(Tally::default());
        let item = Received::new(&tally, "error", ProjectId(1), 1);
        let others = item.another("transaction", 3);
        assert_eq!(
            tally.snapshot(),
            TallySnapshot {
                received: 4,
                stored: 0,
                dropped: 0,
                in_flight: 4
            }
        );
        item.stored();
        drop(others);
        assert_eq!(
            tally.snapshot(),
            TallySnapshot {
                received: 4,
                stored: 1,
                dropped: 3,
                in_flight: 0
            }
        );
    }
}
