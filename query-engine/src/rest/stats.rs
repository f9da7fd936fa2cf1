//! `GET /api/stats`: events over time, by field.

use std::sync::Arc;

use axum::{Json, extract::State};
use proto::v1;
use serde::Serialize;

use super::{Answer, Reader, in_rest, params::Params};
use crate::{core::Core, time::rfc3339};

#[derive(Serialize)]
pub(super) struct Stats {
    /// The length of buckets, as it is asked for.
    interval: String,
    /// Distinct values of the field that is split by.
    values: u32,
    #[serde(flatten)]
    range: Period,
    /// The period before; null: not asked for.
    before: Option<Period>,
}

#[derive(Serialize)]
struct Period {
    from: Option<String>,
    to: Option<String>,
    /// Starts of buckets.
    starts: Vec<String>,
    total: Line,
    groups: Vec<Line>,
    others: Option<Line>,
}

#[derive(Serialize)]
struct Line {
    /// The value; null: of the total and of all others. Empty: the events have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// What finds these events beside the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<String>,
    events: u64,
    errors: u64,
    /// Null: not asked for.
    users: Option<u64>,
    counts: Vec<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    user_counts: Vec<u64>,
}

/// Answers statistics.
pub(super) async fn query(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    params: Params,
) -> Answer<Stats> {
    let project_ids = params.projects()?;
    for project in &project_ids {
        core.known_project(&viewer, *project)?;
    }
    params.check_issue()?;
    let with_users = params.flag("users")?;
    let scope = v1::EventScope {
        query: params.text("query"),
        project_ids,
        issue_id: params.text("issue"),
        environment: params.text("environment"),
        release: params.text("release"),
        from: params.time("from")?,
        to: params.time("to")?,
        time_zone: params.text("time_zone"),
    };
    let request = v1::QueryStatsRequest {
        scope: Some(scope),
        interval: params.text("interval"),
        group_by: params.text("group_by"),
        limit: params.number("limit")?,
        with_users,
        with_before: params.flag("before")?,
        after_position: params.after_position()?,
    };
    let found = core.query_stats(&viewer, request).await;
    let found = found.map_err(|error| in_rest(&error))?;
    let period = |period: v1::StatsPeriod| {
        let groups = period.groups.into_iter();
        Period {
            from: period.starts.first().map(rfc3339),
            to: period.to.as_ref().map(rfc3339),
            starts: period.starts.iter().map(rfc3339).collect::<Vec<_>>(),
            total: line(period.total.unwrap_or_default(), false, with_users),
            groups: groups.map(|each| line(each, true, with_users)).collect(),
            others: period.others.map(|others| line(others, false, with_users)),
        }
    };
    Ok(Json(Stats {
        interval: found.interval,
        values: found.values,
        range: period(found.range.unwrap_or_default()),
        before: found.before.map(period),
    }))
}

fn line(line: v1::StatsLine, has_value: bool, with_users: bool) -> Line {
    let text = |text: String| has_value.then_some(text);
    Line {
        value: text(line.value),
        label: text(line.label),
        term: text(line.term),
        events: line.events,
        errors: line.errors,
        users: with_users.then_some(line.users),
        counts: line.counts,
        user_counts: line.user_counts,
    }
}
