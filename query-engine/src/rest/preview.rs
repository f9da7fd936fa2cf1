//! `POST /api/projects/{id}/grouping-rules/preview`: the body is the text of rules, the
//! parameters bound what is looked at. The answer is the result of
//! `GroupingService.PreviewRegroup`; whoever does not wait for it ends the work.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
};
use proto::v1::{self, preview_regroup_response::Step};
use serde::Serialize;
use tokio_stream::StreamExt;

use super::{
    Answer, Reader,
    json::{ErrorLine, error_line},
    params::Params,
    rules::{number, text},
};
use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
    time::rfc3339,
};

/// Until the answer begins nothing travels, and what stands between does not wait for a
/// minute.
const SECONDS_DEFAULT: u32 = 20;

#[derive(Serialize)]
pub(super) struct Preview {
    events: u64,
    total: u64,
    end: &'static str,
    reached: Option<String>,
    rules: u32,
    algorithm: u32,
    moved: u64,
    issues_before: u32,
    issues_after: u32,
    merges: Vec<Group>,
    merges_total: u32,
    splits: Vec<Group>,
    splits_total: u32,
    created: Vec<Group>,
    created_total: u32,
    over_budget: u64,
    uncounted: u64,
}

#[derive(Serialize)]
struct Group {
    issue: Option<Issue>,
    parts: Vec<Issue>,
    parts_total: u32,
}

#[derive(Serialize)]
struct Issue {
    id: String,
    title: String,
    events: u64,
    is_new: bool,
    is_discarded: bool,
    samples: Vec<ErrorLine>,
}

pub(super) async fn preview(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path(project): Path<String>,
    params: Params,
    request: Request,
) -> Answer<Preview> {
    let is_in_force = match params.text("in_force").as_str() {
        "" | "false" => false,
        "true" => true,
        _ => return Err(ApiError::invalid("in_force", "must be true or false")),
    };
    let seconds = params.number("seconds")?;
    let request = v1::PreviewRegroupRequest {
        project_id: number(&project)?,
        text: if is_in_force {
            None
        } else {
            Some(text(request).await?)
        },
        algorithm: params.number("algorithm")?,
        from: params.time("from")?,
        to: params.time("to")?,
        max_events: params.number("events")?,
        max_seconds: if seconds == 0 {
            SECONDS_DEFAULT
        } else {
            seconds
        },
        max_samples: params.number("samples")?,
        after_position: params.after_position()?,
    };
    let steps = core.preview_regroup(viewer, request).await;
    let mut steps = steps.map_err(|error| in_rest(&error))?;
    while let Some(step) = steps.next().await {
        let step = step.map_err(|status| ApiError::of_status(&status))?.step;
        if let Some(Step::Result(result)) = step {
            return Ok(Json(told(result)));
        }
    }
    let message = "the preview ended on the server";
    Err(ApiError::new(ErrorCode::Overloaded, message))
}

/// The parameter's name for a field of the gRPC request.
fn in_rest(error: &ApiError) -> ApiError {
    match error.field.strip_prefix("max_") {
        Some(field) => ApiError::at(error.code, field, error.message.as_str()),
        None => error.clone(),
    }
}

fn told(result: v1::RegroupPreview) -> Preview {
    let end = match result.end() {
        v1::RegroupEnd::Unspecified | v1::RegroupEnd::All => "all",
        v1::RegroupEnd::Events => "events",
        v1::RegroupEnd::Time => "time",
    };
    let groups = |groups: Vec<v1::RegroupGroup>| groups.into_iter().map(group).collect();
    Preview {
        events: result.events,
        total: result.total,
        end,
        reached: result.reached.as_ref().map(rfc3339),
        rules: result.rules,
        algorithm: result.algorithm,
        moved: result.moved,
        issues_before: result.issues_before,
        issues_after: result.issues_after,
        merges: groups(result.merges),
        merges_total: result.merges_total,
        splits: groups(result.splits),
        splits_total: result.splits_total,
        created: groups(result.created),
        created_total: result.created_total,
        over_budget: result.over_budget,
        uncounted: result.uncounted,
    }
}

fn group(group: v1::RegroupGroup) -> Group {
    Group {
        issue: group.issue.map(issue),
        parts: group.parts.into_iter().map(issue).collect(),
        parts_total: group.parts_total,
    }
}

fn issue(issue: v1::RegroupIssue) -> Issue {
    Issue {
        id: issue.id,
        title: issue.title,
        events: issue.events,
        is_new: issue.is_new,
        is_discarded: issue.is_discarded,
        samples: issue.samples.into_iter().map(error_line).collect(),
    }
}
