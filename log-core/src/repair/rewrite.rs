//! Makes a segment that can be read to its end out of a damaged one. Pure.
//!
//! Invariant: every whole record that was acknowledged keeps its bytes' meaning and its offset; each damaged range is
//! filled by a lost frame that names the records that were in it, perhaps none. A frame's header CRC covers its
//! offset, so nothing is ever moved; and the seal stays where the next segment's header says it is.
//!
//! Records of a batch that is no longer whole are kept, each for itself: they were acknowledged. Their batch flag is
//! cleared, and an end without its batch becomes a lost frame of no record.

use std::ops::Range;

use crate::classify::{Place, Verdict, classify};
use crate::error::Fault;
use crate::format::{
    CONTROL_FRAME_BYTES, FLAG_BATCH, FRAME_HEADER_BYTES, FrameHeader, Kind, PAYLOAD_BYTES_MAX,
    Parsed, SEAL_FRAME_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, control_payload, read_control,
    seal_payload,
};
use crate::scan::{Damage, Scan, Seal, scan};

/// Where the segment must end.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// Another segment follows: its header names the place and hash of this one's seal, and the next record.
    Sealed(Seal),
    /// It is the tail; all records below are acknowledged.
    Open(u64),
}

/// What became of a segment.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// All of its bytes, to the end of the last frame.
    pub(super) bytes: Vec<u8>,
    /// What was damaged, with the acknowledged records that are lost; empty when nothing needs to be done.
    pub(super) damage: Vec<Damage>,
}

/// Judges the raw bytes of a segment. `None` when no repair can make it end where it must.
pub(super) fn rewrite(bytes: &[u8], header: &SegmentHeader, end: End) -> Option<Rewritten> {
    let found = scan(bytes, header);
    let end = match end {
        End::Open(next) => End::Open(next.max(found.proven)),
        sealed @ End::Sealed(_) => sealed,
    };
    let damage = judge(bytes, header, &found, end)?;
    if damage.is_empty() {
        let bytes = Vec::new();
        return Some(Rewritten { bytes, damage });
    }
    let mut copy = Copy {
        source: bytes,
        header,
        out: header.encode(),
        next: header.base,
        epoch: header.epoch,
        time_ns: header.created_ns,
        batch: Vec::new(),
    };
    for one in &damage {
        let stop = match end {
            End::Sealed(seal) => one.bytes.start.min(seal.offset),
            End::Open(_) => one.bytes.start,
        };
        copy.frames_to(stop)?;
        let until = match end {
            End::Sealed(seal) => one.bytes.end.min(seal.offset),
            End::Open(_) => one.bytes.end,
        };
        let last = one.bytes.start >= found.reach.0;
        copy.lose(
            until,
            one.sequences.end,
            last && matches!(end, End::Open(_)),
        )?;
    }
    match end {
        End::Sealed(seal) => {
            copy.frames_to(seal.offset)?;
            copy.close_batch();
            copy.seal(seal)?;
        }
        End::Open(next) => {
            let at = copy.out.len() as u64;
            let torn = found.damage.iter().find(|one| one.sequences.start >= next);
            let stop = torn.map_or(found.reach.0, |torn| torn.bytes.start);
            copy.frames_to(stop.max(at))?;
            copy.end_batch(next);
        }
    }
    let bytes = copy.out;
    Some(Rewritten { bytes, damage })
}

/// The damage that hits what was acknowledged.
fn judge(bytes: &[u8], header: &SegmentHeader, found: &Scan, end: End) -> Option<Vec<Damage>> {
    let mut damage = found.damage.clone();
    match end {
        End::Sealed(seal) => {
            if found.seal == Some(seal)
                && classify(Place::Inner, found) != Verdict::Rot
                && found.next == seal.next
            {
                return Some(Vec::new());
            }
            // Sound, and yet not what the next segment was written behind; or more than it knows of.
            let other = found.damage.is_empty() && found.seal.is_some();
            if other || found.reach.1 > seal.next {
                return None;
            }
            let tail = seal.offset + SEAL_FRAME_BYTES as u64;
            keep_batch(bytes, header, &mut damage);
            if found.reach.0 < tail {
                lengthen(&mut damage, found, tail, seal.next);
            }
        }
        End::Open(next) => {
            if classify(Place::Tail, found) != Verdict::Rot && found.next >= next {
                return Some(Vec::new());
            }
            damage.retain(|one| one.sequences.start < next);
            keep_batch(bytes, header, &mut damage);
            let known = damage.last().map_or(found.next, |one| one.sequences.end);
            if found.reach.1.max(known) < next {
                let end = bytes.len() as u64;
                lengthen(&mut damage, found, end, next);
            }
        }
    }
    Some(damage)
}

/// A batch without its end goes as a whole where nothing proves it. Here it is known to be acknowledged: its records
/// that are whole are no damage.
fn keep_batch(bytes: &[u8], header: &SegmentHeader, damage: &mut [Damage]) {
    let Some(one) = damage.first_mut() else {
        return;
    };
    while one.bytes.start < one.bytes.end {
        let at = one.bytes.start as usize;
        let head = bytes.get(at..).unwrap_or_default();
        match FrameHeader::parse(head, header.salt, at as u64) {
            Parsed::Frame(frame)
                if frame.kind.is_record()
                    && frame.sequence == one.sequences.start
                    && bytes
                        .get(frame.payload_range(at))
                        .is_some_and(|payload| crc32fast::hash(payload) == frame.payload_crc) =>
            {
                one.bytes.start += frame.frame_bytes() as u64;
                one.sequences.start += 1;
            }
            _ => break,
        }
    }
    one.bytes.end = one.bytes.end.max(one.bytes.start);
    one.sequences.end = one.sequences.end.max(one.sequences.start);
}

/// Extends the last damage, or what follows the last whole frame, to `end` and record `next`.
fn lengthen(damage: &mut Vec<Damage>, found: &Scan, end: u64, next: u64) {
    match damage
        .last_mut()
        .filter(|last| last.bytes.start >= found.reach.0)
    {
        Some(last) => {
            last.bytes.end = last.bytes.end.max(end);
            last.sequences.end = next;
        }
        None => damage.push(Damage {
            bytes: found.reach.0..end.max(found.reach.0),
            sequences: found.reach.1..next.max(found.reach.1),
            fault: Fault::Missing,
        }),
    }
}

struct Copy<'a> {
    source: &'a [u8],
    header: &'a SegmentHeader,
    out: Vec<u8>,
    next: u64,
    epoch: u32,
    time_ns: i64,
    /// Where the members of the open batch start in `out`.
    batch: Vec<usize>,
}

impl Copy<'_> {
    fn at(&self) -> usize {
        self.out.len()
    }

    fn frame_here(&self) -> Option<FrameHeader> {
        let at = self.at();
        let head = self.source.get(at..)?;
        match FrameHeader::parse(head, self.header.salt, at as u64) {
            Parsed::Frame(frame) if frame.frame_bytes() <= head.len() => Some(frame),
            _ => None,
        }
    }

    /// Takes over whole frames up to `stop`, where one of them must end.
    fn frames_to(&mut self, stop: u64) -> Option<()> {
        while (self.at() as u64) < stop {
            self.frames_to_next()?;
        }
        (self.at() as u64 == stop).then_some(())
    }

    fn frames_to_next(&mut self) -> Option<()> {
        let frame = self.frame_here()?;
        let at = self.at();
        let payload = &self.source[frame.payload_range(at)];
        if crc32fast::hash(payload) != frame.payload_crc {
            return None;
        }
        let member = frame.kind.is_record() && frame.flags & FLAG_BATCH != 0;
        // A batch is of one epoch.
        if frame.epoch != self.epoch {
            self.close_batch();
        }
        if frame.kind == Kind::BatchEnd {
            let count = self.batch.len() as u64;
            let first = self.next.checked_sub(count)?;
            if count == 0 || read_control(payload) != Some((first, count)) {
                self.close_batch();
                return self.lose((at + frame.frame_bytes()) as u64, self.next, false);
            }
            self.batch.clear();
        } else if member {
            self.batch.push(at);
        } else {
            self.close_batch();
        }
        (self.epoch, self.time_ns) = (self.epoch.max(frame.epoch), frame.time_ns);
        self.next = match (frame.kind, read_control(payload)) {
            (Kind::Lost, Some((first, count))) => first.checked_add(count)?,
            (kind, _) => frame.sequence + u64::from(kind.is_record()),
        };
        let end = at + frame.frame_bytes();
        self.out.extend_from_slice(&self.source[at..end]);
        Some(())
    }

    /// The open batch will never end: its records stand for themselves.
    fn close_batch(&mut self) {
        for at in std::mem::take(&mut self.batch) {
            let Parsed::Frame(frame) =
                FrameHeader::parse(&self.out[at..], self.header.salt, at as u64)
            else {
                continue;
            };
            let alone = FrameHeader {
                flags: frame.flags & !FLAG_BATCH,
                ..frame
            };
            let payload = self.out[frame.payload_range(at)].to_vec();
            let mut bytes = Vec::with_capacity(frame.frame_bytes());
            alone.encode(&payload, self.header.salt, at as u64, &mut bytes);
            self.out[at..at + bytes.len()].copy_from_slice(&bytes);
        }
    }

    /// Ends the tail: records of an open batch stay if they are below `next`, acknowledged, and else all go.
    fn end_batch(&mut self, next: u64) {
        let first = self.next - self.batch.len() as u64;
        match self.batch.first() {
            Some(&at) if first >= next => {
                self.out.truncate(at);
                self.next = first;
                self.batch.clear();
            }
            _ => self.close_batch(),
        }
    }

    /// Fills the bytes up to `until` with lost frames, for the records below `next`. `short`: one frame will do, as
    /// nothing stands behind.
    fn lose(&mut self, until: u64, next: u64, short: bool) -> Option<()> {
        self.close_batch();
        let mut first = true;
        while first || (!short && (self.at() as u64) < until) {
            let left = usize::try_from(until.checked_sub(self.at() as u64)?).ok()?;
            if left == 0 && !short {
                return (self.next == next).then_some(());
            }
            let most = FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX;
            let bytes = match left {
                _ if short => CONTROL_FRAME_BYTES,
                left if left <= most => left,
                // So that what is left is no less than a frame.
                left => most.min(left - CONTROL_FRAME_BYTES),
            };
            if bytes < CONTROL_FRAME_BYTES {
                return None;
            }
            let count = next.checked_sub(self.next)?;
            let mut payload = control_payload(self.next, count).to_vec();
            payload.resize(bytes - FRAME_HEADER_BYTES, 0);
            self.control(Kind::Lost, &payload);
            self.next = next;
            first = false;
        }
        Some(())
    }

    fn seal(&mut self, seal: Seal) -> Option<()> {
        if self.at() as u64 != seal.offset || self.next != seal.next {
            return None;
        }
        let payload = seal_payload(seal.next, seal.offset, &seal.hash);
        self.control(Kind::Seal, &payload);
        Some(())
    }

    fn control(&mut self, kind: Kind, payload: &[u8]) {
        let frame = FrameHeader {
            length: payload.len() as u32,
            sequence: self.next,
            time_ns: self.time_ns,
            // Whatever is before it was acknowledged.
            durable_to: self.next,
            payload_crc: crc32fast::hash(payload),
            schema: 0,
            kind,
            flags: 0,
            epoch: self.epoch,
            key_id: 0,
        };
        let at = self.at() as u64;
        frame.encode(payload, self.header.salt, at, &mut self.out);
    }
}

/// The records that the lost frames of a rewritten segment stand for.
pub(super) fn lost(damage: &[Damage]) -> impl Iterator<Item = Range<u64>> {
    damage
        .iter()
        .map(|one| one.sequences.clone())
        .filter(|sequences| !sequences.is_empty())
}

/// A segment of which nothing is left but its place: one lost frame and, if it is sealed, its seal.
pub(super) fn placeholder(header: &SegmentHeader, end: End) -> Option<Vec<u8>> {
    let mut copy = Copy {
        source: &[],
        header,
        out: header.encode(),
        next: header.base,
        epoch: header.epoch,
        time_ns: header.created_ns,
        batch: Vec::new(),
    };
    match end {
        End::Sealed(seal) => {
            copy.lose(seal.offset, seal.next, false)?;
            copy.seal(seal)?;
        }
        End::Open(next) if next > header.base => {
            let room = (SEGMENT_HEADER_BYTES + CONTROL_FRAME_BYTES) as u64;
            copy.lose(room, next, true)?;
        }
        End::Open(_) => {}
    }
    Some(copy.out)
}
