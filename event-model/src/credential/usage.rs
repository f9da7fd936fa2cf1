//! When and from where sessions and tokens were used last, in memory.
//!
//! Invariant: bounded; what is forgotten is only when something was used. No record of
//! the log: one a request would make the log grow with every look at a page.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Caller, Via};
use crate::{SessionId, TokenId};

/// Sessions and tokens remembered: 100 sessions each of 100 people; about 1 MB.
const USES_MAX: usize = 10_000;

/// The last uses of a process. Cheap to clone; roles of one process share one.
#[derive(Debug, Clone, Default)]
pub struct Uses(Arc<Mutex<HashMap<Key, Use>>>);

/// One use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Unix nanoseconds.
    pub at_ns: i64,
    /// From where, if it is known.
    pub address: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Session(SessionId),
    Token(TokenId),
}

impl Uses {
    /// Notes that a caller was here.
    pub fn note(&self, caller: Caller, now_ns: i64, address: Option<IpAddr>) {
        let key = match caller {
            Caller::User { via, .. } => match via {
                Via::Session { id, .. } => Key::Session(id),
                Via::Token { id, .. } => Key::Token(id),
            },
            Caller::Internal | Caller::Admin => return,
        };
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() >= USES_MAX && !uses.contains_key(&key) {
            // Half at once, so that this is not done at every request.
            let mut times: Vec<i64> = uses.values().map(|one| one.at_ns).collect();
            let (_, middle, _) = times.select_nth_unstable(USES_MAX / 2);
            let middle = *middle;
            uses.retain(|_, one| one.at_ns > middle);
        }
        let entry = Use {
            at_ns: now_ns,
            address,
        };
        uses.insert(key, entry);
    }

    /// The last use of a session since the start.
    pub fn of_session(&self, id: SessionId) -> Option<Use> {
        self.of(Key::Session(id))
    }

    /// The last use of a token since the start.
    pub fn of_token(&self, id: TokenId) -> Option<Use> {
        self.of(Key::Token(id))
    }

    fn of(&self, key: Key) -> Option<Use> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.get(&key).copied()
    }
}
