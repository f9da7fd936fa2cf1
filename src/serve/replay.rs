//! The door to replays: `ReplayService` of the process that has the projector role, on
//! `projector.sock` for who may open it, and beside the query role on the listener, too.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Weak},
};

use anyhow::{Context, Result};
use axum::Router;
use event_model::{access::Action, credential::Caller};
use projector::{
    PartProgress, Parts, Projector, ProjectorError, ReplayPhase, ReplayStatus, ReplayStep,
    ReplayWish,
};
use proto::{
    error::{ErrorCode, Refusal},
    v1::{
        self, GetReplayRequest, Replay, StartReplayRequest, SteerReplayRequest,
        replay_service_server::{ReplayService, ReplayServiceServer},
    },
};
use query_engine::Reads;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::server;

/// Name of the socket in the data directory.
pub(crate) const SOCKET: &str = "projector.sock";

/// See the module.
struct Door {
    projector: Weak<Projector>,
    /// Who asks whether a caller may; none: only the host's own socket has the door.
    reads: Option<Reads>,
}

/// The service, for callers that `reads` lets in.
pub(super) fn router(projector: &Arc<Projector>, reads: Option<Reads>) -> Router {
    let door = Door {
        projector: Arc::downgrade(projector),
        reads,
    };
    // The fallback of the whole is another's.
    tonic::service::Routes::new(ReplayServiceServer::new(door))
        .into_axum_router()
        .reset_fallback()
}

/// Binds the socket; serve it with the future returned, until `stop`.
pub(super) fn serve(
    data_dir: &Path,
    projector: &Arc<Projector>,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + use<>> {
    let path = data_dir.join(SOCKET);
    // The read model's lock is ours, so a socket that is there was left by a crash.
    let _ = fs::remove_file(&path);
    let listener =
        UnixListener::bind(&path).with_context(|| format!("listen on {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("set the mode of {}", path.display()))?;
    let router = router(projector, None).layer(axum::Extension(Caller::Admin));
    Ok(async move {
        server::serve_unix(listener, router, stop).await;
        let _ = fs::remove_file(&path);
    })
}

impl Door {
    fn let_in<T>(&self, request: &Request<T>, action: Action) -> Result<Arc<Projector>, Status> {
        match &self.reads {
            Some(reads) => {
                let headers = request.metadata().clone().into_headers();
                let viewer = reads.viewer(&headers, request.extensions(), action);
                viewer.map_err(|refusal| refusal.status())?;
            }
            None if request.extensions().get::<Caller>() == Some(&Caller::Admin) => {}
            None => {
                let message = "only the host's own socket has this door";
                return Err(Refusal::new(ErrorCode::Forbidden, message).status());
            }
        }
        let stopping = || Refusal::new(ErrorCode::Overloaded, "stopping").status();
        self.projector.upgrade().ok_or_else(stopping)
    }
}

#[tonic::async_trait]
impl ReplayService for Door {
    async fn start_replay(
        &self,
        request: Request<StartReplayRequest>,
    ) -> Result<Response<Replay>, Status> {
        let projector = self.let_in(&request, Action::RebuildReadModel)?;
        let wished = request.into_inner();
        let wish = ReplayWish {
            parts: match wished.parts() {
                v1::ReplayParts::Unspecified | v1::ReplayParts::All => Parts::All,
                v1::ReplayParts::Issues => Parts::Issues,
                v1::ReplayParts::Search => Parts::Search,
            },
            accept_loss: wished.accept_loss,
        };
        // It waits for the thread of the one before.
        let started = tokio::task::spawn_blocking(move || {
            projector.start_replay(wish)?;
            Ok::<_, ProjectorError>(told(projector.replay_status()))
        });
        let started = started.await.map_err(|error| internal(&error))?;
        match started {
            Ok(replay) => Ok(Response::new(replay)),
            Err(error @ ProjectorError::ReplayRefused(_)) => {
                Err(Refusal::new(ErrorCode::Conflict, error.to_string()).status())
            }
            Err(error) => Err(internal(&error)),
        }
    }

    async fn get_replay(
        &self,
        request: Request<GetReplayRequest>,
    ) -> Result<Response<Replay>, Status> {
        let projector = self.let_in(&request, Action::ReadInstallation)?;
        Ok(Response::new(told(projector.replay_status())))
    }

    async fn steer_replay(
        &self,
        request: Request<SteerReplayRequest>,
    ) -> Result<Response<Replay>, Status> {
        let projector = self.let_in(&request, Action::RebuildReadModel)?;
        let step = match request.into_inner().step() {
            v1::ReplayStep::Pause => ReplayStep::Pause,
            v1::ReplayStep::Resume => ReplayStep::Resume,
            v1::ReplayStep::Cancel => ReplayStep::Cancel,
            v1::ReplayStep::Unspecified => {
                let message = "step: it is needed: pause, resume or cancel";
                return Err(Refusal::new(ErrorCode::Invalid, message).status());
            }
        };
        if !projector.steer_replay(step) {
            return Err(Refusal::new(ErrorCode::Conflict, "no replay is under way").status());
        }
        Ok(Response::new(told(projector.replay_status())))
    }
}

fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "a replay could not be begun");
    Refusal::new(ErrorCode::Internal, "the replay could not be begun").status()
}

fn told(status: Option<ReplayStatus>) -> Replay {
    let Some(status) = status else {
        return Replay::default();
    };
    let progress = |part: PartProgress| v1::ReplayProgress {
        position: part.position.0,
        records: part.records,
        records_per_second: status.rate(part),
    };
    let phase = match status.phase {
        ReplayPhase::Building => v1::ReplayPhase::Building,
        ReplayPhase::CatchingUp => v1::ReplayPhase::CatchingUp,
        ReplayPhase::Swapping => v1::ReplayPhase::Swapping,
        ReplayPhase::Done => v1::ReplayPhase::Done,
        ReplayPhase::Cancelled => v1::ReplayPhase::Cancelled,
        ReplayPhase::Failed => v1::ReplayPhase::Failed,
    };
    let parts = match status.parts {
        Parts::All => v1::ReplayParts::All,
        Parts::Issues => v1::ReplayParts::Issues,
        Parts::Search => v1::ReplayParts::Search,
    };
    Replay {
        phase: phase.into(),
        is_paused: status.is_paused,
        parts: parts.into(),
        generation: status.generation,
        issues: Some(progress(status.issues)),
        search: Some(progress(status.search)),
        end_position: status.end.0,
        seconds: status.worked.as_secs_f64(),
        error: status.error,
    }
}
