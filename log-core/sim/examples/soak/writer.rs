//! The process that is killed: it opens the log, appends from several threads, moves a cursor, rolls, drops and redacts,
//! while the log seals by itself; and tells its parent what it was promised.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use log_core::{AppendError, Config, Log, Reader, Record, Redaction, WriterState};

use super::channel::{Message, Teller};
use super::content::{Tag, blank, payload, read};
use super::random::Random;

/// Where the child finds its log; set for a child only.
pub(crate) const DIR_VARIABLE: &str = "LOG_CORE_SOAK_DIR";
/// What its choices depend on.
pub(crate) const SEED_VARIABLE: &str = "LOG_CORE_SOAK_SEED";
pub(crate) const CURSOR_NAME: &str = "soak";

/// Exit codes, for the parent: the disk failed, which it may after a power cut; or a record was not what was
/// appended, which must never be.
pub(crate) const EXIT_DISK: i32 = 4;
const EXIT_WRONG_CONTENT: i32 = 5;
const EXIT_PANIC: i32 = 101;

/// Small, so that a life of some milliseconds sees several segments end.
const SEGMENT_BYTES: u64 = 256 * 1024;
const APPENDERS: u64 = 3;
/// Appends of one thread that wait for their sync together.
const PIPELINE_MAX: u64 = 8;
const BATCH_RECORDS_MAX: u64 = 20;
/// What one life appends before it only waits for its end: some lives together must fit a small disk, and be read
/// again after each of them.
const LIFE_BYTES_MAX: u64 = 3 * 1024 * 1024;
/// Acts of maintenance in a life, at most: each costs syncs, and a log of many small segments time to read.
const ACTS_MAX: u64 = 12;
/// Records between two acts.
const ACT_EVERY_RECORDS: u64 = 30;
const CURSOR_WAIT: Duration = Duration::from_millis(100);
const CURSOR_STEP_RECORDS: usize = 50;
const ACT_WAIT: Duration = Duration::from_secs(1);
/// How far the cursor is.
static CURSOR_POSITION: AtomicU64 = AtomicU64::new(0);

/// How both sides open the log.
pub(crate) fn config(dir: &Path) -> Config {
    Config {
        segment_bytes: SEGMENT_BYTES,
        ..Config::control(dir)
    }
}

/// The directory and seed, if this process was started as a child.
pub(crate) fn asked() -> Option<(PathBuf, u64)> {
    let dir: OsString = env::var_os(DIR_VARIABLE)?;
    let seed = env::var(SEED_VARIABLE).ok()?.parse().ok()?;
    Some((dir.into(), seed))
}

/// Lives until it is killed, or until its disk fails.
pub(crate) fn live(dir: &Path, seed: u64) -> ! {
    let teller = Arc::new(Teller::from_stdin().expect("the parent made standard input a socket"));
    teller.tell(Message::Opening);
    let log = match Log::open(config(dir)) {
        Ok(log) => log,
        Err(error) => fail(EXIT_DISK, &format!("cannot open the log: {error:?}")),
    };
    let torn_bytes = torn_bytes(&log);
    teller.tell(Message::Opened { torn_bytes });
    let written = Arc::new(AtomicU64::new(0));
    let mut threads: Vec<_> = (0..APPENDERS)
        .map(|number| {
            let (log, teller, written) = (log.clone(), teller.clone(), written.clone());
            let random = Random::new(seed ^ (number << 56));
            thread::spawn(move || append(&log, random, &teller, &written))
        })
        .collect();
    let reader = log.reader();
    let (told, end) = (teller.clone(), log.clone());
    threads.push(thread::spawn(move || follow(&reader, &told, &end)));
    let (told, random) = (teller.clone(), Random::new(!seed));
    threads.push(thread::spawn(move || maintain(&log, random, &told)));
    for thread in threads {
        if thread.join().is_err() {
            fail(EXIT_PANIC, "a thread panicked");
        }
    }
    teller.wait_for_the_end()
}

/// Appends records and batches, a few at a time, and tells each acknowledgement.
fn append(log: &Log, mut random: Random, teller: &Teller, written: &AtomicU64) {
    while written.load(Ordering::Relaxed) < LIFE_BYTES_MAX {
        let mut tickets = Vec::new();
        for _ in 0..=random.below(PIPELINE_MAX) {
            let id = random.next();
            let count = if random.once_in(4) {
                2 + random.below(BATCH_RECORDS_MAX - 1)
            } else {
                1
            };
            let records: Vec<_> = (0..count as u32)
                .map(|index| record(id, index, count as u32))
                .collect();
            let bytes: usize = records.iter().map(|record| record.payload.len()).sum();
            written.fetch_add(bytes as u64, Ordering::Relaxed);
            let appended = match count {
                1 => log.append(records.into_iter().next().expect("one record")),
                _ => log.append_batch(records),
            };
            match appended {
                Ok(ticket) => tickets.push((ticket, id, count)),
                Err(AppendError::QueueFull { .. }) => break,
                Err(error) => fail(EXIT_DISK, &format!("cannot append: {error}")),
            }
        }
        for (ticket, id, count) in tickets {
            match ticket.wait() {
                Ok(range) => teller.tell(Message::Acknowledged {
                    first: range.start,
                    id,
                    count,
                }),
                Err(error) => fail(EXIT_DISK, &format!("not durable: {error}")),
            }
        }
    }
}

/// Bytes that opening had to cut off.
pub(crate) fn torn_bytes(log: &Log) -> u64 {
    let torn = log.recovery().torn.as_ref();
    torn.map_or(0, |torn| torn.bytes.end - torn.bytes.start)
}

#[expect(clippy::disallowed_methods, reason = "the parent reads the code")]
fn fail(code: i32, what: &str) -> ! {
    eprintln!("{what}");
    std::process::exit(code)
}

fn record(id: u64, index: u32, count: u32) -> Record {
    Record {
        schema: 7,
        payload: payload(Tag { id, index, count }).into(),
    }
}

/// Rolls, drops and redacts now and then. The log seals its complete segments at the same time.
fn maintain(log: &Log, mut random: Random, teller: &Teller) {
    let reader = log.reader();
    for _ in 0..ACTS_MAX {
        let next = log.durable_end() + random.below(ACT_EVERY_RECORDS);
        if !reader.wait_past(next, ACT_WAIT) {
            continue;
        }
        let outcome = match random.below(5) {
            0 => drop_some(log, &mut random, teller),
            1 | 2 => log
                .roll()
                .map_err(|error| error.to_string())
                .and_then(|ticket| ticket.wait().map_err(|error| error.to_string()))
                .map(|_| ()),
            _ => redact_one(log, &mut random, teller),
        };
        if let Err(error) = outcome {
            fail(EXIT_DISK, &format!("cannot maintain: {error}"));
        }
    }
}

/// Drops at most a third of what is there, and nothing that the cursor is still to read.
fn drop_some(log: &Log, random: &mut Random, teller: &Teller) -> Result<(), String> {
    let (first, position) = (
        log.reader().first(),
        CURSOR_POSITION.load(Ordering::Acquire),
    );
    let below = (first + 1 + random.below((log.durable_end() - first) / 3 + 1)).min(position);
    teller.tell(Message::Dropping { below });
    let dropped = log
        .drop_below(below)
        .map_err(|error| format!("{error:?}"))?;
    if dropped.segments > 0 {
        let first = dropped.first;
        teller.tell(Message::Dropped { first });
    }
    Ok(())
}

/// Blanks a record of a complete segment, if there is one.
fn redact_one(log: &Log, random: &mut Random, teller: &Teller) -> Result<(), String> {
    let reader = log.reader();
    let complete: Vec<_> = reader
        .segments()
        .into_iter()
        .filter(|segment| segment.complete && segment.end > segment.base)
        .collect();
    if complete.is_empty() {
        return Ok(());
    }
    let segment = &complete[random.below(complete.len() as u64) as usize];
    let sequence = segment.base + random.below(segment.end - segment.base);
    let entry = reader.get(sequence).map_err(|error| format!("{error:?}"))?;
    let entry = entry.ok_or("a record of a complete segment is not there")?;
    teller.tell(Message::Redacting { sequence });
    let payload = blank(&entry.payload).into();
    log.redact(&[Redaction { sequence, payload }])
        .map_err(|error| format!("{error:?}"))?;
    teller.tell(Message::Redacted { sequence });
    Ok(())
}

/// Reads what is durable, holds it against what it must be, and commits the cursor behind it.
fn follow(reader: &Reader, teller: &Teller, log: &Log) {
    let mut cursor = match reader.cursor(CURSOR_NAME) {
        Ok(cursor) => cursor,
        Err(error) => fail(EXIT_DISK, &format!("cannot open the cursor: {error:?}")),
    };
    while matches!(log.state(), WriterState::Running) {
        if !reader.wait_past(cursor.position(), CURSOR_WAIT) {
            continue;
        }
        let mut records = reader.read(cursor.position());
        for entry in records.by_ref().take(CURSOR_STEP_RECORDS) {
            match entry {
                Ok(entry) if read(&entry).is_some() => {}
                Ok(entry) => fail(
                    EXIT_WRONG_CONTENT,
                    &format!("record {} is not what was appended", entry.sequence),
                ),
                Err(error) => fail(EXIT_DISK, &format!("cannot read: {error:?}")),
            }
        }
        if let Err(error) = cursor.commit(records.position()) {
            fail(EXIT_DISK, &format!("cannot commit the cursor: {error:?}"));
        }
        let position = cursor.position();
        CURSOR_POSITION.store(position, Ordering::Release);
        teller.tell(Message::Cursor { position });
    }
}
