//! Events go by the rules of their project, level and environment.
//!
//! A decision says up to where they have gone, and that is all there is to it: whoever reads
//! goes by it from then on, and so does a replay. Their bytes go as segments and Parquet files
//! do. Invariant: nothing is decided that does not take more than what was decided before.

use event_model::{
    Actor, Decision,
    retention::{KeepRule, due},
};

use super::Retainer;
use crate::error::ApiError;

impl Retainer {
    /// One look; a decision if a cut is to be moved.
    pub(super) async fn expire(&self, configured: &[KeepRule]) -> Result<(), ApiError> {
        let now_ns = self.commands.clock().now_ns();
        let cuts = {
            let state = self.state.read();
            let rules = state.retention.values().flatten().chain(configured);
            due(rules, &state.expired, now_ns)
        };
        if cuts.is_empty() {
            return Ok(());
        }
        for cut in &cuts {
            tracing::debug!(scope = %cut.scope, before_ns = cut.before_ns, "events go by a rule");
        }
        let decided = self.commands.decide(Actor::System, move |_| {
            Ok((Decision::EventsExpired { cuts: cuts.clone() }, ()))
        });
        decided.await.map(|_| ())
    }
}
