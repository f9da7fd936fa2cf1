//! Releases: their events, users and issues, and their sessions.
//!
//! Invariant: events are those of a list of the release's events within the range.

use std::collections::{BTreeMap, HashMap};

use event_model::{ProjectId, access::Viewer};
use proto::v1;
use read_model::{
    issues::reader::{ReleaseFilter, ReleaseRow, SessionTotals},
    search::{
        reader::{
            EventFilter,
            stats::{Line, SplitBy, SplitValue},
        },
        schema::facet_of,
    },
};
use search_language::{Field, Key};

use crate::{
    convert,
    core::Core,
    error::ApiError,
    issues::{bounded, bounded_text},
    stats::{Buckets, Length, ask, limit},
    time::{ms_of, stamp_ms},
    view::View,
};

const LIST_DEFAULT: u32 = 25;
const LIST_MAX: u32 = 100;
const HOUR_MS: i64 = 3_600_000;

/// A range of whole hours, Unix ms.
#[derive(Debug, Clone, Copy)]
struct Hours {
    from_ms: i64,
    to_ms: i64,
}

impl Hours {
    fn hours(self) -> (i64, i64) {
        (self.from_ms / HOUR_MS, self.to_ms / HOUR_MS)
    }
}

/// Sums of a project's sessions, by release and all together.
#[derive(Debug, Default)]
struct Sessions {
    by_release: BTreeMap<String, SessionTotals>,
    all: SessionTotals,
}

impl Core {
    fn hours(
        &self,
        from: Option<&prost_types::Timestamp>,
        to: Option<&prost_types::Timestamp>,
    ) -> Result<Hours, ApiError> {
        let now_ms = self.now_s() * 1000;
        let (from, to) = crate::stats::range_ms(from.map(ms_of), to.map(ms_of), now_ms)?;
        Ok(Hours {
            from_ms: from.div_euclid(HOUR_MS) * HOUR_MS,
            to_ms: (to - 1).div_euclid(HOUR_MS) * HOUR_MS + HOUR_MS,
        })
    }

    /// A page of releases.
    pub(crate) async fn list_releases(
        &self,
        viewer: &Viewer,
        request: v1::ListReleasesRequest,
    ) -> Result<v1::ListReleasesResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        bounded_text(&request.environment, "environment")?;
        bounded_text(&request.text, "text")?;
        let limit = limit(request.limit, LIST_DEFAULT, LIST_MAX)? as u32;
        let hours = self.hours(request.from.as_ref(), request.to.as_ref())?;
        let projects = convert::projects(&request.project_ids);
        let filter = ReleaseFilter {
            text: request.text,
            environment: request.environment,
            version: None,
        };
        self.wait_events(request.after_position).await;
        let offset = request.offset;
        let (releases, total) = self
            .read(viewer, move |view| {
                let (rows, total) = view.issues(|snapshot| {
                    snapshot.release_rows(&projects, &filter, (limit, offset))
                })?;
                Ok((told(view, &rows, &filter.environment, hours)?, total))
            })
            .await?;
        Ok(v1::ListReleasesResponse {
            releases,
            total: u32::try_from(total).unwrap_or(u32::MAX),
            from: Some(stamp_ms(hours.from_ms)),
            to: Some(stamp_ms(hours.to_ms)),
        })
    }

    /// One release, with its sessions over time.
    pub(crate) async fn get_release(
        &self,
        viewer: &Viewer,
        request: v1::GetReleaseRequest,
    ) -> Result<v1::GetReleaseResponse, ApiError> {
        bounded_text(&request.environment, "environment")?;
        bounded_text(&request.version, "version")?;
        let hours = self.hours(request.from.as_ref(), request.to.as_ref())?;
        let zone = self
            .search_reader(viewer, &request.time_zone, self.now_s())?
            .zone;
        let length = Length::read(&request.interval)?;
        let range = (hours.from_ms, hours.to_ms);
        let buckets = Buckets::of(range, length, Length::Hours(1), &zone)?;
        let project = ProjectId(request.project_id);
        let filter = ReleaseFilter {
            text: String::new(),
            environment: String::new(),
            version: Some(request.version.clone()),
        };
        self.wait_events(request.after_position).await;
        let (environment, asked) = (request.environment, buckets.clone());
        let found = self
            .read(viewer, move |view| {
                let projects = convert::projects(&[project.0]);
                let (rows, _) =
                    view.issues(|snapshot| snapshot.release_rows(&projects, &filter, (1, 0)))?;
                let Some(first_ms) = rows.first().map(|row| row.first_ms) else {
                    return Ok(None);
                };
                let release = told(view, &rows, &environment, hours)?.pop();
                let version = filter.version.unwrap_or_default();
                let (before, sessions) = view.issues(|snapshot| {
                    let before = snapshot.release_before(project, first_ms)?;
                    let mut sessions = vec![SessionTotals::default(); asked.count()];
                    snapshot.each_session_hour(
                        project,
                        &environment,
                        Some(&version),
                        hours.hours(),
                        |_, hour, totals| {
                            if let Some(bucket) = asked.bucket_of(hour * HOUR_MS) {
                                sessions[bucket].merge(&totals);
                            }
                        },
                    )?;
                    Ok((before, sessions))
                })?;
                Ok(release.map(|release| (release, before, sessions)))
            })
            .await?;
        let (release, before, over_time) = found
            .ok_or_else(|| ApiError::not_found(format!("no release {:?}", request.version)))?;
        let starts = &buckets.edges_ms[..buckets.count()];
        Ok(v1::GetReleaseResponse {
            release: Some(release),
            starts: starts.iter().copied().map(stamp_ms).collect(),
            to: Some(stamp_ms(hours.to_ms)),
            sessions: over_time.iter().map(sessions).collect(),
            previous_version: before.unwrap_or_default(),
            interval: buckets.length.print(),
        })
    }
}

/// Rows with their figures within a range and an environment.
fn told(
    view: &View<'_>,
    rows: &[ReleaseRow],
    environment: &str,
    hours: Hours,
) -> Result<Vec<v1::Release>, ApiError> {
    let mut by_project: BTreeMap<ProjectId, Vec<&str>> = BTreeMap::new();
    for row in rows {
        by_project
            .entry(row.project_id)
            .or_default()
            .push(&row.version);
    }
    let mut figures = HashMap::new();
    for (project, versions) in by_project {
        let events = events(view, project, &versions, environment, hours)?;
        let sessions = view.issues(|snapshot| {
            let mut found = Sessions::default();
            let hours = hours.hours();
            snapshot.each_session_hour(
                project,
                environment,
                None,
                hours,
                |release, _, totals| {
                    found.all.merge(&totals);
                    if versions.contains(&release) {
                        let own = found.by_release.entry(release.to_owned()).or_default();
                        own.merge(&totals);
                    }
                },
            )?;
            Ok(found)
        })?;
        figures.insert(project, (events, sessions));
    }
    let release = |row: &ReleaseRow| {
        let (events, found) = figures.get(&row.project_id)?;
        let line = events.get(&row.version).cloned().unwrap_or_default();
        let own = found.by_release.get(&row.version);
        Some(v1::Release {
            project_id: row.project_id.0,
            version: row.version.clone(),
            first_seen: row.events_ms.map(|(first, _)| stamp_ms(first)),
            last_seen: row.events_ms.map(|(_, last)| stamp_ms(last)),
            events: line.totals.events,
            users: line.users,
            new_issues: row.new_issues,
            regressed_issues: row.regressed_issues,
            sessions: own.map(sessions),
            project_sessions: found.all.started,
            project_users: found.all.users.count(),
        })
    };
    Ok(rows.iter().filter_map(release).collect())
}

/// Events and users of releases within a range.
fn events(
    view: &View<'_>,
    project: ProjectId,
    versions: &[&str],
    environment: &str,
    hours: Hours,
) -> Result<HashMap<String, Line>, ApiError> {
    let facet = facet_of(&Field::Known(Key::Release)).unwrap_or_default();
    let named = versions
        .iter()
        .map(|version| SplitValue::Text((*version).to_owned()));
    let slots: HashMap<SplitValue, usize> = named.zip(0..).collect();
    let filter = EventFilter {
        project: Some(project),
        environment: environment.to_owned(),
        from_ms: Some(hours.from_ms),
        to_ms: Some(hours.to_ms),
        ..EventFilter::default()
    };
    let whole = Buckets::whole((hours.from_ms, hours.to_ms));
    let lines = view.lines(
        &filter,
        &SplitBy::Facet(facet),
        &slots,
        &ask(view, &whole, true),
    )?;
    let named = versions.iter().map(|version| (*version).to_owned());
    Ok(named.zip(lines.slots).collect())
}

fn sessions(totals: &SessionTotals) -> v1::SessionCounts {
    v1::SessionCounts {
        started: totals.started,
        exited: totals.exited,
        errored: totals.errored,
        unhandled: totals.unhandled,
        abnormal: totals.abnormal,
        crashed: totals.crashed,
        users: totals.users.count(),
        crashed_users: totals.crashed_users.count(),
    }
}
