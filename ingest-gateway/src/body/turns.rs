//! Turns on the workers: what is read where it came in is read by as many requests at
//! once as there are processors, and the others wait in their party's line, not in the
//! workers' own.
//!
//! The workers answer everybody: whatever waits for them waits behind every request that
//! is ready to be read. So no more of these are ready than can be worked on, and a page or
//! a sign-in waits for one of them, not for a thousand. Parties take turns, so that a
//! storm of one key waits for itself. Without a crowd it costs one lock.
//!
//! Invariant: a turn ends when it is dropped, and goes to the party whose turn it is next;
//! one whose request is gone is passed on. Bounded: by the requests in progress, and by
//! [`WAITING_PARTY_MAX`] of a party.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Party, queue::Queue};
use crate::error::{ApiError, ErrorCode};

/// Requests of one party that wait: as many as one address may have in progress.
const WAITING_PARTY_MAX: usize = 1_024;
/// Requests that wait: as many as may be in progress by default, twice.
const WAITING_MAX: usize = 4_096;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: Queue<oneshot::Sender<Turn>>,
}

/// Leave to work. Not to be held over anything that waits.
#[derive(Debug)]
pub(crate) struct Turn(Option<Arc<Mutex<State>>>);

impl Turns {
    /// So many at once.
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: count.max(1),
            waiting: Queue::new(WAITING_MAX, WAITING_PARTY_MAX),
        })))
    }

    /// Waits for a turn of this party's. Fails with 503 if too many wait.
    pub(crate) async fn take(&self, party: Party) -> Result<Turn, ApiError> {
        let given = {
            let mut state = self.0.lock();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Turn(Some(Arc::clone(&self.0))));
            }
            let (give, given) = oneshot::channel();
            if !state.waiting.push(party, give) {
                return Err(ApiError::new(
                    ErrorCode::Overloaded,
                    "too many requests wait to be read, try again soon",
                ));
            }
            given
        };
        given
            .await
            .map_err(|_| ApiError::new(ErrorCode::Internal, "a turn was lost"))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(state) = self.0.take() else {
            return;
        };
        loop {
            let next = {
                let mut state = state.lock();
                let Some(next) = state.waiting.pop() else {
                    state.free += 1;
                    return;
                };
                next
            };
            // Of one who is gone it comes back, to be given on: not by its own drop, which
            // would go as deep as there are such.
            match next.send(Turn(Some(Arc::clone(&state)))) {
                Ok(()) => return,
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use event_model::PublicKey;
    use futures_util::FutureExt;

    use super::*;

    fn party(number: u8) -> Party {
        Party::Key(PublicKey([number; 16]))
    }

    fn free(turns: &Turns) -> usize {
        turns.0.lock().free
    }

    /// A storm of one key before everybody else: whoever comes is next but one.
    #[test]
    fn the_next_request_of_another_is_read_within_a_turn_of_each() {
        let turns = Turns::new(1);
        let first = turns.take(party(1)).now_or_never().unwrap().unwrap();
        let mut storm: Vec<_> = (0..1_000).map(|_| Box::pin(turns.take(party(1)))).collect();
        for one in &mut storm {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let mut others: Vec<_> = (2..=10).map(|n| Box::pin(turns.take(party(n)))).collect();
        for one in &mut others {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let (mut held, mut served) = (Some(first), 0);
        let mut waited = Vec::new();
        while waited.len() < 9 {
            drop(held.take());
            let mut of_storm = storm.iter_mut().skip(served);
            if let Some(turn) = of_storm.next().and_then(|one| one.as_mut().now_or_never()) {
                served += 1;
                held = Some(turn.unwrap());
                continue;
            }
            let mut given = None;
            others.retain_mut(|one| match one.as_mut().now_or_never() {
                Some(turn) => {
                    given = Some(turn.unwrap());
                    false
                }
                None => true,
            });
            held = Some(given.expect("somebody has the turn"));
            waited.push(served);
        }
        assert_eq!(waited, [1; 9], "one of the storm, then each of the others");
        drop((storm, others, held));
        assert_eq!(free(&turns), 1);
    }

    #[test]
    fn a_turn_of_one_who_is_gone_goes_on_and_none_is_lost() {
        let turns = Turns::new(2);
        let held: Vec<_> = (0..2)
            .map(|_| turns.take(party(1)).now_or_never().unwrap().unwrap())
            .collect();
        let mut gone: Vec<_> = (0..500).map(|_| Box::pin(turns.take(party(2)))).collect();
        for one in &mut gone {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let mut stays = Box::pin(turns.take(party(2)));
        assert!(stays.as_mut().now_or_never().is_none());
        drop(gone);
        drop(held);
        let turn = stays.as_mut().now_or_never().unwrap().unwrap();
        assert_eq!(free(&turns), 1);
        drop(turn);
        assert_eq!(free(&turns), 2);
        // Given, and dropped before it was taken.
        let held: Vec<_> = (0..2)
            .map(|_| turns.take(party(1)).now_or_never().unwrap().unwrap())
            .collect();
        let mut late = Box::pin(turns.take(party(2)));
        assert!(late.as_mut().now_or_never().is_none());
        drop(held);
        drop(late);
        assert_eq!(free(&turns), 2);
    }

    #[test]
    fn nobody_waits_without_end() {
        let turns = Turns::new(1);
        let _held = turns.take(party(1)).now_or_never().unwrap().unwrap();
        let mut waiting: Vec<_> = (0..WAITING_PARTY_MAX)
            .map(|_| Box::pin(turns.take(party(1))))
            .collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let refused = turns.take(party(1)).now_or_never().unwrap();
        assert_eq!(refused.unwrap_err().code, ErrorCode::Overloaded);
        let mut other = Box::pin(turns.take(party(2)));
        assert!(other.as_mut().now_or_never().is_none(), "it has room");
    }
}
