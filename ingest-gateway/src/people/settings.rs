//! `errata.v1.ProjectSettingsService`: what owners set for a project, and a look at
//! what it would do.
//!
//! Invariant: what is accepted compiles (rules of grouping:
//! `commands::rules`), with the very code that the door runs; a
//! look ([`Settings::try_settings`]) stores and counts nothing. Also the settings'
//! conversion between wire and model, for the command line too.

mod apply;
mod convert;
pub(super) mod rest;
mod retention;
mod rules;

use std::sync::Arc;

use event_intake::{Item, filter::Filter, scrub::Rules};
use event_model::{Decision, Event, Head, ProjectId, access::Action, credential::Caller};
use proto::v1::{
    ApplyGroupingRulesRequest, CommandResponse, GetGroupingRulesRequest, GetProjectSettingsRequest,
    GroupingRules, ProjectSettings, SetFiltersRequest, SetGroupingAlgorithmRequest,
    SetGroupingRulesRequest, SetRetentionRequest, SetScrubbingRequest, SetSpikeProtectionRequest,
    TrySettingsRequest, TrySettingsResponse, UndoGroupingRulesRequest,
    project_settings_service_server::ProjectSettingsService,
};
use tonic::{Request, Response, Status};

pub use convert::{filters_of, filters_to, scrubbing_of, scrubbing_to};

use crate::{
    auth::caller::Callers,
    commands::{CommandCore, actor_of, validate},
    error::{ApiError, ErrorCode},
    policy::Policies,
};

/// Longest text of a look, bytes.
const TRY_BYTES_MAX: usize = 200_000;
/// Where a text stands if nobody says.
const TRY_PATH: &str = "message";

/// The gRPC service.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(super) core: CommandCore,
    pub(super) policies: Arc<Policies>,
    /// Of an event that is looked at.
    pub(super) event_limits: Arc<event_intake::Limits>,
    pub(super) callers: Callers,
}

impl Settings {
    fn get(
        &self,
        caller: Caller,
        action: Action,
        project: u32,
    ) -> Result<ProjectSettings, ApiError> {
        let state = self.core.state().read();
        let project = validate::project(&state, caller, action, project)?;
        let scrubbing = state.scrubbing.get(&project).cloned().unwrap_or_default();
        let filters = state.filters.get(&project).cloned().unwrap_or_default();
        Ok(ProjectSettings {
            project_id: project.0,
            scrubbing: Some(scrubbing_to(&scrubbing)),
            filters: Some(filters_to(&filters)),
            spike_protection: !state.unprotected.contains(&project),
            retention: retention::written(state.retention.get(&project)),
        })
    }

    async fn decide(
        &self,
        caller: Caller,
        project: u32,
        decision: impl FnOnce(ProjectId) -> Decision + Send + 'static,
    ) -> Result<CommandResponse, ApiError> {
        let (position, ()) = self
            .core
            .decide(actor_of(caller), move |state| {
                let project = validate::project(state, caller, Action::ManageProject, project)?;
                Ok((decision(project), ()))
            })
            .await?;
        Ok(CommandResponse {
            position: position.0,
        })
    }

    fn rules(&self, project: u32, given: &proto::v1::Scrubbing) -> Result<Rules, ApiError> {
        let settings = scrubbing_of(given)?;
        let hash = self.policies.hash(ProjectId(project));
        Rules::compile(&settings, hash)
            .map_err(|error| ApiError::invalid(format!("scrubbing.{}", error.field), error.message))
    }

    fn filter(given: &proto::v1::Filters) -> Result<Filter, ApiError> {
        Filter::compile(&filters_of(given))
            .map_err(|error| ApiError::invalid(format!("filters.{}", error.field), error.message))
    }

    /// What would be stored.
    fn try_settings(
        &self,
        caller: Caller,
        request: &TrySettingsRequest,
    ) -> Result<TrySettingsResponse, ApiError> {
        if request.text.len() > TRY_BYTES_MAX {
            let message = format!("must have at most {TRY_BYTES_MAX} bytes");
            return Err(ApiError::invalid("text", message));
        }
        let now = self.get(caller, Action::TrySettings, request.project_id)?;
        let scrubbing = request
            .scrubbing
            .clone()
            .or(now.scrubbing)
            .unwrap_or_default();
        let filters = request.filters.clone().or(now.filters).unwrap_or_default();
        let rules = self.rules(request.project_id, &scrubbing)?;
        let filter = Self::filter(&filters)?;
        if !request.text.trim_start().starts_with('{') {
            return Ok(try_text(&rules, request));
        }
        let context = event_intake::Context {
            project_id: ProjectId(request.project_id),
            received_ns: self.core.clock().now_ns(),
            client_ip: None,
            user_agent: None,
            limits: &self.event_limits,
            scrub: &rules,
        };
        let Ok(mut reading) = event_intake::read_store(request.text.as_bytes(), &context) else {
            return Ok(try_text(&rules, request));
        };
        let Some(Item::Event(reading)) = reading.items.pop() else {
            return Ok(try_text(&rules, request));
        };
        self.answer(&reading.event, reading.size_bytes, &filter)
    }

    fn answer(
        &self,
        event: &Event,
        size_bytes: u32,
        filter: &Filter,
    ) -> Result<TrySettingsResponse, ApiError> {
        let head = Head::of(event, size_bytes);
        let policy = {
            let state = self.core.state().read();
            self.policies.of(event.project_id, &state)
        };
        let reason = if policy.is_discarded(&head) {
            Some(event_intake::filter::FilterReason::DiscardedIssue)
        } else {
            filter.reason(event, None)
        };
        let stored = serde_json::to_string_pretty(event)
            .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
        Ok(TrySettingsResponse {
            stored,
            is_event: true,
            scrubbed: event.scrubbed.clone(),
            scrubbed_count: event.scrubbed_count,
            filtered: reason
                .map(|reason| reason.name().to_owned())
                .unwrap_or_default(),
        })
    }
}

fn try_text(rules: &Rules, request: &TrySettingsRequest) -> TrySettingsResponse {
    let path = match request.path.trim() {
        "" => TRY_PATH,
        path => path,
    };
    let stored = rules.stored_at(path, &request.text);
    let changed = stored.is_some();
    TrySettingsResponse {
        stored: stored.unwrap_or_else(|| request.text.clone()),
        is_event: false,
        scrubbed: changed.then(|| path.to_owned()).into_iter().collect(),
        scrubbed_count: u32::from(changed),
        filtered: String::new(),
    }
}

#[tonic::async_trait]
impl ProjectSettingsService for Settings {
    async fn get_project_settings(
        &self,
        request: Request<GetProjectSettingsRequest>,
    ) -> Result<Response<ProjectSettings>, Status> {
        let action = Action::ReadProject;
        let caller = self.callers.of_grpc(&request, action)?;
        let project = request.get_ref().project_id;
        Ok(Response::new(self.get(caller, action, project)?))
    }

    async fn set_scrubbing(
        &self,
        request: Request<SetScrubbingRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let request = request.into_inner();
        let given = request.scrubbing.unwrap_or_default();
        self.rules(request.project_id, &given)?;
        let scrubbing = scrubbing_of(&given)?;
        let decision = move |project_id| Decision::SetScrubbing {
            project_id,
            scrubbing,
        };
        Ok(Response::new(
            self.decide(caller, request.project_id, decision).await?,
        ))
    }

    async fn set_filters(
        &self,
        request: Request<SetFiltersRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let request = request.into_inner();
        let given = request.filters.unwrap_or_default();
        Self::filter(&given)?;
        let filters = filters_of(&given);
        let decision = move |project_id| Decision::SetFilters {
            project_id,
            filters,
        };
        Ok(Response::new(
            self.decide(caller, request.project_id, decision).await?,
        ))
    }

    async fn set_spike_protection(
        &self,
        request: Request<SetSpikeProtectionRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let SetSpikeProtectionRequest { project_id, is_on } = request.into_inner();
        let decision = move |project_id| Decision::SetSpikeProtection { project_id, is_on };
        Ok(Response::new(
            self.decide(caller, project_id, decision).await?,
        ))
    }

    async fn set_retention(
        &self,
        request: Request<SetRetentionRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let SetRetentionRequest { project_id, rules } = request.into_inner();
        let rules = retention::read(ProjectId(project_id), &rules)?;
        let decision = move |project_id| Decision::SetRetention { project_id, rules };
        Ok(Response::new(
            self.decide(caller, project_id, decision).await?,
        ))
    }

    async fn try_settings(
        &self,
        request: Request<TrySettingsRequest>,
    ) -> Result<Response<TrySettingsResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::TrySettings)?;
        let settings = self.clone();
        let request = request.into_inner();
        let looked =
            tokio::task::spawn_blocking(move || Self::try_settings(&settings, caller, &request));
        let looked = looked
            .await
            .map_err(|_| ApiError::new(ErrorCode::Internal, "the look failed"))?;
        Ok(Response::new(looked?))
    }

    async fn get_grouping_rules(
        &self,
        request: Request<GetGroupingRulesRequest>,
    ) -> Result<Response<GroupingRules>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ReadProject)?;
        let request = request.into_inner();
        Ok(Response::new(self.grouping_rules(caller, request).await?))
    }

    async fn set_grouping_rules(
        &self,
        request: Request<SetGroupingRulesRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let request = request.into_inner();
        let set = self.set_grouping(caller, request).await?;
        Ok(Response::new(set))
    }

    async fn apply_grouping_rules(
        &self,
        request: Request<ApplyGroupingRulesRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let applied = self.apply_grouping(caller, request.into_inner()).await?;
        Ok(Response::new(applied))
    }

    async fn undo_grouping_rules(
        &self,
        request: Request<UndoGroupingRulesRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let undone = self.undo_grouping(caller, request.into_inner()).await?;
        Ok(Response::new(undone))
    }

    async fn set_grouping_algorithm(
        &self,
        request: Request<SetGroupingAlgorithmRequest>,
    ) -> Result<Response<CommandResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ManageProject)?;
        let request = request.into_inner();
        let set = self.set_algorithm(caller, request).await?;
        Ok(Response::new(set))
    }
}
