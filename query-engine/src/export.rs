//! A search, whole, as a file: `EventService.ExportEvents`, and `GET /api/errors/export` over the same.
//!
//! The path of an export: what is asked is read and refused here → a place among those under way ([`places`]) → the
//! index as it is then is held → step by step ids are found, events read, and written ([`form`]), each step only when
//! the client has taken what came before.
//!
//! Invariants: the events are those that were indexed, kept and in sight when it began, each once, in the order of
//! the list. What cannot be read ends it with an error, which breaks the connection off: a file that ended well is
//! whole. Between steps it holds no thread and no turn, so who takes nothing costs a place and some memory, and who
//! leaves ends it. Memory: [`HITS_AT_ONCE`] ids, the events of a step, and of Parquet a row group.

mod cells;
mod form;
mod places;

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use event_model::{ControlState, Level, ProjectId, access::Viewer};
use futures_util::{Stream, stream};
use grouping::Groupers;
use parking_lot::Mutex;
use proto::v1;
use read_model::{
    cold::{ColdRow, Kept},
    issues::batch::Headline,
    search::reader::{EventFilter, From, Frozen, Hit},
};

use self::{form::Form, places::Place};
pub(crate) use self::{form::Format, places::Exports};
use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
    events::event_filter,
    view::{Open, View, WholeEvent},
};

/// Ids found at once: the index goes through its matches once for each time.
const HITS_AT_ONCE: usize = 20_000;
/// Events of the first step; then as many as [`STEP_BYTES`] seem to hold.
const EVENTS_AT_FIRST: usize = 32;
/// Most events of a step: files that are cold give them all at once, of a megabyte each at worst.
const EVENTS_AT_ONCE_MAX: usize = 128;
/// Fewest events of a step.
const EVENTS_AT_ONCE_MIN: usize = 8;
/// Bytes of bodies of a step; the one that goes beyond is its last.
const STEP_BYTES: usize = 2 * 1024 * 1024;
/// How often a step is tried that found no turn at old files, or a store that does not answer.
const TRIES_MAX: u32 = 30;
/// Wait between them.
const TRY_WAIT: Duration = Duration::from_secs(1);

/// A file in pieces; after an error nothing comes any more.
pub(crate) type File = Pin<Box<dyn Stream<Item = Result<Bytes, ApiError>> + Send>>;

impl Core {
    /// All events that a request asks for. Its first piece is made before it answers, so that most of what goes
    /// wrong still has a status.
    pub(crate) async fn export_events(
        self: Arc<Self>,
        viewer: Viewer,
        request: v1::ExportEventsRequest,
    ) -> Result<File, ApiError> {
        let format = Format::of(request.format)?;
        let request = request.events.unwrap_or_default();
        for (is_given, field) in [
            (request.limit != 0, "limit"),
            (!request.cursor.is_empty(), "cursor"),
            (request.with_total, "with_total"),
        ] {
            if is_given {
                let message = "an export has all events that pass: leave it out";
                return Err(ApiError::invalid(field, message));
            }
        }
        let (issue, query) = self.asked_events(&viewer, &request)?;
        let place = Arc::clone(&self.exports).take(viewer.caller())?;
        self.wait_events(request.after_position).await;
        let open = self.open()?;
        let from = if request.ascending {
            From::Oldest
        } else {
            From::Newest
        };
        let turn = self.turn_soon().await?;
        let begun = self.read_open((Arc::clone(&open), None), turn, &viewer, move |view| {
            let filter = event_filter(view, &request, issue, query)?;
            let frozen = view.freeze(&filter)?;
            Ok((filter, frozen, view.kept()))
        });
        let (filter, frozen, kept) = begun.await?;
        let export = Export {
            core: Arc::clone(&self),
            viewer,
            place,
            walk: Box::new(Walk {
                filter,
                frozen,
                kept,
                from,
                hits: VecDeque::new(),
                is_last: false,
                at_once: EVENTS_AT_FIRST,
                form: Form::begin(format)?,
                now: self.control.state(),
                groupers: Arc::clone(&self.groupers),
            }),
            open,
            is_over: false,
        };
        let Some((first, export)) = export.next().await? else {
            return Ok(Box::pin(stream::empty()));
        };
        let rest = stream::try_unfold(export, Export::told);
        Ok(Box::pin(futures_util::StreamExt::chain(
            stream::iter([Ok(first)]),
            rest,
        )))
    }
}

/// An export under way.
struct Export {
    core: Arc<Core>,
    viewer: Viewer,
    #[expect(dead_code, reason = "held, and given back with the rest")]
    place: Place,
    /// The generation that it began with.
    open: Arc<Open>,
    walk: Box<Walk>,
    is_over: bool,
}

impl Export {
    async fn told(self) -> Result<Option<(Bytes, Self)>, ApiError> {
        let next = self.next().await;
        if let Err(error) = &next {
            tracing::warn!(%error, "an export is broken off");
        }
        next
    }

    /// The next piece; none: the file is whole.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, ApiError> {
        let mut tries = 0;
        while !self.is_over {
            self.stands()?;
            let turn = self.core.turn().await;
            let mut walk = self.walk;
            let step = self.core.read_open(
                (Arc::clone(&self.open), None),
                turn,
                &self.viewer,
                move |view| {
                    let step = walk.step(view);
                    Ok((walk, step))
                },
            );
            let step = step.await?;
            self.walk = step.0;
            match step.1 {
                Ok(Step::Went(piece)) if piece.is_empty() => tries = 0,
                Ok(Step::Went(piece)) => return Ok(Some((piece.into(), self))),
                Ok(Step::Ended(piece)) => {
                    self.is_over = true;
                    return Ok((!piece.is_empty()).then(|| (piece.into(), self)));
                }
                Err(error) if error.code == ErrorCode::Overloaded && tries < TRIES_MAX => {
                    tries += 1;
                    tokio::time::sleep(TRY_WAIT).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Fails once they may not read the same any more, or the engine ends.
    fn stands(&self) -> Result<(), ApiError> {
        if *self.core.stopping.borrow() {
            return Err(ApiError::new(ErrorCode::Overloaded, "the server ends"));
        }
        let now = self.core.viewer_now(&self.viewer);
        if now.is_some_and(|now| now.sight() == self.viewer.sight()) {
            return Ok(());
        }
        let message = "what you may see has changed since the export began: begin anew";
        Err(ApiError::new(ErrorCode::Forbidden, message))
    }
}

/// What a step came to.
enum Step {
    /// There is more; what is put out so far, perhaps nothing.
    Went(Vec<u8>),
    /// The end of the file.
    Ended(Vec<u8>),
}

/// How far it is.
struct Walk {
    filter: EventFilter,
    frozen: Frozen,
    /// What could be read when it began.
    kept: Kept,
    /// Behind the last of `hits`.
    from: From,
    /// Found, and not written.
    hits: VecDeque<Hit>,
    /// Whether nothing is behind `hits`.
    is_last: bool,
    at_once: usize,
    form: Form,
    now: Arc<ControlState>,
    groupers: Arc<Mutex<Groupers>>,
}

impl Walk {
    /// A step that failed has not happened: it can be tried again.
    fn step(&mut self, view: &View<'_>) -> Result<Step, ApiError> {
        if self.hits.is_empty() {
            if self.is_last {
                return Ok(Step::Ended(self.form.end()?));
            }
            self.find(view)?;
            return Ok(Step::Went(Vec::new()));
        }
        let wanted = self.hits.len().min(self.at_once);
        let hits: Vec<Hit> = self.hits.range(..wanted).copied().collect();
        let issues = view.issues(|snapshot| {
            snapshot.issue_ids(hits.iter().map(|hit| (hit.project_id, hit.fingerprint)))
        })?;
        view.fetch(&hits)?;
        let (mut events, mut bytes) = (Vec::with_capacity(hits.len()), 0);
        for hit in &hits {
            let event = whole(view, hit)?;
            bytes += event.body.len();
            events.push(event);
            if bytes >= STEP_BYTES {
                break;
            }
        }
        for (hit, event) in hits.iter().zip(&events) {
            let shown = self.shown(hit.project_id, event);
            let row = ColdRow {
                position: hit.position,
                head: event.event.whole(),
                fingerprint: hit.fingerprint,
                headline: &shown,
                body: &event.body,
            };
            let issue = issues.get(&(hit.project_id, hit.fingerprint));
            self.form.push(&row, issue.copied())?;
        }
        self.hits.drain(..events.len());
        let each = bytes / events.len().max(1) + 1;
        self.at_once = (STEP_BYTES / each).clamp(EVENTS_AT_ONCE_MIN, EVENTS_AT_ONCE_MAX);
        Ok(Step::Went(self.form.take()))
    }

    fn find(&mut self, view: &View<'_>) -> Result<(), ApiError> {
        let found = view.frozen_events(&self.frozen, &self.filter, self.from, HITS_AT_ONCE)?;
        self.is_last = found.len() < HITS_AT_ONCE;
        if let Some(last) = found.last() {
            self.from = self.from.behind(last.moment());
        }
        let kept = &self.kept;
        let found = found.into_iter();
        self.hits
            .extend(found.filter(|hit| kept.has(hit.position, hit.received_ns)));
        Ok(())
    }

    /// As its file says; of an event of the log, as the project's rules of now have it.
    fn shown(&self, project: ProjectId, event: &WholeEvent) -> Headline {
        if let Some(shown) = &event.shown {
            return shown.clone();
        }
        let head = event.event.whole();
        let mut groupers = self.groupers.lock();
        let (grouper, _) = groupers.of(&self.now, project);
        let shown = grouper.headline(head);
        Headline {
            title: shown.title,
            culprit: shown.culprit,
            ty: shown.ty,
            value: shown.value,
            level: Level::from_number(head.level),
            platform: String::new(),
            handled: head.handled,
        }
    }
}

/// An event that was kept when it began.
fn whole(view: &View<'_>, hit: &Hit) -> Result<WholeEvent, ApiError> {
    view.whole(hit.position)?.ok_or_else(|| {
        let message = format!("the event at position {} cannot be read", hit.position);
        ApiError::new(ErrorCode::Internal, message)
    })
}
