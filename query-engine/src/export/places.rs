//! Exports under way, by person.
//!
//! Invariant: a place is given back when its export is dropped, however it ends.

use std::{collections::BTreeMap, sync::Arc};

use event_model::{UserId, credential::Caller};
use parking_lot::Mutex;

use crate::error::{ApiError, ErrorCode};

/// Exports of one person at once.
pub(super) const OF_ONE_MAX: usize = 2;
/// Exports at once, of all.
pub(super) const MAX: usize = 8;
/// When to come again, seconds.
const RETRY_AFTER_S: u64 = 10;

/// Whose: a person's, or of roles and the command line together.
type Who = Option<UserId>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Exports(Mutex<BTreeMap<Who, usize>>);

/// An export's, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    all: Arc<Exports>,
    who: Who,
}

impl Exports {
    /// One more.
    pub(super) fn take(self: Arc<Self>, caller: Caller) -> Result<Place, ApiError> {
        let who = match caller {
            Caller::User { id, .. } => Some(id),
            Caller::Internal | Caller::Admin => None,
        };
        let mut under_way = self.0.lock();
        let of_one = under_way.get(&who).copied().unwrap_or_default();
        let (code, message) = if of_one >= OF_ONE_MAX {
            let message = format!("{OF_ONE_MAX} exports of yours are under way: end one, or wait");
            (ErrorCode::Limited, message)
        } else if under_way.values().sum::<usize>() >= MAX {
            let message = format!("{MAX} exports are under way");
            (ErrorCode::Overloaded, message)
        } else {
            under_way.insert(who, of_one + 1);
            drop(under_way);
            return Ok(Place { all: self, who });
        };
        Err(ApiError::new(code, message).retry_after(RETRY_AFTER_S))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.all.0.lock();
        if let Some(of_one) = under_way.get_mut(&self.who) {
            *of_one -= 1;
            if *of_one == 0 {
                under_way.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_by_person_and_in_all_and_given_back() {
        let all = Arc::new(Exports::default());
        let take = |caller| Arc::clone(&all).take(caller);
        let held: Vec<Place> = (0..OF_ONE_MAX)
            .map(|_| take(Caller::Admin).unwrap())
            .collect();
        let error = take(Caller::Internal).unwrap_err();
        assert_eq!(error.code, ErrorCode::Limited);
        drop(held);
        assert!(all.0.lock().is_empty());
        // Of others, as many as there may be.
        all.0.lock().insert(Some(UserId(7)), MAX);
        let error = take(Caller::Admin).unwrap_err();
        assert_eq!(error.code, ErrorCode::Overloaded);
    }
}
