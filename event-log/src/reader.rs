//! Reading both logs as one stream, in the order of the events log.
//!
//! Invariant: what is read is durable; positions grow strictly, with gaps where stacks
//! stand, which come with their events. Heads are read in place from the mapped segment; a
//! stack is checked and copied out of the log once, and kept for all events that have it; a
//! body is unpacked only when asked for, its block kept for the neighbours. Fails with [`ReadError`], which names the record.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use event_model::{
    Command, EventRecord, Note, Position, RecordError, StackHash, StoredEvent, StoredStack,
    record::{
        BodyRef, SCHEMA_EVENT_V1, SCHEMA_MARKER_V1, SCHEMA_STACK_V1, StackPlace, decode_marker,
    },
};
use log_core::Reader;

use crate::{
    blocks::{BlockCache, unpack},
    error::{OpenError, ReadError, WhichLog, read_error},
    folders::log_dir,
    stacks::StackCache,
};

/// Pause of a wait on a log whose writer has ended.
const PAUSE_AFTER_END: Duration = Duration::from_millis(20);

/// One record of the stream.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its place.
    pub position: Position,
    /// When it was written, Unix nanoseconds, server's clock.
    pub time_ns: i64,
    /// What it is.
    pub entry: Entry,
}

/// What a record of the stream is.
#[derive(Debug, Clone)]
pub enum Entry {
    /// An event.
    Event(StoredEvent),
    /// A command that takes effect here.
    Command {
        /// Its number in the control log.
        number: u64,
        /// The command.
        command: Command,
    },
    /// What came beside events, or was not kept.
    Note(Note),
    /// Written by a newer release, to be passed over.
    Opaque {
        /// Its schema: of the record, or of the command that a marker names.
        schema: u16,
    },
}

/// The records of one segment. Cold files are cut at segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentSpan {
    /// The first record.
    pub first: Position,
    /// Exclusive; of an incomplete segment the place after the last durable record.
    pub end: Position,
    /// Nothing more will come in this segment.
    pub complete: bool,
}

/// A reader of both logs. Clones share the mappings and the decoded blocks.
#[derive(Clone)]
pub struct LogReader(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) events: Reader,
    pub(crate) control: Reader,
    blocks: BlockCache,
    stacks: StackCache,
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogReader").field(&self.end()).finish()
    }
}

impl LogReader {
    pub(crate) fn new(dir: &Path, events: Reader, control: Reader) -> Self {
        Self(Arc::new(Inner {
            dir: dir.to_owned(),
            events,
            control,
            blocks: BlockCache::default(),
            stacks: StackCache::default(),
        }))
    }

    /// Opens the logs in `dir` (`data/log`) without the writer's lock.
    pub fn open_read_only(dir: &Path) -> Result<Self, OpenError> {
        let open = |log| {
            let dir = log_dir(dir, log);
            Reader::open_read_only(&dir).map_err(|source| OpenError::Log { log, dir, source })
        };
        let (events, control) = (open(WhichLog::Events)?, open(WhichLog::Control)?);
        Ok(Self::new(dir, events, control))
    }

    /// Follows the logs in `dir` (`data/log`) that another process writes: what it makes
    /// durable from now on is read and waited for like in its own process, also after
    /// it has been started anew. Changes nothing on disk.
    pub fn follow(dir: &Path) -> Result<Self, OpenError> {
        let open = |log| {
            let dir = log_dir(dir, log);
            Reader::follow(&dir).map_err(|source| OpenError::Log { log, dir, source })
        };
        let (events, control) = (open(WhichLog::Events)?, open(WhichLog::Control)?);
        Ok(Self::new(dir, events, control))
    }

    /// The last durable position; 0: none.
    pub fn end(&self) -> Position {
        Position(self.0.events.durable_end() - 1)
    }

    /// The first position still kept; one after the end if there is none.
    pub fn first(&self) -> Position {
        Position(self.0.events.first())
    }

    /// The last durable command's number; 0: none.
    pub fn commands_end(&self) -> u64 {
        self.0.control.durable_end() - 1
    }

    /// The records after `position` up to the durable end of this moment.
    ///
    /// What is no longer kept is left out: whoever must not miss anything compares
    /// with [`Self::first`].
    ///
    /// After [`ReadError::Record`] or [`ReadError::CommandMissing`] the iterator goes
    /// on with the next record; after [`ReadError::Log`] it ends.
    pub fn read_after(&self, position: Position) -> Items {
        let next = (position.sequence() + 1).max(self.0.events.first());
        Items {
            entries: self.0.events.read(next),
            end: self.0.events.durable_end(),
            reader: self.clone(),
            last_stack: None,
            failed: false,
        }
    }

    /// Waits until a record after `position` is durable; whether one is.
    pub fn wait_past(&self, position: Position, timeout: Duration) -> bool {
        wait_for(&self.0.events, position.sequence() + 1, timeout)
    }

    /// The event at `position`; none if another record or nothing is there. One that
    /// retention dropped answers [`ReadError::NotRetained`].
    pub fn event(&self, position: Position) -> Result<Option<StoredEvent>, ReadError> {
        let record = self.event_record(position.sequence())?;
        record
            .map(|record| self.with_stack(position.sequence(), record, None))
            .transpose()
    }

    fn event_record(&self, sequence: u64) -> Result<Option<EventRecord>, ReadError> {
        let entry = self
            .0
            .events
            .get(sequence)
            .map_err(read_error(WhichLog::Events))?;
        entry
            .filter(|entry| entry.schema == SCHEMA_EVENT_V1)
            .map(|entry| EventRecord::parse(entry.schema, entry.payload))
            .transpose()
            .map_err(damaged(WhichLog::Events, sequence))
    }

    /// An event with its stack: the one at hand, one that was read before, or that of the
    /// event's segment.
    fn with_stack(
        &self,
        sequence: u64,
        record: EventRecord,
        at_hand: Option<&StoredStack>,
    ) -> Result<StoredEvent, ReadError> {
        let hash = record.stack().hash;
        if hash == StackHash::NONE {
            let event = record.with(StoredStack::none());
            return event.map_err(damaged(WhichLog::Events, sequence));
        }
        let at_hand = at_hand.filter(|stack| stack.hash() == hash).cloned();
        let stack = match at_hand.or_else(|| self.0.stacks.get(hash)) {
            Some(stack) => stack,
            None => self.read_stack(sequence, &record)?,
        };
        record
            .with(stack)
            .map_err(damaged(WhichLog::Events, sequence))
    }

    /// Where the record of an event's stack stands.
    pub(crate) fn stack_position(&self, event: Position, place: &StackPlace) -> Position {
        let segment = self.0.events.segment_of(event.sequence());
        let base = segment.map_or(0, |segment| segment.base);
        Position(place.of(event.sequence(), base))
    }

    fn read_stack(&self, sequence: u64, event: &EventRecord) -> Result<StoredStack, ReadError> {
        let place = event.stack();
        let at = self.stack_position(Position(sequence), place).sequence();
        let entry = match self.0.events.get(at) {
            // A repair gave it up: that cannot be mended, and must not stop a reader.
            Err(log_core::ReadError::Lost { .. }) => None,
            entry => entry.map_err(read_error(WhichLog::Events))?,
        };
        let entry = entry.filter(|entry| entry.schema == SCHEMA_STACK_V1);
        let stack = match entry {
            // Copied, so that what is kept does not hold on to a segment.
            Some(entry) => StoredStack::read(place.hash, Bytes::copy_from_slice(&entry.payload)),
            None => Err(RecordError::NoStack { sequence: at }),
        };
        let stack = stack.map_err(damaged(WhichLog::Events, sequence))?;
        self.0.stacks.add(stack.clone());
        Ok(stack)
    }

    /// The JSON document of the event at `position`, wherever it is. Bodies read one
    /// after another decode each shared block once.
    pub fn body(&self, position: Position, event: &StoredEvent) -> Result<Bytes, ReadError> {
        let fail = |reason: String| ReadError::Body { position, reason };
        match event.body() {
            BodyRef::Plain(body) => Ok(body.clone()),
            BodyRef::Zstd { frame, len } => {
                let body = unpack(frame).map_err(fail)?;
                if body.len() != *len as usize {
                    return Err(fail(format!("{} bytes instead of {len}", body.len())));
                }
                Ok(body)
            }
            BodyRef::Block {
                back,
                offset,
                len,
                frame,
            } => {
                let carrier = position
                    .sequence()
                    .checked_sub(u64::from(*back))
                    .ok_or_else(|| fail(format!("its block is {back} records back")))?;
                let block = self.0.blocks.get_or(carrier, || match frame {
                    Some(frame) => unpack(frame).map_err(fail),
                    None => self.carried_block(position, carrier),
                })?;
                let range = *offset as usize..*offset as usize + *len as usize;
                if range.end > block.len() {
                    return Err(fail(format!(
                        "bytes {range:?} of a block of {}",
                        block.len()
                    )));
                }
                Ok(block.slice(range))
            }
        }
    }

    fn carried_block(&self, position: Position, carrier: u64) -> Result<Bytes, ReadError> {
        let fail = |reason: String| ReadError::Body { position, reason };
        let event = self
            .event_record(carrier)?
            .ok_or_else(|| fail(format!("record {carrier} should carry its block")))?;
        match event.body() {
            BodyRef::Block {
                frame: Some(frame), ..
            } => unpack(frame).map_err(fail),
            _ => Err(fail(format!("record {carrier} carries no block"))),
        }
    }

    /// The commands after `number`, in the order of the control log: **every durable
    /// one, also one whose marker is not yet durable** (it will be, at the latest
    /// when the log opens next). Right for the fold of the control state; a
    /// projection takes commands from [`Self::read_after`] instead. Commands of a
    /// newer release are passed over: numbers grow, but may have gaps.
    pub fn commands_after(
        &self,
        number: u64,
    ) -> impl Iterator<Item = Result<(u64, Command), ReadError>> + use<> {
        let end = self.0.control.durable_end();
        self.0
            .control
            .read((number + 1).max(self.0.control.first()))
            .take_while(move |entry| entry.as_ref().map_or(true, |e| e.sequence < end))
            .filter_map(|entry| {
                let entry = match entry.map_err(read_error(WhichLog::Control)) {
                    Ok(entry) => entry,
                    Err(error) => return Some(Err(error)),
                };
                match Command::decode(entry.schema, &entry.payload) {
                    Ok(command) => Some(Ok((entry.sequence, command))),
                    Err(RecordError::UnknownSchema(_)) => None,
                    Err(source) => Some(Err(ReadError::Record {
                        log: WhichLog::Control,
                        sequence: entry.sequence,
                        source,
                    })),
                }
            })
    }

    /// Waits until a command after `number` is durable; whether one is.
    pub fn wait_commands_past(&self, number: u64, timeout: Duration) -> bool {
        wait_for(&self.0.control, number + 1, timeout)
    }

    /// The segment that holds `position`; none if nothing durable is there.
    pub fn segment_of(&self, position: Position) -> Option<SegmentSpan> {
        let events = &self.0.events;
        if position.sequence() >= events.durable_end() {
            return None;
        }
        let segment = events.segment_of(position.sequence())?;
        Some(SegmentSpan {
            first: Position(segment.base),
            end: Position(segment.end),
            complete: segment.complete,
        })
    }

    fn item(
        &self,
        entry: log_core::Entry,
        last_stack: &mut Option<StoredStack>,
    ) -> Result<Item, ReadError> {
        let (position, time_ns) = (Position::new(0, entry.sequence), entry.time_ns);
        let events_damaged = damaged(WhichLog::Events, position.sequence());
        let entry = match entry.schema {
            SCHEMA_EVENT_V1 => {
                let record = EventRecord::parse(entry.schema, entry.payload);
                let record = record.map_err(events_damaged)?;
                let event = self.with_stack(position.sequence(), record, last_stack.as_ref())?;
                *last_stack = Some(event.stack().clone());
                Entry::Event(event)
            }
            SCHEMA_MARKER_V1 => {
                let number = decode_marker(&entry.payload).map_err(events_damaged)?;
                let record = self
                    .0
                    .control
                    .get(number)
                    .map_err(read_error(WhichLog::Control))?
                    .ok_or(ReadError::CommandMissing { position, number })?;
                match Command::decode(record.schema, &record.payload) {
                    Ok(command) => Entry::Command { number, command },
                    Err(RecordError::UnknownSchema(schema)) => Entry::Opaque { schema },
                    Err(source) => return Err(damaged(WhichLog::Control, number)(source)),
                }
            }
            schema if Note::is_schema(schema) => {
                let note = Note::decode(schema, &entry.payload).map_err(events_damaged)?;
                Entry::Note(note)
            }
            schema => Entry::Opaque { schema },
        };
        Ok(Item {
            position,
            time_ns,
            entry,
        })
    }
}

fn damaged(log: WhichLog, sequence: u64) -> impl Fn(RecordError) -> ReadError + Copy {
    move |source| ReadError::Record {
        log,
        sequence,
        source,
    }
}

/// Waits until record `sequence` is durable; whether it is. When the writer has
/// ended the log answers at once: callers that wait in a loop must not spin then.
fn wait_for(log: &Reader, sequence: u64, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    let there = log.wait_past(sequence, timeout);
    if !there {
        let left = deadline.saturating_duration_since(Instant::now());
        std::thread::park_timeout(left.min(PAUSE_AFTER_END));
    }
    there
}

/// The records after a position, in order. See [`LogReader::read_after`].
pub struct Items {
    entries: log_core::Iter,
    /// Exclusive.
    end: u64,
    reader: LogReader,
    /// Of the event before: most often the next one's, too.
    last_stack: Option<StoredStack>,
    failed: bool,
}

impl Items {
    /// The place of the record that was read last, also of one that could not be; before
    /// the first the place before it.
    pub fn position(&self) -> Position {
        Position(self.entries.position() - 1)
    }
}

impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Iterator for Items {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        loop {
            match self.entries.next()? {
                Ok(entry) if entry.sequence >= self.end => return None,
                Ok(entry) if entry.schema == SCHEMA_STACK_V1 => {}
                Ok(entry) => return Some(self.reader.item(entry, &mut self.last_stack)),
                Err(source) => {
                    self.failed = true;
                    return Some(Err(read_error(WhichLog::Events)(source)));
                }
            }
        }
    }
}
