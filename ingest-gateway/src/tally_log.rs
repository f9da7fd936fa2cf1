//! What was not kept, told to the log: a small record every while, so that counts
//! survive the process and every project's page can show them.
//!
//! Invariant: a drop is in at most one record; one that could not be recorded is in
//! the next. A crash loses what was counted since the last record.

use std::{collections::HashMap, time::Duration};

use event_model::{
    Note,
    note::{Tally, TallyCountV1},
};

use crate::{gateway::Gateway, outcome::Series, shared::now_ns};

/// Counts of one record: with 20 bytes of words each, far below a record's bound.
const COUNTS_MAX: usize = 10_000;

/// What the log knows of this process's drops.
#[derive(Debug)]
pub(crate) struct Told {
    /// Unix nanoseconds.
    until_ns: i64,
    drops: HashMap<Series, u64>,
}

impl Told {
    /// Nothing, since now.
    pub(crate) fn nothing() -> Self {
        Self {
            until_ns: now_ns(),
            drops: HashMap::new(),
        }
    }
}

impl Gateway {
    /// Writes a record every `every` while something was dropped, until the future is
    /// dropped.
    pub async fn run_tally(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.tell_drops().await;
        }
    }

    /// Writes what is not told yet. Without space it is told later: the log says so
    /// itself, loudly.
    pub async fn tell_drops(&self) {
        let shared = &self.shared;
        let mut told = shared.told.lock().await;
        let until_ns = now_ns();
        let ended = shared.tally.counts().ended;
        let mut untold: Vec<(Series, u64)> = ended
            .into_iter()
            .filter(|(series, total)| {
                series.reason.is_some() && told.drops.get(series) != Some(total)
            })
            .collect();
        while !untold.is_empty() {
            let rest = untold.split_off(untold.len().min(COUNTS_MAX));
            let counts = untold.iter().filter_map(|(series, total)| {
                Some(TallyCountV1 {
                    project_id: series.project.0,
                    category: series.category.to_owned(),
                    reason: series.reason?.name().to_owned(),
                    quantity: total - told.drops.get(series).unwrap_or(&0),
                })
            });
            let note = Note::Tally(Tally {
                from_ns: told.until_ns,
                until_ns,
                counts: counts.collect(),
            });
            let Ok(ticket) = shared.log.append_note(&note) else {
                return;
            };
            if ticket.await.is_err() {
                return;
            }
            told.drops.extend(untold);
            untold = rest;
        }
        told.until_ns = until_ns;
    }
}
