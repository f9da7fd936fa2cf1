//! What is no event: files, feedback, and what arrived.
//!
//! A file's bytes are a blob of its project. Which issue feedback is about is found
//! through its event: search index → fingerprint → issue, so that it stays right
//! whatever becomes of issues.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs::File,
};

use event_log::blobs::{BlobHash, Blobs};
use event_model::{EventId, IssueId, Position, ProjectId, access::Viewer};
use proto::v1;
use read_model::{
    issues::{
        notes::{Attachment, Feedback},
        reader::{ArrivalCount, FeedbackAbout},
    },
    search::reader::{EventFilter, From},
};

use crate::{
    convert,
    core::Core,
    cursor::{self, Cursor},
    error::{ApiError, ErrorCode},
    events::issues_of,
    issues::no_issue,
    time::stamp_ms,
    view::View,
};

/// Feedback of a project looked through for that of one issue.
const CONSIDERED_MAX: usize = 1_000;
const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;
const SPIKES_DEFAULT: u32 = 20;
const HOURS_DEFAULT: u32 = 24;
/// 90 days.
const HOURS_MAX: u32 = 2_160;
const HOUR_NS: i64 = 3_600_000_000_000;

/// The messages of files, numbered in the order they came.
pub(crate) fn attachments(files: Vec<Attachment>) -> Vec<v1::Attachment> {
    let numbered = files.into_iter().zip(0..);
    numbered
        .map(|(file, number)| v1::Attachment {
            number,
            name: file.name,
            content_type: file.content_type,
            attachment_type: file.attachment_type,
            size_bytes: file.size_bytes,
            sha256: BlobHash(file.sha256).to_string(),
            received_at: Some(stamp_ms(file.received_ms)),
        })
        .collect()
}

impl Core {
    /// A file of an event or of feedback, where its bytes are, and how many.
    pub(crate) async fn attachment(
        &self,
        viewer: &Viewer,
        id: EventId,
        number: usize,
        after_position: u64,
    ) -> Result<(Attachment, File, u64), ApiError> {
        self.wait_issues(after_position).await;
        let projects: Vec<ProjectId> = {
            let state = self.control.state();
            let all = state.projects.keys().copied();
            all.filter(|id| viewer.sees(*id)).collect()
        };
        let file = self
            .ask(viewer, move |snapshot| {
                // Ids are random: no two projects have the same one but by a copy.
                for project in projects {
                    let files = snapshot.attachments(project, id)?;
                    if let Some(file) = files.into_iter().nth(number) {
                        return Ok(Some(file));
                    }
                }
                Ok(None)
            })
            .await?
            .ok_or_else(|| ApiError::not_found(format!("event {id} has no attachment {number}")))?;
        let turn = self.downloads.acquire().await;
        let gone = || ApiError::new(ErrorCode::NotRetained, "the attachment is no longer kept");
        let blobs = Blobs::open_existing(&self.config.blobs_dir);
        let blobs = blobs.map_err(|error| ApiError::internal(&error))?;
        let blob = match blobs {
            Some(blobs) => {
                let hash = BlobHash(file.sha256);
                blobs.open_whole(file.project_id, hash).await
            }
            None => Ok(None),
        };
        drop(turn);
        let blob = blob.map_err(|error| ApiError::internal(&error))?;
        let (bytes, length) = blob.ok_or_else(gone)?;
        Ok((file, bytes, length))
    }

    /// A page of feedback of a project, newest first, or that of one issue.
    pub(crate) async fn list_feedback(
        &self,
        viewer: &Viewer,
        request: v1::ListFeedbackRequest,
    ) -> Result<v1::ListFeedbackResponse, ApiError> {
        let limit = match request.limit {
            0 => LIMIT_DEFAULT,
            limit @ 1..=LIMIT_MAX => limit,
            limit => {
                let message = format!("{limit} is not within 1 to {LIMIT_MAX}");
                return Err(ApiError::invalid("limit", message));
            }
        } as usize;
        let issue = match request.issue_id.as_str() {
            "" => None,
            text => Some(convert::issue_id(text)?),
        };
        let asked = format!("feedback {} {issue:?}", request.project_id);
        let asked = cursor::hash(asked.as_bytes());
        let before = Cursor::decode(&request.cursor, cursor::FEEDBACK, asked)?;
        let before = before.map(|cursor| Position(cursor.id));
        self.wait_events(request.after_position).await;
        let project = ProjectId(request.project_id);
        let (feedback, more) = self
            .read(viewer, move |view| match issue {
                Some(issue) => Ok((of_issue(view, issue, limit)?, None)),
                None => of_project(view, project, before, limit),
            })
            .await?;
        let next = more.map(|position| Cursor {
            kind: cursor::FEEDBACK,
            asked,
            key: 0,
            id: position.0,
            range: None,
        });
        Ok(v1::ListFeedbackResponse {
            feedback,
            next_cursor: next.map(|cursor| cursor.encode()).unwrap_or_default(),
        })
    }

    /// What arrived for a project in the last hours.
    pub(crate) async fn list_arrivals(
        &self,
        viewer: &Viewer,
        request: v1::ListArrivalsRequest,
    ) -> Result<v1::ListArrivalsResponse, ApiError> {
        let hours = match request.hours {
            0 => HOURS_DEFAULT,
            hours @ 1..=HOURS_MAX => hours,
            hours => {
                let message = format!("{hours} is not within 1 to {HOURS_MAX}");
                return Err(ApiError::invalid("hours", message));
            }
        };
        self.wait_issues(request.after_position).await;
        let project = ProjectId(request.project_id);
        // The hour at hand and the whole ones before it.
        let from = self.config.clock.now_ns().div_euclid(HOUR_NS) + 1 - i64::from(hours);
        let counts = self
            .ask(viewer, move |snapshot| snapshot.arrivals(project, from))
            .await?;
        let arrival = |count: ArrivalCount| v1::Arrival {
            category: count.category,
            reason: count.reason,
            count: count.count,
        };
        let (clients, received): (Vec<_>, Vec<_>) =
            counts.into_iter().partition(|count| count.by_client);
        Ok(v1::ListArrivalsResponse {
            received: received.into_iter().map(arrival).collect(),
            dropped_by_clients: clients.into_iter().map(arrival).collect(),
        })
    }

    /// Storms of a project whose surplus was only counted.
    pub(crate) async fn list_spikes(
        &self,
        viewer: &Viewer,
        request: v1::ListSpikesRequest,
    ) -> Result<v1::ListSpikesResponse, ApiError> {
        let limit = match request.limit {
            0 => SPIKES_DEFAULT,
            limit @ 1..=LIMIT_MAX => limit,
            limit => {
                let message = format!("{limit} is not within 1 to {LIMIT_MAX}");
                return Err(ApiError::invalid("limit", message));
            }
        };
        self.wait_issues(request.after_position).await;
        let project = ProjectId(request.project_id);
        let now = self.config.clock.now_ns().div_euclid(60_000_000_000);
        let spikes = self
            .ask(viewer, move |snapshot| {
                snapshot.spikes(project, limit as usize)
            })
            .await?;
        let spikes = spikes.into_iter().map(|spike| v1::Spike {
            began_at: Some(stamp_ms(spike.first_minute * 60_000)),
            last_at: Some(stamp_ms(spike.last_minute * 60_000)),
            sampled: spike.items,
            is_active: now - spike.last_minute <= 1,
        });
        let state = self.control.state();
        let is_on = viewer.sees(project)
            && state.projects.contains_key(&project)
            && !state.unprotected.contains(&project);
        Ok(v1::ListSpikesResponse {
            spikes: spikes.collect(),
            is_on,
        })
    }
}

fn of_project(
    view: &View<'_>,
    project: ProjectId,
    before: Option<Position>,
    limit: usize,
) -> Result<(Vec<v1::Feedback>, Option<Position>), ApiError> {
    let mut found = view.issues(|snapshot| {
        snapshot.feedback(project, FeedbackAbout::Anything, before, limit + 1)
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.position);
    let issues = issues_about(view, project, &found, None)?;
    Ok((messages(view, found, &issues)?, next))
}

fn of_issue(view: &View<'_>, issue: IssueId, limit: usize) -> Result<Vec<v1::Feedback>, ApiError> {
    let row = view.issues(|snapshot| snapshot.issue(issue))?;
    let row = row.ok_or_else(|| no_issue(&issue.to_string()))?;
    let mut found = view.issues(|snapshot| {
        snapshot.feedback(row.project_id, FeedbackAbout::AnEvent, None, CONSIDERED_MAX)
    })?;
    let issues = issues_about(view, row.project_id, &found, Some(issue))?;
    found.retain(|one| one.event_id.is_some_and(|id| issues.contains_key(&id)));
    found.truncate(limit);
    messages(view, found, &issues)
}

/// The issues of the events that feedback is about, as far as they are kept; of one
/// issue, or of all.
fn issues_about(
    view: &View<'_>,
    project: ProjectId,
    feedback: &[Feedback],
    issue: Option<IssueId>,
) -> Result<HashMap<EventId, IssueId>, ApiError> {
    let wanted: BTreeSet<EventId> = feedback.iter().filter_map(|one| one.event_id).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let fingerprints = match issue {
        Some(issue) => Some(view.issues(|snapshot| snapshot.fingerprints(issue))?),
        None => None,
    };
    let count = wanted.len();
    let filter = EventFilter {
        project: Some(project),
        fingerprints,
        event_ids: Some(wanted.into_iter().collect()),
        ..EventFilter::default()
    };
    let hits = view.events(&filter, From::Newest, count)?;
    let rows = issues_of(view, &hits)?;
    view.fetch(&hits)?;
    let mut issues = HashMap::new();
    for hit in hits {
        let row = rows.get(&(hit.project_id, hit.fingerprint));
        let event = view.retained(hit.position)?;
        if let Some((row, event)) = row.zip(event) {
            issues.insert(EventId(event.head().event_id), row.id);
        }
    }
    Ok(issues)
}

fn messages(
    view: &View<'_>,
    feedback: Vec<Feedback>,
    issues: &HashMap<EventId, IssueId>,
) -> Result<Vec<v1::Feedback>, ApiError> {
    let ids: HashSet<(ProjectId, EventId)> = feedback
        .iter()
        .map(|one| (one.project_id, one.id))
        .collect();
    let files = view.issues(|snapshot| {
        let mut files = BTreeMap::new();
        for (project, id) in ids {
            files.insert(id, snapshot.attachments(project, id)?);
        }
        Ok(files)
    })?;
    let message = |one: Feedback| v1::Feedback {
        id: one.id.to_string(),
        project_id: one.project_id.0,
        event_id: one.event_id.map(|id| id.to_string()).unwrap_or_default(),
        issue_id: one
            .event_id
            .and_then(|id| issues.get(&id))
            .map(ToString::to_string)
            .unwrap_or_default(),
        name: one.name,
        email: one.email,
        message: one.message,
        url: one.url,
        release: one.release,
        environment: one.environment,
        received_at: Some(stamp_ms(one.received_ms)),
        attachments: attachments(files.get(&one.id).cloned().unwrap_or_default()),
    };
    Ok(feedback.into_iter().map(message).collect())
}
