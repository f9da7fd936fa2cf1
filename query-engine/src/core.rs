//! What every read needs: the read model's current readers, the log, the control
//! state, and how long to wait for whom.
//!
//! Invariant: SQLite, tantivy and the mapped log are touched on blocking threads
//! only, at most [`READS_MAX`] at once. A read with `after_position` waits up to
//! [`AFTER_WAIT_MAX`] for the projection and then answers with what there is;
//! answers that carry a position say how far that was.

use std::{sync::Arc, time::Duration};

use event_log::{ControlFollower, LogReader};
use event_model::{
    Position,
    access::Viewer,
    credential::{ServerSecret, SessionCookie},
    proxy::Addresses,
};
use grouping::Groupers;
use parking_lot::Mutex;
use read_model::{
    cold::ColdReader,
    issues::reader::{ReadError, Snapshot},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    config::QueryConfig,
    error::{ApiError, ErrorCode},
    export::Exports,
    grouping::Previews,
    past::{Pasts, Then, When},
    rest::paced::Pace,
    view::{Open, View},
    watch::{Current, Reached},
};

/// Reads at once. More than the cores and the database's connections can serve
/// would only queue inside them.
const READS_MAX: usize = 8;
/// Files looked through at once, before they are sent.
const DOWNLOADS_MAX: usize = 2;
/// Longest wait for a turn; beyond it the reader is told to come back.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the projection to reach `after_position`.
pub(crate) const AFTER_WAIT_MAX: Duration = Duration::from_secs(1);

pub(crate) struct Core {
    pub(crate) config: QueryConfig,
    pub(crate) log: LogReader,
    /// What the log no longer has.
    pub(crate) cold: Arc<ColdReader>,
    pub(crate) control: Arc<ControlFollower>,
    pub(crate) secret: ServerSecret,
    pub(crate) addresses: Addresses,
    pub(crate) cookie: SessionCookie,
    /// Who read how often over REST.
    pub(crate) pace: Pace,
    pub(crate) current: Current,
    pub(crate) reached: watch::Receiver<Reached>,
    /// True once the engine shuts down: streams end.
    pub(crate) stopping: watch::Receiver<bool>,
    /// By which events are explained: compiled once a change.
    pub(crate) groupers: Arc<Mutex<Groupers>>,
    /// Those under way.
    pub(crate) previews: Arc<Previews>,
    /// Issues of past times.
    pub(crate) pasts: Arc<Pasts>,
    /// Exports under way.
    pub(crate) exports: Arc<Exports>,
    turns: Arc<Semaphore>,
    /// Files read from disk at once: each is held in memory whole, once.
    pub(crate) downloads: Semaphore,
}

impl Core {
    pub(crate) fn new(
        config: QueryConfig,
        (log, cold): (LogReader, Arc<ColdReader>),
        control: Arc<ControlFollower>,
        secret: ServerSecret,
        current: Current,
        reached: watch::Receiver<Reached>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            cookie: config.session_cookie(),
            addresses: Addresses::new(config.trusted_proxies.clone(), secret.clone()),
            pace: Pace::new(config.limits, config.clock.clone()),
            pasts: Arc::new(Pasts::new(&config.read_model_dir)),
            config,
            log,
            cold,
            control,
            secret,
            current,
            reached,
            stopping,
            groupers: Arc::default(),
            previews: Arc::default(),
            exports: Arc::default(),
            turns: Arc::new(Semaphore::new(READS_MAX)),
            downloads: Semaphore::new(DOWNLOADS_MAX),
        }
    }

    /// Now, Unix seconds.
    pub(crate) fn now_s(&self) -> i64 {
        self.config.clock.now_s()
    }

    /// The next turn to read, however long it takes: for who bounds the wait otherwise. Turns
    /// come in the order in which they are waited for.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes it.
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Runs a read of what the viewer sees on a blocking thread.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        viewer: &Viewer,
        read: impl FnOnce(&View<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.read_then(viewer, None, read).await
    }

    /// The same, of a time.
    pub(crate) async fn read_of<T: Send + 'static>(
        &self,
        viewer: &Viewer,
        when: When,
        read: impl FnOnce(&View<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.read_then(viewer, when.then, read).await
    }

    async fn read_then<T: Send + 'static>(
        &self,
        viewer: &Viewer,
        then: Option<Then>,
        read: impl FnOnce(&View<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let open = self.open()?;
        let turn = self.turn_soon().await?;
        self.read_open((open, then), turn, viewer, read).await
    }

    /// What is open now.
    pub(crate) fn open(&self) -> Result<Arc<Open>, ApiError> {
        self.current
            .load_full()
            .ok_or_else(|| ApiError::new(ErrorCode::Overloaded, "the read model is being built"))
    }

    /// A turn to read, as soon as somebody waits for an answer.
    pub(crate) async fn turn_soon(&self) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, self.turn()).await;
        turn.map_err(|_| ApiError::new(ErrorCode::Overloaded, "too many reads at once"))
    }

    /// The same as [`Self::read`] of what is open already, perhaps of a time, with a turn.
    pub(crate) async fn read_open<T: Send + 'static>(
        &self,
        (open, then): (Arc<Open>, Option<Then>),
        turn: Option<OwnedSemaphorePermit>,
        viewer: &Viewer,
        read: impl FnOnce(&View<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (log, cold) = (self.log.clone(), Arc::clone(&self.cold));
        let sight = viewer.sight().clone();
        let expired = Arc::clone(&self.control.state().expired);
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let view = View::new(&open, &log, &cold, (&sight, expired));
            read(&view.of(then.as_ref()))
        });
        task.await
            .unwrap_or_else(|error| Err(ApiError::internal(&error)))
    }

    /// Asks the issue database on a blocking thread.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        viewer: &Viewer,
        ask: impl FnOnce(&Snapshot<'_>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.read(viewer, move |view| Ok(view.issues(ask)?)).await
    }

    /// The same, of a time.
    pub(crate) async fn ask_of<T: Send + 'static>(
        &self,
        viewer: &Viewer,
        when: When,
        ask: impl FnOnce(&Snapshot<'_>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let read = move |view: &View<'_>| Ok(view.issues(ask)?);
        self.read_of(viewer, when, read).await
    }

    /// Waits for issues, statistics and the control state to reach a position.
    pub(crate) async fn wait_issues(&self, after_position: u64) {
        self.wait(after_position, |reached| reached.issues).await;
    }

    /// Waits for issues and the search index to reach a position.
    pub(crate) async fn wait_events(&self, after_position: u64) {
        self.wait(after_position, |reached| reached.issues.min(reached.search))
            .await;
    }

    async fn wait(&self, after_position: u64, of: impl Fn(&Reached) -> Position) {
        if after_position == 0 {
            return;
        }
        let mut reached = self.reached.clone();
        let there = reached.wait_for(|reached| of(reached).0 >= after_position);
        // Time up, or the engine ends: the read answers with what there is.
        let _ = tokio::time::timeout(AFTER_WAIT_MAX, there).await;
        if let Err(error) = self.control.poll() {
            tracing::error!(%error, "the control log cannot be read");
        }
    }
}
