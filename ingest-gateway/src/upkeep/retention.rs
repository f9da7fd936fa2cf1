//! Retention: the oldest events go when they are too old or take too much space, and
//! what else may go when the disk is about to be full.
//!
//! The loop of the gateway, which alone writes the logs. A round is bounded: one plan,
//! at most one command and one drop; then files go that no kept record names; then events go
//! by their rules (`expiry`), a command at most; then one step of shedding (`shedding`). Invariant: a drop is in the control log before a
//! segment goes, and passes the one door of all commands. Whatever fails is reported
//! and tried again in the next round; nothing is lost by that.

mod expiry;
mod shedding;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    LogWriter, Retention,
    blobs::Blobs,
    retention::{Recorded, RetainError, Retained},
    writer::Condition,
};
use event_model::{Actor, ControlState, Position, retention::KeepRule};
use parking_lot::RwLock;
use tokio::runtime::Handle;

pub use self::shedding::{ColdDay, ColdFiles};
use crate::{commands::CommandCore, disk::DiskRoom, error::ApiError, stock::Stock, telemetry};

/// Between two looks whether the log reports no space: then a round begins at once.
const SPACE_LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long files being stored are waited for, and new ones held up, before a sweep.
const QUIET_WAIT: Duration = Duration::from_secs(2);
/// Between two looks at the disk's free space.
const DISK_LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two rounds while there is no space, and the last one found nothing to shed.
const NO_SPACE_EVERY: Duration = Duration::from_secs(10);

/// What goes when.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// By age and size, always.
    pub retention: Retention,
    /// Between two looks whether something can be dropped.
    pub look_every: Duration,
    /// How old Parquet files get; none: they are kept.
    pub cold_age_max: Option<Duration>,
    /// By project, level and environment, beside those of projects.
    pub rules: Vec<KeepRule>,
    /// Parquet files, which are in another's care.
    pub cold: Arc<dyn ColdFiles>,
}

/// Lets old events go, and files that nothing names any more.
#[derive(Debug, Clone)]
pub struct Retainer {
    pub(crate) log: LogWriter,
    pub(crate) blobs: Blobs,
    pub(crate) stock: Arc<Stock>,
    pub(crate) disk: Arc<DiskRoom>,
    pub(crate) commands: CommandCore,
    pub(crate) state: Arc<RwLock<ControlState>>,
}

impl Retainer {
    /// Looks at the disk until the future is dropped.
    pub async fn watch_disk(&self) {
        loop {
            let disk = Arc::clone(&self.disk);
            if let Err(error) = tokio::task::spawn_blocking(move || disk.look()).await {
                tracing::error!(%error, "a look at the disk panicked");
            }
            tokio::time::sleep(DISK_LOOK_EVERY).await;
        }
    }

    /// Runs rounds until the future is dropped: the first at once, then one every
    /// `look_every`, and sooner when room gets short.
    pub async fn run(&self, keeping: Keeping) {
        let mut reported = HashSet::new();
        loop {
            let (this, asked) = (self.clone(), keeping.retention.clone());
            match tokio::task::spawn_blocking(move || this.retain(&asked)).await {
                Ok(Ok(retained)) => {
                    report(&retained, &mut reported);
                    let shed = self.state.read().shed.files_below;
                    self.sweep_files(retained.first.max(shed)).await;
                }
                Ok(Err(error)) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "old events could not be dropped, will try again");
                }
                Err(error) => tracing::error!(%error, "retention panicked"),
            }
            if let Err(error) = self.expire(&keeping.rules).await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "events could not go by their rules, will try again");
            }
            let has_shed = self.shed(&keeping).await;
            self.wait_for_round(keeping.look_every, has_shed).await;
        }
    }

    /// Removes the files (attachments, minidumps) that no record from `first` on names, and
    /// notes up to where those are named that are there now.
    async fn sweep_files(&self, first: Position) {
        match self.blobs.sweep(first, QUIET_WAIT).await {
            Ok(swept) => {
                for (project, bytes) in &swept.projects {
                    self.stock.give_back(*project, *bytes);
                }
                if swept.files > 0 {
                    let (files, bytes) = (swept.files, swept.projects.values().sum::<u64>());
                    tracing::info!(files, bytes, "files of dropped events were removed");
                }
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "files could not be removed, will try again");
            }
        }
        let end = || self.log.reader().end();
        if let Err(error) = self
            .blobs
            .mark(end, self.commands.clock().now_ns(), QUIET_WAIT)
            .await
        {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "files are kept for longer than their events");
        }
    }

    async fn wait_for_round(&self, every: Duration, has_shed: bool) {
        let started = Instant::now();
        let soon = if has_shed {
            SPACE_LOOK_EVERY
        } else {
            NO_SPACE_EVERY
        };
        while started.elapsed() < every {
            let no_space = self.log.state().condition == Condition::NoSpace;
            if (no_space || self.disk.is_short()) && started.elapsed() >= soon {
                return;
            }
            let left = every.saturating_sub(started.elapsed());
            tokio::time::sleep(left.min(SPACE_LOOK_EVERY)).await;
        }
    }

    /// One round, on a blocking thread of the runtime.
    fn retain(&self, retention: &Retention) -> Result<Retained, RetainError<ApiError>> {
        let recorded = Recorded::from(&*self.state.read());
        self.log.retain(
            retention,
            recorded,
            self.commands.clock().now_ns(),
            |decision| {
                let decided = self
                    .commands
                    .decide(Actor::System, move |_| Ok((decision.clone(), ())));
                let decided = Handle::current().block_on(decided);
                // Stored, but without its marker: on a full disk there is room for that only
                // once something was dropped. The record is what counts.
                let is_recorded = || self.state.read().dropped != recorded.dropped;
                match decided {
                    Err(error) if !is_recorded() => Err(error),
                    _ => Ok(()),
                }
            },
        )
    }
}

fn report(retained: &Retained, reported: &mut HashSet<String>) {
    if retained.segments > 0 {
        let (segments, bytes) = (retained.segments, retained.bytes);
        tracing::info!(first = %retained.first, segments, bytes, "old events were dropped");
    }
    for claim in &retained.plan.overruled {
        tracing::error!(
            cursor = claim.cursor,
            position = claim.position,
            "lags beyond log.retention.cursor_lag_bytes: events it has not read were dropped"
        );
    }
    telemetry::retained(retained, reported);
}
