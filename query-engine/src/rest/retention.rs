//! `GET /api/retention`: by which rules events go, and how many.

use std::sync::Arc;

use axum::{Json, extract::State};
use proto::v1::{self, RetentionSource};
use serde::Serialize;

use super::{Answer, Reader, in_rest, params::Params};
use crate::{core::Core, time::rfc3339};

#[derive(Serialize)]
pub(super) struct Retention {
    /// Events that are there.
    events: u64,
    rules: Vec<Planned>,
}

#[derive(Serialize)]
struct Planned {
    rule: String,
    /// `configuration`, `project` or `tried`.
    source: &'static str,
    /// Null: nothing has gone.
    gone_before: Option<String>,
    goes_before: Option<String>,
    events: u64,
    bytes: u64,
}

/// Answers the rules that hold, and one that is tried.
pub(super) async fn rules(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    params: Params,
) -> Answer<Retention> {
    let tried = params.text("rule");
    let rules = if tried.is_empty() {
        vec![]
    } else {
        vec![tried]
    };
    let request = v1::GetRetentionRequest { rules };
    let found = core.get_retention(&viewer, request).await;
    let found = found.map_err(|error| in_rest(&error))?;
    let told = |rule: v1::RetentionRule| Planned {
        source: match rule.source() {
            RetentionSource::Project => "project",
            RetentionSource::Tried => "tried",
            RetentionSource::Configuration | RetentionSource::Unspecified => "configuration",
        },
        rule: rule.rule,
        gone_before: rule.gone_before.as_ref().map(rfc3339),
        goes_before: rule.goes_before.as_ref().map(rfc3339),
        events: rule.events,
        bytes: rule.bytes,
    };
    Ok(Json(Retention {
        events: found.events,
        rules: found.rules.into_iter().map(told).collect(),
    }))
}
