//! The bytes of a record of the events log, and how to read them in place.
//!
//! Layout of an event record (schema [`SCHEMA_EVENT_V1`]), little-endian:
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | `head_len` |
//! | 4 | 1 | body kind: 0 plain, 1 zstd, 2 in a shared block |
//! | 5 | 1 | 0 |
//! | 6 | 2 | kind 2: how many sequence numbers back the record is that carries the block; 0: this one |
//! | 8 | 4 | kind 2: the body's offset in the decompressed block |
//! | 12 | 4 | the body's length, decompressed |
//! | 16 | 16 | hash of the stack; zeros: the event has none |
//! | 32 | 8 | sequence number of the stack's record; it counts if it is in the same segment |
//! | 40 | 4 | else: how many sequence numbers back the stack's record is |
//! | 44 | 4 | 0 |
//! | 48 | `head_len` | rkyv archive of what the event has of its own, 16-byte aligned |
//! | … | | padding to 16, then the body (kinds 0, 1) or the compressed block (kind 2, back 0) |
//!
//! A stack (schema [`SCHEMA_STACK_V1`]) is the rkyv archive of [`crate::stack`]. It stands
//! in the same segment as the events that name it, before them.
//!
//! A marker (schema [`SCHEMA_MARKER_V1`]) is the number of a control record, u64.
//! [`crate::note`] has the other records of the events log, [`crate::Decision`] those
//! of the control log; no two kinds share a number.
//! Invariant: head bytes are validated by bytecheck before the first access, so a
//! [`EventRecord`] always has a sound head, a [`StoredEvent`] a sound stack, too. A schema this release does not know is
//! [`RecordError::UnknownSchema`]: an opaque record, to be passed over.

use bytes::Bytes;
use rkyv::{rancor, util::AlignedVec};

use crate::{
    head::{ArchivedHead, Head, WholeHead},
    stack::{StackHash, StoredStack, archive_stack},
};

/// Event, version 1.
pub const SCHEMA_EVENT_V1: u16 = 0x0101;
/// Marker of a control record, version 1.
pub const SCHEMA_MARKER_V1: u16 = 0x0201;

/// Stack of events, version 1.
pub const SCHEMA_STACK_V1: u16 = 0x0301;

/// Bytes before the head.
pub const PREFIX_BYTES: usize = 48;
/// Alignment of head and body within the record; the log aligns payloads alike.
pub const ALIGN: usize = 16;

/// Why bytes are no record of ours.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer release: opaque, not corrupt.
    #[error("record schema {0:#06x} is not known to this release")]
    UnknownSchema(u16),
    /// Shorter than its own lengths say.
    #[error("record of {len} bytes is too short: {what} needs {need}")]
    TooShort {
        /// The record's length, bytes.
        len: usize,
        /// Which part.
        what: &'static str,
        /// Bytes it needs.
        need: usize,
    },
    /// An impossible body kind.
    #[error("body kind {0} is not one of 0, 1, 2")]
    BodyKind(u8),
    /// The archive is damaged.
    #[error("archived {what} does not validate: {reason}")]
    Archive {
        /// "head", "stack", "command" or "note".
        what: &'static str,
        /// bytecheck's words.
        reason: String,
    },
    /// Bytes that are another stack, or none.
    #[error("a stack has the hash {found}, not {wanted}")]
    StackHash {
        /// By which it is named.
        wanted: StackHash,
        /// Of the bytes.
        found: StackHash,
    },
    /// The record that an event names is not a stack.
    #[error("record {sequence} is no stack")]
    NoStack {
        /// Where it should be.
        sequence: u64,
    },
}

/// Which stack an event has, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StackPlace {
    /// What the stack is known by.
    pub hash: StackHash,
    /// Sequence number of its record: if that is in the event's segment, it is there.
    pub sequence: u64,
    /// Else: how many sequence numbers before the event it is.
    pub back: u32,
}

impl StackPlace {
    /// Where the stack of the event with this number is, in a segment that begins with
    /// `base`.
    pub fn of(&self, event: u64, base: u64) -> u64 {
        if self.sequence >= base && self.sequence < event {
            self.sequence
        } else {
            event.saturating_sub(u64::from(self.back))
        }
    }
}

/// Where an event's body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyRef {
    /// In the record, as is.
    Plain(Bytes),
    /// In the record, one zstd frame of `len` bytes decompressed.
    Zstd {
        /// The frame.
        frame: Bytes,
        /// Decompressed length, bytes.
        len: u32,
    },
    /// Part of a block that one record of the same batch carries.
    Block {
        /// Sequence numbers back to the record that carries it; 0: this one.
        back: u16,
        /// Offset in the decompressed block, bytes.
        offset: u32,
        /// Length, bytes.
        len: u32,
        /// The block's zstd frame, if this record carries it.
        frame: Option<Bytes>,
    },
}

/// Where [`encode_event`] puts a body.
#[derive(Debug, Clone, Copy)]
pub enum BodyPlace<'a> {
    /// In the record, as is.
    Plain(&'a [u8]),
    /// In the record, a zstd frame of `len` bytes decompressed.
    Zstd {
        /// The frame.
        frame: &'a [u8],
        /// Decompressed length, bytes.
        len: u32,
    },
    /// In a shared block.
    Block {
        /// Sequence numbers back to the record that carries it; 0: this one.
        back: u16,
        /// Offset in the decompressed block, bytes.
        offset: u32,
        /// Length, bytes.
        len: u32,
        /// The block's zstd frame; given exactly if `back` is 0.
        frame: Option<&'a [u8]>,
    },
}

/// The archive of what an event has of its own of a head, for [`encode_event`].
pub fn archive_head(head: &Head) -> AlignedVec {
    rkyv::to_bytes::<rancor::Error>(head)
        .expect("a head holds only numbers, strings and lists, which always archive")
}

/// One event record.
pub fn encode_event(head: &[u8], stack: &StackPlace, body: BodyPlace<'_>) -> Vec<u8> {
    let (kind, back, offset, len, tail): (u8, u16, u32, u32, &[u8]) = match body {
        BodyPlace::Plain(bytes) => (0, 0, 0, bytes.len() as u32, bytes),
        BodyPlace::Zstd { frame, len } => (1, 0, 0, len, frame),
        BodyPlace::Block {
            back,
            offset,
            len,
            frame,
        } => (2, back, offset, len, frame.unwrap_or_default()),
    };
    let mut record =
        Vec::with_capacity(PREFIX_BYTES + head.len().next_multiple_of(ALIGN) + tail.len());
    record.extend_from_slice(&(head.len() as u32).to_le_bytes());
    record.push(kind);
    record.push(0);
    record.extend_from_slice(&back.to_le_bytes());
    record.extend_from_slice(&offset.to_le_bytes());
    record.extend_from_slice(&len.to_le_bytes());
    record.extend_from_slice(&stack.hash.0);
    record.extend_from_slice(&stack.sequence.to_le_bytes());
    record.extend_from_slice(&stack.back.to_le_bytes());
    record.extend_from_slice(&[0; 4]);
    record.extend_from_slice(head);
    if !tail.is_empty() {
        record.resize(record.len().next_multiple_of(ALIGN), 0);
        record.extend_from_slice(tail);
    }
    record
}

/// An event record, its head validated, nothing copied; its stack is still to be found.
#[derive(Debug, Clone)]
pub struct EventRecord {
    record: Bytes,
    head_end: usize,
    stack: StackPlace,
    body: BodyRef,
}

/// An event record with its stack.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    record: EventRecord,
    stack: StoredStack,
}

impl EventRecord {
    /// Reads a record of schema `schema`. The bytes should be 16-byte aligned, as
    /// the log hands them out; others are copied once.
    pub fn parse(schema: u16, record: Bytes) -> Result<Self, RecordError> {
        if schema != SCHEMA_EVENT_V1 {
            return Err(RecordError::UnknownSchema(schema));
        }
        let record = aligned(record);
        let word = |at: usize| -> Result<u32, RecordError> {
            let four = record
                .get(at..at + 4)
                .and_then(|s| <[u8; 4]>::try_from(s).ok());
            four.map(u32::from_le_bytes).ok_or(RecordError::TooShort {
                len: record.len(),
                what: "prefix",
                need: PREFIX_BYTES,
            })
        };
        let head_len = word(0)? as usize;
        let kind_and_back = word(4)?;
        let (offset, len) = (word(8)?, word(12)?);
        let stack = stack_place(&record)?;
        let head_end = PREFIX_BYTES + head_len;
        let head = record
            .get(PREFIX_BYTES..head_end)
            .ok_or(RecordError::TooShort {
                len: record.len(),
                what: "head",
                need: head_end,
            })?;
        rkyv::access::<ArchivedHead, rancor::Error>(head).map_err(|e| RecordError::Archive {
            what: "head",
            reason: e.to_string(),
        })?;
        let tail_start = head_end.next_multiple_of(ALIGN);
        let tail = if tail_start < record.len() {
            record.slice(tail_start..)
        } else {
            Bytes::new()
        };
        let back = (kind_and_back >> 16) as u16;
        let body = match (kind_and_back & 0xff) as u8 {
            0 if tail.len() == len as usize => BodyRef::Plain(tail),
            0 => {
                return Err(RecordError::TooShort {
                    len: record.len(),
                    what: "body",
                    need: tail_start + len as usize,
                });
            }
            1 => BodyRef::Zstd { frame: tail, len },
            2 => BodyRef::Block {
                back,
                offset,
                len,
                frame: (back == 0).then_some(tail),
            },
            kind => return Err(RecordError::BodyKind(kind)),
        };
        Ok(Self {
            record,
            head_end,
            stack,
            body,
        })
    }

    /// Which stack it has, and where.
    pub fn stack(&self) -> &StackPlace {
        &self.stack
    }

    /// With its stack.
    pub fn with(self, stack: StoredStack) -> Result<StoredEvent, RecordError> {
        if stack.hash() != self.stack.hash {
            return Err(RecordError::StackHash {
                wanted: self.stack.hash,
                found: stack.hash(),
            });
        }
        Ok(StoredEvent {
            record: self,
            stack,
        })
    }

    /// What the event has of its own of its head, in place.
    #[expect(
        unsafe_code,
        reason = "validated once in `parse`, the bytes never change"
    )]
    pub fn head(&self) -> &ArchivedHead {
        let bytes = &self.record[PREFIX_BYTES..self.head_end];
        // SAFETY: `parse` ran bytecheck over exactly these bytes at this alignment,
        // and `Bytes` is immutable.
        unsafe { rkyv::access_unchecked::<ArchivedHead>(bytes) }
    }

    /// Where the body is.
    pub fn body(&self) -> &BodyRef {
        &self.body
    }
}

fn stack_place(record: &Bytes) -> Result<StackPlace, RecordError> {
    let too_short = || RecordError::TooShort {
        len: record.len(),
        what: "prefix",
        need: PREFIX_BYTES,
    };
    let rest = record.get(16..PREFIX_BYTES).ok_or_else(too_short)?;
    let (hash, rest) = rest.split_first_chunk().ok_or_else(too_short)?;
    let (sequence, rest) = rest.split_first_chunk().ok_or_else(too_short)?;
    let (back, _) = rest.split_first_chunk().ok_or_else(too_short)?;
    Ok(StackPlace {
        hash: StackHash(*hash),
        sequence: u64::from_le_bytes(*sequence),
        back: u32::from_le_bytes(*back),
    })
}

impl StoredEvent {
    /// Bytes of its record. The bodies of several events may stand in the record of the
    /// first of them, and its stack in one of its own.
    pub fn record_bytes(&self) -> usize {
        self.record.record.len()
    }

    /// A head as it is read from the log, with a body of nothing: for tests, and for
    /// what is to be grouped without being stored.
    pub fn of(head: &Head) -> Result<Self, RecordError> {
        let stack = match archive_stack(head) {
            Some(archive) => {
                StoredStack::read(StackHash::of(&archive), Bytes::from_owner(archive))?
            }
            None => StoredStack::none(),
        };
        let place = StackPlace {
            hash: stack.hash(),
            ..StackPlace::default()
        };
        let record = encode_event(&archive_head(head), &place, BodyPlace::Plain(b"{}"));
        let record = EventRecord::parse(SCHEMA_EVENT_V1, record.into())?;
        record.with(stack)
    }

    /// What the event has of its own of its head.
    pub fn head(&self) -> &ArchivedHead {
        self.record.head()
    }

    /// Its whole head.
    pub fn whole(&self) -> WholeHead<'_> {
        WholeHead::new(self.record.head(), self.stack.get())
    }

    /// Its stack.
    pub fn stack(&self) -> &StoredStack {
        &self.stack
    }

    /// Its record.
    pub fn record(&self) -> &EventRecord {
        &self.record
    }

    /// Where the body is.
    pub fn body(&self) -> &BodyRef {
        self.record.body()
    }
}

/// The same bytes, aligned as an archive needs them; copied only if they are not.
pub(crate) fn aligned(bytes: Bytes) -> Bytes {
    if (bytes.as_ptr() as usize).is_multiple_of(ALIGN) {
        return bytes;
    }
    let mut aligned = AlignedVec::<ALIGN>::with_capacity(bytes.len());
    aligned.extend_from_slice(&bytes);
    Bytes::from_owner(aligned)
}

/// A marker record: "control record `number` takes effect here".
pub fn encode_marker(number: u64) -> [u8; 16] {
    let mut record = [0u8; 16];
    record[..8].copy_from_slice(&number.to_le_bytes());
    record
}

/// The control record's number that a marker names.
pub fn decode_marker(record: &[u8]) -> Result<u64, RecordError> {
    let eight = record.get(..8).and_then(|s| <[u8; 8]>::try_from(s).ok());
    eight.map(u64::from_le_bytes).ok_or(RecordError::TooShort {
        len: record.len(),
        what: "marker",
        need: 8,
    })
}
