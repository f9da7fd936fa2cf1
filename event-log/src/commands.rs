//! Commands: first the control record, then the marker, one thread for both.
//!
//! Invariant: markers stand in the order of the control log. A command whose marker
//! could not be written blocks those behind it: its marker is tried again before the
//! next control record is written, and every [`RETRY_EVERY`] while nothing comes.
//! A caller that goes away does not stop its command half-way.

use std::{sync::mpsc, time::Duration};

use event_model::{
    Position,
    record::{SCHEMA_MARKER_V1, encode_marker},
};
use log_core::{Log, Record};
use tokio::sync::oneshot;

use crate::{
    error::{CommandError, CommitError},
    markers::MarkerHint,
    ticket::CommandReceipt,
};

/// Commands that may wait: people and the alerter together make a few a second.
pub(crate) const COMMANDS_QUEUED_MAX: usize = 1024;
/// Archive of one command, bytes; the largest holds a project's rules of grouping, 1 MiB.
const COMMAND_BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;
/// Commands of one group, bytes.
const GROUP_BYTES_MAX: usize = 2 * 1024 * 1024;
/// What the log adds to a record at most, bytes: its header and the padding.
const FRAME_BYTES_MAX: usize = 64;
/// Markers of one batch: 16 KiB, so that they fit the smallest segment.
const MARKERS_MAX: u64 = 256;
/// How often markers that are due are tried again, and how long the thread waits
/// for commands at most.
const RETRY_EVERY: Duration = Duration::from_secs(1);

pub(crate) type CommandAnswer = oneshot::Sender<Result<CommandReceipt, CommandError>>;

/// What the thread is told.
pub(crate) enum Message {
    /// Store this command.
    Command {
        /// Its archive, and the version of that.
        record: Record,
        /// Who waits.
        answer: CommandAnswer,
    },
    /// End when those before are answered.
    Close,
}

/// What fits a segment of the control log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandLimits {
    /// Archive of one command.
    pub(crate) command_bytes_max: usize,
    /// Archives of one group.
    group_bytes_max: usize,
}

impl CommandLimits {
    /// The limits of segments of this size: a group takes half of one.
    pub(crate) fn of_segment(segment_bytes: u64) -> Self {
        let segment_bytes = usize::try_from(segment_bytes).unwrap_or(usize::MAX);
        Self {
            command_bytes_max: COMMAND_BYTES_MAX.min(segment_bytes / 3),
            group_bytes_max: GROUP_BYTES_MAX.min(segment_bytes / 2),
        }
    }
}

/// The state of the commands thread.
pub(crate) struct Commands {
    control: Log,
    events: Log,
    /// The last durable control record.
    last: u64,
    /// The last one whose marker is durable.
    marked: u64,
    hint: MarkerHint,
    limits: CommandLimits,
}

impl Commands {
    /// `marked` of the control log's records have a marker; `hint` is told of more.
    pub(crate) fn new(
        control: Log,
        events: Log,
        marked: u64,
        hint: MarkerHint,
        limits: CommandLimits,
    ) -> Self {
        let last = control.durable_end().saturating_sub(1);
        Self {
            control,
            events,
            last,
            marked,
            hint,
            limits,
        }
    }

    /// Records without a marker: first and last number.
    pub(crate) fn unmarked(&self) -> Option<(u64, u64)> {
        (self.marked < self.last).then_some((self.marked + 1, self.last))
    }

    /// Writes the markers that are due; the place of the last one.
    pub(crate) fn mark(&mut self) -> Result<Option<Position>, CommitError> {
        let mut place = None;
        while let Some((first, last)) = self.unmarked() {
            let last = last.min(first + MARKERS_MAX - 1);
            let markers = (first..=last)
                .map(|number| Record {
                    schema: SCHEMA_MARKER_V1,
                    payload: encode_marker(number).to_vec().into(),
                })
                .collect();
            let sequences = self.events.append_batch(markers)?.wait()?;
            self.marked = last;
            self.hint.note(last, sequences.end - 1);
            place = Some(Position::new(0, sequences.end - 1));
        }
        Ok(place)
    }

    /// Works until told to close.
    pub(crate) fn run(mut self, messages: &mpsc::Receiver<Message>) {
        loop {
            match messages.recv_timeout(RETRY_EVERY) {
                Ok(Message::Command { record, answer }) => {
                    let (group, close) = gather((record, answer), messages, self.limits);
                    self.store(group);
                    if close {
                        break;
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => self.retry(),
                Ok(Message::Close) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        self.retry();
    }

    fn retry(&mut self) {
        if let Some((first, last)) = self.unmarked()
            && let Err(error) = self.mark()
        {
            tracing::warn!(first, last, %error, "commands wait for their markers");
        }
    }

    fn store(&mut self, group: Vec<(Record, CommandAnswer)>) {
        let (records, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        match self.store_records(records) {
            Ok((first_number, outcome)) => {
                let markers_from = outcome.map(|last| last.0 + 1 - answers.len() as u64);
                for (index, answer) in answers.into_iter().enumerate() {
                    let number = first_number + index as u64;
                    let receipt = match &markers_from {
                        Ok(first) => Ok(CommandReceipt {
                            number,
                            position: Position(first + index as u64),
                        }),
                        Err(reason) => Err(CommandError::Unmarked {
                            number,
                            reason: reason.clone(),
                        }),
                    };
                    // A caller that went away needs no answer.
                    let _ = answer.send(receipt);
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    /// The first record's number and the place of the last marker.
    fn store_records(
        &mut self,
        records: Vec<Record>,
    ) -> Result<(u64, Result<Position, CommitError>), CommandError> {
        self.mark().map_err(CommandError::NotStored)?;
        let numbers = self
            .control
            .append_batch(records)
            .map_err(|error| CommandError::NotStored(error.into()))?
            .wait()
            .map_err(|error| match CommitError::from(error) {
                CommitError::OutcomeUnknown => CommandError::OutcomeUnknown,
                error => CommandError::NotStored(error),
            })?;
        self.last = numbers.end - 1;
        let place = self
            .mark()
            .map(|place| place.expect("records were just stored, so markers were due"));
        Ok((numbers.start, place))
    }
}

/// Takes what else is waiting, so that commands share their syncs; whether to close.
fn gather(
    first: (Record, CommandAnswer),
    messages: &mpsc::Receiver<Message>,
    limits: CommandLimits,
) -> (Vec<(Record, CommandAnswer)>, bool) {
    let mut bytes = first.0.payload.len() + FRAME_BYTES_MAX;
    let mut group = vec![first];
    // The next may be as large as a command can be, and one batch of markers must do.
    let bytes_max = limits.group_bytes_max - limits.command_bytes_max;
    while bytes <= bytes_max && (group.len() as u64) < MARKERS_MAX {
        match messages.try_recv() {
            Ok(Message::Command { record, answer }) => {
                bytes += record.payload.len() + FRAME_BYTES_MAX;
                group.push((record, answer));
            }
            Ok(Message::Close) => return (group, true),
            Err(_) => break,
        }
    }
    (group, false)
}
