//! Segments and files in memory, for the tests of this module and of `chain`.
#![cfg(test)]
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{BlockCache, SealedError, SealedFile, Sealing, Source, Target, write_sealed};
use crate::chain::{PayloadDigest, Redacted, SealHash, segment_seal_hash};
use crate::format::{FLAG_BATCH, FrameHeader, Kind, Parsed, SegmentHeader, control_payload};
use crate::io::LogFile;
use crate::mmap::Mapping;

/// Where a record stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) offset: u64,
    pub(crate) frame_bytes: usize,
    pub(crate) time_ns: i64,
}

/// A whole segment.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) header: SegmentHeader,
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Place>,
    pub(crate) hash: SealHash,
}

pub(crate) fn header() -> SegmentHeader {
    SegmentHeader {
        version: crate::format::FORMAT_VERSION,
        log_id: *b"the log's own id",
        number: 7,
        base: 1001,
        created_ns: 1_700_000_000_000_000_000,
        epoch: 3,
        salt: 0x1234_5678_9abc_def0,
        previous_seal_offset: 77_776,
        previous_seal_hash: [9; 32],
        segment_bytes: 1 << 20,
    }
}

/// Text that compresses like events do, different for each record.
pub(crate) fn payload(sequence: u64, length: usize) -> Vec<u8> {
    let mut state = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    while text.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (user, line) = (state % 1000, state >> 54);
        write!(
            text,
            "{{\"id\":\"{state:016x}\",\"type\":\"TypeError\",\"user\":\"u{user}\",\"line\":{line},\"in_app\":true}},"
        )
        .unwrap();
    }
    text.truncate(length);
    text.into_bytes()
}

/// Builds a segment frame by frame.
pub(crate) struct Builder {
    pub(crate) sample: Sample,
    next: u64,
    epoch: u32,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let header = header();
        let (next, epoch) = (header.base, header.epoch);
        let sample = Sample {
            bytes: header.encode(),
            header,
            records: Vec::new(),
            hash: [0; 32],
        };
        Self {
            sample,
            next,
            epoch,
        }
    }

    pub(crate) fn frame(&mut self, kind: Kind, flags: u8, time_ns: i64, payload: &[u8]) {
        self.frame_with(kind, flags, time_ns, payload, |_| {});
    }

    /// A frame of which `change` changes the header, before its checksum is made.
    pub(crate) fn frame_with(
        &mut self,
        kind: Kind,
        flags: u8,
        time_ns: i64,
        payload: &[u8],
        change: impl FnOnce(&mut FrameHeader),
    ) {
        let mut frame = FrameHeader {
            length: payload.len() as u32,
            sequence: self.next,
            time_ns,
            durable_to: self.next - 1,
            payload_crc: crc32fast::hash(payload),
            schema: if kind.is_record() { 17 } else { 0 },
            kind,
            flags,
            epoch: self.epoch,
            key_id: 0,
        };
        change(&mut frame);
        let offset = self.sample.bytes.len() as u64;
        frame.encode(
            payload,
            self.sample.header.salt,
            offset,
            &mut self.sample.bytes,
        );
        if kind.is_record() {
            self.sample.records.push(Place {
                sequence: self.next,
                offset,
                frame_bytes: frame.frame_bytes(),
                time_ns,
            });
            self.next += 1;
        }
    }

    /// Goes on with record `sequence`.
    pub(crate) fn skip_to(&mut self, sequence: u64) {
        self.next = sequence;
    }

    pub(crate) fn seal(mut self, with_hash: bool) -> Sample {
        let offset = self.sample.bytes.len() as u64;
        let mut says = control_payload(self.next, offset).to_vec();
        // The hash does not cover the seal: any seal ends the walk that computes it.
        let mut draft = Self {
            sample: self.sample.clone(),
            ..self
        };
        draft.frame(Kind::Seal, 0, 0, &says);
        let hash = segment_seal_hash(
            &draft.sample.bytes,
            &draft.sample.header,
            &Redacted::default(),
        )
        .unwrap();
        if with_hash {
            says.extend_from_slice(&hash);
        }
        self.frame(Kind::Seal, 0, 0, &says);
        self.sample.hash = hash;
        self.sample
    }
}

/// A segment of records of these lengths, with control frames, batches, and a clock that steps back now and then.
pub(crate) fn segment(lengths: &[usize]) -> Sample {
    let mut builder = Builder::new();
    builder.frame(Kind::Epoch, 0, 5, &control_payload(3, 4711));
    for (index, &length) in lengths.iter().enumerate() {
        let time_ns = 1_000 * index as i64 - if index % 5 == 4 { 2_500 } else { 0 };
        let payload = payload(builder.next, length);
        let batch = index % 3 == 1;
        let first = builder.next;
        builder.frame(
            Kind::Data,
            if batch { FLAG_BATCH } else { 0 },
            time_ns,
            &payload,
        );
        if batch {
            builder.frame(Kind::BatchEnd, 0, time_ns, &control_payload(first, 1));
        }
        if index % 7 == 6 {
            builder.frame(Kind::Watermark, 0, time_ns, &control_payload(0, 0));
        }
    }
    builder.seal(true)
}

/// Replaces the payloads of some records, as redaction does; the digests they had.
pub(crate) fn redact(sample: &Sample, sequences: &[u64]) -> (Sample, Redacted) {
    let mut after = sample.clone();
    let mut redacted = Redacted::default();
    for place in &sample.records {
        if !sequences.contains(&place.sequence) {
            continue;
        }
        let start = place.offset as usize;
        let head = &sample.bytes[start..];
        let Parsed::Frame(mut frame) = FrameHeader::parse(head, sample.header.salt, place.offset)
        else {
            panic!("a record stands at its place");
        };
        let payload = &sample.bytes[frame.payload_range(start)];
        redacted.insert(
            place.sequence,
            PayloadDigest::of(&sample.header.log_id, payload),
        );
        let blank = vec![b'x'; payload.len()];
        frame.kind = Kind::Redacted;
        frame.payload_crc = crc32fast::hash(&blank);
        let mut bytes = Vec::new();
        frame.encode(&blank, sample.header.salt, place.offset, &mut bytes);
        after.bytes[start..start + bytes.len()].copy_from_slice(&bytes);
    }
    (after, redacted)
}

/// A file in memory that reads and writes at most `step` bytes at a time, and can fail.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    bytes: Mutex<Vec<u8>>,
    step: usize,
    /// Reads and writes until all of them fail.
    pub(crate) calls_left: AtomicU64,
    pub(crate) reads: AtomicU64,
}

impl MemoryFile {
    pub(crate) fn new(bytes: Vec<u8>) -> Arc<Self> {
        Self::stepping(bytes, usize::MAX)
    }

    pub(crate) fn stepping(bytes: Vec<u8>, step: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes: Mutex::new(bytes),
            step,
            calls_left: AtomicU64::new(u64::MAX),
            reads: AtomicU64::new(0),
        })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    fn call(&self) -> io::Result<()> {
        let left = self.calls_left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(io::Error::other("this disk has had enough"));
        }
        self.calls_left.store(left - 1, Ordering::SeqCst);
        Ok(())
    }
}

impl LogFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn disk_bytes(&self) -> io::Result<u64> {
        self.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.call()?;
        self.reads.fetch_add(1, Ordering::SeqCst);
        let bytes = self.bytes.lock().unwrap();
        let from = bytes.get(offset as usize..).unwrap_or_default();
        let count = buffer.len().min(from.len()).min(self.step);
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.call()?;
        let count = bytes.len().min(self.step);
        let mut file = self.bytes.lock().unwrap();
        let end = offset as usize + count;
        if file.len() < end {
            file.resize(end, 0);
        }
        file[offset as usize..end].copy_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn reserve(&self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn next_data(&self, _: u64) -> io::Result<Option<Range<u64>>> {
        Ok(None)
    }

    fn try_lock(&self, _: bool) -> io::Result<bool> {
        Ok(true)
    }

    fn map(&self, _: Arc<AtomicU64>) -> io::Result<Mapping> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Seals `sample` into `file`.
pub(crate) fn seal_into(
    sample: &Sample,
    redacted: &Redacted,
    file: &MemoryFile,
) -> Result<super::writer::Written, SealedError> {
    let mut input = &sample.bytes[..];
    write_sealed(
        &mut Source {
            input: &mut input,
            path: Path::new("raw"),
            end: sample.bytes.len() as u64,
        },
        Sealing {
            level: super::LEVEL_DEFAULT,
            generation: u64::from(!redacted.is_empty()),
            redacted,
        },
        &Target {
            file,
            path: Path::new("sealed"),
        },
    )
}

/// The bytes of a sealed file.
pub(crate) fn sealed_bytes(sample: &Sample) -> Vec<u8> {
    let file = MemoryFile::new(Vec::new());
    seal_into(sample, &Redacted::default(), &file).unwrap();
    file.bytes()
}

/// Opens the bytes of a sealed file.
pub(crate) fn open(bytes: Vec<u8>) -> Result<SealedFile, SealedError> {
    open_with(bytes, BlockCache::new(super::CACHE_BYTES_DEFAULT))
}

pub(crate) fn open_with(bytes: Vec<u8>, cache: Arc<BlockCache>) -> Result<SealedFile, SealedError> {
    SealedFile::open(MemoryFile::new(bytes), Path::new("sealed"), cache)
}

/// All raw bytes through windows, as a reader takes them.
pub(crate) fn read_windows(sealed: &SealedFile) -> Result<Vec<u8>, SealedError> {
    let mut bytes = Vec::new();
    loop {
        let window = sealed.window(bytes.len() as u64)?;
        if window.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&window);
    }
}
