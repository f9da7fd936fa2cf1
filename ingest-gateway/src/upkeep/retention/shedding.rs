//! Shedding: when room gets short, the oldest of what may go goes, so that what is new is
//! not refused. Nothing does unless `log.retention.shed` names it.
//!
//! A round does one step, of the first tier that has one. Invariant: a decision says what
//! goes before it does, and each round removes what an earlier one had decided and a crash
//! had left. The newest day of Parquet files stays, for its names tell where the export
//! stands, and so does the segment that is written to.

use std::{collections::HashSet, fmt, io, sync::Arc};

use event_log::{Retention, Tier, retention::REQUIRED};
use event_model::{Actor, Decision, Position};
use jiff::Timestamp;

use super::{Keeping, Retainer};
use crate::telemetry;

/// Parquet files of one day of receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColdDay {
    /// UTC: "YYYY-MM-DD".
    pub date: String,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The Parquet files, which the projector writes and knows the names of.
pub trait ColdFiles: fmt::Debug + Send + Sync {
    /// Whether they are on a disk of this machine, where room gets short.
    fn are_here(&self) -> bool;
    /// All days, the oldest first.
    fn days(&self) -> io::Result<Vec<ColdDay>>;
    /// The names of all days, the oldest first: that costs less.
    fn day_names(&self) -> io::Result<Vec<String>>;
    /// The days before this one, the oldest first.
    fn days_before(&self, date: &str) -> io::Result<Vec<ColdDay>>;
    /// Removes the files of all days before this one; again after a crash.
    fn remove_before(&self, date: &str) -> io::Result<()>;
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

impl Retainer {
    /// Takes one step if room is short; whether something went.
    pub(super) async fn shed(&self, keeping: &Keeping) -> bool {
        let disk = Arc::clone(&self.disk);
        // A panic is one of the file system's crate, and the next round's business.
        let wanted = tokio::task::spawn_blocking(move || disk.look()).await;
        let wanted = wanted.unwrap_or_default();
        if let Err(error) = self.remove_cold(keeping).await {
            tracing::error!(error, "Parquet files could not be removed, will try again");
        }
        if let Err(error) = self.expire_cold(keeping).await {
            tracing::error!(
                error,
                "old Parquet files could not be removed, will try again"
            );
        }
        if wanted == 0 {
            return false;
        }
        for tier in &self.disk.floor().shed {
            let step = match tier {
                Tier::Cold => self.shed_cold(keeping, wanted).await,
                Tier::Blobs => self.shed_blobs(wanted).await,
                Tier::Events => self.shed_events(keeping, wanted).await,
            };
            match step {
                Ok(None) => {}
                Ok(Some((files, bytes))) => {
                    let name = name(*tier);
                    telemetry::shed(name, files, bytes);
                    tracing::warn!(
                        tier = name,
                        files,
                        bytes,
                        "the disk is nearly full: the oldest of these were removed"
                    );
                    return true;
                }
                Err(error) => {
                    let tier = name(*tier);
                    tracing::error!(error, tier, "room could not be made, will try again");
                }
            }
        }
        false
    }

    /// Lets the Parquet files of days go that are older than they are kept, but for the newest
    /// day: its names tell where the export stands.
    pub(super) async fn expire_cold(&self, keeping: &Keeping) -> Result<(), Fault> {
        let Some(age_max) = keeping.cold_age_max else {
            return Ok(());
        };
        let now_ns = self.commands.clock().now_ns();
        let age_ns = i64::try_from(age_max.as_nanos()).unwrap_or(i64::MAX);
        let oldest = Timestamp::from_nanosecond(i128::from(now_ns.saturating_sub(age_ns)))?;
        let oldest = oldest.strftime("%Y-%m-%d").to_string();
        let cold = Arc::clone(&keeping.cold);
        let gone = tokio::task::spawn_blocking(move || {
            let names = cold.day_names()?;
            let Some(newest) = names.last() else {
                return Ok((String::new(), Vec::new()));
            };
            let before = oldest.min(newest.clone());
            let days = cold.days_before(&before)?;
            io::Result::Ok((before, days))
        });
        let (before, days) = gone.await??;
        let files = days.iter().map(|day| day.files).sum();
        let bytes = days.iter().map(|day| day.bytes).sum();
        if files == 0 {
            return Ok(());
        }
        self.decide(Decision::ColdShed {
            before: before.clone(),
            files,
            bytes,
        })
        .await?;
        self.remove_cold(keeping).await?;
        tracing::info!(
            before,
            files,
            bytes,
            "Parquet files older than they are kept were removed"
        );
        Ok(())
    }

    /// The oldest days that take so much, but for the newest one.
    async fn shed_cold(&self, keeping: &Keeping, wanted: u64) -> Result<Option<(u64, u64)>, Fault> {
        if !keeping.cold.are_here() {
            return Ok(None);
        }
        let cold = Arc::clone(&keeping.cold);
        let days = tokio::task::spawn_blocking(move || cold.days()).await??;
        let (mut files, mut bytes, mut before) = (0, 0, None);
        for pair in days.windows(2) {
            if bytes >= wanted {
                break;
            }
            files += pair[0].files;
            bytes += pair[0].bytes;
            before = Some(pair[1].date.clone());
        }
        let Some(before) = before else {
            return Ok(None);
        };
        self.decide(Decision::ColdShed {
            before,
            files,
            bytes,
        })
        .await?;
        self.remove_cold(keeping).await?;
        Ok(Some((files, bytes)))
    }

    /// Removes the Parquet files that were decided to go.
    async fn remove_cold(&self, keeping: &Keeping) -> Result<(), Fault> {
        let before = self.state.read().shed.cold_before.clone();
        if before.is_empty() {
            return Ok(());
        }
        let cold = Arc::clone(&keeping.cold);
        Ok(tokio::task::spawn_blocking(move || cold.remove_before(&before)).await??)
    }

    /// The oldest files of events, with which their records are.
    async fn shed_blobs(&self, wanted: u64) -> Result<Option<(u64, u64)>, Fault> {
        let Some(oldest) = self.blobs.oldest(wanted).await? else {
            return Ok(None);
        };
        let below = oldest.below;
        let (files, bytes) = (oldest.files, oldest.bytes);
        self.decide(Decision::FilesShed {
            below: below.0,
            files,
            bytes,
        })
        .await?;
        self.sweep_files(below).await;
        Ok(Some((files, bytes)))
    }

    /// The oldest segments, as far as everything in them was read.
    async fn shed_events(
        &self,
        keeping: &Keeping,
        wanted: u64,
    ) -> Result<Option<(u64, u64)>, Fault> {
        let retention = Retention {
            shed_bytes: wanted,
            cursors_required: REQUIRED.map(str::to_owned).to_vec(),
            cursor_lag_bytes_max: keeping.retention.cursor_lag_bytes_max,
            ..Retention::default()
        };
        let this = self.clone();
        let retained = tokio::task::spawn_blocking(move || this.retain(&retention)).await??;
        super::report(&retained, &mut HashSet::default());
        Ok((retained.segments > 0).then_some((retained.segments, retained.bytes)))
    }

    /// Recorded when it returns; its marker may come later, for which a full disk may have
    /// no room.
    async fn decide(&self, decision: Decision) -> Result<(), Fault> {
        let is_recorded = |this: &Self| {
            let shed = &this.state.read().shed;
            match &decision {
                Decision::FilesShed { below, .. } => shed.files_below >= Position(*below),
                Decision::ColdShed { before, .. } => shed.cold_before >= *before,
                _ => false,
            }
        };
        let wish = decision.clone();
        let decided = self
            .commands
            .decide(Actor::System, move |_| Ok((wish.clone(), ())));
        match decided.await {
            Err(error) if !is_recorded(self) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// As metrics and the configuration have it.
fn name(tier: Tier) -> &'static str {
    match tier {
        Tier::Cold => "cold",
        Tier::Blobs => "blobs",
        Tier::Events => "events",
    }
}
