//! Rules that take hold of events that are there, and taken back again.
//!
//! Invariant: what is decided here the projections can carry out, and a replay again: what
//! is to be taken back is the newest that was applied, nothing was set since, and the log
//! has every record behind it.

use event_log::number_at;
use event_model::{
    ControlState, Decision, Position, ProjectId,
    access::Action,
    control::{REGROUPS_MAX, Regroup, RegroupStep},
    credential::Caller,
};
use proto::v1::{
    ApplyGroupingRulesRequest, CommandResponse, GroupingApplication, UndoGroupingRulesRequest,
};

use super::{Settings, rules::actor_name};
use crate::{
    commands::{actor_of, rules, validate},
    error::{ApiError, ErrorCode},
};

impl Settings {
    /// Groups all that the log keeps by rules that can be read.
    pub(super) async fn apply_grouping(
        &self,
        caller: Caller,
        request: ApplyGroupingRulesRequest,
    ) -> Result<CommandResponse, ApiError> {
        let ApplyGroupingRulesRequest {
            project_id: project,
            text,
            algorithm,
            expected_version: expected,
        } = request;
        if algorithm != 0 {
            rules::check_algorithm(algorithm)?;
        }
        let text = match text {
            Some(text) => Some(self.checked(text).await?),
            None => None,
        };
        let from = self.core.log_reader().first();
        let decided = self.core.decide(actor_of(caller), move |state| {
            let project_id = validate::project(state, caller, Action::ManageProject, project)?;
            super::rules::check_version(state, project_id, expected)?;
            let held = state.rules_in_force(project_id);
            let algorithm = match algorithm {
                0 => held.algorithm,
                wanted => wanted,
            };
            let decision = Decision::ApplyGrouping {
                project_id,
                text: text.unwrap_or_else(|| held.text.to_string()),
                algorithm,
                from: from.0,
            };
            Ok((decision, ()))
        });
        let (position, ()) = decided.await?;
        Ok(CommandResponse {
            position: position.0,
        })
    }

    /// Takes the newest application back.
    pub(super) async fn undo_grouping(
        &self,
        caller: Caller,
        request: UndoGroupingRulesRequest,
    ) -> Result<CommandResponse, ApiError> {
        let action = Action::ManageProject;
        let kept = self.gone(caller, action, request.project_id).await?;
        let decided = self.core.decide(actor_of(caller), move |state| {
            let project = request.project_id;
            let project_id = validate::project(state, caller, Action::ManageProject, project)?;
            let applied = undoable(state, project_id, request.application, kept)?;
            let decision = Decision::UndoGrouping {
                project_id,
                applied,
            };
            Ok((decision, ()))
        });
        let (position, ()) = decided.await?;
        Ok(CommandResponse {
            position: position.0,
        })
    }

    /// The number of the last command whose marker the log has no more, so that what it
    /// applied cannot be taken back; 0 where there is nothing to take back, or nothing went
    /// since it was applied.
    pub(super) async fn gone(
        &self,
        caller: Caller,
        action: Action,
        project: u32,
    ) -> Result<u64, ApiError> {
        let had = {
            let state = self.core.state().read();
            let project = validate::project(&state, caller, action, project)?;
            match state.undoable(project).map(|regroup| &regroup.step) {
                Some(RegroupStep::Applied { from, .. }) => *from,
                _ => return Ok(0),
            }
        };
        let reader = self.core.log_reader();
        let first = reader.first();
        if first <= had || first.sequence() <= 1 {
            return Ok(0);
        }
        // Reads as many records as lie before the next marker: at most those between two
        // times that retention dropped something.
        let before = Position::new(first.partition(), first.sequence() - 1);
        let read = tokio::task::spawn_blocking(move || number_at(&reader, before)).await;
        let failed = |reason: String| ApiError::new(ErrorCode::Internal, reason);
        read.map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))
    }
}

/// The command to take back.
fn undoable(
    state: &ControlState,
    project: ProjectId,
    wanted: u64,
    before_the_log: u64,
) -> Result<u64, ApiError> {
    let applied = newest(state, project);
    let Some(applied) = applied.filter(|regroup| [0, regroup.number].contains(&wanted)) else {
        if state.regroup(project, wanted).is_some() {
            let message = "only the newest application can be taken back, once";
            return Err(validate::taken("application", message.to_owned()));
        }
        let message = match wanted {
            0 => "no rules were applied to events that are there".to_owned(),
            _ => format!("there is no application {wanted}"),
        };
        return Err(validate::missing("application", message));
    };
    if state.undoable(project).is_none() {
        let message = if state.regroups[&project].len() >= REGROUPS_MAX {
            "so many were taken back one after another that this one stays"
        } else {
            "rules or an algorithm were set since"
        };
        return Err(validate::taken("application", message.to_owned()));
    }
    if applied.number <= before_the_log {
        let message = "the log has no more all events that came since";
        return Err(validate::taken("application", message.to_owned()));
    }
    Ok(applied.number)
}

/// The newest regrouping, unless it took another one back.
fn newest(state: &ControlState, project: ProjectId) -> Option<&Regroup> {
    let newest = state.regroups.get(&project)?.back()?;
    matches!(newest.step, RegroupStep::Applied { .. }).then_some(newest)
}

/// What was applied, newest first.
pub(super) fn applications(
    state: &ControlState,
    project: ProjectId,
    before_the_log: u64,
) -> Vec<GroupingApplication> {
    let Some(regroups) = state.regroups.get(&project) else {
        return Vec::new();
    };
    let undone = |number: u64| {
        regroups.iter().find(
            |later| matches!(later.step, RegroupStep::Undone { applied } if applied == number),
        )
    };
    let undoable = state.undoable(project).map(|regroup| regroup.number);
    let applied = regroups.iter().rev().filter_map(|regroup| {
        let RegroupStep::Applied { rules, .. } = &regroup.step else {
            return None;
        };
        let undone = undone(regroup.number);
        Some(GroupingApplication {
            id: regroup.number,
            actor: actor_name(regroup.actor),
            applied_at: Some(super::rules::timestamp(regroup.at_ns)),
            algorithm: rules.algorithm,
            bytes: u32::try_from(rules.text.len()).unwrap_or(u32::MAX),
            undone_at: undone.map(|undone| super::rules::timestamp(undone.at_ns)),
            undone_by: undone.map_or_else(String::new, |undone| actor_name(undone.actor)),
            is_undoable: undoable == Some(regroup.number) && regroup.number > before_the_log,
        })
    });
    applied.collect()
}
