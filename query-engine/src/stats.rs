//! Counts over time and how far the projections are: `errata.v1.StatsService`.

use std::collections::HashMap;

use event_model::ControlState;
use proto::v1;
use read_model::issues::reader::{CountOf, SeriesBy, SeriesCounts, Window};

use crate::{
    convert,
    core::Core,
    error::ApiError,
    issues::{bounded, no_issue},
    span,
    time::{ms_of, now_s, stamp_ms},
};

/// Issues of a top list when the reader names no number.
const TOP_DEFAULT: u32 = 10;
/// Most issues of a top list.
const TOP_MAX: u32 = 100;

impl Core {
    /// Events in buckets.
    pub(crate) async fn get_time_series(
        &self,
        request: v1::GetTimeSeriesRequest,
    ) -> Result<v1::GetTimeSeriesResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let by = match v1::SeriesGroup::try_from(request.group) {
            Ok(v1::SeriesGroup::Unspecified) => SeriesBy::Nothing,
            Ok(v1::SeriesGroup::Level) => SeriesBy::Level,
            Ok(v1::SeriesGroup::Project) => SeriesBy::Project,
            Err(_) => return Err(ApiError::invalid("group", "not known")),
        };
        let second = |ms: i64| ms.div_euclid(1000);
        let now_s = now_s();
        // The current second counts: its events are there already.
        let to_s = request.to.as_ref().map_or(now_s + 1, |t| second(ms_of(t)));
        let from = request
            .from
            .as_ref()
            .ok_or_else(|| ApiError::invalid("from", "missing"))?;
        let window = span::chart(second(ms_of(from)), to_s, request.bucket_s, now_s)?;
        self.wait_issues(request.after_position).await;
        let state = self.control.state();
        let series = if request.issue_id.is_empty() {
            let projects = convert::projects(&request.project_ids);
            let series = self
                .ask(move |snapshot| snapshot.series(window, &projects, by))
                .await?;
            series
                .into_iter()
                .map(|series| named(series, &state))
                .collect()
        } else {
            vec![self.one_issue_series(&request.issue_id, window, by).await?]
        };
        Ok(v1::GetTimeSeriesResponse {
            from: Some(stamp_ms(window.from_ms())),
            bucket_s: window.per_bucket * window.unit.seconds(),
            series,
        })
    }

    /// An issue is of one project and shown at one level, so there is one series,
    /// named after what it was to be split by.
    async fn one_issue_series(
        &self,
        issue_id: &str,
        window: Window,
        by: SeriesBy,
    ) -> Result<v1::Series, ApiError> {
        let id = convert::issue_id(issue_id)?;
        let found = self
            .ask(move |snapshot| {
                let series = snapshot.issue_series(window, &[id])?.remove(&id);
                Ok((snapshot.issue(id)?, series))
            })
            .await?;
        let row = found.0.ok_or_else(|| no_issue(issue_id))?;
        let of = match by {
            SeriesBy::Nothing => CountOf::All,
            SeriesBy::Level => CountOf::Level(row.level),
            SeriesBy::Project => CountOf::Project(row.project_id),
        };
        let counts = found.1.unwrap_or_else(|| vec![0; window.buckets as usize]);
        Ok(named(SeriesCounts { of, counts }, &self.control.state()))
    }

    /// Issues with the most events in a range.
    pub(crate) async fn list_top_issues(
        &self,
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
        let range_s = span::range_s(request.range_s, "range_s")?;
        let projects = convert::projects(&request.project_ids);
        let (window, spark) = (
            span::totals(range_s, now_s()),
            span::sparkline(range_s, now_s()),
        );
        let (top, mut sparklines) = self
            .ask(move |snapshot| {
                let top = snapshot.top_issues(window, &projects, limit)?;
                let ids: Vec<_> = top.iter().map(|top| top.issue.id).collect();
                let sparklines = snapshot.issue_series(spark, &ids)?;
                Ok((top, sparklines))
            })
            .await?;
        let state = self.control.state();
        let issues = top.into_iter().map(|top| {
            let sparkline = sparklines.remove(&top.issue.id);
            let sparkline = sparkline.unwrap_or_else(|| vec![0; spark.buckets as usize]);
            v1::TopIssue {
                range_count: top.window_count,
                issue: Some(convert::issue(top.issue, &state, sparkline)),
            }
        });
        Ok(v1::ListTopIssuesResponse {
            issues: issues.collect(),
        })
    }

    /// Totals of a range.
    pub(crate) async fn get_summary(
        &self,
        request: v1::GetSummaryRequest,
    ) -> Result<v1::GetSummaryResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let range_s = span::range_s(request.range_s, "range_s")?;
        let projects = convert::projects(&request.project_ids);
        let window = span::totals(range_s, now_s());
        let summary = self
            .ask(move |snapshot| snapshot.summary(window, &projects))
            .await?;
        let by_level = summary.by_level.into_iter();
        Ok(v1::GetSummaryResponse {
            events: summary.events,
            events_before: summary.events_before,
            new_issues: summary.new_issues,
            regressed_issues: summary.regressed_issues,
            unresolved_issues: summary.unresolved_issues,
            by_level: by_level
                .map(|(level, count)| (level.name().to_owned(), count))
                .collect::<HashMap<_, _>>(),
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

fn named(series: SeriesCounts, state: &ControlState) -> v1::Series {
    let name = match series.of {
        CountOf::All => String::new(),
        CountOf::Level(level) => level.name().to_owned(),
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
