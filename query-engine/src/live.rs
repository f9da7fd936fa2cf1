//! Live streams: `errata.v1.LiveService`.
//!
//! Invariant: a stream holds a cursor and one page, never a backlog. What changes
//! while a slow client reads is in the `change` table and comes later, once: each
//! issue as it is then. What its viewer does not see any more when it would be sent is not
//! sent, and who is gone gets nothing. Streams end cleanly when the engine shuts down.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use event_model::{IssueId, Position, ProjectId, access::Viewer};
use proto::v1;
use read_model::issues::reader::{
    ChangeCursor, DeliveryFilter, Scope, ScopedIssue, Transition, TransitionKind,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::Status;

use crate::{
    convert,
    core::Core,
    cursor::{self, Cursor},
    error::{ApiError, ErrorCode},
    issues::{LIMIT_MAX, bounded},
    span,
    time::{ms_of, stamp_ns},
};

/// Changes of an issue within this time are one message.
const COALESCE: Duration = Duration::from_millis(250);
/// A stream without news says so, which keeps proxies from closing it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Messages between the reader and a slow client.
const MESSAGES_QUEUED_MAX: usize = 16;
/// Rows read at once.
const PAGE_ROWS: u32 = 256;
/// Deliveries when the reader names no number.
const DELIVERIES_DEFAULT: u32 = 100;
/// How long to wait before reading again after a failed read.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// Failed reads in a row after which a stream ends with the error.
const ERRORS_MAX: u32 = 5;

pub(crate) type Sender<T> = mpsc::Sender<Result<T, Status>>;
/// A stream of messages.
pub(crate) type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A message of a stream.
pub(crate) trait Message: Send + 'static {
    /// Whose issue it tells of; none: of none.
    fn project(&self) -> Option<ProjectId>;
}

impl Message for v1::StreamIssuesResponse {
    fn project(&self) -> Option<ProjectId> {
        let issue = self.issue.as_ref();
        issue.map(|issue| ProjectId(issue.project_id))
    }
}

impl Message for v1::StreamTransitionsResponse {
    fn project(&self) -> Option<ProjectId> {
        let issue = self.transition.as_ref().and_then(|t| t.issue.as_ref());
        issue.map(|issue| ProjectId(issue.project_id))
    }
}

/// Why a stream stops.
pub(crate) enum End {
    /// The client left or the engine ends.
    Quiet,
    /// Reads fail.
    Failed(ApiError),
}

impl Core {
    /// Issues as they change.
    pub(crate) fn stream_issues(
        self: Arc<Self>,
        viewer: Viewer,
        request: v1::StreamIssuesRequest,
    ) -> Result<Messages<v1::StreamIssuesResponse>, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let range_s = span::range_s(request.stats_range_s, "stats_range_s")?;
        if !request.issue_id.is_empty() {
            convert::issue_id(&request.issue_id)?;
        }
        let begun = self.reached.borrow().issues;
        let core = Arc::clone(&self);
        let feed = IssueFeed {
            core: self,
            viewer: viewer.clone(),
            request,
            range_s,
            begun: begun.0,
            cursor: ChangeCursor::after(begun),
        };
        Ok(spawn(core, viewer, move |sender| feed.run(sender)))
    }

    /// Transitions in order.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method as a path is not general over both lifetimes"
    )]
    pub(crate) async fn stream_transitions(
        self: Arc<Self>,
        viewer: Viewer,
        request: v1::StreamTransitionsRequest,
    ) -> Result<Messages<v1::StreamTransitionsResponse>, ApiError> {
        let after = match request.after_position {
            0 => {
                let ask = self.ask(&viewer, |snapshot| snapshot.alert_cursor());
                ask.await?
            }
            position => event_model::Position(position),
        };
        let core = Arc::clone(&self);
        let feed = TransitionFeed {
            core: self,
            viewer: viewer.clone(),
            after: (after, i64::MAX, i64::MAX),
        };
        Ok(spawn(core, viewer, move |sender| feed.run(sender)))
    }

    /// Deliveries as recorded.
    pub(crate) async fn list_deliveries(
        &self,
        viewer: &Viewer,
        request: v1::ListDeliveriesRequest,
    ) -> Result<v1::ListDeliveriesResponse, ApiError> {
        let limit = match request.limit {
            0 => DELIVERIES_DEFAULT,
            1..=LIMIT_MAX => request.limit,
            other => {
                return Err(ApiError::invalid(
                    "limit",
                    format!("{other} is not within 1 to {LIMIT_MAX}"),
                ));
            }
        };
        let filter = DeliveryFilter {
            state: convert::delivery_state_of(request.state),
            since_ns: request
                .since
                .as_ref()
                .map(|since| ms_of(since).saturating_mul(1_000_000)),
        };
        let unsettled = request.unsettled;
        let asked = cursor::hash(format!("{filter:?} {unsettled}").as_bytes());
        let from = Cursor::decode(&request.cursor, cursor::DELIVERIES, asked)?;
        let from = from.map(|cursor| Position(cursor.id));
        self.wait_issues(request.after_position).await;
        let (deliveries, alert_cursor) = self
            .ask(viewer, move |snapshot| {
                let deliveries = if unsettled {
                    let since_ns = filter.since_ns.unwrap_or(i64::MAX);
                    snapshot.unsettled_deliveries(since_ns, from, limit)?
                } else {
                    snapshot.deliveries(filter, from, limit)?
                };
                Ok((deliveries, snapshot.alert_cursor()?))
            })
            .await?;
        let is_full = deliveries.len() == limit as usize;
        let last = deliveries.last().filter(|_| is_full).map(|last| Cursor {
            kind: cursor::DELIVERIES,
            asked,
            key: 0,
            id: last.position.0,
            range: None,
        });
        let steps = deliveries.into_iter().map(|d| convert::delivery(d.step));
        Ok(v1::ListDeliveriesResponse {
            deliveries: steps.collect(),
            alert_cursor: alert_cursor.0,
            next_cursor: last.map(|cursor| cursor.encode()).unwrap_or_default(),
        })
    }

    /// Waits until the projection moves, a heartbeat is due, or it is over.
    async fn wait_for_news<T>(
        &self,
        sender: &Sender<T>,
        seen: event_model::Position,
        heartbeat: Instant,
    ) -> Result<(), End> {
        let mut reached = self.reached.clone();
        let mut stopping = self.stopping.clone();
        tokio::select! {
            _ = timeout_at(heartbeat, reached.wait_for(|r| r.issues > seen)) => Ok(()),
            _ = stopping.wait_for(|stop| *stop) => Err(End::Quiet),
            () = sender.closed() => Err(End::Quiet),
        }
    }

    /// Hands a message to the client, who may be slow, but not when it is over.
    pub(crate) async fn send<T>(&self, sender: &Sender<T>, message: T) -> Result<(), End> {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            sent = sender.send(Ok(message)) => sent.map_err(|_| End::Quiet),
            _ = stopping.wait_for(|stop| *stop) => Err(End::Quiet),
        }
    }
}

/// Runs a feed; its error, if any, is the stream's last message. The viewer is looked at
/// once more when a message leaves for the connection: it may have waited long for a slow
/// client.
pub(crate) fn spawn<T, F>(
    core: Arc<Core>,
    viewer: Viewer,
    run: impl FnOnce(Sender<T>) -> F,
) -> Messages<T>
where
    T: Message,
    F: Future<Output = Result<(), End>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(MESSAGES_QUEUED_MAX);
    let feed = run(sender.clone());
    tokio::spawn(async move {
        if let Err(End::Failed(error)) = feed.await {
            // The client may have left meanwhile.
            let _ = sender.send(Err(error.into())).await;
        }
    });
    let is_seen = move |message: &Result<T, Status>| {
        let project = message.as_ref().ok().and_then(Message::project);
        project.is_none_or(|project| {
            let viewer = core.viewer_now(&viewer);
            viewer.is_some_and(|viewer| viewer.sees(project))
        })
    };
    Box::pin(ReceiverStream::new(receiver).filter(is_seen))
}

/// Why nothing comes any more to who was signed out, revoked or removed.
pub(crate) fn is_over() -> End {
    End::Failed(ApiError::new(
        ErrorCode::Unauthenticated,
        "what was shown when the stream began opens nothing any more",
    ))
}

/// Bears a few failed reads in a row: the read model may be about to be replaced.
#[derive(Default)]
struct Patience(u32);

impl Patience {
    async fn bear<T>(&mut self, result: Result<T, ApiError>) -> Result<Option<T>, End> {
        match result {
            Ok(value) => {
                self.0 = 0;
                Ok(Some(value))
            }
            Err(error) if self.0 >= ERRORS_MAX => Err(End::Failed(error)),
            Err(_) => {
                self.0 += 1;
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                Ok(None)
            }
        }
    }
}

struct IssueFeed {
    core: Arc<Core>,
    viewer: Viewer,
    request: v1::StreamIssuesRequest,
    range_s: u32,
    /// Issues whose first event is after it began within this stream.
    begun: u64,
    cursor: ChangeCursor,
}

impl IssueFeed {
    async fn run(mut self, sender: Sender<v1::StreamIssuesResponse>) -> Result<(), End> {
        let mut patience = Patience::default();
        let mut heartbeat = Instant::now() + HEARTBEAT;
        let mut seen = event_model::Position(self.begun);
        loop {
            self.core.wait_for_news(&sender, seen, heartbeat).await?;
            let next_read = Instant::now() + COALESCE;
            self.viewer = self.core.viewer_now(&self.viewer).ok_or_else(is_over)?;
            let page = self.page().await;
            let Some((messages, position, full)) = patience.bear(page).await? else {
                continue;
            };
            seen = position;
            if !messages.is_empty() {
                heartbeat = Instant::now() + HEARTBEAT;
            }
            for message in messages {
                self.core.send(&sender, message).await?;
            }
            if Instant::now() >= heartbeat {
                heartbeat = Instant::now() + HEARTBEAT;
                let beat = v1::StreamIssuesResponse {
                    position: seen.0,
                    ..Default::default()
                };
                self.core.send(&sender, beat).await?;
            }
            if full {
                seen = event_model::Position(0);
            } else {
                sleep_until(next_read).await;
            }
        }
    }

    /// The next changes, the position they are of, and whether more are there.
    async fn page(
        &mut self,
    ) -> Result<(Vec<v1::StreamIssuesResponse>, event_model::Position, bool), ApiError> {
        let cursor = self.cursor;
        let range = span::trailing(self.range_s, self.core.now_s());
        let window = span::sparkline(range);
        let scope = Scope {
            environment: self.request.environment.clone(),
            release: self.request.release.clone(),
            range: Some(range),
        };
        let projects = convert::projects(&self.request.project_ids);
        let only: Option<IssueId> = self.request.issue_id.parse().ok();
        let (changes, sparklines, numbers, position, last, full) = self
            .core
            .ask(&self.viewer, move |snapshot| {
                let mut changes = snapshot.changes(cursor, PAGE_ROWS)?;
                let full = changes.len() == PAGE_ROWS as usize;
                let last = changes.last().map(|change| change.cursor);
                // Who follows an issue that was merged follows the one it is part of.
                let only = match only {
                    Some(id) => Some(snapshot.issue(id)?.map_or(id, |row| row.id)),
                    None => None,
                };
                changes.retain(|change| {
                    let row = &change.issue;
                    projects.has(row.project_id) && only.is_none_or(|only| only == row.id)
                });
                let ids: Vec<_> = changes.iter().map(|change| change.issue.id).collect();
                let sparklines = snapshot.issue_series(window, &scope, &ids)?;
                let numbers = snapshot.scoped_of(&scope, &ids)?.into_iter();
                let numbers: HashMap<_, _> =
                    numbers.map(|scoped| (scoped.issue.id, scoped)).collect();
                let position = snapshot.position()?;
                Ok((changes, sparklines, numbers, position, last, full))
            })
            .await?;
        self.cursor = match last {
            Some(last) if full => last,
            // All up to here is read: what is of projects out of sight, too, which is not to
            // be passed over again and again.
            _ => cursor.max(ChangeCursor::after(position)),
        };
        let state = self.core.control.state();
        let messages = changes.into_iter().map(|change| {
            let row = change.issue;
            let merged_id = change.merged.map(|id| id.to_string());
            let is_new = row.opened.0 > self.begun;
            let sparkline = sparklines.get(&row.id).cloned();
            let sparkline = sparkline.unwrap_or_else(|| window.zeros());
            // An issue that has nothing of the environment is shown as it is, with
            // nothing counted.
            let scoped = numbers.get(&row.id).cloned().unwrap_or(ScopedIssue {
                issue: row,
                count: 0,
                users: 0,
            });
            v1::StreamIssuesResponse {
                issue: Some(convert::issue(scoped, &state, sparkline)),
                is_new,
                position: position.0,
                merged_id: merged_id.unwrap_or_default(),
            }
        });
        Ok((messages.collect(), position, full))
    }
}

struct TransitionFeed {
    core: Arc<Core>,
    viewer: Viewer,
    /// Position, issue and kind of the last one sent.
    after: (event_model::Position, i64, i64),
}

impl TransitionFeed {
    async fn run(mut self, sender: Sender<v1::StreamTransitionsResponse>) -> Result<(), End> {
        let mut patience = Patience::default();
        // The first heartbeat comes at once: it says that the past is through.
        let mut heartbeat = Instant::now();
        loop {
            let after = self.after;
            self.viewer = self.core.viewer_now(&self.viewer).ok_or_else(is_over)?;
            let page = self
                .core
                .ask(&self.viewer, move |snapshot| {
                    Ok((
                        snapshot.transitions(after, PAGE_ROWS)?,
                        snapshot.position()?,
                    ))
                })
                .await;
            let Some((page, position)) = patience.bear(page).await? else {
                continue;
            };
            let full = page.len() == PAGE_ROWS as usize;
            for transition in page {
                let row = transition.issue_id.0 as i64;
                self.after = (transition.position, row, transition.kind_number);
                let message = self.message(transition);
                self.core.send(&sender, message).await?;
            }
            if full {
                continue;
            }
            // As in `IssueFeed::page`.
            self.after = self.after.max((position, i64::MAX, i64::MAX));
            if Instant::now() >= heartbeat {
                heartbeat = Instant::now() + HEARTBEAT;
                let beat = v1::StreamTransitionsResponse {
                    transition: None,
                    position: position.0,
                };
                self.core.send(&sender, beat).await?;
            }
            self.core
                .wait_for_news(&sender, position, heartbeat)
                .await?;
        }
    }

    fn message(&self, transition: Transition) -> v1::StreamTransitionsResponse {
        let state = self.core.control.state();
        let project = state.projects.get(&transition.issue.project_id);
        let kind = match transition.kind {
            TransitionKind::New => v1::TransitionKind::New,
            TransitionKind::Regressed => v1::TransitionKind::Regressed,
            TransitionKind::Resolved => v1::TransitionKind::Resolved,
            TransitionKind::Ignored => v1::TransitionKind::Ignored,
            TransitionKind::Reopened => v1::TransitionKind::Reopened,
        };
        let position = transition.position.0;
        v1::StreamTransitionsResponse {
            transition: Some(v1::Transition {
                position,
                kind: kind as i32,
                at: Some(stamp_ns(transition.at_ns)),
                project_name: project.map(|p| p.name.clone()).unwrap_or_default(),
                issue: Some(convert::issue(transition.issue.into(), &state, Vec::new())),
                event_id: transition
                    .event_id
                    .map(|id| id.to_string())
                    .unwrap_or_default(),
                release: transition.release,
                environment: transition.environment,
                issue_id: transition.issue_id.to_string(),
            }),
            position,
        }
    }
}
