//! The control state kept up to date by whoever needs it.
//!
//! Owns no truth: a fold over the control log with `event_model`'s function, so every
//! process comes to the same state at the same number. Invariant: the state's
//! `version` is the number of the last record folded, also when a record of a newer
//! release was passed over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;
use event_model::{ControlState, Position};
use parking_lot::Mutex;

use crate::{
    error::ReadError,
    reader::{Entry, Item, LogReader},
};

/// Records that are looked at first, backwards, for the last command.
const LOOK_BACK_MIN: u64 = 1_024;
/// Longest wait for a command before the thread looks whether it should end.
const WAIT_MAX: Duration = Duration::from_millis(200);
/// Pause after a failed read, so that a damaged log does not spin.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// The state after all durable commands.
pub fn fold_control(reader: &LogReader) -> Result<ControlState, ReadError> {
    let mut state = ControlState::default();
    fold_on(reader, &mut state)?;
    Ok(state)
}

/// The state after the commands up to `number`: what holds at the marker of that one.
/// Commands of a newer release count for nothing here, as in the stream.
pub fn control_at(reader: &LogReader, number: u64) -> Result<ControlState, ReadError> {
    let mut state = ControlState::default();
    if number == 0 {
        return Ok(state);
    }
    for record in reader.commands_after(0) {
        let (found, command) = record?;
        if found > number {
            break;
        }
        state.apply_numbered(found, &command);
    }
    Ok(state)
}

/// The number of the last command that holds at a position: whose marker is there or before
/// it. For who begins to read there and has not noted it.
///
/// Markers have each number once, in order, so that the next one behind the position tells
/// it; where there is none, the last one before it. Reads as many records as lie between.
pub fn number_at(reader: &LogReader, position: Position) -> Result<u64, ReadError> {
    for item in reader.read_after(position) {
        if let Some(number) = command_of(item)? {
            return Ok(number - 1);
        }
    }
    let first = reader.first().sequence();
    let (mut end, mut span) = (position.sequence(), LOOK_BACK_MIN);
    while end >= first {
        let from = end.saturating_sub(span).max(first - 1);
        let mut last = None;
        for item in reader.read_after(Position::new(position.partition(), from)) {
            if item
                .as_ref()
                .is_ok_and(|item| item.position.sequence() > end)
            {
                break;
            }
            last = command_of(item)?.or(last);
        }
        if let Some(number) = last {
            return Ok(number);
        }
        (end, span) = (from, span.saturating_mul(4));
    }
    Ok(0)
}

/// The number of a command; a record that cannot be read is none, and is passed over by
/// every projection.
fn command_of(item: Result<Item, ReadError>) -> Result<Option<u64>, ReadError> {
    match item {
        Ok(item) => Ok(match item.entry {
            Entry::Command { number, .. } => Some(number),
            _ => None,
        }),
        Err(ReadError::Record { .. } | ReadError::CommandMissing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Folds what came after `state`; whether anything did.
fn fold_on(reader: &LogReader, state: &mut ControlState) -> Result<bool, ReadError> {
    let (from, end) = (state.version, reader.commands_end());
    for record in reader.commands_after(from) {
        let (number, command) = record?;
        state.apply_numbered(number, &command);
    }
    // What stands behind the last known command is of a newer release.
    state.version = state.version.max(end);
    Ok(state.version > from)
}

/// Follows the control log. [`Self::poll`] it, or let a thread do so
/// ([`Self::spawn`]). Reading the state costs an atomic load.
#[derive(Debug)]
pub struct ControlFollower {
    reader: LogReader,
    state: ArcSwap<ControlState>,
    /// One fold at a time.
    folding: Mutex<()>,
}

impl ControlFollower {
    /// Folds what is there.
    pub fn new(reader: LogReader) -> Result<Self, ReadError> {
        let state = fold_control(&reader)?;
        Ok(Self {
            reader,
            state: ArcSwap::from_pointee(state),
            folding: Mutex::new(()),
        })
    }

    /// The state as last folded.
    pub fn state(&self) -> Arc<ControlState> {
        self.state.load_full()
    }

    /// Folds what came since; whether anything did.
    pub fn poll(&self) -> Result<bool, ReadError> {
        let _one = self.folding.lock();
        let current = self.state.load_full();
        if self.reader.commands_end() <= current.version {
            return Ok(false);
        }
        let mut next = ControlState::clone(&current);
        let changed = fold_on(&self.reader, &mut next)?;
        self.state.store(Arc::new(next));
        Ok(changed)
    }

    /// The state once command `number` is folded, waiting for it; the state there is
    /// when the time is up.
    pub fn state_at(&self, number: u64, timeout: Duration) -> Result<Arc<ControlState>, ReadError> {
        if self.state.load().version < number {
            self.reader
                .wait_commands_past(number.saturating_sub(1), timeout);
            self.poll()?;
        }
        Ok(self.state())
    }

    /// Follows in a thread until the returned guard is dropped.
    pub fn spawn(self: &Arc<Self>) -> std::io::Result<FollowerThread> {
        let stop = Arc::new(AtomicBool::new(false));
        let (follower, stopped) = (Arc::clone(self), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("errata-control".to_owned())
            .spawn(move || follower.follow(&stopped))?;
        Ok(FollowerThread {
            stop,
            thread: Some(thread),
        })
    }

    fn follow(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            let version = self.state.load().version;
            if !self.reader.wait_commands_past(version, WAIT_MAX) {
                continue;
            }
            if let Err(error) = self.poll() {
                tracing::error!(%error, "the control log cannot be followed");
                std::thread::park_timeout(PAUSE_AFTER_ERROR);
            }
        }
    }
}

/// A thread that follows; ends when dropped.
#[derive(Debug)]
pub struct FollowerThread {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FollowerThread {
    /// Whether it is gone, by a panic.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }
}

impl Drop for FollowerThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread was logged by its own hook.
            let _ = thread.join();
        }
    }
}
