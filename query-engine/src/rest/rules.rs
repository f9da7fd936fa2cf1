//! `POST /api/projects/{id}/grouping-rules/check`: the body is the text of rules, the
//! parameters say of which events they are asked. The answer is that of
//! `GroupingService.CheckRules` without the pieces for highlighting.

use std::sync::Arc;

use axum::{
    Json,
    body::to_bytes,
    extract::{Path, Request, State},
};
use grouping::rules::RULES_BYTES_MAX;
use proto::v1;
use serde::Serialize;

use super::{Answer, Reader, in_rest, params::Params};
use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
};

#[derive(Serialize)]
pub(super) struct Checked {
    faults: Vec<Fault>,
    rules: u32,
    matches: Vec<Matches>,
    events: u32,
    cut_short: bool,
    over_budget: u32,
    moved: u32,
}

#[derive(Serialize)]
struct Fault {
    line: u32,
    column: u32,
    message: String,
    suggestion: String,
}

#[derive(Serialize)]
struct Matches {
    line: u32,
    rule: String,
    events: u32,
    event_id: String,
    issue_id: String,
}

pub(super) async fn check(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path(project): Path<String>,
    params: Params,
    request: Request,
) -> Answer<Checked> {
    let project_id = number(&project)?;
    let events = params.number("events")?;
    let request = v1::CheckRulesRequest {
        project_id,
        text: text(request).await?,
        events,
        event_id: params.text("event"),
        after_position: params.after_position()?,
    };
    let checked = core.check_rules(&viewer, request).await;
    let checked = checked.map_err(|error| match error.field.as_str() {
        "event_id" => ApiError::at(error.code, "event", error.message.as_str()),
        _ => in_rest(&error),
    })?;
    Ok(Json(told(checked)))
}

/// The project of a path.
pub(super) fn number(project: &str) -> Result<u32, ApiError> {
    let number = project.parse();
    number.map_err(|_| ApiError::not_found("a project is named by its number"))
}

/// The rules that a request bears.
pub(super) async fn text(request: Request) -> Result<String, ApiError> {
    let body = to_bytes(request.into_body(), RULES_BYTES_MAX).await;
    let body = body.map_err(|_| {
        let message = format!("must have at most {RULES_BYTES_MAX} bytes");
        ApiError::at(ErrorCode::TooLarge, "text", message)
    })?;
    String::from_utf8(body.into()).map_err(|_| ApiError::invalid("text", "must be UTF-8"))
}

fn told(checked: v1::CheckRulesResponse) -> Checked {
    let fault = |fault: v1::RuleFault| Fault {
        line: fault.line,
        column: fault.column,
        message: fault.message,
        suggestion: fault.suggestion,
    };
    let matches = |found: v1::RuleMatches| Matches {
        line: found.line,
        rule: found.rule,
        events: found.events,
        event_id: found.event_id,
        issue_id: found.issue_id,
    };
    Checked {
        faults: checked.faults.into_iter().map(fault).collect(),
        rules: checked.rules,
        matches: checked.matches.into_iter().map(matches).collect(),
        events: checked.events,
        cut_short: checked.cut_short,
        over_budget: checked.over_budget,
        moved: checked.moved,
    }
}
