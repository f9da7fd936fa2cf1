//! Walks the bytes of one segment: what is whole, where the first fault is, and what is proven to have been durable.
//!
//! Pure. One walk serves recovery, read-only opening and `verify`. It goes on beyond a fault, at the next place
//! where a whole frame stands, because only later frames can prove that what is missing was acknowledged.
//! Total: any bytes give a result.

use std::ops::Range;

use crate::chain::SealHash;
use crate::error::Fault;
use crate::format::{
    FLAG_BATCH, FRAME_ALIGN_BYTES, FRAME_HEADER_BYTES, FrameHeader, Kind, Parsed,
    SEGMENT_HEADER_BYTES, SegmentHeader, lost_range, read_control, read_seal_hash,
};
use crate::index::Index;

const PAGE_BYTES: usize = 4096;

/// Bytes of a segment that hold nothing usable, and the records that should be in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// From the start of the file.
    pub bytes: Range<u64>,
    /// Records that were there; empty when only control frames or padding were hit.
    pub sequences: Range<u64>,
    /// What is wrong with the first of the bytes.
    pub fault: Fault,
}

/// What a seal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// First sequence number of the next segment.
    pub next: u64,
    /// Its own place, in bytes from the start of the file.
    pub offset: u64,
    /// The seal hash.
    pub hash: SealHash,
}

impl Seal {
    /// From the payload of a seal frame.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (next, offset) = read_control(payload)?;
        let hash = read_seal_hash(payload)?;
        Some(Self { next, offset, hash })
    }
}

/// What one walk found.
#[derive(Debug)]
pub struct Scan {
    /// Whole frames, of all kinds; none behind the seal that ends the first run.
    pub frames: u64,
    /// Whole records.
    pub records: u64,
    /// Records that a repair gave up.
    pub lost: u64,
    /// Whether a repair gave up any frame: the seal hash is that of what was there before.
    pub repaired: bool,
    /// Bytes of the records' payloads.
    pub payload_bytes: u64,
    /// End of the first run of frames, cut before a batch that has no end.
    pub valid_end: u64,
    /// Sequence number that belongs at `valid_end`.
    pub next: u64,
    /// W: all records below it are proven to have been durable.
    pub proven: u64,
    /// Where record W belongs, when it lies in the first run: what is above was perhaps never synced.
    pub proven_offset: u64,
    /// End of the last whole frame anywhere, and the sequence number after it.
    pub reach: (u64, u64),
    /// Highest epoch seen.
    pub epoch: u32,
    /// The seal, when the first run ends with one.
    pub seal: Option<Seal>,
    /// One past the last byte that is not zero.
    pub dirty_end: u64,
    /// Every fault, also the one at the end of the first run when anything stands behind it.
    pub damage: Vec<Damage>,
    /// Where records start.
    pub index: Index,
}

/// Walks `bytes`, the whole of a segment's file, whose header is `header`.
pub fn scan(bytes: &[u8], header: &SegmentHeader) -> Scan {
    scan_written(bytes, bytes.len(), header)
}

/// The same, when all bytes from `written` on are known to be zeros.
pub(crate) fn scan_written(bytes: &[u8], written: usize, header: &SegmentHeader) -> Scan {
    let dirty_end = dirty_end(&bytes[..written]);
    let mut walk = Walk {
        bytes,
        salt: header.salt,
        at: SEGMENT_HEADER_BYTES,
        expected: header.base,
        batch: None,
        dirty_end,
        scan: Scan {
            frames: 0,
            records: 0,
            lost: 0,
            repaired: false,
            payload_bytes: 0,
            valid_end: SEGMENT_HEADER_BYTES as u64,
            next: header.base,
            proven: header.base,
            proven_offset: SEGMENT_HEADER_BYTES as u64,
            reach: (SEGMENT_HEADER_BYTES as u64, header.base),
            epoch: header.epoch,
            seal: None,
            dirty_end: dirty_end as u64,
            damage: Vec::new(),
            index: Index::default(),
        },
    };
    let first = walk.run(true);
    walk.note_fault(first);
    while let Some(at) = walk.resume() {
        walk.at = at;
        let fault = walk.run(false);
        walk.note_fault(fault);
    }
    walk.finish()
}

struct Batch {
    first: u64,
    count: u64,
    /// A batch is written at once, so by one writer: what an earlier, cut-off writer left is never its beginning.
    epoch: u32,
}

struct Walk<'a> {
    bytes: &'a [u8],
    salt: u64,
    at: usize,
    expected: u64,
    batch: Option<Batch>,
    dirty_end: usize,
    scan: Scan,
}

impl Walk<'_> {
    /// Takes frames until a fault. In the first run batches must be whole.
    fn run(&mut self, first: bool) -> Fault {
        loop {
            let frame = match self.check() {
                Ok(frame) => frame,
                Err(fault) => return fault,
            };
            if first && let Err(fault) = self.follow_batch(&frame) {
                return fault;
            }
            self.take(&frame);
            if first && self.batch.is_none() {
                self.scan.valid_end = self.at as u64;
                self.scan.next = self.expected;
                if frame.kind == Kind::Seal {
                    let payload = &self.bytes[frame.payload_range(self.at - frame.frame_bytes())];
                    self.scan.seal = Seal::read(payload);
                    return Fault::Missing;
                }
            }
        }
    }

    /// The frame at `at` if it is whole and the one that belongs there.
    fn check(&mut self) -> Result<FrameHeader, Fault> {
        let head = self.bytes.get(self.at..).unwrap_or_default();
        let frame = match FrameHeader::parse(head, self.salt, self.at as u64) {
            Parsed::Empty => return Err(Fault::Missing),
            Parsed::Bad => return Err(Fault::Header),
            Parsed::Frame(frame) => frame,
        };
        if frame.durable_to <= frame.sequence {
            self.scan.proven = self.scan.proven.max(frame.durable_to);
        }
        let payload = self
            .bytes
            .get(frame.payload_range(self.at))
            .ok_or(Fault::Length)?;
        if crc32fast::hash(payload) != frame.payload_crc {
            return Err(Fault::Payload);
        }
        if frame.flags & !FLAG_BATCH != 0 || frame.key_id != 0 {
            return Err(Fault::Reserved);
        }
        if frame.kind == Kind::Lost
            && lost_range(payload).is_none_or(|lost| lost.start != frame.sequence)
        {
            return Err(Fault::Sequence);
        }
        // Behind a seal nothing is read, so one that says nothing must not be taken for a place to go on from.
        if frame.kind == Kind::Seal && Seal::read(payload).is_none() {
            return Err(Fault::Sequence);
        }
        // An older epoch here is what an earlier, cut-off writer left.
        if frame.sequence != self.expected
            || frame.epoch < self.scan.epoch
            || frame.durable_to > frame.sequence
        {
            return Err(Fault::Sequence);
        }
        Ok(frame)
    }

    /// Keeps the open batch in step with `frame`.
    fn follow_batch(&mut self, frame: &FrameHeader) -> Result<(), Fault> {
        let member = frame.kind.is_record() && frame.flags & FLAG_BATCH != 0;
        match (&mut self.batch, member, frame.kind) {
            (None, true, _) => {
                self.batch = Some(Batch {
                    first: frame.sequence,
                    count: 1,
                    epoch: frame.epoch,
                });
            }
            (Some(batch), _, _) if batch.epoch != frame.epoch => return Err(Fault::Batch),
            (Some(batch), true, _) => batch.count += 1,
            (Some(batch), false, Kind::BatchEnd) => {
                let payload = &self.bytes[frame.payload_range(self.at)];
                if read_control(payload) != Some((batch.first, batch.count)) {
                    return Err(Fault::Batch);
                }
                self.batch = None;
            }
            (Some(_), false, _) | (None, false, Kind::BatchEnd) => return Err(Fault::Batch),
            (None, false, _) => {}
        }
        Ok(())
    }

    fn take(&mut self, frame: &FrameHeader) {
        let offset = self.at as u64;
        self.scan.epoch = self.scan.epoch.max(frame.epoch);
        // What follows a seal is not part of the segment, however whole it looks.
        let counts = self.scan.seal.is_none();
        self.scan.frames += u64::from(counts);
        if frame.kind.is_record() {
            self.expected += 1;
            if counts {
                self.scan.records += 1;
                self.scan.payload_bytes += u64::from(frame.length);
                self.scan.index.note(frame.sequence, offset, frame.time_ns);
            }
        } else if frame.kind == Kind::Lost {
            let payload = &self.bytes[frame.payload_range(self.at)];
            if let Some(lost) = lost_range(payload) {
                self.scan.lost += lost.end - lost.start;
                self.scan.repaired = true;
                self.expected = lost.end;
            }
        }
        self.at += frame.frame_bytes();
        self.scan.reach = (self.at as u64, self.expected);
    }

    fn note_fault(&mut self, fault: Fault) {
        let at = self.at as u64;
        self.scan.damage.push(Damage {
            bytes: at..at,
            sequences: self.expected..self.expected,
            fault,
        });
    }

    /// The next whole frame behind a fault; on the way every sound header adds to what is proven.
    fn resume(&mut self) -> Option<usize> {
        let expected = self.expected;
        let mut at = self.at + FRAME_ALIGN_BYTES;
        while at + FRAME_HEADER_BYTES <= self.bytes.len() && at < self.dirty_end {
            if let Parsed::Frame(frame) =
                FrameHeader::parse(&self.bytes[at..], self.salt, at as u64)
            {
                self.at = at;
                self.expected = frame.sequence;
                let whole = self.check().is_ok();
                if whole && frame.sequence >= expected {
                    let damage = self
                        .scan
                        .damage
                        .last_mut()
                        .expect("a fault was noted before resuming");
                    damage.bytes.end = at as u64;
                    damage.sequences.end = frame.sequence;
                    if frame.kind.is_record() && self.scan.seal.is_none() {
                        let index = &mut self.scan.index;
                        index.note_always(frame.sequence, at as u64, frame.time_ns);
                    }
                    return Some(at);
                }
            }
            at += FRAME_ALIGN_BYTES;
        }
        self.expected = expected;
        None
    }

    /// The last fault is the end of what can be read: damage only if something stands or should stand there.
    fn finish(mut self) -> Scan {
        let scan = &mut self.scan;
        let dirty_end = scan.dirty_end;
        // An unproven batch without its end goes as a whole; of a proven one the sound records can still be read.
        if self.batch.is_some()
            && scan.next >= scan.proven
            && let Some(first) = scan.damage.first_mut()
        {
            first.bytes.start = scan.valid_end;
            first.sequences.start = scan.next;
            if first.fault == Fault::Missing {
                first.fault = Fault::Batch;
            }
        }
        if let Some(last) = scan.damage.last_mut() {
            let missing = scan.proven > last.sequences.start;
            if missing || dirty_end > last.bytes.start {
                last.sequences.end = scan.proven.max(last.sequences.start);
                last.bytes.end = if dirty_end > last.bytes.start {
                    dirty_end
                } else {
                    self.bytes.len() as u64
                };
                last.bytes.end = last.bytes.end.max(last.bytes.start);
            } else {
                scan.damage.pop();
            }
        }
        self.scan.proven_offset = self.proven_offset();
        self.scan.index.scanned = self.bytes.len() as u64;
        self.scan
    }

    /// Where the first frame that is not proven durable starts; W always falls between two groups.
    fn proven_offset(&self) -> u64 {
        let scan = &self.scan;
        let start = SEGMENT_HEADER_BYTES as u64;
        let mut at = scan
            .index
            .floor(scan.proven)
            .map_or(start, |(_, offset)| offset);
        while at < scan.valid_end {
            let Parsed::Frame(frame) =
                FrameHeader::parse(&self.bytes[at as usize..], self.salt, at)
            else {
                break;
            };
            // The end of a batch bears the number after it, but belongs to what it ends.
            if frame.sequence >= scan.proven && frame.kind != Kind::BatchEnd {
                break;
            }
            at += frame.frame_bytes() as u64;
        }
        at.min(scan.valid_end)
    }
}

/// One past the last byte that is not zero.
fn dirty_end(bytes: &[u8]) -> usize {
    const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
    let mut end = bytes.len();
    while end > 0 {
        let start = (end - 1) / PAGE_BYTES * PAGE_BYTES;
        if bytes[start..end] != ZEROS[..end - start] {
            let last = bytes[start..end]
                .iter()
                .rposition(|&byte| byte != 0)
                .unwrap_or(0);
            return start + last + 1;
        }
        end = start;
    }
    0
}

#[cfg(test)]
mod tests;
