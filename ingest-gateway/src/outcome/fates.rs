//! The items of one request: as many guards as there are items, none forgotten.
//!
//! Invariant: the request's own guard becomes the first item's, so that a request with one
//! item counts one, and one that is refused whole counts one, too.

use std::sync::Arc;

use event_model::ProjectId;

use super::{Received, Tally};
use crate::{arrivals::Arrival, error::ApiError, fate::DropReason};

/// Hands out guards; the request's own one first.
#[derive(Debug)]
pub(crate) struct Fates {
    tally: Arc<Tally>,
    arrival: Arc<Arrival>,
    project: ProjectId,
    own: Option<Received>,
    /// Of a batch: all its items are received at once, whenever they are read.
    rest: Vec<Received>,
}

impl Fates {
    /// Of a request whose items show one by one.
    pub(crate) fn new(own: Received) -> Self {
        Self {
            tally: Arc::clone(&own.tally),
            arrival: Arc::clone(&own.arrival),
            project: own.project,
            own: Some(own),
            rest: Vec::new(),
        }
    }

    /// Of so many items of a category.
    pub(crate) fn of_batch(own: Received, category: &'static str, count: usize) -> Self {
        let rest = (1..count).map(|_| own.another(category, 1)).collect();
        Self {
            rest,
            ..Self::new(own)
        }
    }

    /// Whose they are.
    pub(crate) fn project(&self) -> ProjectId {
        self.project
    }

    /// The next item's guard; of several items alike that are counted together.
    pub(crate) fn next(&mut self, category: &'static str, quantity: u64) -> Received {
        match self.waiting() {
            Some(mut guard) => {
                guard.relabel(category, self.project);
                guard.set_quantity(quantity);
                guard
            }
            None => Received::of(
                &self.tally,
                Arc::clone(&self.arrival),
                category,
                self.project,
                quantity.max(1),
            ),
        }
    }

    /// What nobody asked for any more goes with the request.
    pub(crate) fn refuse_rest(&mut self, error: &ApiError) {
        while let Some(guard) = self.waiting() {
            guard.refused(error);
        }
    }

    /// All was read: if it was nothing, the request is one empty item. Items of a batch that
    /// nobody asked for would be forgotten ones, and show as such.
    pub(crate) fn empty(self) {
        if let Some(own) = self.own {
            own.dropped(DropReason::Empty);
        }
    }

    fn waiting(&mut self) -> Option<Received> {
        self.own.take().or_else(|| self.rest.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    const PROJECT: ProjectId = ProjectId(7);

    type Use = fn(Fates, &ApiError);

    fn own(tally: &Arc<Tally>) -> Received {
        Received::new(tally, "error", PROJECT, 1)
    }

    /// How a request's guards are used, and what is counted of it: received, stored,
    /// dropped.
    #[test]
    fn each_item_is_counted_once_and_an_empty_request_once() {
        let full = ApiError::new(ErrorCode::Overloaded, "full");
        let cases: [(&str, usize, Use, [u64; 3]); 7] = [
            ("nothing in it", 1, |fates, _| fates.empty(), [1, 0, 1]),
            (
                "refused whole",
                1,
                |mut fates, full| fates.refuse_rest(full),
                [1, 0, 1],
            ),
            (
                "one item",
                1,
                |mut fates, _| {
                    fates.next("error", 1).stored();
                    fates.empty();
                },
                [1, 1, 0],
            ),
            (
                "items that show one by one, some counted together",
                1,
                |mut fates, _| {
                    fates.next("error", 1).stored();
                    fates.next("span", 40).dropped(DropReason::TypeNotStored);
                    fates.next("error", 1).stored();
                    fates.empty();
                },
                [42, 2, 40],
            ),
            (
                "the first ones are many",
                1,
                |mut fates, _| fates.next("span", 40).dropped(DropReason::TypeNotStored),
                [40, 0, 40],
            ),
            (
                "a batch that is refused in the middle",
                5,
                |mut fates, full| {
                    fates.next("error", 1).stored();
                    fates.next("error", 1).stored();
                    fates.refuse_rest(full);
                },
                [5, 2, 3],
            ),
            (
                "a batch that is forgotten",
                3,
                |mut fates, _| fates.next("error", 1).stored(),
                [3, 1, 2],
            ),
        ];
        for (what, count, used, expected) in cases {
            let tally = Arc::<Tally>::default();
            used(Fates::of_batch(own(&tally), "error", count), &full);
            let counted = tally.snapshot();
            assert_eq!(
                [counted.received, counted.stored, counted.dropped],
                expected,
                "{what}"
            );
        }
    }
}
