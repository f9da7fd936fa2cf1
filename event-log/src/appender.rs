//! From the queue of events to durable batches: two threads.
//!
//! The appender takes whatever gathered while the last batches were syncing, packs
//! it and hands it to the log; the completer waits for the log and answers the
//! tickets. At most [`BATCHES_IN_FLIGHT_MAX`] batches are on the way, so groups form
//! by themselves under load and a lone event never waits for company.
//!
//! Invariant: batches are taken, appended and answered in the order of the queue;
//! the queue's bytes count an event from its append to its answer. Every event is
//! answered exactly once, also when a thread dies.

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    time::Duration,
};

use event_model::Position;
use log_core::{Log, Record, Ticket};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::{
    blocks::{Packed, Packer},
    error::{AppendError, CommitError, OpenError},
    thread::NamedThread,
    ticket::EventTicket,
};

/// Head and body of one event, bytes. The gateway's own limit is 1 MiB of payload;
/// a record of the log holds 16 MiB.
const EVENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Batches appended and not yet durable: one that syncs, one that waits for it.
const BATCHES_IN_FLIGHT_MAX: usize = 2;
/// Heads, bodies and notes of one batch, bytes: the size of the log's own commit groups,
/// which write fastest at 1 MiB. One larger event is a batch of its own.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// What an event takes beside head and body while it is queued, bytes.
const EVENT_OVERHEAD_BYTES: usize = 128;
/// Longest wait for work before the threads look again at whether they should end.
const WAIT_MAX: Duration = Duration::from_secs(1);

type Answer = oneshot::Sender<Result<Position, CommitError>>;

/// What goes into the log.
pub(crate) enum Payload {
    /// An event, its body still to be compressed with its neighbours'.
    Event(Packed),
    /// A record that goes in as it is.
    Note(Record),
}

impl Payload {
    fn bytes(&self) -> usize {
        let held = match self {
            Self::Event(event) => event.head.len() + event.body.len(),
            Self::Note(record) => record.payload.len(),
        };
        held + EVENT_OVERHEAD_BYTES
    }
}

struct Queued {
    payload: Payload,
    answer: Answer,
}

#[derive(Default)]
struct State {
    events: VecDeque<Queued>,
    /// Of the events in the queue and in flight.
    bytes: usize,
    batches_in_flight: usize,
    closed: bool,
}

/// The queue of events, bounded in bytes.
pub(crate) struct EventQueue {
    state: Mutex<State>,
    changed: Condvar,
    bytes_max: usize,
    event_bytes_max: usize,
    batch_bytes_max: usize,
}

/// Events first, then notes, so that notes do not tear blocks of bodies apart; the
/// answers stand in the same order.
#[derive(Default)]
struct Batch {
    events: Vec<Packed>,
    notes: Vec<Record>,
    answers: Vec<Answer>,
    note_answers: Vec<Answer>,
    bytes: usize,
}

struct InFlight {
    ticket: Ticket,
    answers: Vec<Answer>,
    bytes: usize,
}

impl EventQueue {
    /// A queue of at most `bytes_max` for a log with segments of `segment_bytes`.
    pub(crate) fn new(bytes_max: usize, segment_bytes: usize) -> Self {
        // Frames and paddings are below a quarter of what they hold, and a batch
        // must fit a segment.
        let room = segment_bytes / 2;
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            bytes_max,
            event_bytes_max: EVENT_BYTES_MAX.min(room),
            batch_bytes_max: BATCH_BYTES_MAX.min(room),
        }
    }

    /// Bytes in the queue and in flight, and their bound.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.state.lock().bytes as u64, self.bytes_max as u64)
    }

    /// Takes an event or a note, or refuses it at once.
    pub(crate) fn push(&self, payload: Payload) -> Result<EventTicket, AppendError> {
        let (answer, ticket) = oneshot::channel();
        let bytes = payload.bytes();
        let queued = Queued { payload, answer };
        if bytes > self.event_bytes_max {
            return Err(AppendError::TooLarge {
                bytes,
                max: self.event_bytes_max,
            });
        }
        let mut state = self.state.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        if state.bytes + bytes > self.bytes_max {
            return Err(AppendError::Overloaded {
                queued_bytes: state.bytes as u64,
                queued_bytes_max: self.bytes_max as u64,
            });
        }
        state.bytes += bytes;
        state.events.push_back(queued);
        drop(state);
        self.changed.notify_one();
        Ok(EventTicket(ticket))
    }

    /// Takes no more events; the threads end when those in the queue are answered.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// The next batch, or none when the queue is closed and empty.
    fn take(&self) -> Option<Batch> {
        let mut state = self.state.lock();
        loop {
            let free = state.batches_in_flight < BATCHES_IN_FLIGHT_MAX;
            if free && !state.events.is_empty() {
                break;
            }
            if state.closed && state.events.is_empty() {
                return None;
            }
            self.changed.wait_for(&mut state, WAIT_MAX);
        }
        let mut batch = Batch::default();
        while let Some(next) = state.events.front().map(|queued| queued.payload.bytes()) {
            if batch.bytes > 0 && batch.bytes + next > self.batch_bytes_max {
                break;
            }
            let Some(queued) = state.events.pop_front() else {
                break;
            };
            batch.bytes += next;
            match queued.payload {
                Payload::Event(event) => {
                    batch.events.push(event);
                    batch.answers.push(queued.answer);
                }
                Payload::Note(record) => {
                    batch.notes.push(record);
                    batch.note_answers.push(queued.answer);
                }
            }
        }
        batch.answers.append(&mut batch.note_answers);
        state.batches_in_flight += 1;
        Some(batch)
    }

    /// A batch is off the disk's hands: its bytes are free again.
    fn release(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes -= bytes;
        state.batches_in_flight -= 1;
        drop(state);
        self.changed.notify_all();
    }
}

/// Closes the queue and drops what is in it when a thread ends, however it ends:
/// nobody waits for an answer that no thread is left to give.
struct EndGuard(Arc<EventQueue>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.close();
        self.0.state.lock().events.clear();
    }
}

/// Starts both threads over `log`.
pub(crate) fn start(queue: &Arc<EventQueue>, log: &Log) -> Result<[NamedThread; 2], OpenError> {
    let (appender, completer) = ("errata-append", "errata-commit");
    let packer = Packer::new().map_err(|source| OpenError::Thread {
        name: appender,
        source,
    })?;
    // Never blocks: the batches in flight are counted before one is taken.
    let (sender, receiver) = mpsc::sync_channel(BATCHES_IN_FLIGHT_MAX);
    let guard = EndGuard(Arc::clone(queue));
    let completer = NamedThread::spawn(completer, move || complete(&guard.0, &receiver))?;
    let (guard, log) = (EndGuard(Arc::clone(queue)), log.clone());
    let appender = NamedThread::spawn(appender, move || append(&guard.0, &log, packer, &sender))?;
    Ok([appender, completer])
}

fn append(
    queue: &EventQueue,
    log: &Log,
    mut packer: Packer,
    completer: &mpsc::SyncSender<InFlight>,
) {
    while let Some(batch) = queue.take() {
        let records = packer
            .pack(&batch.events)
            .into_iter()
            .map(|record| Record {
                schema: event_model::record::SCHEMA_EVENT_V1,
                payload: record.into(),
            })
            .chain(batch.notes)
            .collect();
        let (answers, bytes) = (batch.answers, batch.bytes);
        match log.append_batch(records) {
            Ok(ticket) => {
                let in_flight = InFlight {
                    ticket,
                    answers,
                    bytes,
                };
                if completer.send(in_flight).is_err() {
                    // The completer died; the dropped answers say so.
                    return;
                }
            }
            Err(error) => {
                queue.release(bytes);
                refuse(answers, &error.into());
            }
        }
    }
}

fn complete(queue: &EventQueue, batches: &mpsc::Receiver<InFlight>) {
    for batch in batches {
        let outcome = batch.ticket.wait();
        // First: the appender can go on while the answers are given.
        queue.release(batch.bytes);
        match outcome {
            Ok(sequences) => {
                for (sequence, answer) in sequences.zip(batch.answers) {
                    // A caller that went away needs no answer.
                    let _ = answer.send(Ok(Position::new(0, sequence)));
                }
            }
            Err(error) => refuse(batch.answers, &error.into()),
        }
    }
}

fn refuse(answers: Vec<Answer>, error: &CommitError) {
    for answer in answers {
        let _ = answer.send(Err(error.clone()));
    }
}
