//! Rules of grouping by REST: `/api/projects/{id}/grouping-rules`, to read and to set them,
//! and below it to apply them to events that are there, and to take that back.
//!
//! Invariant: a body is read once it is known who sends it.

use std::str::FromStr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    response::Response,
    routing::{get, post},
};
use event_model::{access::Action, credential::Caller};
use proto::{
    routes,
    v1::{
        ApplyGroupingRulesRequest, CommandResponse, GetGroupingRulesRequest, GroupingApplication,
        GroupingRules, GroupingRulesVersion, SetGroupingRulesRequest, UndoGroupingRulesRequest,
    },
};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Settings;
use crate::{
    commands::rules,
    error::{ApiError, ErrorCode},
    people::answer,
};

/// The routes.
pub(in crate::people) fn router(settings: Settings) -> Router {
    Router::new()
        .route(routes::GROUPING_RULES.path, get(get_rest).put(put_rest))
        .route(routes::APPLY_RULES.path, post(apply_rest))
        .route(routes::UNDO_RULES.path, post(undo_rest))
        .with_state(settings)
}

async fn get_rest(
    State(settings): State<Settings>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    let wanted = settings.wanted(&project, &request);
    let answered = async {
        let (caller, wanted) = wanted?;
        Ok(told(&settings.grouping_rules(caller, wanted).await?))
    };
    answer(answered.await)
}

async fn put_rest(
    State(settings): State<Settings>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    answer(settings.put_rest(&project, request).await)
}

async fn apply_rest(
    State(settings): State<Settings>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    answer(settings.apply_rest(&project, request).await)
}

async fn undo_rest(
    State(settings): State<Settings>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    let wanted = settings.undo_wanted(&project, &request);
    let answered = async {
        let (caller, wanted) = wanted?;
        Ok(decided(settings.undo_grouping(caller, wanted).await?))
    };
    answer(answered.await)
}

impl Settings {
    /// Who asks, and what for.
    fn wanted(
        &self,
        project: &str,
        request: &Request,
    ) -> Result<(Caller, GetGroupingRulesRequest), ApiError> {
        let (headers, extensions) = (request.headers(), request.extensions());
        let caller = self.callers.of(headers, extensions, Action::ReadProject)?;
        let wanted = GetGroupingRulesRequest {
            project_id: project_id(project)?,
            version: number(request, "version")?.unwrap_or(0),
        };
        Ok((caller, wanted))
    }

    async fn put_rest(&self, project: &str, request: Request) -> Result<Value, ApiError> {
        let caller = self.owner(&request)?;
        let project_id = project_id(project)?;
        let expected_version = number(&request, "expected_version")?;
        let wanted = SetGroupingRulesRequest {
            project_id,
            text: text(request.into_body()).await?,
            expected_version,
        };
        Ok(decided(self.set_grouping(caller, wanted).await?))
    }

    async fn apply_rest(&self, project: &str, request: Request) -> Result<Value, ApiError> {
        let caller = self.owner(&request)?;
        let project_id = project_id(project)?;
        let algorithm = number(&request, "algorithm")?.unwrap_or(0);
        let expected_version = number(&request, "expected_version")?;
        let text = if is_in_force(&request)? {
            None
        } else {
            Some(text(request.into_body()).await?)
        };
        let wanted = ApplyGroupingRulesRequest {
            project_id,
            text,
            algorithm,
            expected_version,
        };
        Ok(decided(self.apply_grouping(caller, wanted).await?))
    }

    /// Who asks, and what for.
    fn undo_wanted(
        &self,
        project: &str,
        request: &Request,
    ) -> Result<(Caller, UndoGroupingRulesRequest), ApiError> {
        let caller = self.owner(request)?;
        let wanted = UndoGroupingRulesRequest {
            project_id: project_id(project)?,
            application: number(request, "application")?.unwrap_or(0),
        };
        Ok((caller, wanted))
    }

    fn owner(&self, request: &Request) -> Result<Caller, ApiError> {
        let (headers, extensions) = (request.headers(), request.extensions());
        self.callers.of(headers, extensions, Action::ManageProject)
    }
}

/// The body is the text.
async fn text(body: Body) -> Result<String, ApiError> {
    let body = to_bytes(body, rules::RULES_BYTES_MAX).await;
    let body = body.map_err(|_| {
        let message = format!("must have at most {} bytes", rules::RULES_BYTES_MAX);
        ApiError::at(ErrorCode::TooLarge, "text", message)
    })?;
    let text = String::from_utf8(body.into());
    text.map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ApiError::invalid("text", format!("is not UTF-8 at byte {at}"))
    })
}

fn project_id(text: &str) -> Result<u32, ApiError> {
    text.parse()
        .map_err(|_| ApiError::new(ErrorCode::NotFound, "a project is named by its number"))
}

/// One of the parameters.
fn parameter(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut given = form_urlencoded::parse(query.as_bytes());
    let (_, value) = given.find(|(key, _)| key == name)?;
    Some(value.into_owned())
}

/// A whole number among the parameters.
fn number<T: FromStr>(request: &Request, name: &str) -> Result<Option<T>, ApiError> {
    let Some(value) = parameter(request, name) else {
        return Ok(None);
    };
    let number = value.parse().map(Some);
    number.map_err(|_| ApiError::invalid(name, "must be a whole number"))
}

/// Whether the rules are meant that hold, not those of a body.
fn is_in_force(request: &Request) -> Result<bool, ApiError> {
    match parameter(request, "in_force").as_deref() {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::invalid("in_force", "must be true or false")),
    }
}

fn decided(response: CommandResponse) -> Value {
    json!({ "position": response.position.to_string() })
}

fn told(rules: &GroupingRules) -> Value {
    let version = |set: &GroupingRulesVersion| {
        json!({
            "version": set.version,
            "actor": set.actor,
            "set_at": time(set.set_at),
            "bytes": set.bytes,
        })
    };
    let application = |applied: &GroupingApplication| {
        let undone = applied.undone_at.is_some();
        json!({
            "id": applied.id,
            "actor": applied.actor,
            "applied_at": time(applied.applied_at),
            "algorithm": applied.algorithm,
            "bytes": applied.bytes,
            "undone_at": undone.then(|| time(applied.undone_at)),
            "undone_by": undone.then_some(&applied.undone_by),
            "is_undoable": applied.is_undoable,
        })
    };
    json!({
        "project_id": rules.project_id,
        "text": rules.text,
        "version": rules.version,
        "algorithm": rules.algorithm,
        "algorithms": rules.algorithms,
        "history": rules.history.iter().map(version).collect::<Vec<_>>(),
        "applications": rules.applications.iter().map(application).collect::<Vec<_>>(),
    })
}

fn time(at: Option<prost_types::Timestamp>) -> String {
    let at = at.unwrap_or_default();
    let at = jiff::Timestamp::new(at.seconds, at.nanos);
    at.map_or_else(|_| String::new(), |at| at.to_string())
}
