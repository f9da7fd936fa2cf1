//! By which rules an event is grouped: those in force at its position, unless others were
//! applied to it since.
//!
//! Invariant: the same that the projections come to, from the same logs. Where the rules of
//! now held already, they are compiled once a change; earlier ones are folded from the
//! control log for each question.

use event_log::{control_at, number_at};
use event_model::{Position, ProjectId};
use grouping::{Algorithm, Grouper, Rules};

use crate::{core::Core, error::ApiError, events::Located};

impl Core {
    /// What an event was grouped by.
    pub(super) async fn grouper_of(&self, found: &Located) -> Result<Grouper, ApiError> {
        let now = self.control.state();
        let position = Position(found.summary.position);
        let project = ProjectId(found.event.head().project_id.to_native());
        let (log, groupers) = (self.log.clone(), std::sync::Arc::clone(&self.groupers));
        // The log may have to be read from the disk, and a megabyte of rules be compiled.
        let task = tokio::task::spawn_blocking(move || {
            let number = number_at(&log, position)?;
            if number >= now.grouping_version {
                return Ok(groupers.lock().of(&now, project).0.clone());
            }
            let held = control_at(&log, number)?.rules_in_force(project);
            let rules = now.rules_of(project, (position, number), held);
            if rules == now.rules_in_force(project) {
                return Ok(groupers.lock().of(&now, project).0.clone());
            }
            let compiled = Rules::parse(&rules.text).unwrap_or_default();
            let algorithm = Algorithm::of_project(rules.algorithm);
            Ok(Grouper::new(compiled.into(), algorithm))
        });
        task.await
            .unwrap_or_else(|error| Err(ApiError::internal(&error)))
    }
}
