//! What projects usually send is asked for, and handed to spike protection.
//!
//! Invariant: an answer that does not come changes nothing: what was known stays, and a
//! project of which nothing is known has the floor alone.

use std::{sync::Arc, time::Duration};

use event_model::{ControlState, ProjectId};
use ground::Clock;
use parking_lot::RwLock;

use crate::{
    others::History,
    spikes::{HISTORY_HOURS, Spikes, Usual},
};

const HOUR_NS: i64 = 3_600_000_000_000;

/// Asks for the past.
#[derive(Debug, Clone)]
pub struct Learner {
    pub(crate) history: Option<Arc<dyn History>>,
    pub(crate) state: Arc<RwLock<ControlState>>,
    pub(crate) spikes: Arc<Spikes>,
    pub(crate) clock: Clock,
}

impl Learner {
    /// Asks each `every`, and more often until all were answered once, until the future
    /// is dropped.
    pub async fn run(&self, every: Duration) {
        loop {
            let wait = if self.learn().await {
                every
            } else {
                every.min(RETRY)
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks once for each project; whether all were answered.
    pub async fn learn(&self) -> bool {
        let Some(history) = &self.history else {
            return true;
        };
        let projects: Vec<ProjectId> = self.state.read().projects.keys().copied().collect();
        let until = self.clock.now_ns().div_euclid(HOUR_NS);
        for project in projects {
            match history.hours(project, until, HISTORY_HOURS).await {
                Ok(hours) => {
                    let first = until - hours.len() as i64;
                    self.spikes.learn(project, Usual::of_hours(first, &hours));
                }
                Err(refusal) => {
                    tracing::debug!(%project, error = refusal.message, "what is usual is not known");
                    return false;
                }
            }
        }
        true
    }
}

/// After an answer that did not come.
const RETRY: Duration = Duration::from_secs(5);
