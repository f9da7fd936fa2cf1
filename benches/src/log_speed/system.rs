//! A log that records are appended to, durably: `log-core`, or a peer.
//!
//! Invariant: when [`System::run`] or [`System::append_one`] returns, every record it was given is durable by the
//! system's own promise.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::{Context, Result};
use log_core::{Config, Log, Record, Ticket};

use crate::log_speed::records::Records;

/// Room in the queue beyond what producers keep in flight: refusing is not what is measured.
const QUEUE_SLACK_BYTES: usize = 16 * 1024 * 1024;
/// Parts of a producer's share that it has in flight: one is being synced, one waits, one is being made.
const PARTS_IN_FLIGHT: usize = 3;

/// What one producer appends.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Number of the producer, from 0.
    pub producer: usize,
    /// What is appended.
    pub records: &'a Records,
    /// How many.
    pub count: usize,
    /// How many form this producer's part of a group.
    pub part: usize,
}

/// An open log in a directory of its own. Producers call it from threads of their own.
pub trait System: Sync {
    /// Appends all of `work`, so fast as the system lets one producer.
    fn run(&self, work: Work<'_>) -> Result<()>;
    /// Appends record `n` and waits until it is durable.
    fn append_one(&self, producer: usize, records: &Records, n: usize) -> Result<()>;
}

/// Opens a system in an empty directory; `group_bytes` is the size of group that producers will make.
pub type Open = fn(&Path, group_bytes: usize) -> Result<Box<dyn System>>;

/// A system by its name.
#[derive(Clone, Copy)]
pub struct Competitor {
    /// As in tables and plots.
    pub name: &'static str,
    /// How it is opened.
    pub open: Open,
}

/// All systems, `log-core` first.
pub fn competitors() -> Vec<Competitor> {
    #[cfg_attr(not(feature = "peers"), allow(unused_mut))]
    let mut all = vec![Competitor {
        name: "log-core",
        open: open_log_core,
    }];
    #[cfg(feature = "peers")]
    all.extend(crate::log_speed::peers::all());
    all
}

/// `log-core` as the events log configures it, but for the group size.
pub fn log_config(dir: &Path, group_bytes: usize) -> Config {
    Config {
        group_bytes_max: group_bytes,
        // Compressing complete segments in the background is measured by itself.
        sealing: None,
        queue_bytes_max: (PARTS_IN_FLIGHT + 1) * group_bytes + QUEUE_SLACK_BYTES,
        ..Config::events(dir)
    }
}

fn open_log_core(dir: &Path, group_bytes: usize) -> Result<Box<dyn System>> {
    let log = Log::open(log_config(dir, group_bytes)).context("open log-core")?;
    Ok(Box::new(LogCore { log }))
}

struct LogCore {
    log: Log,
}

fn record(records: &Records, n: usize) -> Record {
    Record {
        schema: 1,
        payload: records.get(n),
    }
}

impl System for LogCore {
    fn run(&self, work: Work<'_>) -> Result<()> {
        let mut in_flight: VecDeque<Ticket> = VecDeque::with_capacity(PARTS_IN_FLIGHT);
        let mut sent = 0;
        while sent < work.count {
            if in_flight.len() == PARTS_IN_FLIGHT
                && let Some(oldest) = in_flight.pop_front()
            {
                oldest.wait()?;
            }
            let mut last = None;
            for n in sent..work.count.min(sent + work.part) {
                // Each record is an append of its own; waiting for a part's last one waits for all before it.
                last = Some(self.log.append(record(work.records, n))?);
            }
            sent += work.part;
            in_flight.extend(last);
        }
        for ticket in in_flight {
            ticket.wait()?;
        }
        Ok(())
    }

    fn append_one(&self, _producer: usize, records: &Records, n: usize) -> Result<()> {
        self.log.append(record(records, n))?.wait()?;
        Ok(())
    }
}
