//! Reads of issues: `errata.v1.IssueService`, and REST over the same functions.

use std::collections::HashMap;

use event_model::{ControlState, UserId};
use proto::v1;
use read_model::issues::reader::{self, IssueCursor, IssueFilter, IssueSort};

use crate::{
    convert,
    core::Core,
    cursor::{self, Cursor},
    error::ApiError,
    span,
    time::{ms_of, now_s, stamp_ms, stamp_ns},
};

/// Rows of a page when the reader names no number.
pub(crate) const LIMIT_DEFAULT: u32 = 50;
/// Most rows of a page.
pub(crate) const LIMIT_MAX: u32 = 1000;
/// Longest text of a filter, bytes.
const TEXT_BYTES_MAX: usize = 1024;
/// Most words of a filter; each is a pass over title and culprit.
const WORDS_MAX: usize = 16;
/// Most values of a list within a filter.
const FILTER_VALUES_MAX: usize = 1000;

/// A page's size as asked for, 0 meaning the default.
pub(crate) fn limit(asked: u32) -> Result<u32, ApiError> {
    match asked {
        0 => Ok(LIMIT_DEFAULT),
        1..=LIMIT_MAX => Ok(asked),
        _ => Err(ApiError::invalid(
            "limit",
            format!("{asked} is not within 1 to {LIMIT_MAX}"),
        )),
    }
}

impl Core {
    /// A page of issues, without sparklines if `stats` is false.
    pub(crate) async fn list_issues(
        &self,
        request: v1::ListIssuesRequest,
        stats: bool,
    ) -> Result<v1::ListIssuesResponse, ApiError> {
        let limit = limit(request.limit)?;
        let range_s = span::range_s(request.stats_range_s, "stats_range_s")?;
        let filter = filter(request.filter.unwrap_or_default())?;
        let sort = sort(request.sort)?;
        let asked = cursor::hash(format!("{filter:?} {sort:?}").as_bytes());
        let from = Cursor::decode(&request.cursor, cursor::ISSUES, asked)?;
        let from = from.map(|cursor| IssueCursor {
            key: cursor.key,
            id: event_model::IssueId(cursor.id),
        });
        self.wait_issues(request.after_position).await;
        let window = span::sparkline(range_s, now_s());
        let (page, mut sparklines, total, position) = self
            .ask(move |snapshot| {
                let page = snapshot.list(&filter, sort, from, limit)?;
                let ids: Vec<_> = page.issues.iter().map(|row| row.id).collect();
                let sparklines = if stats {
                    snapshot.issue_series(window, &ids)?
                } else {
                    HashMap::new()
                };
                // A first page that is also the last tells the total itself.
                let total = if from.is_none() && page.next.is_none() {
                    page.issues.len() as u32
                } else if stats {
                    snapshot.total(&filter)?
                } else {
                    0
                };
                Ok((page, sparklines, total, snapshot.position()?))
            })
            .await?;
        let state = self.control.state();
        let next = page.next.map(|next| Cursor {
            kind: cursor::ISSUES,
            asked,
            key: next.key,
            id: next.id.0,
        });
        let issues = page.issues.into_iter().map(|row| {
            let zeros = || vec![0; window.buckets as usize];
            let sparkline = sparklines.remove(&row.id).unwrap_or_else(zeros);
            convert::issue(row, &state, sparkline)
        });
        Ok(v1::ListIssuesResponse {
            issues: issues.collect(),
            next_cursor: next.map(|cursor| cursor.encode()).unwrap_or_default(),
            total,
            position: position.0,
        })
    }

    /// One issue with its releases and environments.
    pub(crate) async fn get_issue(
        &self,
        request: v1::GetIssueRequest,
    ) -> Result<v1::GetIssueResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        let range_s = span::range_s(request.stats_range_s, "stats_range_s")?;
        self.wait_issues(request.after_position).await;
        let window = span::sparkline(range_s, now_s());
        let found = self
            .ask(move |snapshot| {
                let Some(row) = snapshot.issue(id)? else {
                    return Ok(None);
                };
                let sparkline = snapshot.issue_series(window, &[id])?.remove(&id);
                let releases = snapshot.releases(id)?;
                let environments = snapshot.environments(id)?;
                Ok(Some((row, sparkline, releases, environments)))
            })
            .await?;
        let (row, sparkline, releases, environments) =
            found.ok_or_else(|| no_issue(&request.issue_id))?;
        let sparkline = sparkline.unwrap_or_else(|| vec![0; window.buckets as usize]);
        Ok(v1::GetIssueResponse {
            issue: Some(convert::issue(row, &self.control.state(), sparkline)),
            releases: releases.into_iter().map(release).collect(),
            environments: environments.into_iter().map(value).collect(),
        })
    }

    /// Who did what.
    pub(crate) async fn list_activity(
        &self,
        request: v1::ListActivityRequest,
    ) -> Result<v1::ListActivityResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        self.wait_issues(request.after_position).await;
        let (known, entries) = self
            .ask(move |snapshot| Ok((snapshot.issue(id)?.is_some(), snapshot.activity(id)?)))
            .await?;
        if !known {
            return Err(no_issue(&request.issue_id));
        }
        let state = self.control.state();
        let entries = entries.into_iter().map(|entry| activity(entry, &state));
        Ok(v1::ListActivityResponse {
            activities: entries.collect(),
        })
    }

    /// Values of the issue's tags.
    pub(crate) async fn list_tags(
        &self,
        request: v1::ListTagsRequest,
    ) -> Result<v1::ListTagsResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        self.wait_issues(request.after_position).await;
        let (known, keys) = self
            .ask(move |snapshot| Ok((snapshot.issue(id)?.is_some(), snapshot.tags(id)?)))
            .await?;
        if !known {
            return Err(no_issue(&request.issue_id));
        }
        let keys = keys.into_iter().map(|key| v1::TagKey {
            key: key.key,
            count: key.count,
            values: key.values.into_iter().map(value).collect(),
            distinct: key.distinct,
        });
        Ok(v1::ListTagsResponse {
            tags: keys.collect(),
        })
    }

    /// Filter values.
    pub(crate) async fn list_facets(
        &self,
        request: v1::ListFacetsRequest,
    ) -> Result<v1::ListFacetsResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let projects = convert::projects(&request.project_ids);
        let facets = self.ask(move |snapshot| snapshot.facets(&projects)).await?;
        Ok(v1::ListFacetsResponse {
            environments: facets.environments,
            releases: facets.releases,
        })
    }
}

pub(crate) fn no_issue(id: &str) -> ApiError {
    ApiError::not_found(format!("no issue {id}"))
}

/// Refuses lists that no person or page would send.
pub(crate) fn bounded(len: usize, field: &'static str) -> Result<(), ApiError> {
    if len > FILTER_VALUES_MAX {
        return Err(ApiError::invalid(
            field,
            format!("{len} values, at most {FILTER_VALUES_MAX}"),
        ));
    }
    Ok(())
}

fn filter(given: v1::IssueFilter) -> Result<IssueFilter, ApiError> {
    bounded(given.project_ids.len(), "filter.project_ids")?;
    bounded(given.statuses.len(), "filter.statuses")?;
    bounded(given.levels.len(), "filter.levels")?;
    for (text, field) in [
        (&given.text, "filter.text"),
        (&given.environment, "filter.environment"),
        (&given.release, "filter.release"),
    ] {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ApiError::invalid(
                field,
                format!("{} bytes, at most {TEXT_BYTES_MAX}", text.len()),
            ));
        }
    }
    let words: Vec<String> = given.text.split_whitespace().map(str::to_owned).collect();
    if words.len() > WORDS_MAX {
        return Err(ApiError::invalid(
            "filter.text",
            format!("{} words, at most {WORDS_MAX}", words.len()),
        ));
    }
    let unknown = |field, number: i32| ApiError::invalid(field, format!("{number} is not known"));
    let statuses = given
        .statuses
        .iter()
        .map(|n| convert::status_of(*n).ok_or_else(|| unknown("filter.statuses", *n)));
    let levels = given
        .levels
        .iter()
        .map(|n| convert::level_of(*n).ok_or_else(|| unknown("filter.levels", *n)));
    Ok(IssueFilter {
        projects: convert::projects(&given.project_ids),
        statuses: statuses.collect::<Result<_, _>>()?,
        levels: levels.collect::<Result<_, _>>()?,
        environment: given.environment,
        release: given.release,
        words,
        assignee: (given.assignee != 0).then_some(UserId(given.assignee)),
        seen_since_ms: given.seen_since.as_ref().map(ms_of),
        first_seen_since_ms: given.first_seen_since.as_ref().map(ms_of),
    })
}

fn sort(number: i32) -> Result<IssueSort, ApiError> {
    match v1::IssueSort::try_from(number) {
        Ok(v1::IssueSort::Unspecified | v1::IssueSort::LastSeen) => Ok(IssueSort::LastSeen),
        Ok(v1::IssueSort::FirstSeen) => Ok(IssueSort::FirstSeen),
        Ok(v1::IssueSort::Count) => Ok(IssueSort::Count),
        Ok(v1::IssueSort::Users) => Ok(IssueSort::Users),
        Err(_) => Err(ApiError::invalid("sort", format!("{number} is not known"))),
    }
}

fn value(count: reader::ValueCount) -> v1::ValueCount {
    v1::ValueCount {
        value: count.value,
        count: count.count,
    }
}

fn release(count: reader::ReleaseCount) -> v1::ReleaseCount {
    v1::ReleaseCount {
        version: count.version,
        count: count.count,
        first_seen: Some(stamp_ms(count.first_seen_ms)),
        last_seen: Some(stamp_ms(count.last_seen_ms)),
    }
}

/// "user:N" and user ids become addresses; a user nobody knows stays a number.
fn activity(entry: reader::Activity, state: &ControlState) -> v1::Activity {
    let email = |number: &str| {
        let user = number
            .parse()
            .ok()
            .and_then(|id| state.users.get(&UserId(id)));
        user.map_or_else(|| format!("user {number}"), |user| user.email.clone())
    };
    let actor = match entry.actor.split_once(':') {
        Some(("user", number)) => email(number),
        _ if entry.actor == "alerter" => entry.actor,
        _ => "errata".to_owned(),
    };
    let detail = match entry.kind.as_str() {
        "assigned" => email(entry.detail.strip_prefix("user:").unwrap_or(&entry.detail)),
        _ => entry.detail,
    };
    v1::Activity {
        position: entry.position.0,
        kind: entry.kind,
        at: Some(stamp_ns(entry.at_ns)),
        actor,
        detail,
    }
}
