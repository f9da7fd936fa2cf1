//! Reads of events: `errata.v1.EventService`, and REST over the same functions.
//!
//! The search index says where an event is and which fingerprint it has; the issue
//! database which issue that is; everything shown comes from the log, or from the cold files
//! where the log no longer has it: a list reads heads, a detail one body. What neither keeps
//! is passed over.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use event_model::{
    Event, EventId, Fingerprint, IssueId, Level, Position, ProjectId, StoredEvent, access::Viewer,
};
use proto::v1;
use read_model::{
    issues::reader::IssueRow,
    search::reader::{EventFilter, From, Hit, Moment, Totals},
};
use search_language::{Expression, Leaf, Place};

use crate::{
    convert,
    core::Core,
    cursor::{self, Cursor},
    error::ApiError,
    issues::{bounded, bounded_text, limit, no_issue},
    notes,
    search::{self, Asked},
    time::{ms_of, stamp_ns},
    view::View,
};

/// Most tags of a filter.
const TAGS_MAX: usize = 16;
/// An event that arrives later than this after it happened is late: clients send
/// within seconds, and their clocks are some minutes off at most.
const LATE_NS: i64 = 5 * 60 * 1_000_000_000;

/// One event, whole.
pub(crate) struct Whole {
    pub(crate) summary: v1::EventSummary,
    pub(crate) event: Event,
    /// Its files, in the order they came.
    pub(crate) attachments: Vec<v1::Attachment>,
    /// The body as stored.
    pub(crate) raw_json: String,
    pub(crate) newer: String,
    pub(crate) older: String,
}

/// One event, without its body.
pub(crate) struct Located {
    pub(crate) summary: v1::EventSummary,
    pub(crate) event: StoredEvent,
}

impl Core {
    /// A page of events, by the time they happened.
    pub(crate) async fn list_events(
        &self,
        viewer: &Viewer,
        request: v1::ListEventsRequest,
    ) -> Result<v1::ListEventsResponse, ApiError> {
        let limit = limit(request.limit)?;
        let (issue, query) = self.asked_events(viewer, &request)?;
        let asked_for = v1::ListEventsRequest {
            limit: 0,
            cursor: String::new(),
            after_position: 0,
            with_total: false,
            // In an order of its own: a map has none.
            tags: HashMap::new(),
            ..request.clone()
        };
        let tags: BTreeMap<&String, &String> = request.tags.iter().collect();
        let asked = cursor::hash(format!("{asked_for:?} {tags:?}").as_bytes());
        let from = Cursor::decode(&request.cursor, cursor::EVENTS, asked)?;
        let from = from.map(|cursor| Moment {
            at_ms: cursor.key,
            position: Position(cursor.id),
        });
        let from = match (request.ascending, from) {
            (false, None) => From::Newest,
            (false, Some(moment)) => From::Before(moment),
            (true, None) => From::Oldest,
            (true, Some(moment)) => From::After(moment),
        };
        self.wait_events(request.after_position).await;
        let (events, next, total) = self
            .read(viewer, move |view| {
                let filter = event_filter(view, &request, issue, query)?;
                let mut hits = view.kept_events(&filter, from, limit as usize + 1)?;
                let more = hits.len() > limit as usize;
                hits.truncate(limit as usize);
                let next = hits.last().filter(|_| more).map(Hit::moment);
                let total = if request.with_total {
                    view.total(&filter)?
                } else {
                    Totals::default()
                };
                Ok((summaries(view, &hits)?, next, total))
            })
            .await?;
        let next = next.map(|moment| Cursor {
            kind: cursor::EVENTS,
            asked,
            key: moment.at_ms,
            id: moment.position.0,
            range: None,
        });
        Ok(v1::ListEventsResponse {
            events,
            next_cursor: next.map(|cursor| cursor.encode()).unwrap_or_default(),
            total: total.events,
            total_errors: total.errors,
        })
    }

    /// The issue and the query that a request names, read and checked with all it asks.
    pub(crate) fn asked_events(
        &self,
        viewer: &Viewer,
        request: &v1::ListEventsRequest,
    ) -> Result<(Option<IssueId>, Option<Expression<Leaf>>), ApiError> {
        check(request)?;
        let reader = self.search_reader(viewer, &request.time_zone, self.now_s())?;
        let query = Asked::read(&request.query, Place::Events)?.resolve(&reader)?;
        let issue = match request.issue_id.as_str() {
            "" => None,
            text => Some(convert::issue_id(text)?),
        };
        Ok((issue, query))
    }

    /// One event: by id, or the "latest" or "oldest" of an issue.
    pub(crate) async fn get_event(
        &self,
        viewer: &Viewer,
        request: v1::GetEventRequest,
    ) -> Result<Whole, ApiError> {
        self.find_event(viewer, request, whole).await
    }

    /// The same, as its head tells it.
    pub(crate) async fn locate_event(
        &self,
        viewer: &Viewer,
        request: v1::GetEventRequest,
    ) -> Result<Located, ApiError> {
        self.find_event(viewer, request, located).await
    }

    async fn find_event<T: Send + 'static>(
        &self,
        viewer: &Viewer,
        request: v1::GetEventRequest,
        read: ReadEvent<T>,
    ) -> Result<T, ApiError> {
        let issue = match request.issue_id.as_str() {
            "" => None,
            text => Some(convert::issue_id(text)?),
        };
        let wanted = match (request.event_id.as_str(), issue) {
            ("latest", Some(issue)) => Wanted::Latest(issue),
            ("oldest", Some(issue)) => Wanted::Oldest(issue),
            ("latest" | "oldest", None) => {
                return Err(ApiError::invalid("issue_id", "missing"));
            }
            (text, _) => Wanted::Id(text.parse().map_err(|e: event_model::id::IdError| {
                ApiError::invalid("event_id", e.to_string())
            })?),
        };
        self.wait_issues(request.after_position).await;
        if let Wanted::Id(id) = wanted {
            self.wait_for_id(viewer, id).await?;
        }
        let found = self
            .read(viewer, move |view| read(view, wanted, issue))
            .await?;
        found.ok_or_else(|| match wanted {
            Wanted::Id(id) => ApiError::not_found(format!("no event {id}")),
            Wanted::Latest(issue) | Wanted::Oldest(issue) => no_issue(&issue.to_string()),
        })
    }

    /// An event acknowledged a moment ago is in the log before it is in the index:
    /// if it is there, waits for the index.
    async fn wait_for_id(&self, viewer: &Viewer, id: EventId) -> Result<(), ApiError> {
        let ahead = self
            .read(viewer, move |view| {
                if view.find(id)?.is_some() {
                    return Ok(None);
                }
                view.in_tail(id)
            })
            .await?;
        if let Some(position) = ahead {
            self.wait_events(position.0).await;
        }
        Ok(())
    }
}

/// Reads an event of a view, as far as it is there; with an issue that may be its.
type ReadEvent<T> = fn(&View<'_>, Wanted, Option<IssueId>) -> Result<Option<T>, ApiError>;

/// Which event is asked for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Id(EventId),
    Latest(IssueId),
    Oldest(IssueId),
}

/// Refuses what no person or page would ask for.
fn check(request: &v1::ListEventsRequest) -> Result<(), ApiError> {
    for (text, field) in [
        (&request.environment, "environment"),
        (&request.release, "release"),
        (&request.user, "user"),
    ] {
        bounded_text(text, field)?;
    }
    for (key, value) in &request.tags {
        bounded_text(key, "tags")?;
        bounded_text(value, "tags")?;
    }
    if request.tags.len() > TAGS_MAX {
        return Err(ApiError::invalid(
            "tags",
            format!("{} tags, at most {TAGS_MAX}", request.tags.len()),
        ));
    }
    bounded(request.levels.len(), "levels")
}

/// Which events a request asks for, with what [`Core::asked_events`] read of it.
pub(crate) fn event_filter(
    view: &View<'_>,
    request: &v1::ListEventsRequest,
    issue: Option<IssueId>,
    query: Option<Expression<Leaf>>,
) -> Result<EventFilter, ApiError> {
    let query = query.map(|query| search::of_events(view, query));
    let query = query.transpose()?;
    let mut project = (request.project_id != 0).then_some(ProjectId(request.project_id));
    let mut fingerprints = None;
    if let Some(id) = issue {
        let (row, prints) = view.issues(|snapshot| {
            let row = snapshot.issue(id)?;
            let id = row.as_ref().map_or(id, |row| row.id);
            Ok((row, snapshot.fingerprints(id)?))
        })?;
        let row = row.ok_or_else(|| no_issue(&request.issue_id))?;
        // An issue is of one project; another one named beside it leaves nothing.
        fingerprints = Some(match project {
            Some(other) if other != row.project_id => Vec::new(),
            _ => prints,
        });
        project = Some(row.project_id);
    }
    let levels = request.levels.iter().map(|number| {
        convert::level_of(*number)
            .ok_or_else(|| ApiError::invalid("levels", format!("{number} is not known")))
    });
    let tags = request.tags.iter();
    Ok(EventFilter {
        environment: request.environment.clone(),
        release: request.release.clone(),
        user: request.user.clone(),
        tags: tags
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        levels: levels.collect::<Result<_, _>>()?,
        from_ms: request.from.as_ref().map(ms_of),
        to_ms: request.to.as_ref().map(ms_of),
        project,
        fingerprints,
        event_id: None,
        event_ids: None,
        until: None,
        asked: query,
        ..EventFilter::default()
    })
}

/// The issues that these hits belong to.
pub(crate) fn issues_of(
    view: &View<'_>,
    hits: &[Hit],
) -> Result<HashMap<(ProjectId, Fingerprint), IssueRow>, ApiError> {
    let keys = hits.iter().map(|hit| (hit.project_id, hit.fingerprint));
    let (ids, rows) = view.issues(|snapshot| {
        let ids = snapshot.issue_ids(keys)?;
        let distinct: BTreeSet<IssueId> = ids.values().copied().collect();
        let distinct: Vec<IssueId> = distinct.into_iter().collect();
        Ok((ids, snapshot.issues_of(&distinct)?))
    })?;
    let rows: HashMap<IssueId, IssueRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let found = ids
        .into_iter()
        .filter_map(|(key, id)| Some((key, rows.get(&id)?.clone())));
    Ok(found.collect())
}

fn summaries(view: &View<'_>, hits: &[Hit]) -> Result<Vec<v1::EventSummary>, ApiError> {
    let issues = issues_of(view, hits)?;
    view.fetch(hits)?;
    let mut summaries = Vec::with_capacity(hits.len());
    for hit in hits {
        if let Some(event) = view.retained(hit.position)? {
            let issue = issues.get(&(hit.project_id, hit.fingerprint));
            summaries.push(summary(&event, hit.position, issue));
        }
    }
    Ok(summaries)
}

/// A line about an event. The culprit is its issue's: that of the newest event with
/// the same fingerprint, which is the same place in the code.
pub(crate) fn summary(
    event: &StoredEvent,
    position: Position,
    issue: Option<&IssueRow>,
) -> v1::EventSummary {
    let head = event.head();
    let shown = event.whole().exceptions().next_back();
    let message = match shown {
        Some(exception) if !exception.value.is_empty() || head.message.is_empty() => {
            exception.value
        }
        _ => head.message.as_str(),
    };
    let (timestamp_ns, received_ns) = (head.timestamp_ns.to_native(), head.received_ns.to_native());
    v1::EventSummary {
        id: EventId(head.event_id).to_string(),
        issue_id: issue.map(|row| row.id.to_string()).unwrap_or_default(),
        project_id: head.project_id.to_native(),
        timestamp: Some(stamp_ns(timestamp_ns)),
        received_at: Some(stamp_ns(received_ns)),
        level: convert::level(Level::from_number(head.level)),
        r#type: shown
            .map(|exception| exception.ty.to_string())
            .unwrap_or_default(),
        message: message.to_owned(),
        culprit: issue.map(|row| row.culprit.clone()).unwrap_or_default(),
        release: head.release.to_string(),
        environment: head.environment.to_string(),
        platform: head.platform.to_string(),
        position: position.0,
        is_late: received_ns.saturating_sub(timestamp_ns) > LATE_NS,
        user: head.user.to_string(),
        count: head.weight.to_native().max(1),
    }
}

/// Where the wanted event is, and its issue as far as the projections know.
fn locate(
    view: &View<'_>,
    wanted: Wanted,
    hint: Option<IssueId>,
) -> Result<Option<(Position, Option<IssueRow>)>, ApiError> {
    let row_of = |id: IssueId| view.issues(|snapshot| snapshot.issue(id));
    match wanted {
        Wanted::Latest(issue) => {
            let row = row_of(issue)?;
            Ok(row.map(|row| (row.last_position, Some(row))))
        }
        Wanted::Oldest(issue) => {
            let Some(row) = row_of(issue)? else {
                return Ok(None);
            };
            // The very first one may have expired; the index has what is left.
            if view.retained(row.first_position)?.is_some() {
                return Ok(Some((row.first_position, Some(row))));
            }
            let filter = same_issue(view, &row)?;
            let oldest = view.kept_events(&filter, From::Oldest, 1)?.pop();
            // None is left: the first one's place says that it is no longer kept.
            let position = oldest.map_or(row.first_position, |hit| hit.position);
            Ok(Some((position, Some(row))))
        }
        Wanted::Id(id) => {
            if let Some(hit) = view.find(id)? {
                let issue = issues_of(view, &[hit])?.into_values().next();
                return Ok(Some((hit.position, issue)));
            }
            // Not indexed: the issue row may know it, else the log's tail.
            let row = hint.map(row_of).transpose()?.flatten();
            if let Some(row) = row {
                for (known, position) in [
                    (row.last_event_id, row.last_position),
                    (row.first_event_id, row.first_position),
                ] {
                    if known == id {
                        return Ok(Some((position, Some(row))));
                    }
                }
            }
            let position = view.in_tail(id)?;
            Ok(position.map(|position| (position, None)))
        }
    }
}

pub(crate) fn same_issue(view: &View<'_>, row: &IssueRow) -> Result<EventFilter, ApiError> {
    let fingerprints = view.issues(|snapshot| snapshot.fingerprints(row.id))?;
    Ok(EventFilter {
        project: Some(row.project_id),
        fingerprints: Some(fingerprints),
        ..EventFilter::default()
    })
}

fn located(
    view: &View<'_>,
    wanted: Wanted,
    hint: Option<IssueId>,
) -> Result<Option<Located>, ApiError> {
    let Some((position, issue)) = locate(view, wanted, hint)? else {
        return Ok(None);
    };
    let event = view.event(position)?;
    Ok(event.map(|event| Located {
        summary: summary(&event, position, issue.as_ref()),
        event,
    }))
}

fn whole(
    view: &View<'_>,
    wanted: Wanted,
    hint: Option<IssueId>,
) -> Result<Option<Whole>, ApiError> {
    let Some((position, issue)) = locate(view, wanted, hint)? else {
        return Ok(None);
    };
    let Some(stored) = view.event(position)? else {
        return Ok(None);
    };
    let body = view.body(position, &stored)?;
    let event: Event = serde_json::from_slice(&body).map_err(|e| ApiError::internal(&e))?;
    let moment = Moment {
        at_ms: stored.head().timestamp_ns.to_native().div_euclid(1_000_000),
        position,
    };
    let mut neighbours = [String::new(), String::new()];
    if let Some(row) = &issue {
        let filter = same_issue(view, row)?;
        for (id, from) in neighbours
            .iter_mut()
            .zip([From::After(moment), From::Before(moment)])
        {
            let hit = view.kept_events(&filter, from, 1)?;
            view.fetch(&hit)?;
            let neighbour = hit
                .first()
                .map(|hit| view.retained(hit.position))
                .transpose()?;
            if let Some(neighbour) = neighbour.flatten() {
                *id = EventId(neighbour.head().event_id).to_string();
            }
        }
    }
    let [mut newer, older] = neighbours;
    // The newest events are in the issues before they are in the search index: the
    // newest of all is at least not behind one that says it is the last.
    if let Some(row) = issue.as_ref().filter(|row| {
        let last = Moment {
            at_ms: row.last_seen_ms,
            position: row.last_position,
        };
        newer.is_empty() && last > moment
    }) {
        newer = row.last_event_id.to_string();
    }
    let (project, id) = (event.project_id, event.id);
    let files = view.issues(|snapshot| snapshot.attachments(project, id))?;
    Ok(Some(Whole {
        attachments: notes::attachments(files),
        summary: summary(&stored, position, issue.as_ref()),
        event,
        raw_json: String::from_utf8_lossy(&body).into_owned(),
        newer,
        older,
    }))
}
