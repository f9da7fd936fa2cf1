//! The stack of an event: the part of its head that other events share.
//!
//! Its types, frames and debug ids; whatever differs from event to event (texts, ids,
//! times, tags) is not in it. It is a record of its own, which stands once a segment of
//! the log (or once a batch) before the events that name it by its hash.
//!
//! Invariant: the hash is one of the archive's bytes that cannot be forged (SHA-256, cut to
//! 128 bits), so that what is known of a stack may be kept by its hash, over all projects.
//! Whether bytes have their hash is checked once, when they are read
//! ([`StoredStack::read`]), together with the archive's soundness.

use std::{fmt, sync::OnceLock};

use bytes::Bytes;
use rkyv::{Archive, Serialize, rancor, util::AlignedVec, with::With};
use sha2::{Digest, Sha256};

use crate::{
    head::{ExceptionHeadV1, FrameHeadV1, Head, HeadV1},
    record::{RecordError, aligned},
};

/// The newest stack as archived.
pub type ArchivedStack = ArchivedStackV1;

/// Version 1 of the stack: these fields of a head.
#[derive(Debug, Archive, Serialize)]
#[rkyv(remote = HeadV1)]
pub struct StackV1 {
    /// What frames mean depends on it.
    pub platform: String,
    /// Without their texts.
    pub exceptions: Vec<ExceptionHeadV1>,
    /// As in the head.
    pub thread_frames: Vec<FrameHeadV1>,
    /// As in the head.
    pub debug_ids: Vec<String>,
}

/// The archive of a head's stack: the payload of its record. None for an event with
/// neither exceptions nor frames, which needs no record.
pub fn archive_stack(head: &Head) -> Option<AlignedVec> {
    let is_none =
        head.exceptions.is_empty() && head.thread_frames.is_empty() && head.debug_ids.is_empty();
    (!is_none).then(|| archive(head))
}

fn archive(head: &Head) -> AlignedVec {
    rkyv::to_bytes::<rancor::Error>(With::<Head, StackV1>::cast(head))
        .expect("a stack holds only numbers, strings and lists, which always archive")
}

/// What a stack is known by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct StackHash(pub [u8; 16]);

impl StackHash {
    /// Of no stack at all. Events of any platform have it.
    pub const NONE: Self = Self([0; 16]);

    /// Of an archived stack.
    pub fn of(archive: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"errata stack 1");
        hash.update(archive);
        let digest: [u8; 32] = hash.finalize().into();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self(short)
    }
}

impl fmt::Display for StackHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StackHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A stack record, checked.
#[derive(Clone)]
pub struct StoredStack {
    hash: StackHash,
    archive: Bytes,
}

impl StoredStack {
    /// No stack at all.
    pub fn none() -> Self {
        static NONE: OnceLock<StoredStack> = OnceLock::new();
        let none = NONE.get_or_init(|| StoredStack {
            hash: StackHash::NONE,
            archive: Bytes::from_owner(archive(&Head::default())),
        });
        none.clone()
    }

    /// Reads a stack that should have this hash. The bytes are kept as they are, unless
    /// they are not aligned to 16.
    pub fn read(hash: StackHash, archive: Bytes) -> Result<Self, RecordError> {
        let found = StackHash::of(&archive);
        if found != hash {
            return Err(RecordError::StackHash {
                wanted: hash,
                found,
            });
        }
        let archive = aligned(archive);
        rkyv::access::<ArchivedStack, rancor::Error>(&archive).map_err(|e| {
            RecordError::Archive {
                what: "stack",
                reason: e.to_string(),
            }
        })?;
        Ok(Self { hash, archive })
    }

    /// What it is known by.
    pub fn hash(&self) -> StackHash {
        self.hash
    }

    /// The bytes it takes.
    pub fn len(&self) -> usize {
        self.archive.len()
    }

    /// Never: an empty archive is not sound.
    pub fn is_empty(&self) -> bool {
        self.archive.is_empty()
    }

    /// The stack, in place.
    #[expect(
        unsafe_code,
        reason = "validated once in `read`, the bytes never change"
    )]
    pub fn get(&self) -> &ArchivedStack {
        // SAFETY: `read` ran bytecheck over exactly these bytes at this alignment, or `none`
        // has just made them, and `Bytes` is immutable.
        unsafe { rkyv::access_unchecked::<ArchivedStack>(&self.archive) }
    }
}

impl fmt::Debug for StoredStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoredStack").field(&self.hash).finish()
    }
}
