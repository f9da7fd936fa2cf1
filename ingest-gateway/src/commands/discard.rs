//! What discarded issues are known by at the door: the stacks of some of their events.
//!
//! The server finds the events itself, by the issue's id: what a client names could be
//! another issue's, whose events would be turned away.

use std::collections::BTreeSet;

use event_model::{DiscardedIssue, IssueId, Position, ProjectId, stored_stack_hash};

use super::{CommandCore, validate};
use crate::{
    error::{ApiError, ErrorCode, Refusal},
    others::Others,
};

impl CommandCore {
    /// Asks for the issues and reads events of theirs. Fails with what is wrong with the
    /// request, or if nobody can be asked; an event that is gone or not readable only
    /// gives no stack.
    pub(super) async fn discarded(
        &self,
        others: &Others,
        ids: Vec<IssueId>,
    ) -> Result<Vec<DiscardedIssue>, ApiError> {
        let Some(lookup) = &others.issues else {
            let message = "the query role does not run here";
            return Err(unanswered(Refusal::new(ErrorCode::Overloaded, message)));
        };
        let mut issues = Vec::with_capacity(ids.len());
        for (at, id) in ids.into_iter().enumerate() {
            let found = lookup.find(id).await.map_err(unanswered)?;
            let Some(known) = found else {
                return Err(validate::no_issue(at, id));
            };
            let (core, project_id, id) = (self.clone(), known.project_id, known.id);
            // Records are read from the log, perhaps from the disk.
            let read = tokio::task::spawn_blocking(move || {
                let positions = known.positions.iter();
                let stacks = positions.filter_map(|at| core.stack_at(*at, project_id));
                stacks.collect::<BTreeSet<u64>>()
            });
            let stacks = read
                .await
                .map_err(|_| ApiError::new(ErrorCode::Internal, "the command failed"))?;
            issues.push(DiscardedIssue {
                id,
                project_id,
                stacks: stacks.into_iter().collect(),
            });
        }
        Ok(issues)
    }

    fn stack_at(&self, position: Position, project: ProjectId) -> Option<u64> {
        let event = self.log.reader().event(position).ok()??;
        if event.head().project_id.to_native() != project.0 {
            return None;
        }
        stored_stack_hash(event.whole())
    }
}

/// What the query role said, as far as it concerns who asks for the command: whether it
/// may pass later, and when.
pub(super) fn unanswered(refusal: Refusal) -> ApiError {
    let message = format!("the issues could not be looked up: {}", refusal.message);
    if refusal.code.is_retriable() {
        ApiError::from(Refusal { message, ..refusal })
    } else {
        // The gateway asked for itself, so the fault is not the caller's.
        ApiError::new(ErrorCode::Internal, message)
    }
}
