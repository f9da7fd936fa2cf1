//! The one writer of both logs.
//!
//! Owns the locks, the queue of events, the queue of commands and their three
//! threads. Invariant: see the crate. Sizes are bytes. Nothing here retries a failed
//! sync: a poisoned log stays so until the process ends and opens it anew.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64, mpsc},
};

use bytes::Bytes;
use event_model::{
    Command, Head, Note, Position, ProjectId, note::Surplus, record::archive_head,
    stack::archive_stack,
};
pub use log_core::Maintenance;
use log_core::{Log, Record};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    appender::{self, EventQueue, Payload},
    blocks::Packed,
    commands::{COMMANDS_QUEUED_MAX, CommandLimits, Commands, Message},
    error::{AppendError, CloseError, CommandError, OpenError, WhichLog},
    folders::log_dir,
    lanes::Lane,
    markers::{MarkerHint, last_marker},
    reader::LogReader,
    thread::NamedThread,
    ticket::{CommandReceipt, EventTicket, block_on},
};

/// Where the logs are, and their bounds.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `data/log`; `events/` and `control/` are inside.
    pub dir: PathBuf,
    /// Size of a segment of the events log, bytes: a multiple of 4 KiB, 64 KiB to
    /// 1 GiB. No event can be larger than half of it.
    pub events_segment_bytes: u64,
    /// Size of a segment of the control log, bytes: likewise. No command can be
    /// larger than a quarter of it.
    pub control_segment_bytes: u64,
    /// Heads and bodies on the way to the disk, bytes; above it events are refused.
    pub queue_bytes_max: usize,
}

impl LogConfig {
    /// The defaults for logs in `dir`: segments of 128 MiB and 4 MiB; 32 MiB
    /// of events on the way, which is a second of full load.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            events_segment_bytes: 128 * 1024 * 1024,
            control_segment_bytes: 4 * 1024 * 1024,
            queue_bytes_max: 32 * 1024 * 1024,
        }
    }
}

/// How the writer fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterState {
    /// The worse of both logs.
    pub condition: Condition,
    /// Bytes of events on the way to the disk.
    pub queued_bytes: u64,
    /// The bound of the above.
    pub queued_bytes_max: u64,
    /// Last durable position; 0: none.
    pub end: Position,
    /// Last durable command; 0: none.
    pub commands: u64,
}

/// Whether the logs can be written, best first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// They can.
    Running,
    /// The disk is full; heals by itself.
    NoSpace,
    /// The writer was closed.
    Closed,
    /// A write or sync failed: the process must end.
    Poisoned {
        /// The first failure.
        reason: String,
    },
}

/// The writer of both logs. Clones share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct LogWriter(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    queue: Arc<EventQueue>,
    commands: mpsc::SyncSender<Message>,
    command_bytes_max: usize,
    pub(crate) events: Log,
    control: Log,
    reader: LogReader,
    /// The newest command that groups events anew of which a checkpoint is known to have what
    /// it made.
    pub(crate) regroups_covered: AtomicU64,
    /// Taken by the first close.
    threads: Mutex<Vec<NamedThread>>,
}

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogWriter").field(&self.state()).finish()
    }
}

impl LogWriter {
    /// Takes both locks, recovers both logs, and writes the markers that a crash
    /// left out.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a writer owns its configuration, as `log-core` does"
    )]
    pub fn open(config: LogConfig) -> Result<Self, OpenError> {
        let control = open_log(WhichLog::Control, &config)?;
        let events = open_log(WhichLog::Events, &config)?;
        let reader = LogReader::new(&config.dir, events.reader(), control.reader());
        let hint = MarkerHint::of(&log_dir(&config.dir, WhichLog::Events));
        let marked = last_marker(&events.reader(), &reader, &hint)?.number;
        let control_end = control.durable_end() - 1;
        if marked > control_end {
            return Err(OpenError::ControlBehind {
                marker: marked,
                control_end,
            });
        }
        let limits = CommandLimits::of_segment(config.control_segment_bytes);
        let mut commands = Commands::new(control.clone(), events.clone(), marked, hint, limits);
        if let Some((first, last)) = commands.unmarked() {
            tracing::info!(first, last, "writing the markers that a crash left out");
            commands.mark().map_err(|reason| OpenError::Markers {
                first,
                last,
                reason,
            })?;
        }
        let segment_bytes = usize::try_from(config.events_segment_bytes).unwrap_or(usize::MAX);
        let queue = Arc::new(EventQueue::new(config.queue_bytes_max, segment_bytes));
        let mut threads = Vec::from(appender::start(&queue, &events)?);
        let (sender, receiver) = mpsc::sync_channel(COMMANDS_QUEUED_MAX);
        let commander = NamedThread::spawn("errata-command", move || commands.run(&receiver));
        // Without this one the two others must not stay.
        threads.push(commander.inspect_err(|_| queue.close())?);
        Ok(Self(Arc::new(Inner {
            queue,
            commands: sender,
            command_bytes_max: limits.command_bytes_max,
            events,
            control,
            reader,
            regroups_covered: AtomicU64::new(0),
            threads: Mutex::new(threads),
        })))
    }

    /// Queues an event of its project's lane; see [`Self::append_event_of`].
    pub fn append_event(&self, head: &Head, body: Vec<u8>) -> Result<EventTicket, AppendError> {
        self.append_event_of(Lane::of(ProjectId(head.project_id)), head, body)
    }

    /// Queues an event; `body` is its JSON document. Never blocks: above the bound of
    /// the queue, or of the lane's share of it, it refuses. Events of a lane stand in the
    /// log in the order of these calls.
    pub fn append_event_of(
        &self,
        lane: Lane,
        head: &Head,
        body: Vec<u8>,
    ) -> Result<EventTicket, AppendError> {
        self.check_writable()?;
        let event = Packed {
            head: archive_head(head).into_vec(),
            stack: archive_stack(head).map_or_else(Bytes::new, Bytes::from_owner),
            body,
        };
        self.0.queue.push(lane, Payload::Event(event))
    }

    /// Queues a note, as [`Self::append_event`] does an event. Within a batch notes
    /// stand behind the events.
    pub fn append_note(&self, note: &Note) -> Result<EventTicket, AppendError> {
        self.check_writable()?;
        let record = Record {
            schema: note.schema(),
            payload: note.encode().into(),
        };
        // Notes of no project are the gateway's own.
        let lane = Lane::of(ProjectId(note.project_id().unwrap_or(0)));
        self.0.queue.push(lane, Payload::Note(record))
    }

    /// Queues an event that is only counted: with others like it that are written in the
    /// same batch it becomes a tally record ([`event_model::note::SampledV1`]), behind
    /// events and notes. Its ticket completes when that is durable.
    pub fn append_surplus(&self, lane: Lane, one: Surplus) -> Result<EventTicket, AppendError> {
        self.check_writable()?;
        self.0.queue.push(lane, Payload::Surplus(Box::new(one)))
    }

    fn check_writable(&self) -> Result<(), AppendError> {
        match self.0.events.state() {
            log_core::WriterState::Running => Ok(()),
            // The log itself finds out when there is space again.
            log_core::WriterState::NoSpace { .. } => Err(AppendError::NoSpace),
            log_core::WriterState::Poisoned { .. } => Err(AppendError::Poisoned),
            _ => Err(AppendError::Closed),
        }
    }

    /// Stores a command and its marker; answered when both are durable. Commands
    /// stand in the order of these calls' first polls. A dropped future does not
    /// take its command back.
    pub async fn append_command(&self, command: Command) -> Result<CommandReceipt, CommandError> {
        let record = command.encode();
        let max = self.0.command_bytes_max;
        if record.len() > max {
            let bytes = record.len();
            return Err(CommandError::TooLarge { bytes, max });
        }
        let record = Record {
            schema: command.schema(),
            payload: record.into(),
        };
        let (answer, receipt) = oneshot::channel();
        self.0
            .commands
            .try_send(Message::Command { record, answer })
            .map_err(|error| match error {
                mpsc::TrySendError::Full(_) => CommandError::Overloaded(COMMANDS_QUEUED_MAX),
                mpsc::TrySendError::Disconnected(_) => CommandError::Closed,
            })?;
        // Dropped unanswered: the thread closed before it came to this command, or
        // died within it.
        receipt.await.unwrap_or(Err(CommandError::OutcomeUnknown))
    }

    /// [`Self::append_command`] for callers without an async runtime.
    pub fn append_command_blocking(
        &self,
        command: Command,
    ) -> Result<CommandReceipt, CommandError> {
        block_on(self.append_command(command))
    }

    /// A reader of both logs in this process.
    pub fn reader(&self) -> LogReader {
        self.0.reader.clone()
    }

    /// How the writer fares.
    pub fn state(&self) -> WriterState {
        let (queued_bytes, queued_bytes_max) = self.0.queue.bytes();
        let events = condition(&self.0.events.state());
        let control = condition(&self.0.control.state());
        WriterState {
            condition: events.max(control),
            queued_bytes,
            queued_bytes_max,
            end: self.0.reader.end(),
            commands: self.0.control.durable_end() - 1,
        }
    }

    /// What sealing and scrubbing have done and found, of both logs.
    pub fn maintenance(&self) -> [(WhichLog, Maintenance); 2] {
        [
            (WhichLog::Events, self.0.events.maintenance()),
            (WhichLog::Control, self.0.control.maintenance()),
        ]
    }

    /// A thread without which nothing can be stored, and which has ended though the
    /// writer was not closed: by a panic. The process must end then and open the logs
    /// anew, for how far that thread was is known to nobody.
    pub fn ended_thread(&self) -> Option<&'static str> {
        let threads = self.0.threads.lock();
        let ended = threads.iter().find(|thread| thread.is_finished());
        ended.map(NamedThread::name)
    }

    /// Takes no more, waits until everything taken is answered, and closes both
    /// logs. A second call does nothing.
    pub fn close(&self) -> Result<(), CloseError> {
        self.0.close()
    }
}

impl Inner {
    fn close(&self) -> Result<(), CloseError> {
        let threads = std::mem::take(&mut *self.threads.lock());
        if threads.is_empty() {
            return Ok(());
        }
        self.queue.close();
        // Fails only if the thread is gone already.
        let _ = self.commands.send(Message::Close);
        let mut outcome = Ok(());
        for thread in threads {
            outcome = outcome.and(thread.join());
        }
        for (log, which) in [
            (&self.events, WhichLog::Events),
            (&self.control, WhichLog::Control),
        ] {
            let closed = log
                .close()
                .map_err(|source| CloseError::Log { log: which, source });
            outcome = outcome.and(closed);
        }
        outcome
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the logs did not close in order");
        }
    }
}

fn condition(state: &log_core::WriterState) -> Condition {
    match state {
        log_core::WriterState::Running => Condition::Running,
        log_core::WriterState::NoSpace { .. } => Condition::NoSpace,
        log_core::WriterState::Poisoned { stage, error } => Condition::Poisoned {
            reason: format!("{stage}: {error}"),
        },
        _ => Condition::Closed,
    }
}

fn open_log(log: WhichLog, config: &LogConfig) -> Result<Log, OpenError> {
    let dir = log_dir(&config.dir, log);
    let core = match log {
        WhichLog::Events => log_core::Config {
            segment_bytes: config.events_segment_bytes,
            ..log_core::Config::events(&dir)
        },
        WhichLog::Control => log_core::Config {
            segment_bytes: config.control_segment_bytes,
            ..log_core::Config::control(&dir)
        },
    };
    Log::open(core).map_err(|source| OpenError::Log { log, dir, source })
}
