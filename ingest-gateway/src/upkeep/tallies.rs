//! What was not stored, recorded in the log: a small record every while, so that counts
//! survive the process and every project's page can show them. What was only counted has
//! records of its own.
//!
//! Invariant: a drop is in at most one record; one that could not be recorded is in
//! the next. A crash loses what was counted since the last record.

use std::{collections::HashMap, sync::Arc, time::Duration};

use event_log::LogWriter;
use event_model::{
    Note,
    note::{Tally, TallyCountV1},
};
use ground::Clock;
use tokio::sync::Mutex;

use crate::{
    fate::{DropReason, Series},
    outcome,
};

/// Counts of one record: with 20 bytes of words each, far below a record's bound.
const COUNTS_MAX: usize = 10_000;

/// What is recorded of this process's drops.
#[derive(Debug)]
struct Recorded {
    /// Unix nanoseconds.
    until_ns: i64,
    drops: HashMap<Series, u64>,
}

/// Records what was counted.
#[derive(Debug, Clone)]
pub struct Tallies {
    log: LogWriter,
    counted: Arc<outcome::Tally>,
    recorded: Arc<Mutex<Recorded>>,
    clock: Clock,
}

impl Tallies {
    /// Of what is counted from now on.
    pub(crate) fn new(log: LogWriter, counted: Arc<outcome::Tally>, clock: Clock) -> Self {
        let recorded = Recorded {
            until_ns: clock.now_ns(),
            drops: HashMap::new(),
        };
        Self {
            log,
            counted,
            recorded: Arc::new(Mutex::new(recorded)),
            clock,
        }
    }

    /// Writes a record every `every` while something was dropped, until the future is
    /// dropped.
    pub async fn run(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.record().await;
        }
    }

    /// Writes what is not recorded yet. Without space that is done later: the log says so
    /// itself, loudly.
    pub async fn record(&self) {
        let mut recorded = self.recorded.lock().await;
        let until_ns = self.clock.now_ns();
        let ended = self.counted.counts().ended;
        let mut missing: Vec<(Series, u64)> = ended
            .into_iter()
            .filter(|(series, total)| {
                let is_drop = !matches!(series.reason, None | Some(DropReason::Sampled));
                is_drop && recorded.drops.get(series) != Some(total)
            })
            .collect();
        while !missing.is_empty() {
            let rest = missing.split_off(missing.len().min(COUNTS_MAX));
            let counts = missing.iter().filter_map(|(series, total)| {
                Some(TallyCountV1 {
                    project_id: series.project.0,
                    category: series.category.to_owned(),
                    reason: series.reason?.name().to_owned(),
                    quantity: total - recorded.drops.get(series).unwrap_or(&0),
                })
            });
            let note = Note::Tally(Tally {
                from_ns: recorded.until_ns,
                until_ns,
                counts: counts.collect(),
            });
            let Ok(ticket) = self.log.append_note(&note) else {
                return;
            };
            if ticket.await.is_err() {
                return;
            }
            recorded.drops.extend(missing);
            missing = rest;
        }
        recorded.until_ns = until_ns;
    }
}
