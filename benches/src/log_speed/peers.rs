//! Peers from crates.io that promise the same: an append is acknowledged after an `fdatasync` that covers it.
//!
//! - `raft-engine` (TiKV): `write(batch, sync = true)`; writers that meet form a group with one sync. Records are entries
//!   of a Raft group, one for each producer. Its compression is off: the others store what they are given.
//! - `okaywal`: `commit` of an entry; syncs of writers that meet are shared. Files are preallocated with zeros.
//!
//! Neither lets one producer go on before its last append is durable, as the tickets of `log-core` do: with one producer
//! they cannot write while they sync.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use okaywal::{Configuration, LogVoid, WriteAheadLog};
use protobuf::well_known_types::BytesValue;
use raft_engine::{Config, Engine, LogBatch, MessageExt};

use crate::log_speed::records::Records;
use crate::log_speed::system::{Competitor, System, Work};

/// A producer has a Raft group of its own; there are at most so many.
const PRODUCERS_MAX: usize = 64;
/// okaywal's file: larger than what any measurement writes, so that no checkpoint falls into one.
const OKAYWAL_FILE_BYTES: u32 = 256 * 1024 * 1024;
const OKAYWAL_BUFFER_BYTES: usize = 1024 * 1024;

/// All peers.
pub fn all() -> Vec<Competitor> {
    vec![
        Competitor {
            name: "raft-engine",
            open: open_raft_engine,
        },
        Competitor {
            name: "okaywal",
            open: open_okaywal,
        },
    ]
}

/// An entry is bytes that start with its index.
#[derive(Clone)]
struct Indexed;

impl MessageExt for Indexed {
    type Entry = BytesValue;

    fn index(entry: &BytesValue) -> u64 {
        let mut index = [0; 8];
        index.copy_from_slice(&entry.value[..8]);
        u64::from_le_bytes(index)
    }
}

struct RaftEngine {
    engine: Engine,
    /// Next index of each producer's group.
    next: Vec<Mutex<u64>>,
}

fn open_raft_engine(dir: &Path, _group_bytes: usize) -> Result<Box<dyn System>> {
    let config = Config {
        dir: dir.to_str().context("a directory of UTF-8")?.to_owned(),
        batch_compression_threshold: raft_engine::ReadableSize(0),
        ..Config::default()
    };
    let engine = Engine::open(config).map_err(|error| anyhow!("open raft-engine: {error}"))?;
    let next = (0..PRODUCERS_MAX).map(|_| Mutex::new(1)).collect();
    Ok(Box::new(RaftEngine { engine, next }))
}

impl RaftEngine {
    fn write(&self, producer: usize, entries: &mut [BytesValue]) -> Result<()> {
        let mut next = self.next[producer]
            .lock()
            .map_err(|_| anyhow!("a producer panicked"))?;
        for entry in &mut *entries {
            entry.value[..8].copy_from_slice(&next.to_le_bytes());
            *next += 1;
        }
        let mut batch = LogBatch::with_capacity(1);
        batch
            .add_entries::<Indexed>(producer as u64 + 1, entries)
            .and_then(|()| self.engine.write(&mut batch, true))
            .map_err(|error| anyhow!("append to raft-engine: {error}"))?;
        Ok(())
    }
}

fn entry(records: &Records, n: usize) -> BytesValue {
    let mut entry = BytesValue::new();
    entry.set_value(records.get(n).to_vec());
    entry
}

impl System for RaftEngine {
    fn run(&self, work: Work<'_>) -> Result<()> {
        // Made once: copying records into messages is the caller's affair, not the engine's.
        let mut entries: Vec<_> = (0..work.part).map(|n| entry(work.records, n)).collect();
        let mut sent = 0;
        while sent < work.count {
            let count = work.part.min(work.count - sent);
            self.write(work.producer, &mut entries[..count])?;
            sent += count;
        }
        Ok(())
    }

    fn append_one(&self, producer: usize, records: &Records, n: usize) -> Result<()> {
        self.write(producer, &mut [entry(records, n)])
    }
}

struct OkayWal {
    wal: WriteAheadLog,
}

fn open_okaywal(dir: &Path, _group_bytes: usize) -> Result<Box<dyn System>> {
    let wal = Configuration::default_for(dir)
        .preallocate_bytes(OKAYWAL_FILE_BYTES)
        .checkpoint_after_bytes(u64::from(OKAYWAL_FILE_BYTES) - 1)
        .buffer_bytes(OKAYWAL_BUFFER_BYTES)
        .open(LogVoid)
        .context("open okaywal")?;
    Ok(Box::new(OkayWal { wal }))
}

impl System for OkayWal {
    fn run(&self, work: Work<'_>) -> Result<()> {
        let mut sent = 0;
        while sent < work.count {
            let mut entry = self.wal.begin_entry()?;
            for n in sent..work.count.min(sent + work.part) {
                entry.write_chunk(&work.records.get(n))?;
            }
            entry.commit()?;
            sent += work.part;
        }
        Ok(())
    }

    fn append_one(&self, _producer: usize, records: &Records, n: usize) -> Result<()> {
        let mut entry = self.wal.begin_entry()?;
        entry.write_chunk(&records.get(n))?;
        entry.commit()?;
        Ok(())
    }
}
