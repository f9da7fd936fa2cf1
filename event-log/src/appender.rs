//! From the queue of events to durable batches: two threads.
//!
//! The appender takes whatever gathered while the last batches were syncing, packs
//! it and hands it to the log; the completer waits for the log and answers the
//! tickets. At most [`BATCHES_IN_FLIGHT_MAX`] batches are on the way, so groups form
//! by themselves under load and a lone event never waits for company. Stacks go in before
//! the events of their batch, unless they stand in the segment already.
//!
//! Invariant: events are taken in turns ([`crate::lanes`]), batches appended and answered
//! in the order they were taken; the queue's bytes count an event from its append to its
//! answer. Every event is answered exactly once, also when a thread dies. Events that are
//! only counted become tally records of the batch that they were taken for.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use event_model::{
    Note, Position,
    note::{Summing, Surplus},
};
use log_core::{Log, Preface, Reader, Record, Ticket};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::{
    blocks::{Packed, Packer},
    error::{AppendError, CommitError, OpenError},
    lanes::{Lane, Lanes},
    stacks::{Landed, Sent, StackBook},
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
/// Tally records of a batch that an event is tried with: of more kinds at once each has
/// several, which count the same.
const TALLIES_TRIED_MAX: usize = 32;
/// Longest wait for work before the threads look again at whether they should end.
const WAIT_MAX: Duration = Duration::from_secs(1);

type Answer = oneshot::Sender<Result<Position, CommitError>>;

/// What goes into the log.
pub(crate) enum Payload {
    /// An event, its body still to be compressed with its neighbours'.
    Event(Packed),
    /// A record that goes in as it is.
    Note(Record),
    /// An event that is only counted, with others like it.
    Surplus(Box<Surplus>),
}

impl Payload {
    fn bytes(&self) -> usize {
        let held = match self {
            Self::Event(event) => event.head.len() + event.stack.len() + event.body.len(),
            Self::Note(record) => record.payload.len(),
            Self::Surplus(one) => size_of::<Surplus>() + one.environment.len() + one.release.len(),
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
    waiting: Lanes<Queued>,
    /// Of the events in the queue and in flight.
    bytes: usize,
    batches_in_flight: usize,
    /// Where stacks of batches that are durable stand, for the appender.
    landed: Vec<Landed>,
    closed: bool,
    /// The appender sleeps until an event comes. While it waits for room no event wakes
    /// it: under load that would be a wake-up for each, for nothing.
    wants_events: bool,
}

/// The queue of events, bounded in bytes.
pub(crate) struct EventQueue {
    state: Mutex<State>,
    changed: Condvar,
    bytes_max: usize,
    event_bytes_max: usize,
    batch_bytes_max: usize,
}

/// Events first, then notes, so that notes do not tear blocks of bodies apart, then tally
/// records, which stand for several events each; the answers stand in the same order.
#[derive(Default)]
struct Batch {
    events: Vec<Packed>,
    event_answers: Vec<Answer>,
    notes: Vec<Record>,
    note_answers: Vec<Answer>,
    tallies: Vec<(Summing, Vec<Answer>)>,
    bytes: usize,
    /// What was learned since the batch before.
    landed: Vec<Landed>,
}

impl Batch {
    fn add(&mut self, Queued { payload, answer }: Queued) {
        match payload {
            Payload::Event(event) => {
                self.events.push(event);
                self.event_answers.push(answer);
            }
            Payload::Note(record) => {
                self.notes.push(record);
                self.note_answers.push(answer);
            }
            // The newest are looked at first: a storm is of one kind, or of a few.
            Payload::Surplus(one) => {
                let recent = self.tallies.iter_mut().rev().take(TALLIES_TRIED_MAX);
                for (summing, answers) in recent {
                    if summing.add(&one) {
                        answers.push(answer);
                        return;
                    }
                }
                self.tallies.push((Summing::new(&one), vec![answer]));
            }
        }
    }

    /// The records, stacks first, and who waits for each of the others.
    fn into_records(self, packer: &mut Packer, book: &mut StackBook) -> Ready {
        book.learn(self.landed);
        let (stacks, places) = book.plan(&self.events);
        let (mut records, preface, stacks) = stacks.send();
        let alone = self.event_answers.into_iter().chain(self.note_answers);
        let mut answers: Vec<Answers> = alone.map(Answers::One).collect();
        let events = packer.pack(&self.events, &places).into_iter();
        records.extend(events.map(|record| Record {
            schema: event_model::record::SCHEMA_EVENT_V1,
            payload: record.into(),
        }));
        records.extend(self.notes);
        for (summing, waiting) in self.tallies {
            let note = Note::Sampled(summing.finish());
            records.push(Record {
                schema: note.schema(),
                payload: note.encode().into(),
            });
            answers.push(Answers::Many(waiting));
        }
        Ready {
            preface,
            records,
            answers,
            stacks,
        }
    }
}

/// A batch as it goes to the log.
struct Ready {
    /// Stacks that its segment should have already.
    preface: Option<Preface>,
    /// Other stacks, then what somebody waits for.
    records: Vec<Record>,
    answers: Vec<Answers>,
    /// What is to be learned of the stacks.
    stacks: Sent,
}

/// Who waits for a record.
enum Answers {
    One(Answer),
    Many(Vec<Answer>),
}

impl Answers {
    fn give(self, outcome: &Result<Position, CommitError>) {
        // A caller that went away needs no answer.
        match self {
            Self::One(answer) => {
                let _ = answer.send(outcome.clone());
            }
            Self::Many(answers) => {
                for answer in answers {
                    let _ = answer.send(outcome.clone());
                }
            }
        }
    }
}

struct InFlight {
    ticket: Ticket,
    answers: Vec<Answers>,
    stacks: Sent,
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
    pub(crate) fn push(&self, lane: Lane, payload: Payload) -> Result<EventTicket, AppendError> {
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
        let free = self.bytes_max - state.bytes;
        if !state.waiting.has_room(lane, bytes, free) {
            return Err(AppendError::Overloaded {
                queued_bytes: state.bytes as u64,
                queued_bytes_max: self.bytes_max as u64,
            });
        }
        state.bytes += bytes;
        state.waiting.push(lane, bytes, queued);
        let wakes = std::mem::take(&mut state.wants_events);
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
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
            if free && !state.waiting.is_empty() {
                break;
            }
            if state.closed && state.waiting.is_empty() {
                return None;
            }
            state.wants_events = free;
            self.changed.wait_for(&mut state, WAIT_MAX);
            state.wants_events = false;
        }
        let mut batch = Batch::default();
        while let Some(next) = state.waiting.next_bytes() {
            if batch.bytes > 0 && batch.bytes + next > self.batch_bytes_max {
                break;
            }
            let Some((bytes, queued)) = state.waiting.pop() else {
                break;
            };
            batch.bytes += bytes;
            batch.add(queued);
        }
        state.batches_in_flight += 1;
        batch.landed = std::mem::take(&mut state.landed);
        Some(batch)
    }

    /// A batch is off the disk's hands: its bytes are free again, and where its stacks
    /// stand is known.
    fn release(&self, bytes: usize, landed: Option<Landed>) {
        let mut state = self.state.lock();
        state.landed.extend(landed);
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
        self.0.state.lock().waiting.clear();
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
    let (guard, reader) = (EndGuard(Arc::clone(queue)), log.reader());
    let completer = NamedThread::spawn(completer, move || complete(&guard.0, &reader, &receiver))?;
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
    let mut book = StackBook::default();
    while let Some(batch) = queue.take() {
        let bytes = batch.bytes;
        let ready = batch.into_records(&mut packer, &mut book);
        let (answers, stacks) = (ready.answers, ready.stacks);
        let appended = match ready.preface {
            Some(preface) => log.append_batch_after(preface, ready.records),
            None => log.append_batch(ready.records),
        };
        match appended {
            Ok(ticket) => {
                let in_flight = InFlight {
                    ticket,
                    answers,
                    stacks,
                    bytes,
                };
                if completer.send(in_flight).is_err() {
                    // The completer died; the dropped answers say so.
                    return;
                }
            }
            Err(error) => {
                queue.release(bytes, None);
                refuse(answers, &error.into());
            }
        }
    }
}

fn complete(queue: &EventQueue, reader: &Reader, batches: &mpsc::Receiver<InFlight>) {
    for batch in batches {
        let outcome = batch.ticket.wait();
        // What nobody waits for are stacks, and they stand first.
        let stacks = |sequences: &std::ops::Range<u64>| {
            let records = sequences.end - sequences.start;
            records as usize - batch.answers.len()
        };
        let landed = outcome.as_ref().ok().and_then(|sequences| {
            let base = reader.segment_of(sequences.start)?.base;
            batch
                .stacks
                .landed(sequences.start, stacks(sequences), base)
        });
        // First: the appender can go on while the answers are given.
        queue.release(batch.bytes, landed);
        match outcome {
            Ok(sequences) => {
                let events = sequences.clone().skip(stacks(&sequences));
                for (sequence, answers) in events.zip(batch.answers) {
                    answers.give(&Ok(Position::new(0, sequence)));
                }
            }
            Err(error) => refuse(batch.answers, &error.into()),
        }
    }
}

fn refuse(answers: Vec<Answers>, error: &CommitError) {
    let outcome = Err(error.clone());
    for waiting in answers {
        waiting.give(&outcome);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
