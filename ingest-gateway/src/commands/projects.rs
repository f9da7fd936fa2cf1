//! Commands about projects and their keys. All are an owner's.

use event_model::{ControlState, Decision, PublicKey, access::Action, credential::Caller};
use proto::v1::{
    CommandResponse, CreateKeyRequest, CreateKeyResponse, CreateProjectRequest,
    CreateProjectResponse, DisableKeyRequest, EnableKeyRequest, RenameKeyRequest,
    RenameProjectRequest,
};

use super::{
    Commands, actor_of, may, rules,
    validate::{self, missing},
};
use crate::error::ApiError;

impl Commands {
    /// Creates a project with its first key.
    pub async fn create_project(
        &self,
        caller: Caller,
        request: CreateProjectRequest,
    ) -> Result<CreateProjectResponse, ApiError> {
        may(caller, Action::CreateProject)?;
        let name = validate::name("name", &request.name)?;
        let platform = validate::label("platform", &request.platform)?;
        let key = PublicKey::random();
        let (position, id) = self
            .core()
            .decide(actor_of(caller), move |state| {
                check_free(state, &name, None)?;
                let id = state.next_project_id();
                let decision = Decision::CreateProject {
                    id,
                    name,
                    platform,
                    public_key: key,
                    key_label: String::new(),
                    algorithm: rules::newest(),
                };
                Ok((decision, id))
            })
            .await?;
        Ok(CreateProjectResponse {
            position: position.0,
            project_id: id.0,
            public_key: key.to_string(),
            dsn: self.core().dsn(id, key),
        })
    }

    /// Gives a project another name and platform.
    pub async fn rename_project(
        &self,
        caller: Caller,
        request: RenameProjectRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManageProject)?;
        let name = validate::name("name", &request.name)?;
        let platform = validate::label("platform", &request.platform)?;
        self.record(caller, move |state| {
            let id = validate::project(state, caller, Action::ManageProject, request.project_id)?;
            check_free(state, &name, Some(request.project_id))?;
            Ok(Decision::RenameProject { id, name, platform })
        })
        .await
    }

    /// Creates a key.
    pub async fn create_key(
        &self,
        caller: Caller,
        request: CreateKeyRequest,
    ) -> Result<CreateKeyResponse, ApiError> {
        may(caller, Action::ManageProject)?;
        let label = validate::label("label", &request.label)?;
        let key = PublicKey::random();
        let (position, project) = self
            .core()
            .decide(actor_of(caller), move |state| {
                let project_id =
                    validate::project(state, caller, Action::ManageProject, request.project_id)?;
                let decision = Decision::CreateKey {
                    project_id,
                    public_key: key,
                    label,
                };
                Ok((decision, project_id))
            })
            .await?;
        Ok(CreateKeyResponse {
            position: position.0,
            public_key: key.to_string(),
            dsn: self.core().dsn(project, key),
        })
    }

    /// Disables a key.
    pub async fn disable_key(
        &self,
        caller: Caller,
        request: DisableKeyRequest,
    ) -> Result<CommandResponse, ApiError> {
        let DisableKeyRequest {
            project_id,
            public_key,
        } = request;
        self.change_key(caller, project_id, &public_key, |project_id, public_key| {
            Decision::DisableKey {
                project_id,
                public_key,
            }
        })
        .await
    }

    /// Lets a disabled key write again.
    pub async fn enable_key(
        &self,
        caller: Caller,
        request: EnableKeyRequest,
    ) -> Result<CommandResponse, ApiError> {
        let EnableKeyRequest {
            project_id,
            public_key,
        } = request;
        self.change_key(caller, project_id, &public_key, |project_id, public_key| {
            Decision::EnableKey {
                project_id,
                public_key,
            }
        })
        .await
    }

    /// Gives a key another label.
    pub async fn rename_key(
        &self,
        caller: Caller,
        request: RenameKeyRequest,
    ) -> Result<CommandResponse, ApiError> {
        let RenameKeyRequest {
            project_id,
            public_key,
            label,
        } = request;
        let label = validate::label("label", &label)?;
        self.change_key(caller, project_id, &public_key, |project_id, public_key| {
            Decision::RenameKey {
                project_id,
                public_key,
                label,
            }
        })
        .await
    }

    pub(super) async fn change_key(
        &self,
        caller: Caller,
        project: u32,
        public_key: &str,
        decision: impl FnOnce(event_model::ProjectId, PublicKey) -> Decision + Send + 'static,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManageProject)?;
        let public_key = validate::public_key(public_key)?;
        self.record(caller, move |state| {
            let project_id = validate::project(state, caller, Action::ManageProject, project)?;
            let key = state.keys.get(&public_key);
            if key.is_none_or(|key| key.project_id != project_id) {
                let message = format!("project {project_id} has no key {public_key}");
                return Err(missing("public_key", message));
            }
            Ok(decision(project_id, public_key))
        })
        .await
    }
}

/// Whether no other project has the name.
fn check_free(state: &ControlState, name: &str, own: Option<u32>) -> Result<(), ApiError> {
    let mut others = state.projects.values().filter(|p| Some(p.id.0) != own);
    if others.any(|p| p.name.to_lowercase() == name.to_lowercase()) {
        let message = format!("there is a project {name:?} already");
        return Err(validate::taken("name", message));
    }
    Ok(())
}
