//! The background scrubber: reads complete segments again and again, at a bounded rate, so that rot is found while a
//! backup still has what it took.
//!
//! Owns what a pass has found. Invariant: it changes nothing; what it reads is checked in full (checksums of headers,
//! payloads and blocks, order, seal hash). It reads with `pread`, past the mappings and the block cache.

use std::io::{self, Read};
use std::sync::Mutex;
use std::time::Duration;

use crate::chain::Redacted;
use crate::commit::lock;
use ground::with_causes;

use crate::error::MaintainError;
use crate::maintain::failed;
use crate::manifest::Form;
use crate::sealed::{PositionedReader, prove};
use crate::segment::Segment;
use crate::store::Store;

/// Damaged segments that are remembered by name; the others are counted.
const DAMAGED_MAX: usize = 100;

/// How often and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrubbing {
    /// At most this many bytes a second, as they lie on disk.
    pub bytes_per_second: u64,
    /// From the end of one pass to the start of the next.
    pub pause: Duration,
}

impl Scrubbing {
    /// 8 MiB a second, a day between two passes.
    pub const DEFAULT: Self = Self {
        bytes_per_second: 8 * 1024 * 1024,
        pause: Duration::from_hours(24),
    };
}

/// What the scrubber has done since the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Whole passes.
    pub passes: u64,
    /// Segments that were read.
    pub segments: u64,
    /// Bytes of raw segment that were checked.
    pub bytes: u64,
    /// Segments found damaged: number and what is wrong. At most 100.
    pub damaged: Vec<(u64, String)>,
}

#[derive(Debug)]
pub(crate) struct Scrubber {
    pub(crate) settings: Option<Scrubbing>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    done: Scrubbed,
    /// Number of the next segment.
    next: u64,
}

/// A source that pauses: at most so many bytes a second.
struct Paced<'a, R> {
    inner: R,
    pause: &'a mut dyn FnMut(u64) -> bool,
}

impl<R: Read> Read for Paced<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if (self.pause)(count as u64) {
            Ok(count)
        } else {
            Err(io::Error::other("the log is being closed"))
        }
    }
}

impl Scrubber {
    pub(crate) fn new(settings: Option<Scrubbing>) -> Self {
        Self {
            settings,
            inside: Mutex::default(),
        }
    }

    pub(crate) fn done(&self) -> Scrubbed {
        lock(&self.inside).done.clone()
    }

    /// Checks the next complete segment; `false` at the end of a pass. `pause` is called with the bytes just read,
    /// and says whether to go on.
    pub(crate) fn step(&self, store: &Store, pause: &mut dyn FnMut(u64) -> bool) -> bool {
        let next = lock(&self.inside).next;
        let segments = store.segments();
        let segment = segments
            .iter()
            .find(|segment| segment.header.number >= next && segment.end().is_some());
        let Some(segment) = segment else {
            let mut inside = lock(&self.inside);
            inside.next = 0;
            inside.done.passes += 1;
            return false;
        };
        let mut stopped = false;
        let checked = check(store, segment, &mut |bytes| {
            stopped = !pause(bytes);
            !stopped
        });
        if stopped {
            return false;
        }
        let mut inside = lock(&self.inside);
        inside.next = segment.header.number + 1;
        inside.done.segments += 1;
        match checked {
            Ok(()) => inside.done.bytes += segment.readable(),
            // It was replaced or dropped meanwhile: the next pass sees what is there then.
            Err(error) if error.is_gone() => {}
            Err(error) => {
                let number = segment.header.number;
                let known = inside
                    .done
                    .damaged
                    .iter()
                    .any(|(known, _)| *known == number);
                if !known && inside.done.damaged.len() < DAMAGED_MAX {
                    inside.done.damaged.push((number, with_causes(&error)));
                }
            }
        }
        true
    }
}

fn check(
    store: &Store,
    segment: &Segment,
    pause: &mut dyn FnMut(u64) -> bool,
) -> Result<(), MaintainError> {
    if segment.form() == Form::Sealed {
        let file = segment.sealed_file()?;
        let mut input = Paced {
            inner: file.reader(),
            pause,
        };
        let table = file.table();
        let proven = prove(&mut input, &segment.path, table.raw_bytes, &table.redacted)?;
        return file.agrees_with(&proven).map_err(MaintainError::from);
    }
    let path = &segment.path;
    let file = store
        .io
        .open(path, crate::io::Open::Read)
        .map_err(failed("open segment", path))?;
    let mut input = Paced {
        inner: PositionedReader::new(file.as_ref()),
        pause,
    };
    prove(&mut input, path, segment.readable(), &Redacted::new())?;
    Ok(())
}
