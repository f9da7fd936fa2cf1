//! `GET /api/issues/{id}/similar`: issues that are much like one. The answer is that of
//! `IssueService.ListSimilarIssues`; `suggested_rule` is `null` where none was found.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use proto::v1;
use serde::Serialize;

use super::{Answer, Reader, check_issue_id, in_rest, json, params::Params};
use crate::core::Core;

#[derive(Serialize)]
pub(super) struct SimilarList {
    issues: Vec<Similar>,
    events: u32,
}

#[derive(Serialize)]
struct Similar {
    issue: json::Issue,
    score: f64,
    shared: String,
    differs: String,
    event_id: String,
    #[serde(rename = "similar_event_id")]
    other_event_id: String,
    suggested_rule: Option<String>,
}

pub(super) async fn list(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path(id): Path<String>,
    params: Params,
) -> Answer<SimilarList> {
    check_issue_id(&id)?;
    let request = v1::ListSimilarIssuesRequest {
        issue_id: id,
        limit: params.limit()?,
        after_position: params.after_position()?,
    };
    let found = core.list_similar_issues(&viewer, request).await;
    let found = found.map_err(|error| in_rest(&error))?;
    Ok(Json(SimilarList {
        issues: found.issues.into_iter().map(similar).collect(),
        events: found.events,
    }))
}

fn similar(of: v1::SimilarIssue) -> Similar {
    Similar {
        issue: json::issue(of.issue.unwrap_or_default()),
        score: of.score,
        shared: of.shared,
        differs: of.differs,
        event_id: of.event_id,
        other_event_id: of.similar_event_id,
        suggested_rule: (!of.suggested_rule.is_empty()).then_some(of.suggested_rule),
    }
}
