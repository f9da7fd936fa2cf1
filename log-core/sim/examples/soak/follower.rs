//! A reader in another process than the writer's, while that one lives, is killed and comes back.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use log_core::{ReadError, Reader};

use super::content::{self, Tag};
use super::ledger::{Violation, violation};

/// How long it sleeps at most before it looks whether it is to end.
const WAIT: Duration = Duration::from_millis(5);

/// What a follower was shown, each with its number: it must never go away again.
pub(crate) type Shown = Vec<(u64, Tag)>;

/// A thread that follows the log and keeps what it was shown.
#[derive(Debug)]
pub(crate) struct Follower {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Shown, Violation>>,
}

impl Follower {
    /// Follows the log in `dir`, as soon as there is one.
    pub(crate) fn start(dir: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // Not there yet, or its first segment is just being made.
                match Reader::follow(&dir) {
                    Ok(reader) => return follow(&reader, &stopped),
                    Err(_) => thread::yield_now(),
                }
            }
            Ok(Shown::new())
        });
        Self { stop, thread }
    }

    /// What it was shown until now.
    pub(crate) fn stop(self) -> Result<Shown, Violation> {
        self.stop.store(true, Ordering::Relaxed);
        let outcome = self.thread.join();
        outcome.unwrap_or_else(|_| Err(violation!("the follower panicked")))
    }
}

fn follow(reader: &Reader, stop: &AtomicBool) -> Result<Shown, Violation> {
    let mut shown = Shown::new();
    let mut next = reader.first();
    while !stop.load(Ordering::Relaxed) {
        if !reader.wait_past(next, WAIT) {
            continue;
        }
        for entry in reader.read(next) {
            let entry = match entry {
                Ok(entry) => entry,
                // It fell behind what was dropped.
                Err(ReadError::NotRetained { first, .. }) => {
                    next = first;
                    break;
                }
                Err(error) => return Err(violation!("a follower cannot read {next}: {error:?}")),
            };
            if entry.sequence != next {
                let found = entry.sequence;
                return Err(violation!("a follower was given {found} for {next}"));
            }
            let tag = content::read(&entry)
                .ok_or_else(|| violation!("a follower was given another record {next}"))?;
            shown.push((next, tag));
            next += 1;
        }
    }
    Ok(shown)
}
