//! A queue in which parties take turns.
//!
//! Invariant: of one party in the order of [`Queue::push`]; between parties one each.
//! Bounded, in all and by party.

use std::collections::{HashMap, VecDeque};

use super::Party;

/// See the module.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// Parties with something waiting, in the order of their next turn.
    turns: VecDeque<Party>,
    waiting: HashMap<Party, VecDeque<T>>,
    count: usize,
    count_max: usize,
    party_max: usize,
}

impl<T> Queue<T> {
    pub(super) fn new(count_max: usize, party_max: usize) -> Self {
        Self {
            turns: VecDeque::new(),
            waiting: HashMap::new(),
            count: 0,
            count_max,
            party_max,
        }
    }

    /// Whether there was room.
    pub(super) fn push(&mut self, party: Party, one: T) -> bool {
        if self.count >= self.count_max {
            return false;
        }
        let own = self.waiting.entry(party).or_default();
        if own.len() >= self.party_max {
            return false;
        }
        if own.is_empty() {
            self.turns.push_back(party);
        }
        own.push_back(one);
        self.count += 1;
        true
    }

    /// The next one of the party whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let party = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&party)?;
        let one = own.pop_front();
        if own.is_empty() {
            self.waiting.remove(&party);
        } else {
            self.turns.push_back(party);
        }
        self.count -= 1;
        one
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && self.turns.is_empty() && self.waiting.is_empty()
    }
}
