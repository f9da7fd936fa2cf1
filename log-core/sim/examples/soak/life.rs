//! One life of the writer: started, watched up to a random moment, ended.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::channel::{Listener, Message, Silence};
use super::ledger::{Ledger, Violation, violation};
use super::random::Random;
use super::tally::{Tally, add};
use super::writer::{DIR_VARIABLE, EXIT_DISK, SEED_VARIABLE};

/// How long a child may take to say something; generous, for machines are loaded.
const PATIENCE: Duration = Duration::from_mins(1);
/// One life in so many ends while the log is being opened.
const ENDS_IN_OPEN: u64 = 6;
/// An open takes about so long, µs.
const IN_OPEN_US: u64 = 1_500;
/// From the first acknowledgement on, µs.
const AT_WORK_US: u64 = 50_000;

/// A running child and what it says.
#[derive(Debug)]
pub(crate) struct Life {
    child: Child,
    listener: Listener,
    opened: bool,
    acknowledged: bool,
}

impl Life {
    /// Starts `command` as a writer of the log in `dir`.
    pub(crate) fn start(mut command: Command, dir: &Path, seed: u64) -> io::Result<Self> {
        let (listener, theirs) = Listener::pair()?;
        let child = command
            .env(DIR_VARIABLE, dir)
            .env(SEED_VARIABLE, seed.to_string())
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // The command holds the child's end of the socket; while it lives, the socket does not end.
        drop(command);
        Ok(Self {
            child,
            listener,
            opened: false,
            acknowledged: false,
        })
    }

    /// Listens until a random moment of the open, or of the work behind it.
    pub(crate) fn until_a_random_moment(
        &mut self,
        ledger: &mut Ledger,
        random: &mut Random,
        tally: &Tally,
    ) -> Result<(), Violation> {
        let in_open = random.once_in(ENDS_IN_OPEN);
        let begin = Instant::now() + PATIENCE;
        loop {
            let message = self.hear(begin, ledger, tally)?;
            let Some(message) = message else {
                return Err(violation!("the writer said nothing for {PATIENCE:?}"));
            };
            if in_open || matches!(message, Message::Acknowledged { .. }) {
                break;
            }
        }
        let within_us = if in_open { IN_OPEN_US } else { AT_WORK_US };
        let moment = Instant::now() + Duration::from_micros(random.below(within_us));
        while self.hear(moment, ledger, tally)?.is_some() {}
        Ok(())
    }

    /// Whether the log is still being opened, as far as was heard.
    pub(crate) fn is_opening(&self) -> bool {
        !self.opened
    }

    /// The next message until `deadline`; the end of the child is a violation, for nobody has ended it yet.
    fn hear(
        &mut self,
        deadline: Instant,
        ledger: &mut Ledger,
        tally: &Tally,
    ) -> Result<Option<Message>, Violation> {
        match self.listener.next(deadline) {
            Ok(message) => {
                self.note(message, ledger, tally)?;
                Ok(Some(message))
            }
            Err(Silence::Timeout) => Ok(None),
            Err(Silence::Ended) => {
                let (status, said) = self.wait()?;
                Err(violation!(
                    "the writer ended by itself with {status}: {said}"
                ))
            }
        }
    }

    fn note(
        &mut self,
        message: Message,
        ledger: &mut Ledger,
        tally: &Tally,
    ) -> Result<(), Violation> {
        match message {
            Message::Opened { torn_bytes } => {
                self.opened = true;
                add(&tally.torn_tails, u64::from(torn_bytes > 0));
            }
            Message::Acknowledged { count, .. } => {
                self.acknowledged = true;
                add(&tally.acknowledged, count);
            }
            Message::Dropped { .. } => add(&tally.drops, 1),
            Message::Redacted { .. } => add(&tally.redactions, 1),
            _ => {}
        }
        ledger.note(message)
    }

    /// What was said up to now.
    pub(crate) fn hear_the_rest(
        &mut self,
        ledger: &mut Ledger,
        tally: &Tally,
    ) -> Result<(), Violation> {
        while self.hear(Instant::now(), ledger, tally)?.is_some() {}
        Ok(())
    }

    /// SIGKILL. Everything that was said before counts, also what was not heard yet.
    pub(crate) fn kill(mut self, ledger: &mut Ledger, tally: &Tally) -> Result<End, Violation> {
        self.child
            .kill()
            .map_err(|error| violation!("cannot kill the writer: {error}"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.listener.next(deadline) {
                Ok(message) => self.note(message, ledger, tally)?,
                Err(Silence::Ended) => break,
                Err(Silence::Timeout) => return Err(violation!("the writer outlives SIGKILL")),
            }
        }
        let (status, said) = self.wait()?;
        Ok(End { status, said })
    }

    /// The end of a writer whose disk has no power any more. What it says from the cut on counts for nothing: with
    /// real power it would be dead, and a sync that the shutdown overtakes may return without an error.
    ///
    /// Its intentions count: what it was about to drop or redact may be so.
    pub(crate) fn end_without_power(mut self, ledger: &mut Ledger) -> Result<(), Violation> {
        self.child
            .kill()
            .map_err(|error| violation!("cannot kill the writer: {error}"))?;
        let deadline = Instant::now() + PATIENCE;
        while let Ok(message) = self.listener.next(deadline) {
            if let Message::Dropping { .. } | Message::Redacting { .. } = message {
                ledger.note(message)?;
            }
        }
        let (status, said) = self.wait()?;
        End { status, said }.is_by_power_cut()
    }

    fn wait(&mut self) -> Result<(ExitStatus, String), Violation> {
        let failed = |error: io::Error| violation!("cannot wait for the writer: {error}");
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut said).map_err(failed)?;
        }
        Ok((self.child.wait().map_err(failed)?, said))
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // After a violation: no child outlives its parent's interest. One that has ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a life ended.
#[derive(Debug)]
pub(crate) struct End {
    status: ExitStatus,
    said: String,
}

impl End {
    /// It was at work until it was killed.
    pub(crate) fn is_by_kill(&self) -> Result<(), Violation> {
        const SIGKILL: i32 = 9;
        match self.status.signal() {
            Some(SIGKILL) => Ok(()),
            _ => Err(self.unexpected()),
        }
    }

    /// It was killed, or noticed that its disk was gone: by an error, or by a page that could not be read (SIGBUS,
    /// SIGABRT from a handler).
    fn is_by_power_cut(&self) -> Result<(), Violation> {
        const SIGABRT: i32 = 6;
        const SIGBUS: i32 = 7;
        match (self.status.signal(), self.status.code()) {
            (Some(SIGABRT | SIGBUS), _) | (_, Some(EXIT_DISK)) => Ok(()),
            _ => self.is_by_kill(),
        }
    }

    fn unexpected(&self) -> Violation {
        let (status, said) = (self.status, &self.said);
        violation!("the writer ended with {status}: {said}")
    }
}
