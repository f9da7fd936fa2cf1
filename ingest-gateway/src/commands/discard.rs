//! What discarded issues are known by at the door: the stacks of events that the
//! command names.

use std::collections::BTreeSet;

use event_model::{DiscardedIssue, Position, ProjectId, stored_stack_hash};
use proto::v1::DiscardIssue;

use super::{CommandCore, validate};
use crate::error::ApiError;

/// Issues of one command: each reads events from the log.
const ISSUES_MAX: usize = 100;
/// Events of one issue that are read.
const POSITIONS_MAX: usize = 10;

impl CommandCore {
    /// Reads the named events. Fails with what is wrong with the request; an event
    /// that is gone, another project's or not readable only gives no stack.
    pub(super) fn discarded(
        &self,
        given: &[DiscardIssue],
    ) -> Result<Vec<DiscardedIssue>, ApiError> {
        if given.is_empty() || given.len() > ISSUES_MAX {
            let message = format!("must have 1 to {ISSUES_MAX} entries");
            return Err(ApiError::invalid("issues", message));
        }
        let mut issues = Vec::with_capacity(given.len());
        for (at, issue) in given.iter().enumerate() {
            if issue.positions.len() > POSITIONS_MAX {
                let field = format!("issues[{at}].positions");
                let message = format!("must have at most {POSITIONS_MAX} entries");
                return Err(ApiError::invalid(field, message));
            }
            let id = validate::issue(&format!("issues[{at}].issue_id"), &issue.issue_id)?;
            let project_id = ProjectId(issue.project_id);
            let stacks: BTreeSet<u64> = issue
                .positions
                .iter()
                .filter_map(|position| self.stack_at(Position(*position), project_id))
                .collect();
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
        stored_stack_hash(event.head())
    }
}
