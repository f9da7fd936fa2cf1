//! Reads of issues: `errata.v1.IssueService`, and REST over the same functions.

mod filter;

use std::collections::HashMap;

use event_model::{ControlState, IssueId, UserId, access::Viewer};
use proto::v1;
use read_model::issues::reader::{
    self, Direction, IssueCursor, IssueFilter, IssueSort, Scope, ScopedIssue,
};

pub(crate) use self::filter::find_by_id;

use crate::{
    convert,
    core::Core,
    cursor::{self, Cursor},
    error::ApiError,
    events::same_issue,
    span,
    time::{ms_of, stamp_ms, stamp_ns},
};

/// Rows of a page when the reader names no number.
pub(crate) const LIMIT_DEFAULT: u32 = 50;
/// Most rows of a page.
pub(crate) const LIMIT_MAX: u32 = 1000;
/// Longest text of a filter, bytes.
const TEXT_BYTES_MAX: usize = 1024;
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
    /// What a filter asks, with its range; ids in its text are still words.
    pub(crate) fn issue_filter(
        &self,
        viewer: &Viewer,
        given: v1::IssueFilter,
    ) -> Result<IssueFilter, ApiError> {
        let (from_ms, to_ms) = (given.from.as_ref().map(ms_of), given.to.as_ref().map(ms_of));
        let reader = self.search_reader(viewer, &given.time_zone, self.now_s())?;
        let mut filter = filter::filter(given, &reader)?;
        if from_ms.is_some() || to_ms.is_some() {
            filter.scope.range = Some(span::range(from_ms, to_ms, self.now_s(), "filter.from")?);
        }
        Ok(filter)
    }

    /// A page of issues, without sparklines if `stats` is false.
    pub(crate) async fn list_issues(
        &self,
        viewer: &Viewer,
        request: v1::ListIssuesRequest,
        stats: bool,
    ) -> Result<v1::ListIssuesResponse, ApiError> {
        let limit = limit(request.limit)?;
        let range_s = span::range_s(request.stats_range_s, "stats_range_s")?;
        let when = self.when(&request.at).await?;
        let now_s = when.now_s;
        let given = request.filter.unwrap_or_default();
        let (from_ms, to_ms) = (given.from.as_ref().map(ms_of), given.to.as_ref().map(ms_of));
        // What "24 hours ago" is changes from page to page, what was asked for does not.
        let asked = v1::IssueFilter {
            from: None,
            to: None,
            ..given.clone()
        };
        let reader = self.search_reader(viewer, &given.time_zone, now_s)?;
        let mut filter = filter::filter(given, &reader)?;
        let sort = sort(request.sort)?;
        let direction = if request.ascending {
            Direction::Ascending
        } else {
            Direction::Descending
        };
        let has_range = from_ms.is_some() || to_ms.is_some();
        let asked = format!(
            "{asked:?} {sort:?} {direction:?} {has_range} {}",
            request.at
        );
        let asked = cursor::hash(asked.as_bytes());
        let from = Cursor::decode(&request.cursor, cursor::ISSUES, asked)?;
        filter.scope.range = match from {
            Some(cursor) => cursor.range,
            None if has_range => Some(span::range(from_ms, to_ms, now_s, "filter.from")?),
            None => None,
        };
        let range = filter.scope.range;
        let from = from.map(|cursor| IssueCursor {
            key: cursor.key,
            id: IssueId(cursor.id),
        });
        self.wait_issues(request.after_position).await;
        let window = span::sparkline(range.unwrap_or_else(|| span::trailing(range_s, now_s)));
        let (page, mut sparklines, total, position) = self
            .read_of(viewer, when, move |view| {
                filter::find_by_id(view, &mut filter)?;
                let answer = view.issues(|snapshot| {
                    let page = snapshot.list(&filter, sort, direction, from, limit)?;
                    let ids: Vec<_> = page.issues.iter().map(|row| row.issue.id).collect();
                    let sparklines = if stats {
                        snapshot.issue_series(window, &filter.scope, &ids)?
                    } else {
                        HashMap::new()
                    };
                    // A first page that is also the last tells the total itself.
                    let total = if from.is_none() && page.next.is_none() {
                        page.issues.len() as u64
                    } else if stats {
                        snapshot.total(&filter)?
                    } else {
                        0
                    };
                    Ok((page, sparklines, total, snapshot.position()?))
                });
                Ok(answer?)
            })
            .await?;
        let state = self.control.state();
        let next = page.next.map(|next| Cursor {
            kind: cursor::ISSUES,
            asked,
            key: next.key,
            id: next.id.0,
            range,
        });
        let issues = page.issues.into_iter().map(|scoped| {
            let sparkline = sparklines.remove(&scoped.issue.id);
            convert::issue(scoped, &state, sparkline.unwrap_or_else(|| window.zeros()))
        });
        Ok(v1::ListIssuesResponse {
            issues: issues.collect(),
            next_cursor: next.map(|cursor| cursor.encode()).unwrap_or_default(),
            total: u32::try_from(total).unwrap_or(u32::MAX),
            position: position.0,
            from: range.map(|range| stamp_ms(range.from_ms())),
            to: range.map(|range| stamp_ms(range.to_ms())),
        })
    }

    /// One issue with its releases and environments.
    pub(crate) async fn get_issue(
        &self,
        viewer: &Viewer,
        request: v1::GetIssueRequest,
    ) -> Result<v1::GetIssueResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        let range_s = span::range_s(request.stats_range_s, "stats_range_s")?;
        bounded_text(&request.environment, "environment")?;
        bounded_text(&request.release, "release")?;
        let when = self.when(&request.at).await?;
        let now_s = when.now_s;
        let (from, to) = (request.from.as_ref(), request.to.as_ref());
        let range = if from.is_none() && to.is_none() {
            span::trailing(range_s, now_s)
        } else {
            span::range(from.map(ms_of), to.map(ms_of), now_s, "from")?
        };
        let scope = Scope {
            environment: request.environment,
            release: request.release,
            range: Some(range),
        };
        self.wait_issues(request.after_position).await;
        let window = span::sparkline(range);
        let found = self
            .read_of(viewer, when, move |view| {
                let answer = view.issues(|snapshot| {
                    let Some(row) = snapshot.issue(id)? else {
                        return Ok(None);
                    };
                    let asked = id;
                    let id = row.id;
                    let merged_id = (asked != id).then_some(asked);
                    let numbers = snapshot.scoped_of(&scope, &[id])?.pop();
                    let scoped = ScopedIssue {
                        // The page is about the whole issue; its numbers about the scope.
                        issue: row,
                        count: numbers.as_ref().map_or(0, |scoped| scoped.count),
                        users: numbers.as_ref().map_or(0, |scoped| scoped.users),
                    };
                    let sparkline = snapshot.issue_series(window, &scope, &[id])?.remove(&id);
                    let releases = snapshot.releases(id)?;
                    let environments = snapshot.environments(id)?;
                    let prints = snapshot.fingerprint_rows(id)?;
                    let parts = (prints, merged_id);
                    Ok(Some((scoped, sparkline, releases, environments, parts)))
                })?;
                let Some(answer) = answer else {
                    return Ok(None);
                };
                let of_issue = same_issue(view, &answer.0.issue)?;
                let kept = view.total(&of_issue)?;
                Ok(Some((answer, kept.events)))
            })
            .await?;
        let ((scoped, sparkline, releases, environments, parts), kept_events) =
            found.ok_or_else(|| no_issue(&request.issue_id))?;
        let sparkline = sparkline.unwrap_or_else(|| window.zeros());
        Ok(v1::GetIssueResponse {
            issue: Some(convert::issue(scoped, &self.control.state(), sparkline)),
            releases: releases.into_iter().map(release).collect(),
            environments: environments.into_iter().map(value).collect(),
            kept_events,
            fingerprints: parts.0.into_iter().map(fingerprint).collect(),
            merged_id: parts.1.map(|id| id.to_string()).unwrap_or_default(),
        })
    }

    /// Which of some issues there are, and whose.
    pub(crate) async fn locate_issues(
        &self,
        viewer: &Viewer,
        request: v1::LocateIssuesRequest,
    ) -> Result<v1::LocateIssuesResponse, ApiError> {
        bounded(request.issue_ids.len(), "issue_ids")?;
        let ids = request.issue_ids.iter().map(|id| convert::issue_id(id));
        let ids: Vec<IssueId> = ids.collect::<Result<_, _>>()?;
        let found = self.ask(viewer, move |snapshot| snapshot.led(&ids)).await?;
        let issues = found.into_iter().map(|(asked, row)| v1::LocatedIssue {
            id: asked.to_string(),
            project_id: row.project_id.0,
            lead_id: row.id.to_string(),
            opened: row.opened.0,
            fingerprints: row.fingerprints,
        });
        Ok(v1::LocateIssuesResponse {
            issues: issues.collect(),
        })
    }

    /// Who did what.
    pub(crate) async fn list_activity(
        &self,
        viewer: &Viewer,
        request: v1::ListActivityRequest,
    ) -> Result<v1::ListActivityResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        let when = self.when(&request.at).await?;
        self.wait_issues(request.after_position).await;
        let found = self
            .ask_of(viewer, when, move |snapshot| {
                let Some(row) = snapshot.issue(id)? else {
                    return Ok(None);
                };
                Ok(Some(snapshot.activity(row.id)?))
            })
            .await?;
        let entries = found.ok_or_else(|| no_issue(&request.issue_id))?;
        let state = self.control.state();
        let entries = entries.into_iter().map(|entry| activity(entry, &state));
        Ok(v1::ListActivityResponse {
            activities: entries.collect(),
        })
    }

    /// Values of the issue's tags.
    pub(crate) async fn list_tags(
        &self,
        viewer: &Viewer,
        request: v1::ListTagsRequest,
    ) -> Result<v1::ListTagsResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        let when = self.when(&request.at).await?;
        self.wait_issues(request.after_position).await;
        let found = self
            .ask_of(viewer, when, move |snapshot| {
                let Some(row) = snapshot.issue(id)? else {
                    return Ok(None);
                };
                Ok(Some(snapshot.tags(row.id)?))
            })
            .await?;
        let keys = found.ok_or_else(|| no_issue(&request.issue_id))?;
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
        viewer: &Viewer,
        request: v1::ListFacetsRequest,
    ) -> Result<v1::ListFacetsResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let projects = convert::projects(&request.project_ids);
        let facets = self
            .ask(viewer, move |snapshot| snapshot.facets(&projects))
            .await?;
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

/// Refuses texts that no person or page would send.
pub(crate) fn bounded_text(text: &str, field: &'static str) -> Result<(), ApiError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ApiError::invalid(
            field,
            format!("{} bytes, at most {TEXT_BYTES_MAX}", text.len()),
        ));
    }
    Ok(())
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

fn fingerprint(row: reader::FingerprintRow) -> v1::IssueFingerprint {
    v1::IssueFingerprint {
        fingerprint: row.fingerprint.to_string(),
        issue_id: row.id.to_string(),
        title: row.title,
        culprit: row.culprit,
        level: convert::level(row.level),
        count: row.count,
        users: row.users,
        first_seen: Some(stamp_ms(row.first_seen_ms)),
        last_seen: Some(stamp_ms(row.last_seen_ms)),
        sample_event_id: row.last_event_id.to_string(),
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
