//! Whether this process is ready, or why not: what `/readyz` says.
//!
//! Owns no check of its own: each role adds one when it has started, and says what it
//! waits for until then. Ready is who waits for nothing, fails at nothing and does
//! not stop.

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Says why a role is not ready.
type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// One a process.
pub(crate) struct Health {
    /// What the start is waiting for; none once it is through.
    waiting: Mutex<Option<String>>,
    checks: Mutex<Vec<Check>>,
    stopping: CancellationToken,
}

impl Health {
    /// Of a process that starts; unready once `stopping` is cancelled.
    pub(crate) fn new(stopping: CancellationToken) -> Self {
        Self {
            waiting: Mutex::new(Some("starting".to_owned())),
            checks: Mutex::default(),
            stopping,
        }
    }

    /// Says what the start waits for.
    pub(crate) fn wait_for(&self, what: &str) {
        *self.waiting.lock() = Some(what.to_owned());
    }

    /// The start is through.
    pub(crate) fn started(&self) {
        *self.waiting.lock() = None;
    }

    /// Asks one more whenever readiness is asked for.
    pub(crate) fn add(&self, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.checks.lock().push(Box::new(check));
    }

    /// Ready, or why not.
    pub(crate) fn ready(&self) -> Result<(), String> {
        if self.stopping.is_cancelled() {
            return Err("stopping".to_owned());
        }
        if let Some(what) = self.waiting.lock().clone() {
            return Err(what);
        }
        self.checks.lock().iter().try_for_each(|check| check())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_then_fails_then_is_ready_then_stops() {
        let stopping = CancellationToken::new();
        let health = Health::new(stopping.clone());
        assert_eq!(health.ready(), Err("starting".to_owned()));
        health.wait_for("waiting for the logs");
        assert_eq!(health.ready(), Err("waiting for the logs".to_owned()));
        health.started();
        assert_eq!(health.ready(), Ok(()));
        health.add(|| Ok(()));
        health.add(|| Err("issues fails".to_owned()));
        assert_eq!(health.ready(), Err("issues fails".to_owned()));
        stopping.cancel();
        assert_eq!(health.ready(), Err("stopping".to_owned()));
    }
}
