//! Sparse index of one segment: where to start looking for a sequence number or a time.
//!
//! Invariant: sequence numbers and offsets grow from entry to entry; every entry names the offset of a valid record.
//! Times are as the writer's clock gave them, and may step back. Rebuilt from the segment, never stored, never
//! trusted.

use crate::format::SEGMENT_HEADER_BYTES;

/// One entry for at least this many bytes of segment.
pub(crate) const INDEX_STEP_BYTES: u64 = 4096;

#[derive(Clone, Copy, Debug)]
struct Note {
    sequence: u64,
    offset: u64,
    time_ns: i64,
}

/// Sequence numbers, offsets and times of about every 4 KiB of a segment: 24 bytes for each.
#[derive(Clone, Debug)]
pub struct Index {
    notes: Vec<Note>,
    /// Bytes of the segment that were looked at.
    pub(crate) scanned: u64,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            notes: Vec::new(),
            scanned: SEGMENT_HEADER_BYTES as u64,
        }
    }
}

impl Index {
    /// Notes that record `sequence` starts at `offset`, if that place is far enough from the last one.
    pub(crate) fn note(&mut self, sequence: u64, offset: u64, time_ns: i64) {
        if self
            .notes
            .last()
            .is_none_or(|last| offset >= last.offset + INDEX_STEP_BYTES)
        {
            self.note_always(sequence, offset, time_ns);
        }
    }

    /// Notes a record after a damaged range, where a reader must be able to start.
    pub(crate) fn note_always(&mut self, sequence: u64, offset: u64, time_ns: i64) {
        self.notes.push(Note {
            sequence,
            offset,
            time_ns,
        });
    }

    /// Forgets record `end` and all after it: they were cut off.
    pub(crate) fn cut(&mut self, end: u64) {
        self.notes.retain(|note| note.sequence < end);
    }

    /// The last noted place at or before `sequence`.
    pub fn floor(&self, sequence: u64) -> Option<(u64, u64)> {
        let after = self.notes.partition_point(|note| note.sequence <= sequence);
        let note = self.notes[after.checked_sub(1)?];
        Some((note.sequence, note.offset))
    }

    /// The last noted place before the first noted record of `time_ns` or later.
    pub fn floor_of_time(&self, time_ns: i64) -> u64 {
        let later = self.notes.iter().position(|note| note.time_ns >= time_ns);
        later
            .unwrap_or(self.notes.len())
            .checked_sub(1)
            .map_or(SEGMENT_HEADER_BYTES as u64, |at| self.notes[at].offset)
    }
}
