//! `PreviewRegroup`: what other rules, or another version of the algorithm, would make of
//! the events that are there.
//!
//! The path of a preview: what is asked is read and refused here → a turn is taken →
//! [`scan`] walks back through the log on a thread of its own and says how far it is →
//! [`plan`] says what becomes of the issues → [`told`] names them and shows samples.
//!
//! Invariant: nothing is stored, and nothing is asked of the read model while the log is
//! read. Events are bounded by number and time, and what is not looked at is told. Whoever
//! leaves, or may not see the project any more, ends the work: it looks after each event.

mod plan;
mod scan;
mod told;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use event_model::{ProjectId, access::Viewer};
use grouping::{Algorithm, Grouper, RuleError, Rules, rules::RULES_BYTES_MAX};
use parking_lot::Mutex;
use proto::v1::{self, preview_regroup_response::Step as Said};
use read_model::search::reader::EventFilter;
use tokio::sync::mpsc;

use self::{
    scan::{Bounds, Scan, Step, Tally},
    told::Shown,
};
use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
    live::{self, End, Messages, Sender},
    time::ms_of,
    view::Past,
};

/// Previews at once: each takes most of a core.
const PREVIEWS_MAX: usize = 2;
/// When to come again, seconds.
const RETRY_AFTER_S: u64 = 5;
/// Events of a preview, unless another number is asked for.
const EVENTS_DEFAULT: u32 = 1_000_000;
/// Most events of a preview.
const EVENTS_MAX: u32 = 10_000_000;
/// How long a preview takes, unless another time is asked for, seconds.
const SECONDS_DEFAULT: u32 = 60;
/// Longest time of a preview, seconds.
const SECONDS_MAX: u32 = 600;
/// Samples of a part, unless another number is asked for.
const SAMPLES_DEFAULT: u32 = 3;
/// Most samples of a part.
const SAMPLES_MAX: u32 = 5;
/// Words of a walk that nobody has read yet.
const STEPS_QUEUED_MAX: usize = 4;

/// The projects of which a preview is under way.
#[derive(Debug, Default)]
pub(crate) struct Previews(Mutex<BTreeSet<ProjectId>>);

/// A preview that may be made.
struct Turn {
    all: Arc<Previews>,
    project: ProjectId,
}

impl Previews {
    fn take(self: Arc<Self>, project: ProjectId) -> Result<Turn, ApiError> {
        let mut under_way = self.0.lock();
        let message = if under_way.contains(&project) {
            format!("a preview of project {project} is under way")
        } else if under_way.len() >= PREVIEWS_MAX {
            format!("{PREVIEWS_MAX} previews are under way")
        } else {
            under_way.insert(project);
            drop(under_way);
            return Ok(Turn { all: self, project });
        };
        Err(ApiError::new(ErrorCode::Limited, message).retry_after(RETRY_AFTER_S))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.project);
    }
}

impl live::Message for v1::PreviewRegroupResponse {
    fn project(&self) -> Option<ProjectId> {
        Some(ProjectId(self.project_id))
    }
}

impl Core {
    /// Progress, and at the end what would become of the issues.
    pub(crate) async fn preview_regroup(
        self: Arc<Self>,
        viewer: Viewer,
        request: v1::PreviewRegroupRequest,
    ) -> Result<Messages<v1::PreviewRegroupResponse>, ApiError> {
        let bounds = bounds(&request)?;
        self.wait_events(request.after_position).await;
        self.check_project(&viewer, bounds.project)?;
        let algorithm = self.algorithm(&bounds, request.algorithm)?;
        let proposed = self.proposed(&bounds, request.text, algorithm).await?;
        let preview = Preview {
            turn: Arc::new(Arc::clone(&self.previews).take(bounds.project)?),
            core: Arc::clone(&self),
            viewer: viewer.clone(),
            bounds,
            proposed,
        };
        Ok(live::spawn(self, viewer, move |sender| preview.run(sender)))
    }

    /// The version asked for, or the project's.
    fn algorithm(&self, bounds: &Bounds, asked: u32) -> Result<Algorithm, ApiError> {
        if asked == 0 {
            return Ok(self.algorithm_of(bounds.project));
        }
        Algorithm::known(asked).map_err(|error| ApiError::invalid("algorithm", error.to_string()))
    }

    /// What groups a project's events by now.
    pub(super) fn algorithm_of(&self, project: ProjectId) -> Algorithm {
        Algorithm::of_project(self.control.state().rules_in_force(project).algorithm)
    }

    async fn proposed(
        &self,
        bounds: &Bounds,
        text: Option<String>,
        algorithm: Algorithm,
    ) -> Result<Grouper, ApiError> {
        let (text, is_in_force) = match text {
            Some(text) if text.len() > RULES_BYTES_MAX => {
                let message = format!("must have at most {RULES_BYTES_MAX} bytes");
                return Err(ApiError::at(ErrorCode::TooLarge, "text", message));
            }
            Some(text) => (text, false),
            None => {
                let state = self.control.state();
                let held = state.grouping.get(&bounds.project);
                (
                    held.map_or_else(String::new, |held| held.text.to_string()),
                    true,
                )
            }
        };
        // A megabyte of rules takes its time.
        let task = tokio::task::spawn_blocking(move || match Rules::parse(&text) {
            Ok(rules) => Ok(Grouper::new(rules.into(), algorithm)),
            Err(_) if is_in_force => Ok(Grouper::standard().by(algorithm)),
            Err(errors) => {
                let (field, message) = RuleError::refused(&errors);
                Err(ApiError::invalid(&field, message))
            }
        });
        task.await
            .unwrap_or_else(|error| Err(ApiError::internal(&error)))
    }
}

fn bounds(request: &v1::PreviewRegroupRequest) -> Result<Bounds, ApiError> {
    let within = |asked: u32, default: u32, max: u32, field: &str| match asked {
        0 => Ok(default),
        asked if asked <= max => Ok(asked),
        _ => Err(ApiError::invalid(field, format!("must be at most {max}"))),
    };
    let events = within(request.max_events, EVENTS_DEFAULT, EVENTS_MAX, "max_events")?;
    let seconds = within(
        request.max_seconds,
        SECONDS_DEFAULT,
        SECONDS_MAX,
        "max_seconds",
    )?;
    let samples = within(
        request.max_samples,
        SAMPLES_DEFAULT,
        SAMPLES_MAX,
        "max_samples",
    )?;
    Ok(Bounds {
        project: ProjectId(request.project_id),
        from_ms: request.from.as_ref().map(ms_of),
        to_ms: request.to.as_ref().map(ms_of),
        events_max: events.into(),
        time_max: Duration::from_secs(seconds.into()),
        samples_max: samples as usize,
    })
}

/// A preview under way.
struct Preview {
    core: Arc<Core>,
    viewer: Viewer,
    bounds: Bounds,
    proposed: Grouper,
    turn: Arc<Turn>,
}

impl Preview {
    async fn run(self, sender: Sender<v1::PreviewRegroupResponse>) -> Result<(), End> {
        let filter = EventFilter {
            project: Some(self.bounds.project),
            from_ms: self.bounds.from_ms,
            to_ms: self.bounds.to_ms,
            ..EventFilter::default()
        };
        let counted = self
            .core
            .read(&self.viewer, move |view| Ok(view.total(&filter)?));
        let total = counted.await.map_err(End::Failed)?.events;
        let tally = self.walked(&sender, total).await?;
        let shown = Shown {
            project: self.bounds.project,
            total,
            proposed: self.proposed.clone(),
            samples_max: self.bounds.samples_max,
        };
        let waiting = sender.clone();
        let goes_on = move || !waiting.is_closed();
        let result = self
            .core
            .read(&self.viewer, move |view| shown.of(view, *tally, &goes_on));
        let result = result.await.map_err(End::Failed)?;
        let core = Arc::clone(&self.core);
        let message = self.says(Said::Result(result));
        // Whoever reads it may ask for the next.
        drop(self);
        core.send(&sender, message).await
    }

    fn says(&self, step: Said) -> v1::PreviewRegroupResponse {
        v1::PreviewRegroupResponse {
            project_id: self.bounds.project.0,
            step: Some(step),
        }
    }

    /// Walks, and passes on how far it is, as long as somebody listens who may.
    async fn walked(
        &self,
        sender: &Sender<v1::PreviewRegroupResponse>,
        total: u64,
    ) -> Result<Box<Tally>, End> {
        let mut steps = self.begin().map_err(End::Failed)?;
        let mut stopping = self.core.stopping.clone();
        let mut step = Some(Step::Progress {
            events: 0,
            elapsed: Duration::ZERO,
        });
        loop {
            match step {
                Some(Step::Done(tally)) => return tally.map_err(End::Failed),
                Some(Step::Progress { events, elapsed }) => {
                    let viewer = self.core.viewer_now(&self.viewer);
                    viewer
                        .filter(|viewer| viewer.sees(self.bounds.project))
                        .ok_or_else(live::is_over)?;
                    let progress = v1::RegroupProgress {
                        events,
                        // What came since is not indexed yet, or was not when it was asked.
                        total: total.max(events),
                        elapsed_ms: elapsed.as_millis() as u64,
                    };
                    let message = self.says(Said::Progress(progress));
                    self.core.send(sender, message).await?;
                }
                None => {
                    let message = "the preview failed on the server";
                    return Err(End::Failed(ApiError::new(ErrorCode::Internal, message)));
                }
            }
            step = tokio::select! {
                step = steps.recv() => step,
                () = sender.closed() => return Err(End::Quiet),
                _ = stopping.wait_for(|stop| *stop) => return Err(End::Quiet),
            };
        }
    }

    /// The thread that walks. It ends when what is given is dropped.
    fn begin(&self) -> Result<mpsc::Receiver<Step>, ApiError> {
        let (steps, said) = mpsc::channel(STEPS_QUEUED_MAX);
        let state = self.core.control.state();
        let scan = Scan {
            past: Past::new(&self.core.log, &self.viewer, &state.expired),
            log: self.core.log.clone(),
            state,
            bounds: self.bounds,
            proposed: self.proposed.clone(),
            steps: steps.clone(),
        };
        // As many as walk are counted, also when nobody listens any more.
        let turn = Arc::clone(&self.turn);
        let thread = std::thread::Builder::new().name("errata-preview".to_owned());
        let begun = thread.spawn(move || {
            let walked = scan.run();
            drop(turn);
            // Nobody listens any more where this fails.
            let _ = steps.blocking_send(Step::Done(walked));
        });
        begun.map_err(|error| ApiError::internal(&error))?;
        Ok(said)
    }
}
