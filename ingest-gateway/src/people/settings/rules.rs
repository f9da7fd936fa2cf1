//! The rules that a project's events are grouped by: read, set, and what was set before.
//!
//! Invariant: what is accepted was read by the parser that groups; a text of an earlier
//! version comes from the control log, which has them all.

use event_model::{
    Actor, ControlState, Decision, ProjectId,
    access::Action,
    control::{GroupingRules as Held, RulesVersion},
    credential::Caller,
};
use proto::v1::{
    CommandResponse, GetGroupingRulesRequest, GroupingRules, GroupingRulesVersion,
    SetGroupingAlgorithmRequest, SetGroupingRulesRequest,
};

use super::{Settings, apply};
use crate::{
    commands::{actor_of, rules, validate},
    error::{ApiError, ErrorCode},
};

impl Settings {
    /// What holds, or held.
    pub(super) async fn grouping_rules(
        &self,
        caller: Caller,
        request: GetGroupingRulesRequest,
    ) -> Result<GroupingRules, ApiError> {
        let project = request.project_id;
        let before_the_log = self.gone(caller, Action::ReadProject, project).await?;
        let (mut told, command) = self.told(caller, request, before_the_log)?;
        if let Some(number) = command {
            let core = self.core.clone();
            // Read from the control log, perhaps from the disk.
            let read = tokio::task::spawn_blocking(move || core.rules_of(number)).await;
            told.text =
                read.map_err(|_| ApiError::new(ErrorCode::Internal, "the read failed"))??;
        }
        Ok(told)
    }

    /// All but the text of an earlier version, which is in the command named.
    fn told(
        &self,
        caller: Caller,
        request: GetGroupingRulesRequest,
        before_the_log: u64,
    ) -> Result<(GroupingRules, Option<u64>), ApiError> {
        let state = self.core.state().read();
        let id = validate::project(&state, caller, Action::ReadProject, request.project_id)?;
        let held = state.grouping.get(&id);
        let algorithm = state.projects.get(&id).map_or(0, |found| found.algorithm);
        let mut told = GroupingRules {
            project_id: id.0,
            text: held.map_or_else(String::new, |held| held.text.to_string()),
            version: held.map_or(0, |held| held.version),
            algorithm,
            algorithms: rules::algorithms(),
            history: held.map(history).unwrap_or_default(),
            applications: apply::applications(&state, id, before_the_log),
        };
        if [0, told.version].contains(&request.version) {
            return Ok((told, None));
        }
        let mut versions = held.iter().flat_map(|held| &held.history);
        let Some(found) = versions.find(|set| set.version == request.version) else {
            let message = format!("there is no version {} any more", request.version);
            return Err(validate::missing("version", message));
        };
        told.version = found.version;
        told.text = String::new();
        Ok((told, Some(found.command)))
    }

    /// Sets rules that can be read.
    pub(super) async fn set_grouping(
        &self,
        caller: Caller,
        request: SetGroupingRulesRequest,
    ) -> Result<CommandResponse, ApiError> {
        let SetGroupingRulesRequest {
            project_id: project,
            text,
            expected_version: expected,
        } = request;
        let text = self.checked(text).await?;
        let decided = self.core.decide(actor_of(caller), move |state| {
            let project_id = validate::project(state, caller, Action::ManageProject, project)?;
            check_version(state, project_id, expected)?;
            Ok((Decision::SetGroupingRules { project_id, text }, ()))
        });
        let (position, ()) = decided.await?;
        Ok(CommandResponse {
            position: position.0,
        })
    }

    /// Rules that can be read.
    pub(super) async fn checked(&self, text: String) -> Result<String, ApiError> {
        // A megabyte takes the parser some milliseconds.
        let checked = tokio::task::spawn_blocking(move || rules::check_rules(&text).map(|()| text));
        checked
            .await
            .map_err(|_| ApiError::new(ErrorCode::Internal, "the check failed"))?
    }

    /// Sets the version of the algorithm.
    pub(super) async fn set_algorithm(
        &self,
        caller: Caller,
        request: SetGroupingAlgorithmRequest,
    ) -> Result<CommandResponse, ApiError> {
        let algorithm = request.algorithm;
        rules::check_algorithm(algorithm)?;
        self.decide(caller, request.project_id, move |project_id| {
            Decision::SetGroupingAlgorithm {
                project_id,
                algorithm,
            }
        })
        .await
    }
}

/// Refuses what was made of another version of the rules than holds by now.
pub(super) fn check_version(
    state: &ControlState,
    project: ProjectId,
    expected: Option<u32>,
) -> Result<(), ApiError> {
    let held = state.grouping.get(&project);
    let version = held.map_or(0, |held| held.version);
    if expected.is_some_and(|expected| expected != version) {
        let message = format!("version {version} holds by now");
        return Err(validate::taken("expected_version", message));
    }
    Ok(())
}

fn history(held: &Held) -> Vec<GroupingRulesVersion> {
    let version = |set: &RulesVersion| GroupingRulesVersion {
        version: set.version,
        actor: actor_name(set.actor),
        set_at: Some(timestamp(set.at_ns)),
        bytes: set.bytes,
    };
    held.history.iter().rev().map(version).collect()
}

pub(super) fn actor_name(actor: Actor) -> String {
    match actor {
        Actor::System => "system".to_owned(),
        Actor::Admin => "admin".to_owned(),
        Actor::User(id) => format!("user:{id}"),
        Actor::Alerter => "alerter".to_owned(),
    }
}

pub(super) fn timestamp(at_ns: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at_ns.div_euclid(1_000_000_000),
        nanos: at_ns.rem_euclid(1_000_000_000) as i32,
    }
}
