//! The queue between appending threads and the writer thread, bounded in bytes.
//!
//! Invariant: what was pushed is either drained by the writer or completed with an error; the order of pushes is the
//! order of sequence numbers. Payload CRCs and digests are computed by the pushing threads, not by the one writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::chain::PayloadDigest;
use crate::commit::{Completion, Ticket, lock};
use crate::error::{AppendError, CommitError};
use crate::format::{CONTROL_FRAME_BYTES, frame_bytes};
use crate::writer::WriterState;

/// One record to append.
#[derive(Clone, Debug)]
pub struct Record {
    /// The caller's kind and version of the record; the log only keeps it.
    pub schema: u16,
    /// The record's bytes, 1 to 16 MiB.
    pub payload: Bytes,
}

/// Records that a batch needs in its own segment, and that stand in one already: they are written before the batch,
/// and as a part of it, unless it goes into just that segment.
#[derive(Clone, Debug)]
pub struct Preface {
    /// Sequence number of the first record of the segment in which they stand.
    pub segment_base: u64,
    /// What they are.
    pub records: Vec<Record>,
}

/// The records of an append: most have one, and are not worth an allocation.
pub(crate) type Records = SmallVec<[Record; 1]>;

/// A record with what stands for its payload in the frame header and in the chain.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) record: Record,
    pub(crate) crc: u32,
    pub(crate) digest: PayloadDigest,
}

impl Sealed {
    pub(crate) fn new(log_id: &[u8; 16], record: Record) -> Self {
        Self {
            crc: crc32fast::hash(&record.payload),
            digest: PayloadDigest::of(log_id, &record.payload),
            record,
        }
    }
}

/// One append: a record, or the records of a batch; without any, the wish that the segment be completed.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) records: SmallVec<[Sealed; 1]>,
    pub(crate) batch: bool,
    /// Rarely written, so that checksums are left to whoever writes it.
    pub(crate) preface: Option<Preface>,
    /// Bytes of all of its frames but those of the preface.
    pub(crate) frame_bytes: usize,
    /// Bytes of the preface's frames.
    pub(crate) preface_bytes: usize,
    pub(crate) completion: Completion,
}

impl Append {
    pub(crate) fn new(
        log_id: &[u8; 16],
        records: Records,
        batch: bool,
        preface: Option<Preface>,
    ) -> (Self, Ticket) {
        let bytes_of = |records: &[Record]| -> usize {
            let frames = records.iter();
            frames.map(|record| frame_bytes(record.payload.len())).sum()
        };
        let frame_bytes = bytes_of(&records) + if batch { CONTROL_FRAME_BYTES } else { 0 };
        let preface_bytes = preface.as_ref().map_or(0, |p| bytes_of(&p.records));
        let sealed = |record| Sealed::new(log_id, record);
        let (completion, ticket) = Completion::pair();
        (
            Self {
                records: records.into_iter().map(sealed).collect(),
                batch,
                preface,
                frame_bytes,
                preface_bytes,
                completion,
            },
            ticket,
        )
    }

    /// Bytes of what is written at most.
    pub(crate) fn bytes_max(&self) -> usize {
        self.frame_bytes + self.preface_bytes
    }
}

#[derive(Debug)]
struct Inside {
    appends: VecDeque<Append>,
    bytes: usize,
    state: WriterState,
    closing: bool,
}

/// What the writer got.
#[derive(Debug)]
pub(crate) enum Drained {
    /// Appends to write now.
    Group(Vec<Append>),
    /// Nothing came in the given time.
    Idle,
    /// The queue is closed and empty.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Queue {
    inside: Mutex<Inside>,
    pushed: Condvar,
    bytes_max: usize,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let inside = Inside {
            appends: VecDeque::new(),
            bytes: 0,
            state: WriterState::Running,
            closing: false,
        };
        Self {
            inside: Mutex::new(inside),
            pushed: Condvar::new(),
            bytes_max,
        }
    }

    pub(crate) fn push(&self, append: Append) -> Result<(), AppendError> {
        let mut inside = lock(&self.inside);
        match &inside.state {
            WriterState::Poisoned { stage, error } => {
                return Err(AppendError::Poisoned {
                    stage,
                    error: error.clone(),
                });
            }
            WriterState::Closed => return Err(AppendError::Closed),
            _ if inside.closing => return Err(AppendError::Closed),
            WriterState::NoSpace { .. } => return Err(AppendError::NoSpace),
            WriterState::Running => {}
        }
        // One append always fits into an empty queue, else it could never be taken.
        if inside.bytes > 0 && inside.bytes + append.frame_bytes > self.bytes_max {
            return Err(AppendError::QueueFull {
                queued_bytes: inside.bytes,
                limit_bytes: self.bytes_max,
            });
        }
        inside.bytes += append.frame_bytes;
        let was_empty = inside.appends.is_empty();
        inside.appends.push_back(append);
        drop(inside);
        // The writer sleeps only on an empty queue; a wake-up is a system call, too dear for every append.
        if was_empty {
            self.pushed.notify_one();
        }
        Ok(())
    }

    /// Takes appends of up to `bytes_max` bytes together, at least one; waits at most `patience` for the first.
    pub(crate) fn drain(&self, bytes_max: usize, patience: Duration) -> Drained {
        let mut inside = lock(&self.inside);
        if inside.appends.is_empty() && !inside.closing {
            inside = self
                .pushed
                .wait_timeout_while(inside, patience, |inside| {
                    inside.appends.is_empty() && !inside.closing
                })
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(append) = inside.appends.front() {
            if !group.is_empty() && bytes + append.frame_bytes > bytes_max {
                break;
            }
            bytes += append.frame_bytes;
            group.extend(inside.appends.pop_front());
        }
        inside.bytes -= bytes;
        match (group.is_empty(), inside.closing) {
            (false, _) => Drained::Group(group),
            (true, true) => Drained::Closed,
            (true, false) => Drained::Idle,
        }
    }

    pub(crate) fn state(&self) -> WriterState {
        lock(&self.inside).state.clone()
    }

    /// Changes the state; a poisoned or closed writer stays so.
    pub(crate) fn set_state(&self, state: WriterState) {
        let mut inside = lock(&self.inside);
        if matches!(
            inside.state,
            WriterState::Running | WriterState::NoSpace { .. }
        ) {
            inside.state = state;
        }
    }

    /// Refuses everything that comes from now on; what is queued is still written.
    pub(crate) fn close(&self) {
        lock(&self.inside).closing = true;
        self.pushed.notify_all();
    }

    /// Completes everything that waits with `error`.
    pub(crate) fn fail_all(&self, error: &CommitError) {
        let appends = {
            let mut inside = lock(&self.inside);
            inside.bytes = 0;
            std::mem::take(&mut inside.appends)
        };
        for append in appends {
            append.completion.complete(Err(error.clone()));
        }
    }
}
