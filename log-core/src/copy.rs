//! Copying a log away while it is written to: its files as of one moment, open, and how far each counts.
//!
//! Owns no bytes and writes none. Invariant: what a list of [`SegmentCopy`] gives, put under the same names and
//! adopted ([`crate::adopt`]), is the log up to the reader's durable end, as after a crash at that moment. A file that
//! was sealed, redacted or dropped between the list and the look at it is an error that says so
//! ([`SegmentCopy::is_gone`]): open the reader anew and list again. What is open stays readable whatever happens to
//! its name.
//!
//! Units: bytes of the file, sequence numbers, nanoseconds since the Unix epoch. Fails with [`OpenError`].

use std::io;
use std::sync::Arc;

use crate::error::OpenError;
use crate::io::{LogFile, Open};
use crate::manifest::Form;
use crate::read::Reader;
use crate::recover::{io_error, open_segment};
use crate::sealed::SealedFile;

/// A segment as one file of a copy.
#[derive(Debug)]
pub struct SegmentCopy {
    /// Its number, from 1.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// One past its last durable record.
    pub end: u64,
    /// When it was created, nanoseconds since the Unix epoch.
    pub created_ns: i64,
    /// The file's name in the log's folder.
    pub name: String,
    /// Bytes of the file that count, from its start: of the segment that is written to, the durable ones.
    pub bytes: u64,
    /// How often it was rewritten by a redaction.
    pub redaction: u32,
    /// Vouches for all of a complete segment's records, whichever form it has; none while it is written to.
    pub seal: Option<[u8; 32]>,
    file: Option<Arc<dyn LogFile>>,
}

impl SegmentCopy {
    /// Reads some bytes at `offset`; 0 at the end of those that count. Short reads are legal.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(file) = &self.file else {
            return Err(io::Error::other("it was not opened to be copied"));
        };
        let left = self.bytes.saturating_sub(offset);
        let length = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_at(&mut buffer[..length], offset)
    }

    /// Whether listing failed because a file was replaced or dropped meanwhile.
    pub fn is_gone(error: &OpenError) -> bool {
        matches!(error, OpenError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl Reader {
    /// All retained segments, oldest first, those open that `is_wanted`: a copy that has the others already asks by
    /// their seals.
    pub fn copies(
        &self,
        is_wanted: impl Fn(&SegmentCopy) -> bool,
    ) -> Result<Vec<SegmentCopy>, OpenError> {
        let durable_end = self.durable_end();
        let segments = self.store.segments();
        let io = self.store.io.as_ref();
        let mut copies = Vec::with_capacity(segments.len());
        for (at, segment) in segments.iter().enumerate() {
            let info = segment.info(durable_end);
            let next = segments.get(at + 1);
            let name = segment.path.file_name().unwrap_or_default();
            let mut copy = SegmentCopy {
                number: info.number,
                base: info.base,
                end: info.end,
                created_ns: info.created_ns,
                name: name.to_string_lossy().into_owned(),
                bytes: segment.readable(),
                redaction: segment.redaction,
                seal: next.map(|next| next.header.previous_seal_hash),
                file: None,
            };
            if is_wanted(&copy) {
                let path = &segment.path;
                let file = open_segment(io, path, Open::Read)?;
                if segment.form() == Form::Sealed {
                    copy.bytes = file.len().map_err(io_error("look at", path))?;
                    // It may have been redacted since it was listed.
                    let cache = Arc::clone(&self.store.cache);
                    let sealed = SealedFile::open(Arc::clone(&file), path, cache)?;
                    copy.redaction = sealed.table().generation as u32;
                }
                copy.file = Some(file);
            }
            copies.push(copy);
        }
        Ok(copies)
    }
}
