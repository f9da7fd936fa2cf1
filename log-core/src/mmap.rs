//! Read-only mappings of segments, and the mapped publication page: the only module with unsafe code.
//!
//! Owns the mapping of a segment and the number of bytes of it that may be looked at. Invariant (the contract on which
//! the unsafe blocks rest): bytes below `readable` have been written and synced before `readable` was raised above
//! them, and no one writes to them again while any mapping lives; the file is never made shorter than `readable`.
//! The writer never stores through a mapping, it uses `pwrite` above `readable` only. Recovery writes below the
//! valid end of a tail segment only before a mapping of it exists in the process, and with the writer's lock held.
//!
//! A simulated disk cannot be mapped: it hands out copies of the same bytes, behind the same type.
//!
//! The publication page is shared memory: every process accesses its words by atomic operations alone, a mapping for
//! reading is only loaded from (`publish` sees to both), and its file stays one page long for good.
//!
//! Fails by SIGBUS when the disk cannot deliver a page, as every mapping does; the process ends then.
#![allow(
    unsafe_code,
    reason = "slices over a mapping cannot be formed without; each block is argued"
)]

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use memmap2::{MmapOptions, MmapRaw};

use crate::io::{LogFile, read_up_to};
use crate::publish::{PAGE_BYTES, WORDS_AT, Words};

/// A mapped segment.
#[derive(Debug)]
pub struct Mapping {
    source: Source,
    readable: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Source {
    Mapped(MmapRaw),
    Copied(Arc<dyn LogFile>),
}

impl Mapping {
    /// Maps the whole of `file`. `readable` is the number of bytes, from its start, that the contract holds for.
    pub(crate) fn new(file: &File, readable: Arc<AtomicU64>) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let length =
            usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let raw = MmapOptions::new().len(length).map_raw_read_only(file)?;
        Ok(Self {
            source: Source::Mapped(raw),
            readable,
        })
    }

    /// For a file that cannot be mapped: every window is read from it.
    pub fn copied(file: Arc<dyn LogFile>, readable: Arc<AtomicU64>) -> Self {
        Self {
            source: Source::Copied(file),
            readable,
        }
    }

    /// The readable bytes from `start` on, kept mapped for as long as they or any slice of them live.
    pub(crate) fn window(self: &Arc<Self>, start: u64) -> io::Result<Bytes> {
        // Acquire pairs with the writer's release store after the sync: the bytes are seen as written.
        let readable = self.readable.load(Ordering::Acquire);
        match &self.source {
            Source::Mapped(raw) => {
                let end = readable.min(raw.len() as u64);
                Ok(Bytes::from_owner(Window {
                    mapping: Arc::clone(self),
                    start: start.min(end) as usize,
                    end: end as usize,
                }))
            }
            Source::Copied(file) => {
                let mut bytes = vec![0; readable.saturating_sub(start) as usize];
                let count = read_up_to(file.as_ref(), &mut bytes, start)?;
                bytes.truncate(count);
                Ok(Bytes::from(bytes))
            }
        }
    }
}

struct Window {
    mapping: Arc<Mapping>,
    start: usize,
    end: usize,
}

impl AsRef<[u8]> for Window {
    fn as_ref(&self) -> &[u8] {
        let Source::Mapped(raw) = &self.mapping.source else {
            return &[];
        };
        // SAFETY: `start <= end <= raw.len()` by the only constructor, so the range lies inside of one mapping that
        // `self.mapping` keeps alive for the slice's lifetime; a mapping is at most `isize::MAX` bytes. `end` is at
        // most `readable`, below which the module's contract says that the bytes are initialised and never change,
        // in this process or another, so a shared slice over them is sound. `u8` has no alignment and no invalid
        // values.
        unsafe { std::slice::from_raw_parts(raw.as_ptr().add(self.start), self.end - self.start) }
    }
}

/// The mapped publication page.
#[derive(Debug)]
pub(crate) struct PageMap {
    raw: MmapRaw,
}

impl PageMap {
    /// Maps the first page of `file`, shared. The caller has checked that it is that long.
    pub(crate) fn new(file: &File, writable: bool) -> io::Result<Self> {
        if cfg!(loom) {
            // Its words are not those of the memory.
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        let mut options = MmapOptions::new();
        options.len(PAGE_BYTES);
        let raw = if writable {
            options.map_raw(file)?
        } else {
            options.map_raw_read_only(file)?
        };
        Ok(Self { raw })
    }

    /// The words, for as long as the mapping lives.
    #[allow(
        clippy::cast_ptr_alignment,
        reason = "asserted where the words are declared"
    )]
    pub(crate) fn words(&self) -> &Words {
        // SAFETY: the mapping is `PAGE_BYTES` long, starts at a page, and lives as long as the reference. `publish`
        // asserts at compile time that `Words` fits behind `WORDS_AT` and that this offset is aligned for it (under
        // loom, where it might not, no mapping is ever made). All of its fields are atomic, and padding is
        // never looked at, so any bytes are valid and other threads and processes may store to them at any time. In a
        // mapping for reading they are only loaded, relaxed, which Rust allows for read-only memory.
        unsafe { &*self.raw.as_ptr().add(WORDS_AT).cast::<Words>() }
    }
}
