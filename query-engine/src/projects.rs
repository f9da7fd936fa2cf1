//! Projects, keys, members: `errata.v1.ProjectService`, reads of the control state
//! with totals from the issue database.

use std::collections::HashMap;

use event_model::{ProjectId, access::Viewer, control::Project, credential::Caller};
use proto::v1;
use read_model::issues::reader::ProjectTotal;

use crate::{
    convert,
    core::Core,
    error::ApiError,
    time::{stamp_ms, stamp_ns},
};

impl Core {
    /// The projects the viewer sees, by id.
    pub(crate) async fn list_projects(
        &self,
        viewer: &Viewer,
        request: v1::ListProjectsRequest,
    ) -> Result<v1::ListProjectsResponse, ApiError> {
        self.wait_issues(request.after_position).await;
        let totals = self.totals(viewer).await?;
        let state = self.control.state();
        let projects = state.projects.values();
        let projects = projects.filter(|project| viewer.sees(project.id));
        Ok(v1::ListProjectsResponse {
            projects: projects
                .map(|project| message(project, totals.get(&project.id)))
                .collect(),
        })
    }

    /// A project and its keys.
    pub(crate) async fn get_project(
        &self,
        viewer: &Viewer,
        request: v1::GetProjectRequest,
    ) -> Result<v1::GetProjectResponse, ApiError> {
        self.wait_issues(request.after_position).await;
        let id = ProjectId(request.project_id);
        let state = self.control.state();
        let project = state
            .projects
            .get(&id)
            .filter(|_| viewer.sees(id))
            .ok_or_else(|| ApiError::not_found(format!("no project {}", id.0)))?;
        let totals = self.totals(viewer).await?;
        let keys = state.keys_of(id).into_iter().map(|key| v1::ProjectKey {
            public_key: key.public_key.to_string(),
            label: key.label.clone(),
            enabled: key.enabled,
            dsn: self.config.dsn(key.public_key, id.0),
            created_at: Some(stamp_ns(key.created_ns)),
            items_per_minute: key.items_per_minute.unwrap_or_default(),
        });
        Ok(v1::GetProjectResponse {
            project: Some(message(project, totals.get(&id))),
            keys: keys.collect(),
        })
    }

    /// Without a read model (before the first replay ends) projects have no events
    /// yet: people still reach their keys.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method as a path is not general over both lifetimes"
    )]
    async fn totals(&self, viewer: &Viewer) -> Result<HashMap<ProjectId, ProjectTotal>, ApiError> {
        if self.current.load().is_none() {
            return Ok(HashMap::new());
        }
        let totals = self
            .ask(viewer, |snapshot| snapshot.project_totals())
            .await?;
        Ok(totals.into_iter().map(|t| (t.project_id, t)).collect())
    }

    /// Members of the organisation, by id.
    pub(crate) fn list_members(&self, viewer: &Viewer) -> v1::ListMembersResponse {
        let state = self.control.state();
        v1::ListMembersResponse {
            members: {
                let users = state.users.values();
                users.map(|user| convert::member(user, viewer)).collect()
            },
        }
    }

    /// Who the caller is. Another role or the command line has id 0.
    pub(crate) fn get_viewer(&self, viewer: &Viewer) -> v1::GetViewerResponse {
        let state = self.control.state();
        let shown = match viewer.caller() {
            Caller::User { id, .. } => {
                let user = state.users.get(&id);
                user.map(|user| convert::member(user, viewer))
            }
            Caller::Internal | Caller::Admin => Some(v1::Member {
                id: 0,
                email: String::new(),
                name: "errata".to_owned(),
                role: v1::Role::Owner as i32,
                status: v1::MemberStatus::Active as i32,
                all_projects: true,
                project_ids: Vec::new(),
            }),
        };
        v1::GetViewerResponse {
            viewer: shown,
            organization: state.organization.clone(),
            plan: state.plan.name().to_owned(),
            version: self.config.version.clone(),
            mail_configured: self.config.mail_configured,
            public_url: self.config.public_url.trim_end_matches('/').to_owned(),
        }
    }
}

fn message(project: &Project, total: Option<&ProjectTotal>) -> v1::Project {
    v1::Project {
        id: project.id.0,
        name: project.name.clone(),
        platform: project.platform.clone(),
        created_at: Some(stamp_ns(project.created_ns)),
        last_event_at: total.map(|total| stamp_ms(total.last_received_ms)),
        events: total.map_or(0, |total| total.events),
        unresolved_issues: total.map_or(0, |total| total.unresolved_issues),
    }
}
