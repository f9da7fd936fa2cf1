//! Decisions by people, the alerter and the command line: check, append, fold, as
//! one step.
//!
//! Invariant: what [`CommandCore::decide`] checked still holds when the command is
//! appended, and the state shows the command before its position is answered. The
//! step runs in a task of its own, so that a caller who goes away cannot come
//! between append and fold. Fails with [`ApiError`]; a refused command leaves no
//! trace in the log.

mod discard;
mod limits;
mod merge;
mod people;
mod projects;
pub(crate) mod rules;
mod service;
mod triage;
pub(crate) mod validate;

use std::sync::Arc;

use event_log::{CommandError, LogReader, LogWriter};
use event_model::{
    Actor, Command, ControlState, Decision, Position, ProjectId, PublicKey,
    access::{self, Action},
    credential::Caller,
};
use ground::Clock;
use parking_lot::RwLock;
use tokio::sync::Mutex;
use url::Url;

pub(crate) use people::new_link;
pub(crate) use service::CommandRpc;
pub use service::Commands;
pub(crate) use validate::{check_email, check_password};

use crate::{
    error::{ApiError, ErrorCode},
    telemetry,
};

/// The one door to the control log.
#[derive(Debug, Clone)]
pub struct CommandCore {
    log: LogWriter,
    state: Arc<RwLock<ControlState>>,
    order: Arc<Mutex<()>>,
    public_url: Url,
    clock: Clock,
}

impl CommandCore {
    /// Folds the control log.
    pub fn open(
        log: LogWriter,
        public_url: Url,
        clock: Clock,
    ) -> Result<Self, event_log::ReadError> {
        let state = event_log::fold_control(&log.reader())?;
        Ok(Self {
            log,
            state: Arc::new(RwLock::new(state)),
            order: Arc::new(Mutex::new(())),
            public_url,
            clock,
        })
    }

    /// By which decisions are dated, and what they set an end to.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What was decided and stored so far.
    pub(crate) fn log_reader(&self) -> LogReader {
        self.log.reader()
    }

    /// The state, for reading.
    pub fn state(&self) -> &Arc<RwLock<ControlState>> {
        &self.state
    }

    /// Checks against the state, appends what the check decided, folds it. Answers
    /// with the command's position and what the check gave along. One decision, since
    /// a crash comes between any two.
    pub async fn decide<T: Send + 'static>(
        &self,
        actor: Actor,
        check: impl FnOnce(&ControlState) -> Result<(Decision, T), ApiError> + Send + 'static,
    ) -> Result<(Position, T), ApiError> {
        let core = self.clone();
        let step = tokio::spawn(async move {
            let _one_at_a_time = core.order.lock().await;
            let (decision, along) = check(&core.state.read()).inspect_err(|_| {
                telemetry::command_ended("refused");
            })?;
            let position = core.append(actor, decision).await.inspect_err(|_| {
                telemetry::command_ended("failed");
            })?;
            telemetry::command_ended("recorded");
            Ok((position, along))
        });
        step.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a command panicked");
            Err(ApiError::new(ErrorCode::Internal, "the command failed"))
        })
    }

    async fn append(&self, actor: Actor, decision: Decision) -> Result<Position, ApiError> {
        let command = Command {
            actor,
            at_ns: self.clock.now_ns(),
            decision,
        };
        match self.log.append_command(command.clone()).await {
            Ok(receipt) => {
                let mut state = self.state.write();
                state.apply_numbered(receipt.number, &command);
                Ok(receipt.position)
            }
            Err(error) => {
                if let CommandError::Unmarked { number, .. } = error {
                    let mut state = self.state.write();
                    state.apply_numbered(number, &command);
                }
                tracing::error!(%error, "a command was not recorded");
                Err(refused(&error))
            }
        }
    }

    /// The URL that holds a key and its project.
    pub fn dsn(&self, project: ProjectId, key: PublicKey) -> String {
        dsn(&self.public_url, project, key)
    }

    /// The page that sets a password with a one-time secret.
    pub fn welcome_link(&self, secret: &str) -> String {
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}/welcome#{secret}")
    }
}

fn refused(error: &CommandError) -> ApiError {
    match error {
        CommandError::TooLarge { .. } => ApiError::new(ErrorCode::TooLarge, error.to_string()),
        // Stored: to send it again would be wrong, so not a retriable code.
        CommandError::Unmarked { .. } | CommandError::OutcomeUnknown => {
            ApiError::new(ErrorCode::Internal, error.to_string())
        }
        CommandError::Overloaded(_) | CommandError::NotStored(_) | CommandError::Closed => {
            ApiError::new(ErrorCode::Overloaded, error.to_string())
        }
    }
}

/// `scheme://KEY@host[:port][/path]/PROJECT`.
pub fn dsn(public_url: &Url, project: ProjectId, key: PublicKey) -> String {
    let scheme = public_url.scheme();
    let host = public_url.host_str().unwrap_or("localhost");
    let port = public_url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let path = public_url.path().trim_end_matches('/');
    format!("{scheme}://{key}@{host}{port}{path}/{project}")
}

/// Whether a caller may ever do this; whether to a project [`validate::project`] asks.
pub(crate) fn may(caller: Caller, action: Action) -> Result<(), ApiError> {
    Ok(access::may(caller, action)?)
}

/// Under whose name a caller's command is recorded.
pub(crate) fn actor_of(caller: Caller) -> Actor {
    match caller {
        Caller::User { id, .. } => Actor::User(id),
        // The alerter is the only role that decides anything.
        Caller::Internal => Actor::Alerter,
        Caller::Admin => Actor::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_holds_key_project_port_and_prefix() {
        let key = PublicKey([0xab; 16]);
        for (url, expected) in [
            ("http://127.0.0.1:8470", "http://KEY@127.0.0.1:8470/3"),
            (
                "https://errors.example.com/",
                "https://KEY@errors.example.com/3",
            ),
            ("https://example.com/a/b/", "https://KEY@example.com/a/b/3"),
            ("http://[::1]:8470", "http://KEY@[::1]:8470/3"),
        ] {
            let url = Url::parse(url).expect("a sound address");
            let expected = expected.replace("KEY", &key.to_string());
            assert_eq!(dsn(&url, ProjectId(3), key), expected);
        }
    }
}
