//! Whether the alerter reaches its peers, for whoever answers for its readiness.

use std::sync::{Mutex, PoisonError};

/// What it fails with at the moment. Before the first connection that is a problem too:
/// nobody is told anything yet.
#[derive(Debug)]
pub struct AlerterHealth(Mutex<Option<String>>);

impl Default for AlerterHealth {
    fn default() -> Self {
        Self(Mutex::new(Some("connecting to the query role".to_owned())))
    }
}

impl AlerterHealth {
    /// None: all is well.
    pub fn problem(&self) -> Option<String> {
        let problem = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problem.clone()
    }

    pub(crate) fn set(&self, problem: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}
