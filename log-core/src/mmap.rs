//! Read-only mappings of segments: the only module with unsafe code.
//!
//! Owns the mapping and the number of bytes of it that may be looked at. Invariant (the contract on which the
//! unsafe blocks rest): bytes below `readable` have been written and synced before `readable` was raised above
//! them, and no one writes to them again while any mapping lives; the file is never made shorter than `readable`.
//! The writer never stores through a mapping, it uses `pwrite` above `readable` only. Recovery writes below the
//! valid end of a tail segment only before a mapping of it exists in the process, and with the writer's lock held.
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

/// A mapped segment.
#[derive(Debug)]
pub(crate) struct Mapping {
    raw: MmapRaw,
    readable: Arc<AtomicU64>,
}

impl Mapping {
    /// Maps the whole of `file`. `readable` is the number of bytes, from its start, that the contract holds for.
    pub(crate) fn new(file: &File, readable: Arc<AtomicU64>) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let length =
            usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let raw = MmapOptions::new().len(length).map_raw_read_only(file)?;
        Ok(Self { raw, readable })
    }

    /// The readable bytes from `start` on, kept mapped for as long as they or any slice of them live.
    pub(crate) fn window(self: &Arc<Self>, start: u64) -> Bytes {
        // Acquire pairs with the writer's release store after the sync: the bytes are seen as written.
        let readable = self
            .readable
            .load(Ordering::Acquire)
            .min(self.raw.len() as u64);
        let start = start.min(readable);
        Bytes::from_owner(Window {
            mapping: Arc::clone(self),
            start: start as usize,
            end: readable as usize,
        })
    }
}

struct Window {
    mapping: Arc<Mapping>,
    start: usize,
    end: usize,
}

impl AsRef<[u8]> for Window {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `start <= end <= raw.len()` by the only constructor, so the range lies inside of one mapping that
        // `self.mapping` keeps alive for the slice's lifetime; a mapping is at most `isize::MAX` bytes. `end` is at
        // most `readable`, below which the module's contract says that the bytes are initialised and never change,
        // in this process or another, so a shared slice over them is sound. `u8` has no alignment and no invalid
        // values.
        unsafe {
            std::slice::from_raw_parts(
                self.mapping.raw.as_ptr().add(self.start),
                self.end - self.start,
            )
        }
    }
}
