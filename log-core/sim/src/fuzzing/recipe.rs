//! Frames from a recipe: every byte an instruction, so that mutations change the order of frames and not only break
//! their checksums. Pure; any bytes are a recipe.

use log_core::format::{
    FLAG_BATCH, FRAME_ALIGN_BYTES, FrameHeader, Kind, SegmentHeader, control_payload, seal_payload,
};

/// All kinds of frames.
pub(super) const KINDS: [Kind; 7] = [
    Kind::Data,
    Kind::BatchEnd,
    Kind::Seal,
    Kind::Epoch,
    Kind::Watermark,
    Kind::Redacted,
    Kind::Lost,
];

/// Follows `recipe` from `offset` on, where record `next` belongs; at most `bytes_max` bytes.
pub(super) fn follow(
    recipe: &[u8],
    header: &SegmentHeader,
    offset: u64,
    next: u64,
    bytes_max: usize,
) -> Vec<u8> {
    let mut cook = Cook {
        left: recipe,
        header,
        offset,
        next,
        durable: next,
        epoch: header.epoch,
        batch: None,
        bytes: Vec::new(),
    };
    while let Some(instruction) = cook.byte() {
        cook.step(instruction);
        if cook.bytes.len() >= bytes_max {
            break;
        }
    }
    cook.bytes.truncate(bytes_max);
    cook.bytes
}

struct Cook<'a> {
    left: &'a [u8],
    header: &'a SegmentHeader,
    offset: u64,
    next: u64,
    durable: u64,
    epoch: u32,
    batch: Option<(u64, u64)>,
    bytes: Vec<u8>,
}

impl Cook<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(first)
    }

    /// A small number, and 0 at the end of the recipe.
    fn small(&mut self) -> u64 {
        u64::from(self.byte().unwrap_or_default())
    }

    fn step(&mut self, instruction: u8) {
        // A new group begins: all before it is durable.
        if instruction & 0x80 != 0 && self.batch.is_none() {
            self.durable = self.next;
        }
        match instruction & 0x0F {
            0..=4 => self.record(0),
            5 | 6 => {
                let batch = self.batch.get_or_insert((self.next, 0));
                batch.1 += 1;
                self.record(FLAG_BATCH);
            }
            7 | 8 => {
                let (first, count) = self.batch.take().unwrap_or((self.next, 0));
                self.control(Kind::BatchEnd, &control_payload(first, count));
            }
            9 => {
                self.epoch += 1;
                let payload = control_payload(u64::from(self.epoch), self.next);
                self.control(Kind::Epoch, &payload);
            }
            10 => self.control(Kind::Watermark, &control_payload(0, 0)),
            11 => self.seal(),
            12 => {
                let lost = self.small();
                self.control(Kind::Lost, &control_payload(self.next, lost));
                self.next += lost;
            }
            13 => {
                let hole = (self.small() as usize + 1) * FRAME_ALIGN_BYTES;
                self.bytes.resize(self.bytes.len() + hole, 0);
            }
            14 => self.garbage(),
            _ => self.odd(),
        }
    }

    fn seal(&mut self) {
        let at = self.offset + self.bytes.len() as u64;
        let payload = seal_payload(self.next, at, &[7; 32]);
        self.control(Kind::Seal, &payload);
    }

    /// Bytes of the recipe as they are.
    fn garbage(&mut self) {
        let wanted = self.small() as usize;
        let (garbage, rest) = self.left.split_at(wanted.min(self.left.len()));
        self.left = rest;
        self.bytes.extend_from_slice(garbage);
        let end = self.bytes.len().next_multiple_of(FRAME_ALIGN_BYTES);
        self.bytes.resize(end, 0);
    }

    fn record(&mut self, flags: u8) {
        let payload = vec![self.next as u8; self.small() as usize + 1];
        let header = self.head(Kind::Data, flags, &payload);
        self.put(&header, &payload);
        self.next += 1;
    }

    fn control(&mut self, kind: Kind, payload: &[u8]) {
        let header = self.head(kind, 0, payload);
        self.put(&header, payload);
    }

    /// A frame whose header is sound and whose content is anything.
    fn odd(&mut self) {
        let kind = KINDS[self.small() as usize % KINDS.len()];
        let flags = self.small() as u8;
        let payload = vec![flags; self.small() as usize + 1];
        let mut header = self.head(kind, flags, &payload);
        // Around what belongs here: 128 stands for exactly that.
        let near = |value: u64, delta: u64| (value + delta).saturating_sub(128);
        header.sequence = near(self.next, self.small());
        header.durable_to = near(self.durable, self.small());
        header.epoch = near(u64::from(self.epoch), self.small()) as u32;
        header.payload_crc ^= self.small() as u32 & 1;
        header.key_id = self.small() as u32 & 1;
        // Far longer than what follows.
        header.length <<= 8 * (self.small() as u32 & 1);
        let at = self.offset + self.bytes.len() as u64;
        let mut whole = payload;
        whole.resize(header.length as usize, flags);
        let start = self.bytes.len();
        header.encode(&whole, self.header.salt, at, &mut self.bytes);
        if header.length > 256 {
            self.bytes.truncate(start + 512);
        }
    }

    fn head(&self, kind: Kind, flags: u8, payload: &[u8]) -> FrameHeader {
        FrameHeader {
            length: payload.len() as u32,
            sequence: self.next,
            time_ns: self.next as i64,
            durable_to: self.durable,
            payload_crc: crc32fast::hash(payload),
            schema: 0,
            kind,
            flags,
            epoch: self.epoch,
            key_id: 0,
        }
    }

    fn put(&mut self, header: &FrameHeader, payload: &[u8]) {
        let at = self.offset + self.bytes.len() as u64;
        header.encode(payload, self.header.salt, at, &mut self.bytes);
    }
}
