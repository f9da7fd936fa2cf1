//! The fate of every received item: exactly one, recorded through a guard that
//! exposes a forgotten one.
//!
//! Invariant: received = stored + sampled + dropped + in flight, in [`Tally`] and in every
//! scrape of the metrics, at any time: an item's two steps are counted under the
//! same lock ([`Stripe`]), and a look takes each stripe as a whole. A request whose
//! items are not known yet (or never: no authentication, an unreadable body) counts
//! as one item.
//!
//! Each fate is also noted in the [`Arrivals`], for "where is my event?".

pub(crate) mod fates;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use event_log::Lane;
use event_model::{EventId, ProjectId, PublicKey};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    arrivals::{Arrival, Arrivals, Detail},
    error::ApiError,
    fate::{DropReason, Series},
};

/// Locks are held for one addition; 16 keep two cores from meeting.
const STRIPES: usize = 16;

/// A part of all counts, sound in itself: received = Σ ended + in flight.
#[derive(Debug, Default)]
struct Stripe {
    received: u64,
    in_flight: u64,
    ended: HashMap<Series, u64>,
}

/// Counts of all items since the start, and the newest fates by arrival.
#[derive(Debug, Default)]
pub struct Tally {
    stripes: [Mutex<Stripe>; STRIPES],
    next: AtomicUsize,
    in_flight: AtomicU64,
    idle: Notify,
    arrivals: Arrivals,
}

/// A look at a [`Tally`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TallySnapshot {
    /// Items that came.
    pub received: u64,
    /// Items stored, durable.
    pub stored: u64,
    /// Items only counted, by a durable record.
    pub sampled: u64,
    /// Items not stored, for a named reason.
    pub dropped: u64,
    /// Items without a fate yet.
    pub in_flight: u64,
}

/// A [`TallySnapshot`] in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items that came.
    pub received: u64,
    /// Items without a fate yet.
    pub in_flight: u64,
    /// Items with a fate: received = Σ ended + in flight.
    pub ended: HashMap<Series, u64>,
}

impl Tally {
    /// The counts now; exact also while items come and go.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for stripe in &self.stripes {
            let stripe = stripe.lock();
            counts.received += stripe.received;
            counts.in_flight += stripe.in_flight;
            for (series, quantity) in &stripe.ended {
                *counts.ended.entry(*series).or_default() += quantity;
            }
        }
        counts
    }

    /// The sums of [`Tally::counts`].
    pub fn snapshot(&self) -> TallySnapshot {
        let counts = self.counts();
        let mut snapshot = TallySnapshot {
            received: counts.received,
            stored: 0,
            sampled: 0,
            dropped: 0,
            in_flight: counts.in_flight,
        };
        for (series, quantity) in counts.ended {
            match series.reason {
                None => snapshot.stored += quantity,
                Some(DropReason::Sampled) => snapshot.sampled += quantity,
                Some(_) => snapshot.dropped += quantity,
            }
        }
        snapshot
    }

    /// The newest fates.
    pub(crate) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
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

    fn stripe(&self, number: usize) -> &Mutex<Stripe> {
        &self.stripes[number % STRIPES]
    }

    fn begin(&self, stripe: usize, quantity: u64) {
        self.in_flight.fetch_add(quantity, Ordering::SeqCst);
        let mut stripe = self.stripe(stripe).lock();
        stripe.received += quantity;
        stripe.in_flight += quantity;
    }

    fn end(&self, stripe: usize, series: Series, quantity: u64) {
        {
            let mut stripe = self.stripe(stripe).lock();
            stripe.in_flight -= quantity;
            *stripe.ended.entry(series).or_default() += quantity;
        }
        let before = self.in_flight.fetch_sub(quantity, Ordering::SeqCst);
        if before == quantity {
            self.idle.notify_waiters();
        }
    }
}

/// One received item (or several alike) without a fate yet.
#[derive(Debug)]
#[must_use = "an item needs a fate"]
pub struct Received {
    tally: Arc<Tally>,
    stripe: usize,
    category: &'static str,
    project: ProjectId,
    quantity: u64,
    open: bool,
    arrival: Arc<Arrival>,
    detail: Option<Box<Detail>>,
}

impl Received {
    /// An item came, in the request that this task works on. `project` 0 while it is
    /// unknown.
    pub fn new(
        tally: &Arc<Tally>,
        category: &'static str,
        project: ProjectId,
        quantity: u64,
    ) -> Self {
        Self::of(tally, Arrival::current(), category, project, quantity)
    }

    /// An item of this request came.
    pub(crate) fn of(
        tally: &Arc<Tally>,
        arrival: Arc<Arrival>,
        category: &'static str,
        project: ProjectId,
        quantity: u64,
    ) -> Self {
        let stripe = tally.next.fetch_add(1, Ordering::Relaxed);
        tally.begin(stripe, quantity);
        arrival.count_item();
        Self {
            tally: Arc::clone(tally),
            stripe,
            category,
            project,
            quantity,
            open: true,
            arrival,
            detail: None,
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
            self.tally.begin(self.stripe, more);
            self.quantity = quantity;
        }
    }

    /// Notes the item type as the client named it, for the list of arrivals.
    pub fn set_kind(&mut self, kind: &str) {
        self.detail().set_kind(kind);
    }

    /// Notes which event it is and, unless the request says so, which SDK made it:
    /// for the list of arrivals.
    pub fn set_event(&mut self, id: EventId, sdk: &str) {
        let by_request = self.arrival.names_sdk();
        let detail = self.detail();
        detail.event_id = Some(id);
        if !by_request {
            detail.set_sdk(sdk);
        }
    }

    /// The project it belongs to.
    pub fn project(&self) -> ProjectId {
        self.project
    }

    /// Whose turn it is in the log's queue: its project's, and of that its key's.
    pub(crate) fn lane(&self) -> Lane {
        let key = self.arrival.owner().map_or([0; 16], |(_, key)| key.0);
        Lane {
            project: self.project,
            // Keys are random: half of one tells it from its project's others.
            sender: u64::from_le_bytes(std::array::from_fn(|at| key[at])),
        }
    }

    /// The key that it came with, once known.
    pub(crate) fn key(&self) -> Option<PublicKey> {
        self.arrival.owner().map(|(_, key)| key)
    }

    /// One more item of the same request.
    pub fn another(&self, category: &'static str, quantity: u64) -> Self {
        Self::of(
            &self.tally,
            Arc::clone(&self.arrival),
            category,
            self.project,
            quantity.max(1),
        )
    }

    /// It is on disk.
    pub fn stored(mut self) {
        self.close(None);
    }

    /// It is counted, by a record on disk.
    pub fn sampled(mut self) {
        self.close(Some(DropReason::Sampled));
    }

    /// It is not, and why.
    pub fn dropped(mut self, reason: DropReason) {
        self.close(Some(reason));
    }

    /// It is not, for this error, whose words and field the list of arrivals keeps.
    pub fn refused(mut self, error: &ApiError) {
        self.detail().set_error(error);
        self.close(Some(error.drop_reason()));
    }

    fn detail(&mut self) -> &mut Detail {
        self.detail.get_or_insert_default()
    }

    fn close(&mut self, reason: Option<DropReason>) {
        self.open = false;
        let series = Series {
            project: self.project,
            category: self.category,
            reason,
        };
        // The arrivals first: who sees the count finds the outcome.
        self.tally.arrivals.note(
            &self.arrival,
            series,
            self.quantity,
            self.detail.take(),
            Instant::now(),
        );
        self.tally.end(self.stripe, series, self.quantity);
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // A client that goes away drops the request's future before its items have a
        // fate; the layer around the doors marks the request first. Anything else here is
        // a forgotten one.
        let reason = if self.arrival.is_gone() && !std::thread::panicking() {
            DropReason::Aborted
        } else {
            tracing::error!(category = self.category, "an item ended without a fate");
            DropReason::Internal
        };
        self.close(Some(reason));
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
                sampled: 0,
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
                sampled: 0,
                dropped: 3,
                in_flight: 0
            }
        );
        assert_eq!(ended(&tally, DropReason::Internal), 3);
    }

    fn ended(tally: &Tally, reason: DropReason) -> u64 {
        let counts = tally.counts();
        let of = |series: &&Series| series.reason == Some(reason);
        let series = counts.ended.keys().filter(of);
        series.map(|series| counts.ended[series]).sum()
    }

    /// Whose fault it is that an item has no fate: the client's, if it went away.
    #[test]
    fn a_forgotten_fate_is_told_from_a_client_that_left() {
        let tally = Arc::new(Tally::default());
        let (here, gone) = (Arrival::current(), Arrival::current());
        gone.set_gone();
        for arrival in [&here, &gone] {
            let arrival = Arc::clone(arrival);
            drop(Received::of(&tally, arrival, "error", ProjectId(1), 2));
        }
        assert_eq!(ended(&tally, DropReason::Internal), 2);
        assert_eq!(ended(&tally, DropReason::Aborted), 2);
    }
}
