//! Who notices that a thread or task is gone, and what follows from it.
//!
//! | gone | then | why |
//! | --- | --- | --- |
//! | `errata-append`, `errata-commit`, `errata-command` | the process ends | nothing can be acknowledged without them, and how far they were is known to nobody: only recovery finds out |
//! | `log-writer` | the log is poisoned, the process ends | likewise |
//! | `log-next` | the writer prepares segments itself | nothing is lost but time |
//! | `log-maintain` | `/readyz` says so | the log goes on, unsealed and unscrubbed |
//! | `project-*` | `/readyz` says so | events are taken in, lists stand still |
//! | `errata-watch`, `errata-control` | `/readyz` says so | reads stand still |
//! | retention, looks at the logs and the disk, tally, look at what is stored, alerter | `/readyz` says so | the rest works |
//! | `errata-ops` | nobody answers `/readyz` | so whoever asks restarts the process |
//! | live streams, deliveries, requests | the one stream, mail or request fails | it is begun again by who wants it |

use std::{pin::Pin, sync::Arc, time::Duration};

use event_log::LogWriter;
use projector::Projector;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::health::Health;

/// How often the log's threads are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What runs until the end, or for ever.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs a task until `stop`; if it ends before, by a panic, readiness says so.
pub(super) fn spawn(
    name: &'static str,
    health: &Health,
    stop: CancellationToken,
    task: Task,
) -> JoinHandle<()> {
    let has_ended = CancellationToken::new();
    let (ended, stopping) = (has_ended.clone(), stop.clone());
    health.add(move || {
        if ended.is_cancelled() && !stopping.is_cancelled() {
            return Err(format!("{name} has ended, restart the process"));
        }
        Ok(())
    });
    tokio::spawn(async move {
        // Dropped also by a panic.
        let _end = has_ended.drop_guard();
        let _ = stop.run_until_cancelled(task).await;
    })
}

/// Completes when a thread is gone without which nothing can be stored; its name.
pub(super) async fn log_thread(log: &LogWriter) -> &'static str {
    loop {
        if let Some(name) = log.ended_thread() {
            return name;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Ready: the logs are sealed and scrubbed.
pub(super) fn upkeep(log: &LogWriter) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
    let log = log.clone();
    move || {
        let mut logs = log.maintenance().into_iter();
        match logs.find(|(_, found)| found.has_ended) {
            Some((which, _)) => Err(format!(
                "the thread log-maintain of the {which} log has ended, restart the process"
            )),
            None => Ok(()),
        }
    }
}

/// Ready: no projection fails, is gone, or is more than `lag_max` records behind.
pub(super) fn projector(
    projector: &Arc<Projector>,
    lag_max: u64,
) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
    let projector = Arc::downgrade(projector);
    move || {
        let projector = projector.upgrade().ok_or("stopping")?;
        if let Some(name) = projector.ended_thread() {
            return Err(format!("the thread {name} has ended, restart the process"));
        }
        for projection in projector.status() {
            if let Some(error) = projection.error {
                return Err(format!("{} fails: {error}", projection.name));
            }
            // Parquet files are cut at segment ends, so that one always lags.
            if projection.name != "cold" && projection.lag > lag_max {
                return Err(format!(
                    "{} is {} records behind the log",
                    projection.name, projection.lag
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_named_and_one_that_is_stopped_is_not() {
        let stop = CancellationToken::new();
        let health = Health::new(CancellationToken::new());
        health.started();
        let sound = spawn(
            "sound",
            &health,
            stop.clone(),
            Box::pin(std::future::pending()),
        );
        let broken = async { panic!("a defect") };
        let broken = spawn("retention", &health, stop.clone(), Box::pin(broken));
        assert!(broken.await.is_err());
        let why = health.ready().unwrap_err();
        assert!(why.starts_with("retention has ended"), "{why}");
        stop.cancel();
        sound.await.unwrap();
        assert_eq!(health.ready(), Ok(()), "the end is no defect");
    }
}
