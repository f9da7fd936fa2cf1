//! Counts over time and how far the projections are: `errata.v1.StatsService`.

mod buckets;
mod facets;
mod query;
mod report;

use std::collections::HashMap;

use event_model::{ControlState, access::Viewer};
use prost_types::Timestamp;
use proto::v1;
use read_model::issues::reader::{
    CountOf, Direction, IssueFilter, IssueSort, IssueState, Range, Scope, SeriesBy, SeriesCounts,
    Summary, Window,
};

use crate::{
    convert,
    core::Core,
    error::ApiError,
    issues::{bounded, bounded_text, no_issue},
    span,
    time::{ms_of, stamp_ms},
};

pub(crate) use self::{
    buckets::{Buckets, Length, range_ms},
    query::{ask, limit},
};

/// Issues of a top list when the reader names no number.
const TOP_DEFAULT: u32 = 10;
/// Most issues of a top list.
const TOP_MAX: u32 = 100;
/// The range of totals when the reader names no start, ms.
const RANGE_DEFAULT_MS: i64 = 24 * 3_600_000;

/// The range of totals: by default the 24 hours before its end.
pub(crate) fn totals_range(
    from: Option<&Timestamp>,
    to: Option<&Timestamp>,
    now_s: i64,
) -> Result<Range, ApiError> {
    let to_ms = to.map(ms_of);
    let default_ms = to_ms
        .unwrap_or(now_s * 1000)
        .saturating_sub(RANGE_DEFAULT_MS);
    let from_ms = from.map_or(default_ms, ms_of);
    span::range(Some(from_ms), to_ms, now_s, "from")
}

pub(crate) fn scope(environment: String, release: String, range: Range) -> Result<Scope, ApiError> {
    bounded_text(&environment, "environment")?;
    bounded_text(&release, "release")?;
    Ok(Scope {
        environment,
        release,
        range: Some(range),
    })
}

impl Core {
    /// Events in buckets.
    pub(crate) async fn get_time_series(
        &self,
        viewer: &Viewer,
        request: v1::GetTimeSeriesRequest,
    ) -> Result<v1::GetTimeSeriesResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let by = match v1::SeriesGroup::try_from(request.group) {
            Ok(v1::SeriesGroup::Unspecified) => SeriesBy::Nothing,
            Ok(v1::SeriesGroup::Level) => SeriesBy::Level,
            Ok(v1::SeriesGroup::Project) => SeriesBy::Project,
            Ok(v1::SeriesGroup::State) => SeriesBy::State,
            Err(_) => return Err(ApiError::invalid("group", "not known")),
        };
        let from = request
            .from
            .as_ref()
            .ok_or_else(|| ApiError::invalid("from", "missing"))?;
        let to_ms = request.to.as_ref().map(ms_of);
        let when = self.when(&request.at).await?;
        let range = span::range(Some(ms_of(from)), to_ms, when.now_s, "from")?;
        let window = span::chart(range, request.bucket_s)?;
        let scope = scope(request.environment, request.release, range)?;
        let issue = match request.issue_id.as_str() {
            "" => None,
            text => Some(convert::issue_id(text)?),
        };
        self.wait_issues(request.after_position).await;
        let projects = convert::projects(&request.project_ids);
        let (with_users, with_releases) = (request.with_users, request.with_releases);
        let found = self
            .ask_of(viewer, when, move |snapshot| {
                let series = match issue {
                    None => snapshot.series(window, &projects, &scope, by)?,
                    Some(id) => {
                        let Some(row) = snapshot.issue(id)? else {
                            return Ok(None);
                        };
                        let counts = snapshot.issue_series(window, &scope, &[id])?.remove(&id);
                        // An issue is of one project and shown at one level, so there
                        // is one series, named after what it was to be split by.
                        let of = match by {
                            SeriesBy::Nothing | SeriesBy::State => CountOf::All,
                            SeriesBy::Level => CountOf::Level(row.level),
                            SeriesBy::Project => CountOf::Project(row.project_id),
                        };
                        let counts = counts.unwrap_or_else(|| window.zeros());
                        vec![SeriesCounts { of, counts }]
                    }
                };
                let users = if with_users {
                    snapshot.user_series(window, &projects, issue, &scope)?
                } else {
                    Vec::new()
                };
                let releases = if with_releases {
                    snapshot.release_marks(window.range, &projects)?
                } else {
                    Vec::new()
                };
                Ok(Some((series, users, releases)))
            })
            .await?;
        let (series, users, releases) = found.ok_or_else(|| no_issue(&request.issue_id))?;
        let state = self.control.state();
        let releases = releases.into_iter().map(|mark| v1::ReleaseMark {
            project_id: mark.project_id.0,
            version: mark.version,
            first_seen: Some(stamp_ms(mark.first_seen_ms)),
        });
        Ok(v1::GetTimeSeriesResponse {
            from: Some(stamp_ms(window.from_ms())),
            bucket_s: bucket_s(&window),
            series: series.into_iter().map(|one| named(one, &state)).collect(),
            users,
            releases: releases.collect(),
        })
    }

    /// Issues with the most events in a range.
    pub(crate) async fn list_top_issues(
        &self,
        viewer: &Viewer,
        request: v1::ListTopIssuesRequest,
    ) -> Result<v1::ListTopIssuesResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let limit = match request.limit {
            0 => TOP_DEFAULT,
            1..=TOP_MAX => request.limit,
            other => {
                return Err(ApiError::invalid(
                    "limit",
                    format!("{other} is not within 1 to {TOP_MAX}"),
                ));
            }
        };
        let when = self.when(&request.at).await?;
        let range = totals_range(request.from.as_ref(), request.to.as_ref(), when.now_s)?;
        let window = span::sparkline(range);
        let filter = IssueFilter {
            projects: convert::projects(&request.project_ids),
            scope: scope(request.environment, request.release, range)?,
            ..IssueFilter::default()
        };
        let (top, mut sparklines) = self
            .ask_of(viewer, when, move |snapshot| {
                let (sort, direction) = (IssueSort::Count, Direction::Descending);
                let top = snapshot.list(&filter, sort, direction, None, limit)?.issues;
                let ids: Vec<_> = top.iter().map(|top| top.issue.id).collect();
                let sparklines = snapshot.issue_series(window, &filter.scope, &ids)?;
                Ok((top, sparklines))
            })
            .await?;
        let state = self.control.state();
        let issues = top.into_iter().map(|top| {
            let sparkline = sparklines.remove(&top.issue.id);
            convert::issue(top, &state, sparkline.unwrap_or_else(|| window.zeros()))
        });
        Ok(v1::ListTopIssuesResponse {
            issues: issues.collect(),
        })
    }

    /// Totals of a range.
    pub(crate) async fn get_summary(
        &self,
        viewer: &Viewer,
        request: v1::GetSummaryRequest,
    ) -> Result<v1::GetSummaryResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let when = self.when(&request.at).await?;
        let range = totals_range(request.from.as_ref(), request.to.as_ref(), when.now_s)?;
        let scope = scope(request.environment, request.release, range)?;
        let projects = convert::projects(&request.project_ids);
        self.wait_issues(request.after_position).await;
        let (now, before) = self
            .ask_of(viewer, when, move |snapshot| {
                Ok((
                    snapshot.summary(range, &projects, &scope)?,
                    snapshot.summary(range.before(), &projects, &scope)?,
                ))
            })
            .await?;
        let by_level = now.by_level.iter();
        Ok(v1::GetSummaryResponse {
            by_level: by_level
                .map(|(level, count)| (level.name().to_owned(), *count))
                .collect::<HashMap<_, _>>(),
            range: Some(range_summary(range, &now)),
            before: Some(range_summary(range.before(), &before)),
        })
    }

    /// How far the projections are. The Parquet files answer to nobody's reads, so
    /// they are not in this list.
    pub(crate) fn get_pipeline_status(&self) -> v1::GetPipelineStatusResponse {
        let end = self.log.end();
        let reached = *self.reached.borrow();
        let status = |name: &str, position: event_model::Position| v1::ProjectionStatus {
            name: name.to_owned(),
            position: position.0,
            lag: end.sequence().saturating_sub(position.sequence()),
        };
        v1::GetPipelineStatusResponse {
            log_position: end.0,
            projections: vec![
                status("issues", reached.issues),
                status("search", reached.search),
            ],
        }
    }
}

fn bucket_s(window: &Window) -> u32 {
    window.per_bucket * window.range.unit.seconds()
}

fn range_summary(range: Range, summary: &Summary) -> v1::RangeSummary {
    v1::RangeSummary {
        from: Some(stamp_ms(range.from_ms())),
        to: Some(stamp_ms(range.to_ms())),
        events: summary.events,
        users: summary.users,
        issues: summary.issues,
        new_issues: summary.new_issues,
        regressed_issues: summary.regressed_issues,
        unresolved_issues: summary.unresolved_issues,
    }
}

fn named(series: SeriesCounts, state: &ControlState) -> v1::Series {
    let name = match series.of {
        CountOf::All => String::new(),
        CountOf::Level(level) => level.name().to_owned(),
        CountOf::State(IssueState::New) => "new".to_owned(),
        CountOf::State(IssueState::Regressed) => "regressed".to_owned(),
        CountOf::State(IssueState::Other) => "other".to_owned(),
        CountOf::Project(id) => state.projects.get(&id).map_or_else(
            || format!("project {}", id.0),
            |project| project.name.clone(),
        ),
    };
    v1::Series {
        name,
        counts: series.counts,
    }
}
