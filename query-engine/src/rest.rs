//! REST reads: `GET /api/errors`, `/api/errors/export`, `/api/errors/{id}`, `/api/errors/{id}/grouping`,
//! `/api/issues`, `/api/issues/{id}`, `/api/issues/{id}/similar`, `/api/stats`, `/api/retention`,
//! `POST /api/projects/{id}/grouping-rules/check` and `/preview`, as DESIGN.md promises them.
//!
//! Parameters are checked here and name themselves in the error; the work is that
//! of the gRPC services. Absent values: texts are empty, numbers `null`, lists `[]`,
//! free-form objects `{}`, and `user`, `request`, `sdk`, `mechanism`, `assignee`
//! `null`. Parameters unknown to this release are passed over.

mod download;
mod etag;
mod export;
mod json;
pub(crate) mod paced;
mod params;
mod preview;
mod retention;
mod rules;
mod similar;
mod stats;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequestParts, MatchedPath, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use event_model::access::{Viewer, door};
use http::{HeaderValue, Method, header, request::Parts};
use proto::{routes, v1};
use tower_http::compression::CompressionLayer;

use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
};

use self::params::Params;

/// The routes, authenticated.
pub(crate) fn routes(core: &Arc<Core>) -> Router {
    Router::new()
        .route(routes::LIST_ERRORS.path, get(list_errors))
        .route(routes::GET_ERROR.path, get(get_error))
        .route(routes::GROUPING.path, get(get_grouping))
        .route(routes::CHECK_RULES.path, post(rules::check))
        .route(routes::PREVIEW_RULES.path, post(preview::preview))
        .route(routes::LIST_ISSUES.path, get(list_issues))
        .route(routes::GET_ISSUE.path, get(get_issue))
        .route(routes::SIMILAR_ISSUES.path, get(similar::list))
        .route(routes::RETENTION.path, get(retention::rules))
        .route(routes::STATS.path, get(stats::query))
        .layer(middleware::from_fn(etag::tag))
        .layer(middleware::from_fn(no_store))
        .layer(CompressionLayer::new())
        // Not compressed: most files are already, and lengths should be told.
        .route(
            routes::ATTACHMENT.path,
            get(download::attachment),
        )
        .route(routes::EXPORT_ERRORS.path, get(export::events))
        .layer(middleware::from_fn(paced::tell))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(core))
}

/// Routes of a crate above this one, with what all routes here have in common.
pub(crate) fn alike(routes: Router) -> Router {
    routes
        .layer(middleware::from_fn(no_store))
        .layer(middleware::from_fn(paced::tell))
        .method_not_allowed_fallback(method_not_allowed)
}

async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        format!("{method} is not for this path"),
    )
}

/// Answers hold personal data and are out of date at once: nobody keeps them.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// A caller who may read, by the route they came to.
struct Reader(Viewer);

impl FromRequestParts<Arc<Core>> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, ApiError> {
        core.viewer_of_route(parts).map(Self)
    }
}

impl Core {
    /// Who comes to a route, one more time.
    pub(crate) fn viewer_of_route(&self, parts: &Parts) -> Result<Viewer, ApiError> {
        let path = parts.extensions.get::<MatchedPath>();
        // Whatever may be read may be asked about.
        let method = match parts.method {
            Method::HEAD => "GET",
            ref method => method.as_str(),
        };
        let need = path.and_then(|path| door::of_route(method, path.as_str()));
        let viewer = self.authenticate(&parts.headers, &parts.extensions, need)?;
        let path = path.map_or("", MatchedPath::as_str);
        self.pace.take(viewer.caller(), path, &parts.extensions)?;
        Ok(viewer)
    }
}

type Answer<T> = Result<Json<T>, ApiError>;

async fn list_errors(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    params: Params,
) -> Answer<json::ErrorList> {
    let request = v1::ListEventsRequest {
        limit: params.limit()?,
        cursor: params.text("cursor"),
        ..listed_errors(&core, &viewer, &params)?
    };
    let page = core
        .list_events(&viewer, request)
        .await
        .map_err(|error| in_rest(&error))?;
    Ok(Json(json::error_list(page)))
}

/// What the parameters of a list of events ask for, but for its pages.
fn listed_errors(
    core: &Core,
    viewer: &Viewer,
    params: &Params,
) -> Result<v1::ListEventsRequest, ApiError> {
    let project_id = params.project()?;
    core.known_project(viewer, project_id)?;
    params.check_issue()?;
    Ok(v1::ListEventsRequest {
        project_id,
        issue_id: params.text("issue"),
        query: params.text("query"),
        limit: 0,
        cursor: String::new(),
        after_position: params.after_position()?,
        environment: params.text("environment"),
        release: params.text("release"),
        user: params.text("user"),
        tags: params.tags()?,
        levels: params.levels()?,
        from: params.time("from")?,
        to: params.time("to")?,
        ascending: params.ascending()?,
        with_total: false,
        time_zone: params.text("time_zone"),
    })
}

async fn get_error(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path(id): Path<String>,
    params: Params,
) -> Answer<serde_json::Value> {
    check_event_id(&id)?;
    let request = v1::GetEventRequest {
        event_id: id,
        issue_id: String::new(),
        after_position: params.after_position()?,
    };
    let whole = core
        .get_event(&viewer, request)
        .await
        .map_err(|error| in_rest(&error))?;
    Ok(Json(json::error_detail(whole)))
}

async fn get_grouping(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path(id): Path<String>,
    params: Params,
) -> Answer<json::Grouping> {
    check_event_id(&id)?;
    let request = v1::ExplainGroupingRequest {
        event_id: id,
        issue_id: String::new(),
        after_position: params.after_position()?,
    };
    let explanation = core
        .explain_grouping(&viewer, request)
        .await
        .map_err(|error| in_rest(&error))?;
    Ok(Json(json::grouping(explanation)))
}

fn check_event_id(id: &str) -> Result<(), ApiError> {
    if id.parse::<event_model::EventId>().is_ok() {
        return Ok(());
    }
    let message = format!("{:?} is not an event id of 32 hex digits", cut(id));
    Err(ApiError::invalid("id", message))
}

fn check_issue_id(id: &str) -> Result<(), ApiError> {
    if id.parse::<event_model::IssueId>().is_ok() {
        return Ok(());
    }
    let message = format!("{:?} is not an issue id of 16 hex digits", cut(id));
    Err(ApiError::invalid("id", message))
}

async fn list_issues(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    params: Params,
) -> Answer<json::IssueList> {
    let filter = params.issue_filter()?;
    for project in &filter.project_ids {
        core.known_project(&viewer, *project)?;
    }
    let request = v1::ListIssuesRequest {
        filter: Some(filter),
        sort: params.sort()?,
        limit: params.limit()?,
        cursor: params.text("cursor"),
        after_position: params.after_position()?,
        ascending: params.ascending()?,
        stats_range_s: 0,
        at: params.text("at"),
    };
    let page = core
        .list_issues(&viewer, request, false)
        .await
        .map_err(|error| in_rest(&error))?;
    Ok(Json(json::issue_list(page)))
}

async fn get_issue(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    check_issue_id(&id)?;
    let is_told = params.flag("fingerprints")?;
    let request = v1::GetIssueRequest {
        issue_id: id,
        after_position: params.after_position()?,
        at: params.text("at"),
        ..Default::default()
    };
    let found = core
        .get_issue(&viewer, request)
        .await
        .map_err(|error| in_rest(&error))?;
    let issue = found
        .issue
        .ok_or_else(|| ApiError::not_found("no such issue"))?;
    let place = routes::GET_ISSUE.path.replace("{id}", &issue.id);
    let made_of = if is_told {
        found.fingerprints
    } else {
        Vec::new()
    };
    let mut response = Json(json::whole_issue(issue, made_of)).into_response();
    // Of an issue that was merged: which one it is part of.
    if !found.merged_id.is_empty()
        && let Ok(place) = HeaderValue::from_str(&place)
    {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LOCATION, place);
    }
    Ok(response)
}

impl Core {
    /// 404 for a project that the viewer does not see or that does not exist; 0 stands for
    /// all.
    pub(crate) fn known_project(&self, viewer: &Viewer, id: u32) -> Result<(), ApiError> {
        let project = event_model::ProjectId(id);
        let known = || {
            let state = self.control.state();
            state.projects.contains_key(&project) && viewer.sees(project)
        };
        // A project made a moment ago may not be folded yet.
        if id == 0 || known() || self.control.poll().unwrap_or(false) && known() {
            return Ok(());
        }
        let message = format!("no project {id}");
        Err(ApiError::at(ErrorCode::NotFound, "project", message))
    }
}

/// The parameter's name for a field of the gRPC request.
fn in_rest(error: &ApiError) -> ApiError {
    let field = match error.field.as_str() {
        "filter.text" => "query",
        "event_id" => "id",
        "issue_id" => "issue",
        "filter.environment" => "environment",
        "filter.release" => "release",
        "filter.project_ids" => "project",
        "filter.from" => "from",
        "tags" => "tag",
        "levels" => "level",
        other => other,
    };
    error.of_field(field)
}

/// Enough of a text to recognise it in a message.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
