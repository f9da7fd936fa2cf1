//! The engine's life: start, routes, readiness, end.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use event_log::{ControlFollower, LogReader};
use event_model::{
    access::{Action, Viewer, door::Need},
    credential::{Caller, ServerSecret},
};
use read_model::{
    ReadModelError,
    cold::{ColdHome, ColdReader, READING},
};
use tokio::sync::watch;

use crate::{
    config::QueryConfig, core::Core, files, grpc, reads::Reads, watch as follow, watch::WatchThread,
};

/// Why the engine cannot start. A missing or damaged read model is no reason: reads
/// answer 503 until the projector has built one.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The control log cannot be folded.
    #[error("the control state cannot be read")]
    Control(#[from] event_log::ReadError),
    /// `cold.url` leads nowhere.
    #[error("the place of the cold files cannot be used")]
    Cold(#[from] ReadModelError),
    /// A thread could not be started.
    #[error("the thread {name} cannot be started")]
    Thread {
        /// Its name.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// How far the read model is behind the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Whether a read model is open.
    pub open: bool,
    /// Records the issues are behind.
    pub issues: u64,
    /// Records the search index is behind.
    pub search: u64,
}

/// Reads over the read model. Dropping it ends its threads and streams.
pub struct QueryEngine {
    core: Arc<Core>,
    stopping: watch::Sender<bool>,
    watch: WatchThread,
    cold: WatchThread,
    control: event_log::control::FollowerThread,
}

impl std::fmt::Debug for QueryEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryEngine")
            .field("lag", &self.lag())
            .finish_non_exhaustive()
    }
}

impl QueryEngine {
    /// Folds the control log, opens the read model if there is one, and follows both.
    pub fn start(
        config: QueryConfig,
        log: LogReader,
        secret: ServerSecret,
    ) -> Result<Self, StartError> {
        let control = Arc::new(ControlFollower::new(log.clone())?);
        let control_thread = control.spawn().map_err(|source| StartError::Thread {
            name: "errata-control",
            source,
        })?;
        let root: PathBuf = config.read_model_dir.clone();
        let (current, reached, thread) =
            follow::follow(root).map_err(|source| StartError::Thread {
                name: "errata-watch",
                source,
            })?;
        let cold = Arc::new(ColdReader::new(ColdHome::open(&config.cold, READING)?));
        let cold_thread =
            follow::follow_cold(Arc::clone(&cold), log.clone()).map_err(|source| {
                StartError::Thread {
                    name: "errata-cold",
                    source,
                }
            })?;
        let (stopping, stopped) = watch::channel(false);
        let core = Core::new(
            config,
            (log, cold),
            control,
            secret,
            current,
            reached,
            stopped,
        );
        Ok(Self {
            core: Arc::new(core),
            stopping,
            watch: thread,
            cold: cold_thread,
            control: control_thread,
        })
    }

    /// gRPC, gRPC-Web and REST reads, without a fallback: to be merged with the
    /// gateway's router, which answers other methods of the same paths.
    pub fn router(&self) -> Router {
        grpc::routes(&self.core).merge(crate::rest::routes(&self.core))
    }

    /// The fallback: the web UI's files, and `index.html` for every path of the
    /// application. Whoever owns the listener sets it as the fallback of the merged
    /// router, or calls it from its own ([`files::serve`]).
    pub fn router_with_ui(&self) -> Router {
        self.router().fallback(files::serve)
    }

    /// What a crate above this one reads by.
    pub fn reads(&self) -> Reads {
        Reads::new(&self.core)
    }

    /// gRPC routes of another, for whoever may read: anybody else is refused as by a read.
    pub fn for_readers(&self, routes: Router) -> Router {
        let core = Arc::clone(&self.core);
        routes.route_layer(from_fn(move |request: Request, next: Next| {
            let core = Arc::clone(&core);
            async move {
                let need = Some(Need::Right(Action::ReadInstallation));
                match core.authenticate(request.headers(), request.extensions(), need) {
                    Ok(_) => next.run(request).await,
                    Err(error) => tonic::Status::from(error).into_http(),
                }
            }
        }))
    }

    /// A thread that is gone by a panic: what it followed stands still until a restart.
    pub fn ended_thread(&self) -> Option<&'static str> {
        if self.watch.has_ended() {
            return Some("errata-watch");
        }
        if self.cold.has_ended() {
            return Some("errata-cold");
        }
        self.control.has_ended().then_some("errata-control")
    }

    /// How far the read model is behind the log.
    pub fn lag(&self) -> Lag {
        let reached = *self.core.reached.borrow();
        let end = self.core.log.end().sequence();
        Lag {
            open: reached.generation != 0,
            issues: end.saturating_sub(reached.issues.sequence()),
            search: end.saturating_sub(reached.search.sequence()),
        }
    }

    /// What takes how much of the disk, of all projects; an error in words.
    pub async fn storage(&self) -> Result<proto::v1::GetStorageResponse, String> {
        let state = self.core.control.state();
        let viewer = Viewer::of(&state, Caller::Admin, Action::ReadOrganizationUsage);
        let viewer = viewer.map_err(|denied| denied.to_string())?;
        let storage = self.core.get_storage(&viewer).await;
        storage.map_err(|error| error.to_string())
    }

    /// Ends all live streams; other reads finish. Idempotent.
    pub fn shutdown(&self) {
        self.stopping.send_replace(true);
    }
}
