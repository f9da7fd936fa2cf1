//! Decoded blocks that were read lately, shared by all sealed segments of a log.
//!
//! Invariant: the cache keeps at most its limit of raw bytes (what readers still hold of a block that went is
//! theirs); a block that several readers want at once is decoded by one of them, and the others wait for that
//! block only. The lock guards the map, never a read or a decode.
//!
//! Replacement is "second chance": blocks leave in the order in which they came, but one that was asked for again
//! in the meantime goes round once more. A long read through the log so leaves the blocks that are asked for often.
//!
//! Units: raw bytes. The cache itself cannot fail; a failed decode is kept for nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use zstd::bulk::Decompressor;

/// Raw bytes kept by default: some sixty blocks.
pub(crate) const CACHE_BYTES_DEFAULT: usize = 16 * 1024 * 1024;
/// Decoders kept for the next decode (some 400 KB each); more readers at once make their own.
const DECODERS_MAX: usize = 8;

/// Names a block for good: a segment that is re-written gets another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey {
    /// Number of the segment.
    pub(crate) segment: u64,
    /// Redaction generation of its file.
    pub(crate) generation: u64,
    /// Index of the block in its table.
    pub(crate) block: u32,
}

/// `None` once the decode has failed; unset while it runs.
type Slot = Arc<OnceLock<Option<Bytes>>>;

/// See the module's head. Cheap to share.
#[derive(Debug)]
pub struct BlockCache {
    bytes_max: usize,
    cached: Mutex<Cached>,
    decoders: Mutex<Vec<Decoder>>,
}

#[derive(Debug, Default)]
struct Cached {
    bytes: usize,
    blocks: HashMap<BlockKey, Entry>,
    /// Every key of `blocks` once, in the order of eviction.
    order: VecDeque<BlockKey>,
}

#[derive(Debug)]
struct Entry {
    slot: Slot,
    bytes: usize,
    wanted_again: bool,
}

impl BlockCache {
    /// A cache of at most `bytes_max` raw bytes; 0 keeps nothing.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            cached: Mutex::default(),
            decoders: Mutex::default(),
        })
    }

    /// Raw bytes kept at the moment.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        lock(&self.cached).bytes
    }

    /// The block `key` of `bytes` raw bytes: the cached one, or what `decode` gives.
    ///
    /// When another thread decodes it at the moment, its result is waited for; if that thread fails, this one
    /// decodes for itself, so that every caller has an error of its own.
    pub(crate) fn get<E>(
        &self,
        key: BlockKey,
        bytes: usize,
        decode: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        let Some(slot) = self.slot(key, bytes) else {
            return decode();
        };
        let mut decode = Some(decode);
        let mut error = None;
        let block = slot.get_or_init(|| {
            let decode = decode.take()?;
            decode().map_err(|failed| error = Some(failed)).ok()
        });
        if let Some(block) = block {
            return Ok(block.clone());
        }
        self.remove(key, &slot);
        match (error, decode) {
            (Some(error), _) => Err(error),
            (None, Some(decode)) => decode(),
            (None, None) => unreachable!("a decode that ran gave a block or an error"),
        }
    }

    /// Lets go of all blocks of a segment: when its file goes, and with it what was redacted in it.
    pub(crate) fn forget(&self, segment: u64) {
        let mut cached = lock(&self.cached);
        cached.retain(|key, _| key.segment != segment);
    }

    /// A decoder for this thread, for as long as it holds it.
    pub(crate) fn decoder(&self) -> std::io::Result<DecoderGuard<'_>> {
        let decoder = match lock(&self.decoders).pop() {
            Some(decoder) => decoder,
            None => Decoder {
                zstd: Decompressor::new()?,
                file: Vec::new(),
            },
        };
        Ok(DecoderGuard {
            cache: self,
            decoder: Some(decoder),
        })
    }

    /// The place of a block, made if it is new; `None` for one that the cache cannot hold.
    fn slot(&self, key: BlockKey, bytes: usize) -> Option<Slot> {
        if bytes > self.bytes_max {
            return None;
        }
        let mut cached = lock(&self.cached);
        if let Some(entry) = cached.blocks.get_mut(&key) {
            entry.wanted_again = true;
            return Some(Arc::clone(&entry.slot));
        }
        cached.make_room(self.bytes_max - bytes);
        let slot = Slot::default();
        let entry = Entry {
            slot: Arc::clone(&slot),
            bytes,
            wanted_again: false,
        };
        cached.bytes += bytes;
        cached.blocks.insert(key, entry);
        cached.order.push_back(key);
        Some(slot)
    }

    /// Takes a failed slot out, unless another one has taken its place.
    fn remove(&self, key: BlockKey, slot: &Slot) {
        let mut cached = lock(&self.cached);
        cached.retain(|other, entry| *other != key || !Arc::ptr_eq(&entry.slot, slot));
    }
}

impl Cached {
    /// Evicts until at most `bytes_max` bytes are kept.
    fn make_room(&mut self, bytes_max: usize) {
        // Ends: each round evicts a block or takes a second chance away, and gives none back.
        while self.bytes > bytes_max {
            let Some(key) = self.order.pop_front() else {
                return;
            };
            match self.blocks.get_mut(&key) {
                Some(entry) if entry.wanted_again => {
                    entry.wanted_again = false;
                    self.order.push_back(key);
                }
                Some(entry) => {
                    self.bytes -= entry.bytes;
                    self.blocks.remove(&key);
                }
                None => {}
            }
        }
    }

    fn retain(&mut self, keep: impl Fn(&BlockKey, &Entry) -> bool) {
        let mut gone = 0;
        self.blocks.retain(|key, entry| {
            let stays = keep(key, entry);
            gone += if stays { 0 } else { entry.bytes };
            stays
        });
        self.bytes -= gone;
        let blocks = &self.blocks;
        self.order.retain(|key| blocks.contains_key(key));
    }
}

/// What one decode needs, kept between decodes.
pub(crate) struct Decoder {
    pub(crate) zstd: Decompressor<'static>,
    /// The compressed bytes.
    pub(crate) file: Vec<u8>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// A decoder on loan.
pub(crate) struct DecoderGuard<'a> {
    cache: &'a BlockCache,
    decoder: Option<Decoder>,
}

impl DecoderGuard<'_> {
    /// The decoder.
    pub(crate) fn get(&mut self) -> &mut Decoder {
        self.decoder
            .as_mut()
            .expect("a guard gives its decoder back only when it is dropped")
    }
}

impl Drop for DecoderGuard<'_> {
    fn drop(&mut self) {
        let mut decoders = lock(&self.cache.decoders);
        if decoders.len() < DECODERS_MAX {
            decoders.extend(self.decoder.take());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks, and what they guard is only a cache.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
