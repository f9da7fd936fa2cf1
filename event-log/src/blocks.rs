//! How bodies share a compressed block, and how they are unpacked again.
//!
//! Identical stacks are the rule in error traffic: 64 bodies of 19 KB take 94 B each
//! in one zstd frame, 2,955 B each alone. A block holds at most [`BLOCK_BYTES_MAX`]
//! before compression, so that opening one event stays cheap. Invariant: a block's
//! bodies stand one behind another, in the order of their events, and the record of
//! the first of them carries the frame. Pure but for the compressor's own memory.

use std::ops::Range;

use bytes::Bytes;
use event_model::record::{BodyPlace, StackPlace, encode_event};
use parking_lot::Mutex;
use zstd::{bulk::Compressor, zstd_safe};

/// Bodies of a block before compression, bytes: what opening one event costs at most
/// (about 0.2 ms). A larger body has a block of its own.
pub(crate) const BLOCK_BYTES_MAX: usize = 256 * 1024;
/// A group with less than this stays plain, bytes: the frame would not pay for its
/// header, and the seal compresses across records later.
pub(crate) const BLOCK_BYTES_MIN: usize = 16 * 1024;
/// A lone body from this size on is compressed by itself, bytes: the seal finds
/// enough repetition within smaller ones' neighbours.
pub(crate) const ALONE_BYTES_MIN: usize = 64 * 1024;
/// Records of a block: `back` is a u16.
const BLOCK_RECORDS_MAX: usize = 4096;
/// zstd level: 1 costs 0.5 to 2.4 µs an event; higher ones cost more than the disk.
const LEVEL: i32 = 1;
/// Blocks that a reader keeps decoded: 4 MiB at most, one for each consumer that
/// walks the log and some for events opened by people.
const CACHED_BLOCKS_MAX: usize = 16;
/// Largest frame a reader unpacks, bytes: a record holds 16 MiB, so no body of ours
/// is larger.
const DECODED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// An event on its way to the log.
#[derive(Debug)]
pub(crate) struct Packed {
    /// The archive of what the event has of its own of its head.
    pub(crate) head: Vec<u8>,
    /// The archive of its stack; empty if it has none.
    pub(crate) stack: Bytes,
    /// The JSON document.
    pub(crate) body: Vec<u8>,
}

/// Packs the bodies of consecutive events into records.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    raw: Vec<u8>,
}

impl Packer {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(LEVEL)?,
            raw: Vec::with_capacity(BLOCK_BYTES_MAX),
        })
    }

    /// The records of `events`, whose stacks are in these places, in their order, for one
    /// atomic batch.
    pub(crate) fn pack(&mut self, events: &[Packed], stacks: &[StackPlace]) -> Vec<Vec<u8>> {
        let mut records = Vec::with_capacity(events.len());
        for range in split(events.iter().map(|e| e.body.len())) {
            self.pack_block(&events[range.clone()], &stacks[range], &mut records);
        }
        records
    }

    fn pack_block(&mut self, events: &[Packed], stacks: &[StackPlace], records: &mut Vec<Vec<u8>>) {
        self.raw.clear();
        for event in events {
            self.raw.extend_from_slice(&event.body);
        }
        let least = if events.len() == 1 {
            ALONE_BYTES_MIN
        } else {
            BLOCK_BYTES_MIN
        };
        let frame = if self.raw.len() < least {
            None
        } else {
            // A failure of the compressor costs space, never the event.
            self.compressor
                .compress(&self.raw)
                .ok()
                .filter(|frame| frame.len() < self.raw.len())
        };
        let Some(frame) = frame else {
            let plain = |(event, stack): (&Packed, &StackPlace)| {
                encode_event(&event.head, stack, BodyPlace::Plain(&event.body))
            };
            records.extend(events.iter().zip(stacks).map(plain));
            return;
        };
        if let ([event], [stack]) = (events, stacks) {
            let len = event.body.len() as u32;
            let place = BodyPlace::Zstd { frame: &frame, len };
            records.push(encode_event(&event.head, stack, place));
            return;
        }
        let mut offset = 0u32;
        for (back, (event, stack)) in events.iter().zip(stacks).enumerate() {
            let len = event.body.len() as u32;
            let place = BodyPlace::Block {
                back: back as u16,
                offset,
                len,
                frame: (back == 0).then_some(&frame[..]),
            };
            records.push(encode_event(&event.head, stack, place));
            offset += len;
        }
    }
}

/// Cuts bodies of these lengths into blocks.
fn split(lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (index, length) in lengths.enumerate() {
        match blocks.last_mut() {
            Some(block) if bytes + length <= BLOCK_BYTES_MAX && block.len() < BLOCK_RECORDS_MAX => {
                block.end = index + 1;
                bytes += length;
            }
            _ => {
                blocks.push(index..index + 1);
                bytes = length;
            }
        }
    }
    blocks
}

/// Unpacks one zstd frame; the reason if it is none of ours.
pub(crate) fn unpack(frame: &[u8]) -> Result<Bytes, String> {
    let bytes = zstd_safe::get_frame_content_size(frame)
        .map_err(|e| format!("not a zstd frame: {e}"))?
        .ok_or("the zstd frame does not tell its size")?;
    if bytes > DECODED_BYTES_MAX {
        return Err(format!(
            "the zstd frame holds {bytes} bytes, more than {DECODED_BYTES_MAX}"
        ));
    }
    zstd::bulk::decompress(frame, bytes as usize)
        .map(Bytes::from)
        .map_err(|e| format!("the zstd frame is damaged: {e}"))
}

/// The blocks decoded last, by the sequence number of the record that carries each:
/// reading bodies one after another decodes each block once.
#[derive(Debug, Default)]
pub(crate) struct BlockCache(Mutex<Vec<(u64, Bytes)>>);

impl BlockCache {
    /// The block that record `carrier` carries, decoded by `decode` if it is not
    /// here. Two readers that miss at the same time both decode.
    pub(crate) fn get_or<E>(
        &self,
        carrier: u64,
        decode: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        {
            let mut blocks = self.0.lock();
            if let Some(at) = blocks.iter().position(|(c, _)| *c == carrier) {
                // The last one used is at the end.
                blocks[at..].rotate_left(1);
                return Ok(blocks[blocks.len() - 1].1.clone());
            }
        }
        let block = decode()?;
        let mut blocks = self.0.lock();
        if blocks.len() == CACHED_BLOCKS_MAX {
            blocks.remove(0);
        }
        blocks.push((carrier, block.clone()));
        Ok(block)
    }
}
